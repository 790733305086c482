"""The Expressways of a lab: built, told of the cluster, and given certificates and trusted CAs."""

from __future__ import annotations

from certs.authority import Issued
from registrar.core.axl import PRODUCT_VERSIONS
from registrar.core.tokens.key_document import render_keys
from simulator.core.actor.flow import Address
from simulator.core.events import ClusterChanged, FaultInjected
from simulator.core.ids import ActorId
from simulator.core.sip.bearer import RFC8898, UCM
from simulator.expressway.core import trusted_cas
from simulator.expressway.core.actors.expressway_c import ExpresswayC
from simulator.expressway.core.actors.expressway_e import ExpresswayE
from simulator.expressway.core.admin.discovery import Found, FoundNode, Identity, UcmServer
from simulator.expressway.core.refusals import UNAVAILABLE, UNREACHABLE
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.expressway.core.tokens.keys import parse_keys
from simulator.expressway.core.traversal.client import TraversalPlan
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.expressways import EdgeConfig, ExpresswayConfig
from simulator.lab.site.addresses import Addresses
from simulator.lab.site.admin_changes import AdminChanges
from simulator.lab.site.builder import host_of
from simulator.lab.site.pki import EXPRESSWAY_CA


class Expressways(Addresses):
    expressways: dict[str, ExpresswayC]
    edges: dict[str, ExpresswayE]
    """Those that are an Expressway-E alone, by their own names."""
    _amend: AdminChanges
    _expressway_trust: dict[str, tuple[bytes, ...]]

    def _expressway(self, config: ExpresswayConfig) -> ExpresswayC:
        host = host_of(config)
        address = self.places.assign(config.name, host, "expressway")
        server = self._issue_expressway(config, config.certificate)
        edge = config.edge_certificate
        phones_see = server if edge is None else self._issue_expressway(config, edge)
        self.credentials[config.name] = server.credential
        self._expressway_trust[config.name] = self.pki.bundle(config.trusted_cas)
        return ExpresswayC(
            name=config.name,
            address=Address(address, config.port),
            credential=server.credential,
            trust=self._expressway_trust[config.name],
            edge_credential=phones_see.credential,
            https=Address(address, self.edge_https(config)),
            host=host,
            domain=self.config.domain,
            nodes={},
            path_mode=config.sip_path_headers,
            entropy=self._secret.child(config.name),
            journal=self.log.journal(ActorId(config.name)),
            flows=self.flows,
            settings=self._settings(config, config.trusted_cas),
            identity=Identity(hostname=host.partition(".")[0], names=server.identity.names),
            locate=self._locate,
            files=self._files,
            authorize_by_token=config.authorize_by_token,
            traversal=None if config.edge is None else self._traversal_plan(config.edge),
        )

    def _traversal_plan(self, edge: EdgeConfig) -> TraversalPlan:
        host = host_of(edge)
        return TraversalPlan(
            server=Address(host, self.edge_port(edge, "traversal")),
            tunnel=Address(host, self.edge_port(edge, "tunnel")),
        )

    def _edge(self, pair: ExpresswayConfig, edge: EdgeConfig) -> ExpresswayE:
        """Made after its Expressway-C."""
        host, inner = host_of(edge), host_of(pair)
        address = self.places.assign(edge.name, host, "expressway")
        server = self._issue_expressway(edge, edge.certificate)
        self.credentials[edge.name] = server.credential
        self._expressway_trust[edge.name] = self.pki.bundle(edge.trusted_cas)
        https, traversal, tunnel = (
            Address(address, self.edge_port(edge, role)) for role in ("https", "traversal", "tunnel")
        )
        return ExpresswayE(
            name=edge.name,
            host=host,
            address=Address(address, edge.port),
            https=https,
            traversal=traversal,
            tunnel=tunnel,
            credential=server.credential,
            trust=trusted_cas.usable(self._expressway_trust[edge.name]),
            verify=edge.verify_subject or inner,
            client=self.expressways[pair.name].address,
            client_host=inner,
            entropy=self._secret.child(edge.name),
            journal=self.log.journal(ActorId(edge.name)),
            settings=self._settings(pair, edge.trusted_cas),
        )

    def _settings(self, config: ExpresswayConfig, authorities: list[str]) -> ExpresswaySettings:
        """`authorities`: the trusted CAs."""
        return ExpresswaySettings(
            minimum=self.config.tls,
            maximum=self.config.tls,
            crls=self.pki.revocation_lists(authorities) if config.check_revocation else (),
            edge_challenges=config.edge_challenges,
            dialect={"ucm": UCM, "rfc8898": RFC8898}[self.config.cluster.dialect],
            rate=config.rate_limit,
            unreachable=UNAVAILABLE if config.unreachable == 503 else UNREACHABLE,
        )

    def _issue_expressway(self, owner: ExpresswayConfig | EdgeConfig, certificate: CertificateConfig) -> Issued:
        return self.pki.issue(
            certificate,
            holder=owner.name,
            host=host_of(owner),
            addresses=self._builder.certificate_addresses(owner.name),
            default_ca=EXPRESSWAY_CA,
        )

    def _expressway_config(self, name: str) -> ExpresswayConfig:
        return next(item for item in self.config.expressways if item.name == name)

    def _owner(self, name: str) -> ExpresswayConfig | EdgeConfig:
        edges = (item.edge for item in self.config.expressways if item.edge is not None)
        return next((edge for edge in edges if edge.name == name), None) or self._expressway_config(name)

    def expressway_actor(self, name: str) -> ExpresswayC | ExpresswayE:
        """An Expressway-C, one that is a whole pair, or an Expressway-E. KeyError for another name."""
        edge = self.edges.get(name)
        return self.expressways[name] if edge is None else edge

    def _locate(self, found: FoundNode) -> Address:
        """Where a node's 5091 is: as it was found, or where it was bound if any port will do."""
        for node in self.cluster.nodes:
            if node.host == found.host and not self.node_config(node.name).ports.mra:
                return Address(found.host, self.ports_of(node.name).mra or found.mra)
        return Address(found.host, found.mra)

    def _files(self, found: FoundNode) -> tuple[tuple[str, int], ...]:
        """Where a node serves configuration files, for the allow list."""
        names = (node.name for node in self.cluster.nodes if node.host == found.host)
        return tuple(place for name in names for place in self.file_places(name))

    def _found(self, node: str) -> FoundNode:
        """A node as discovery would find it now."""
        publisher = self.cluster.nodes[0]
        entry, ports = self.cluster.node(node), self.cluster.node(node).ports
        return FoundNode(
            host=entry.host,
            name=f"CM_{node}",
            publisher=entry is publisher,
            sip=ports.sip,
            sips=ports.sips,
            oauth=ports.oauth,
            mra=ports.mra,
            https=self.node_config(node).ports.https or self.port_bound(node, "https") or 8443,
        )

    # --- what it knows of the cluster -------------------------------------------------------------------------

    def presume_discovered(self, expressway: str) -> None:
        """The Expressway-C was told of the cluster before the lab began: what it then learnt, without the talk.

        Its row in the Expressway-C table is the lab file's business.
        """
        if self._expressway_config(expressway).discovered:
            nodes = tuple(self._found(node.name) for node in self.cluster.nodes)
            found = Found(
                version=PRODUCT_VERSIONS[self.config.cluster.version],
                nodes=nodes,
                oauth_mode=self.cluster.sip_oauth_mode,
                keys=parse_keys(render_keys(self.cluster.keys.public)),
            )
            self.expressways[expressway].administration.adopt(self.ucm_server(), found)

    def ucm_server(
        self,
        *,
        publisher: str | None = None,
        user: str | None = None,
        password: str | None = None,
        tls_verify: bool = True,
    ) -> UcmServer:
        """What an administrator types into Unified CM servers > New; default: the lab's own."""
        administrator, node = self.config.administrators[0], self.cluster.nodes[0]
        return UcmServer(
            publisher=publisher or node.host,
            user=user or administrator.name,
            password=password or administrator.password,
            tls_verify=tls_verify,
            port=self.node_config(node.name).ports.https or self.port_bound(node.name, "https") or 8443,
        )

    def ucm_resolves(self, host: str) -> bool:
        """Does UCM's name server know this name? An Expressway's host name and FQDN, unless the lab says no."""
        for item in self.config.expressways:
            fqdn = host_of(item).lower()
            if host.lower() in (fqdn, fqdn.partition(".")[0]):
                return item.resolvable
        return self.places.resolve(host) is not None

    # --- certificates ---------------------------------------------------------------------------------------

    def renew_expressway(self, name: str, certificate: CertificateConfig) -> None:
        """A new server certificate: UCM sees it with the next connection, its table with the next refresh.

        An Expressway-E shows it, and reads its trusted CAs anew, when it is restarted. [assumed]
        """
        issued = self._issue_expressway(self._owner(name), certificate)
        if (edge := self.edges.get(name)) is not None:
            edge.credential = issued.credential
        else:
            self.expressways[name].set_credential(issued.credential, names=issued.identity.names)
        names = ", ".join(issued.identity.names)
        self.lab.add(ClusterChanged(what=f"server certificate of {name}", detail=names))

    def expressway_trust(self, name: str) -> tuple[bytes, ...]:
        """What was put into the Expressway's trusted CA list."""
        return self._expressway_trust[name]

    def trust_certificate(self, expressway: str, pem: bytes) -> None:
        """Every certificate of a file into the Expressway's trusted CA list. ValueError if it holds none."""
        bundle = trusted_cas.read_file(pem)
        self._put_trust(expressway, bundle)
        subjects = ", ".join(ca.subject for ca in trusted_cas.shown(bundle))
        self.lab.add(ClusterChanged(what=f"trusted CAs of {expressway}", detail=f"+ {subjects}"))

    def _put_trust(self, expressway: str, bundle: tuple[bytes, ...]) -> None:
        held = self._expressway_trust[expressway] = (*self._expressway_trust[expressway], *bundle)
        if (edge := self.edges.get(expressway)) is not None:
            edge.trust = trusted_cas.usable(held)
        else:
            self.expressways[expressway].set_trust(held)

    def add_trust(self, owner: str, authorities: list[str]) -> None:
        """Into a node's Tomcat-trust (read when CallManager starts) or an Expressway's trusted CAs (live).

        `tomcat:NODE` and `callmanager:NODE` are that node's own certificates of now, for self-signed ones.
        """
        bundle = tuple(pem for name in authorities for pem in self._certificates(name))
        if owner in self.expressways or owner in self.edges:
            self._put_trust(owner, bundle)
            store = "trusted CAs"
        else:
            self._amend.trust(owner, bundle)
            store = "tomcat-trust"
        self.lab.add(ClusterChanged(what=f"{store} of {owner}", detail=f"+ {', '.join(authorities)}"))

    def _certificates(self, name: str) -> tuple[bytes, ...]:
        kind, colon, node = name.partition(":")
        if not colon:
            return self.pki.bundle([name])
        stores = self.cluster.node(node).stores
        held = {"tomcat": stores.tomcat, "callmanager": stores.callmanager}.get(kind)
        if held is None:
            raise ValueError(f"{name}: what can be trusted is an authority, tomcat:NODE or callmanager:NODE")
        return (held.certificate,)

    # --- faults ---------------------------------------------------------------------------------------------

    def hang_expressway(self, name: str, on: bool) -> None:
        """It takes connections and answers nothing, or works again."""
        self.expressway_actor(name).hang(on)
        self.lab.add(FaultInjected(fault=f"Expressway {name}", detail="hangs" if on else "works again"))

    def cut_traversal(self, name: str, on: bool) -> ExpresswayE:
        """Nothing passes between this Expressway and the other of its pair, or it does again.

        LookupError if there is no such link.
        """
        config = next((one for one in self.config.expressways if name in (one.name, one.front.name)), None)
        if config is None or config.edge is None:
            raise LookupError(f"{name} has no Expressway-E of its own")
        edge = self.edges[config.edge.name]
        edge.cut(on, self.clock.now())
        fault = f"link between {edge.name} and {config.name}"
        self.lab.add(FaultInjected(fault=fault, detail="cut" if on else "works again"))
        return edge
