"""The Expressways of a lab: how they are built, and their certificates and trusted CAs."""

from __future__ import annotations

from collections.abc import Iterator

from certs.authority import IssuedCertificate
from registrar.core.cluster.cluster import Cluster
from simulator.core.actor.flow import Address
from simulator.core.events import ClusterChanged
from simulator.core.sip.bearer import RFC8898, UCM
from simulator.core.tls.settings import Credential
from simulator.expressway.core import trusted_cas
from simulator.expressway.core.actors.expressway_c import ExpresswayC, PhonesView
from simulator.expressway.core.actors.expressway_e import ExpresswayE
from simulator.expressway.core.admin.discovery import Identity
from simulator.expressway.core.refusals import UNAVAILABLE, UNREACHABLE
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.expressway.core.traversal.client import TraversalPlan
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.expressways import EdgeConfig, ExpresswayConfig
from simulator.lab.site.environment.addresses import Addresses
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.environment.names import host_of
from simulator.lab.site.environment.pki import EXPRESSWAY_CA
from simulator.lab.site.ucm.cluster_start import certificate_addresses
from simulator.lab.site.ucm_discovery import UcmDiscovery


class Expressways:
    """The lab's Expressways, by name. A pair is one actor, or two where it has an Expressway-E of its own."""

    def __init__(self, context: LabContext, *, cluster: Cluster, addresses: Addresses) -> None:
        self._context, self._config = context, context.config
        self._journal = context.journal("lab")
        self._addresses = addresses
        self.ucm = UcmDiscovery(context.config, cluster=cluster, addresses=addresses)
        self._trusted_cas: dict[str, tuple[bytes, ...]] = {}
        self.credentials: dict[str, Credential] = {}
        """The server certificates that the Expressways began with, and their keys, by name."""
        self.expressway_c = {item.name: self._expressway_c(item) for item in self._config.expressways}
        """Each Expressway-C, and each actor that plays both parts."""
        self.expressway_e = {
            item.edge.name: self._expressway_e(item, item.edge)
            for item in self._config.expressways
            if item.edge
        }
        """Those that are an Expressway-E alone, by their own names."""

    def __contains__(self, name: str) -> bool:
        return name in self.expressway_c or name in self.expressway_e

    def __iter__(self) -> Iterator[str]:
        """Names, each Expressway-C first."""
        return iter((*self.expressway_c, *self.expressway_e))

    def get(self, name: str) -> ExpresswayC | ExpresswayE:
        """Return an Expressway-C, one that is a whole pair, or an Expressway-E. KeyError for another name."""
        edge = self.expressway_e.get(name)
        return self.expressway_c[name] if edge is None else edge

    # --- how they are made ----------------------------------------------------------------------------------

    def _expressway_c(self, config: ExpresswayConfig) -> ExpresswayC:
        host = host_of(config)
        address = self._context.plan.assign(config.name, host, "expressway")
        server = self._issue_expressway(config, config.certificate)
        edge = config.edge_certificate
        phones_see = server if edge is None else self._issue_expressway(config, edge)
        self.credentials[config.name] = server.credential
        self._trusted_cas[config.name] = self._context.pki.bundle(config.trusted_cas)
        return ExpresswayC(
            address=Address(address, config.port),
            credential=server.credential,
            trust=self._trusted_cas[config.name],
            nodes={},
            view=PhonesView(
                host=host,
                domain=self._config.domain,
                https=Address(address, self._addresses.edge_https(config)),
                credential=phones_see.credential,
            ),
            entropy=(self._context.secret or self._context.entropy).child(config.name),
            journal=self._context.journal(config.name),
            flows=self._context.flows,
            settings=self._settings(config, config.trusted_cas),
            identity=Identity(hostname=host.partition(".")[0], names=server.identity.names),
            locate=self.ucm.locate,
            files=self.ucm.file_servers,
            traversal=None if config.edge is None else self._traversal_plan(config.edge),
        )

    def _traversal_plan(self, edge: EdgeConfig) -> TraversalPlan:
        host = host_of(edge)
        return TraversalPlan(
            server=Address(host, self._addresses.edge_port(edge, "traversal")),
            tunnel=Address(host, self._addresses.edge_port(edge, "tunnel")),
        )

    def _expressway_e(self, pair: ExpresswayConfig, edge: EdgeConfig) -> ExpresswayE:
        """The Expressway-E of a pair, whose Expressway-C is made already."""
        host, inner = host_of(edge), host_of(pair)
        address = self._context.plan.assign(edge.name, host, "expressway")
        server = self._issue_expressway(edge, edge.certificate)
        self.credentials[edge.name] = server.credential
        self._trusted_cas[edge.name] = self._context.pki.bundle(edge.trusted_cas)
        https, traversal, tunnel = (
            Address(address, self._addresses.edge_port(edge, role)) for role in ("https", "traversal", "tunnel")
        )
        return ExpresswayE(
            host=host,
            address=Address(address, edge.port),
            https=https,
            traversal=traversal,
            tunnel=tunnel,
            credential=server.credential,
            trust=self._trusted_cas[edge.name],
            verify=edge.verify_subject or inner,
            client=self.expressway_c[pair.name].address,
            client_host=inner,
            entropy=(self._context.secret or self._context.entropy).child(edge.name),
            journal=self._context.journal(edge.name),
            settings=self._settings(pair, edge.trusted_cas),
        )

    def _settings(self, config: ExpresswayConfig, authorities: list[str]) -> ExpresswaySettings:
        """`authorities`: the trusted CAs."""
        return ExpresswaySettings(
            minimum=self._config.tls,
            maximum=self._config.tls,
            crls=self._context.pki.revocation_lists(authorities) if config.check_revocation else (),
            edge_challenges=config.edge_challenges,
            dialect={"ucm": UCM, "rfc8898": RFC8898}[self._config.cluster.dialect],
            rate=config.rate_limit,
            path_mode=config.sip_path_headers,
            authorize_by_token=config.authorize_by_token,
            unreachable=UNAVAILABLE if config.unreachable == 503 else UNREACHABLE,
        )

    def _issue_expressway(
        self, owner: ExpresswayConfig | EdgeConfig, certificate: CertificateConfig
    ) -> IssuedCertificate:
        return self._context.pki.issue(
            certificate,
            holder=owner.name,
            host=host_of(owner),
            addresses=certificate_addresses(self._context, owner.name),
            default_ca=EXPRESSWAY_CA,
        )

    def _owner(self, name: str) -> ExpresswayConfig | EdgeConfig:
        edges = (item.edge for item in self._config.expressways if item.edge is not None)
        return next((edge for edge in edges if edge.name == name), None) or self._config.expressway(name)

    # --- what it knows of the cluster -------------------------------------------------------------------------

    def presume_discovered(self, name: str) -> None:
        """Let the Expressway-C know the cluster as if it had discovered it before the lab began, unless its lab
        file says that it has not. Its row in the Expressway-C table is the lab file's business.
        """
        if self._config.expressway(name).discovered:
            self.expressway_c[name].adopt(self.ucm.server(), self.ucm.found())

    # --- certificates ---------------------------------------------------------------------------------------

    def renew(self, name: str, certificate: CertificateConfig) -> None:
        """Give it a new server certificate; UCM sees it with the next connection, its table at a refresh.

        An Expressway-E shows it, and reads its trusted CAs again, when it is restarted. [assumed]
        """
        issued = self._issue_expressway(self._owner(name), certificate)
        if (edge := self.expressway_e.get(name)) is not None:
            edge.set_credential(issued.credential)
        else:
            self.expressway_c[name].set_credential(issued.credential, names=issued.identity.names)
        names = ", ".join(issued.identity.names)
        self._journal.add(ClusterChanged(what=f"server certificate of {name}", detail=names))

    def trusted_cas(self, name: str) -> tuple[bytes, ...]:
        """Return what was put into the Expressway's trusted CA list, PEM."""
        return self._trusted_cas[name]

    def trust_certificate(self, expressway: str, pem: bytes) -> None:
        """Put every certificate of a file into the trusted CA list. ValueError if it holds none."""
        bundle = trusted_cas.read_file(pem)
        self.add_trusted_cas(expressway, bundle)
        subjects = ", ".join(ca.subject for ca in trusted_cas.shown(bundle))
        self._journal.add(ClusterChanged(what=f"trusted CAs of {expressway}", detail=f"+ {subjects}"))

    def add_trusted_cas(self, expressway: str, bundle: tuple[bytes, ...]) -> None:
        """Put certificates (PEM) into the trusted CA list."""
        held = self._trusted_cas[expressway] = (*self._trusted_cas[expressway], *bundle)
        self.get(expressway).set_trust(held)
