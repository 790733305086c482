"""A lab, built and not yet run: the cluster, its nodes, the Expressways and the phones, from a LabConfig.

Knows nothing of sockets. `World` and `Lab` run its actors, tell it which addresses their listeners got, and ask
it to resolve names and to answer HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from certs.authority import Issued
from registrar.core.axl import PRODUCT_VERSIONS
from registrar.core.callmanager import CallManager
from registrar.core.causes import UnregCause
from registrar.core.config_service import ConfigService
from registrar.core.key_document import render_keys
from registrar.core.platform_cli import OpenPort
from registrar.core.policy import RegistrarPolicy
from registrar.core.ports import NodePorts
from registrar.core.reset import ResetAction
from registrar.core.secure_config_service import SecureConfigService
from registrar.core.soap.control import DeviceAction, ServiceState
from registrar.core.tokens import MUTATIONS
from registrar.core.uds.profiles import STANDARD_PROFILE
from simulator.core.entropy import Entropy, SeededEntropy
from simulator.core.eventlog import EventLog, Journal
from simulator.core.events import ClusterChanged, FaultInjected, ServiceStarted, ServiceStopped
from simulator.core.flow import Actor, ActorId, Address, Fetch, Fetched, FlowIds
from simulator.core.http import HttpRequest, HttpResponse
from simulator.core.instant import Clock, Instant
from simulator.core.sip.bearer import RFC8898, UCM
from simulator.core.tls.settings import Credential
from simulator.expressway.core import trusted_cas
from simulator.expressway.core.discovery import Found, FoundNode, Identity, UcmServer
from simulator.expressway.core.proxy import ExpresswayC
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.expressway.core.token_keys import parse_keys
from simulator.lab import authorization
from simulator.lab.amendments import Amendments
from simulator.lab.build import Builder, host_of, node_ports, uds_host
from simulator.lab.clocks import ByNodeClock
from simulator.lab.config import (
    CertificateConfig,
    ExpresswayConfig,
    LabConfig,
    NodeConfig,
    PhoneConfig,
    PortsConfig,
    TokenConfig,
)
from simulator.lab.nameserver import NameServer, Records
from simulator.lab.nameserver import Service as NamedService
from simulator.lab.office import Office
from simulator.lab.pki import EXPRESSWAY_CA, TOMCAT_CA, Pki
from simulator.lab.places import Addressing, Places
from simulator.lab.served_file import AlteredFiles, ServedFile
from simulator.lab.services import Service
from simulator.lab.stranger import Stranger
from simulator.lab.tokens import Mint, PhoneTokens
from softphone.core.behaviours import Behaviour
from softphone.core.jabber import Jabber
from softphone.core.machine import Softphone
from softphone.core.profile import PhoneProfile
from softphone.core.signin import Account

_LEAVES: dict[DeviceAction, UnregCause] = {
    "reset": UnregCause.CALL_MANAGER_RESET,
    "restart": UnregCause.CALL_MANAGER_RESTART,
    "apply": UnregCause.CALL_MANAGER_APPLY_CONFIG,
}
DNS = "dns"
"""Name of the name server's actor."""


class Site:
    def __init__(
        self,
        config: LabConfig,
        *,
        clock: Clock,
        real_now: Instant,
        addressing: Addressing,
        host: str = "127.0.0.1",
        keep: int | None = None,
        pki: Pki | None = None,
        state: Path | None = None,
        any_port: frozenset[str] = frozenset(),
        virtual: bool = True,
        secret: Entropy | None = None,
    ) -> None:
        """`real_now`: the machine's time, for certificates. `keep`: how many records stay (None: all).

        `pki`: the certificates and keys of the site this one takes the place of. `state`: a file that keeps the
        cluster database between labs. `any_port`: nodes whose ports are only numbers of this run, whatever the
        file says. `virtual`: the documented ports, whatever is bound. `secret`: what session ids and codes are
        drawn from; by default the seed, which is only right where no stranger connects.
        """
        self.config = config
        self.clock = clock
        self.log = EventLog(clock, keep=keep)
        self.lab: Journal = self.log.journal(ActorId("lab"))
        self.flows = FlowIds()
        self.pki = pki or Pki(now=real_now)
        self.places = Places(addressing, host)
        self._entropy = SeededEntropy(config.seed)
        self._virtual = virtual
        self._secret = secret or self._entropy
        self._bound: dict[str, dict[str, Address]] = {}
        self._expressway_trust: dict[str, tuple[bytes, ...]] = {}
        self._altered: dict[str, ServedFile] = {}
        self._dns_port = config.dns if addressing == "loopback" and not virtual else 53
        self._builder = Builder(config, pki=self.pki, places=self.places, entropy=self._entropy)
        self.cluster = self._builder.cluster()
        self.credentials: dict[str, Credential] = dict(self._builder.lscs)
        """Certificates and keys of phones (LSCs) and Expressways, by their owner's name."""
        self.policy = RegistrarPolicy(
            version=config.cluster.version,
            dialect=config.cluster.dialect,
            min_expires=config.cluster.min_expires,
            trying=config.cluster.trying,
            request_client_certificate=config.cluster.request_client_certificate,
            lsc_in_handshake=config.cluster.lsc_in_handshake,
            max_challenges=config.cluster.max_challenges,
            lose_binding_with_connection=config.cluster.lose_binding_with_connection,
        )
        self.office = Office(
            config,
            self.cluster,
            log=self.log,
            clock=clock,
            entropy=secret or self._entropy.child("office"),
            real_now=real_now,
            act=self._act,
            open_ports=self.open_ports,
            resolve=self.address_of,
            base_of=self.base_of,
            config_url=self.config_url,
            jabber_url=self.jabber_url,
            state=state,
            any_port=any_port,
            authorities=[self.pki.authority(name).certificate for name in self._authorities()],
        )
        publisher = self.cluster.nodes[0].name
        self.mint = Mint(self.cluster, self._entropy.child("mint"), partial(self.office.clocks.at, publisher))
        self._amend = Amendments(self.office.database, self.cluster)
        self.touched: Callable[[Actor], None] = lambda actor: None
        """The driver's: carries out what an administrator's call made an actor want."""
        self.nodes = {node.name: self._call_manager(node.name) for node in config.nodes}
        self.config_services = {node.name: self._config_service(node.name) for node in config.nodes}
        self.secure_files = {node.name: self._secure_files(node.name) for node in config.nodes}
        self.expressways = {item.name: self._expressway(item) for item in config.expressways}
        self.nameserver: NameServer | None = None
        """Where clients find the lab; only where somebody asks it."""
        if addressing == "loopback" or any(phone.sign_in for phone in config.phones):
            address = Address(self.places.settle(DNS, f"{DNS}.{config.domain}", "node"), self._dns_port)
            self.nameserver = NameServer(address, self.records, journal=self.log.journal(ActorId(DNS)))
        self.phones: dict[str, Softphone | Jabber] = {}
        self.strangers: dict[str, Stranger] = {}
        """Foreign clients that a scenario let speak, by name."""

    def _authorities(self) -> set[str]:
        """Those that sign for the Expressways, and those made so far."""
        signers = {item.certificate.issuer or EXPRESSWAY_CA for item in self.config.expressways}
        return (signers - {"self"}) | set(self.pki.authorities)

    # --- what drivers ask -------------------------------------------------------------------------------------

    def address_of(self, host: str) -> str | None:
        return self.places.resolve(host) or self.records().hosts.get(host.rstrip(".").lower())

    def bind_address(self, actor: Actor) -> str:
        return self.places.address(actor.name)

    def fetch(self, url: str, headers: tuple[tuple[str, str], ...], source: str, now: Instant) -> Fetched:
        """Answer a GET as the node's configuration service would, without sockets."""
        parts = urlsplit(url)
        for node in self.cluster.nodes:
            here = parts.hostname == node.host.lower() and parts.port == self.ports_of(node.name).config
            if here and self.office.services.is_running(node.name, Service.TFTP):
                request = HttpRequest(method="GET", path=parts.path, headers=headers, source=source)
                response = self.config_services[node.name].handle(request, now)
                if (failure := _undelivered(response)) is not None:
                    return Fetched(failure=failure)
                content_type = next((v for k, v in response.headers if k.lower() == "content-type"), "")
                return Fetched(status=response.status, body=response.body, content_type=content_type)
        return Fetched(failure=f"{parts.netloc}: connection refused")

    @property
    def signs_in(self) -> bool:
        """Does a phone of the lab ask the name server?"""
        return any(phone.sign_in for phone in self.config.phones)

    def records(self) -> Records:
        """What DNS knows of the lab: its nodes' UDS and its Expressways, at the ports of this moment."""
        domain, services, hosts = self.config.domain, [], {}
        for config in self.config.nodes:
            host = uds_host(config, self.config)
            port = config.ports.https or self.port_bound(config.name, "https")
            hosts[host.lower()] = self.places.address(config.name)
            services.append(NamedService(name=f"_cisco-uds._tcp.{domain}", host=host, port=port or 8443))
        for item in self.config.expressways:
            host, port = host_of(item), self.port_bound(item.name, "https")
            if address := self.places.resolve(host):
                hosts[host.lower()] = address
                services.append(NamedService(name=f"_collab-edge._tls.{domain}", host=host, port=port or 8443))
        return Records(zones=(domain,), services=tuple(services), hosts=hosts)

    def make_phones(self) -> None:
        """The driver tells that every port is known: phones are given URLs with numbers."""
        self.phones = {phone.device: self._phone(phone) for phone in self.config.phones}

    def bound(self, node: str, addresses: dict[str, Address]) -> None:
        """The driver tells which addresses the node's listeners got, by listener name."""
        self._bound.setdefault(node, {}).update(addresses)

    def edge_of(self, expressway: str) -> Address | None:
        """Where the driver bound the Expressway's edge; None before it did."""
        return self._bound.get(expressway, {}).get("edge")

    def ports_of(self, node: str) -> NodePorts:
        """The node's ports as phones must use them: what is configured, or where that is 0, what was bound."""
        configured = self.cluster.node(node).ports
        bound = self._bound.get(node, {})

        def port(configured_port: int, listener: str) -> int:
            return configured_port or (bound[listener].port if listener in bound else 0)

        return replace(
            configured,
            bound=True,
            sip=port(configured.sip, "sip-tcp"),
            sips=port(configured.sips, "sips"),
            oauth=port(configured.oauth, "oauth"),
            mra=port(configured.mra, "mra"),
            config=port(configured.config, "config"),
        )

    # --- what steps and doors ask -----------------------------------------------------------------------------

    def phone(self, device: str) -> Softphone | Jabber:
        return self.phones[device]

    def bound_at(self, device: str) -> str | None:
        """The node that holds a registration of the phone's device."""
        phone = self._phone_config(device)
        bindings = self.cluster.bindings.of(phone.as_device or phone.device)
        return bindings[0].node if bindings else None

    def believed_at(self, device: str) -> str | None:
        """The node the phone itself thinks it is registered at."""
        host = self.phones[device].registered_at
        return next((node.name for node in self.cluster.nodes if node.host == host), host)

    def set_oauth_mode(self, on: bool) -> None:
        self._amend.oauth_mode(on)
        self.lab.add(ClusterChanged(what="utils sipOAuth-mode", detail="enable" if on else "disable"))

    def load_node(self, name: str) -> CallManager:
        """Cisco CallManager starts: it reads what the cluster holds now."""
        node = self.nodes[name]
        now = self.clock.now()
        node.reload(self.office.snapshot(name), now)
        self.office.services.done(name, Service.CALL_MANAGER, ServiceState.STARTED, now)
        return node

    def note_service(self, node: str, service: Service, started: bool) -> None:
        """A service other than CallManager, which reports itself, was started or stopped."""
        event = ServiceStarted(service=service) if started else ServiceStopped(service=service)
        self.log.journal(ActorId(node)).add(event)

    def stop_node(self, name: str) -> CallManager:
        """Cisco CallManager stops; the driver then closes its ports."""
        node = self.nodes[name]
        node.stop(self.clock.now())
        self.office.services.done(name, Service.CALL_MANAGER, ServiceState.STOPPED, self.clock.now())
        return node

    def regenerate_tomcat(self, name: str, certificate: CertificateConfig) -> None:
        node = self.cluster.node(name)
        tomcat = self.pki.issue(
            certificate,
            holder=f"{name}/tomcat",
            host=node.host,
            addresses=self._builder.certificate_addresses(name),
            default_ca=TOMCAT_CA,
        )
        self.cluster.set_stores(name, node.stores.with_tomcat(tomcat))
        self._amend.regenerated(name)
        self.lab.add(ClusterChanged(what="set cert regen tomcat", detail=name))

    def set_ports(self, name: str, ports: PortsConfig) -> None:
        """Raises PortError or a RuleError. Takes effect when the node restarts."""
        self._amend.ports(name, node_ports(ports))
        self.lab.add(ClusterChanged(what=f"ports of {name}", detail=f"OAuth {ports.oauth}, MRA {ports.mra}"))

    def set_profile(self, device: str, profile: str) -> None:
        """LookupError for an unknown device or profile, RuleError for what the product forbids."""
        self._amend.profile_of(device, profile)
        self.lab.add(ClusterChanged(what=f"security profile of {device}", detail=profile))

    def set_token(self, device: str, token: TokenConfig) -> None:
        """ValueError for an unknown mutation."""
        if token.mutate is not None and token.mutate not in MUTATIONS:
            raise ValueError(f"no token mutation {token.mutate!r}: `ucmsim token mutations` lists them")
        self.phones[device].set_tokens(PhoneTokens(self.mint, self._phone_config(device).user, token))

    def set_behaviours(self, device: str, behaviours: Iterable[str]) -> None:
        """ValueError for an unknown behaviour."""
        self.phones[device].set_behaviours(frozenset(Behaviour(name) for name in behaviours))

    def set_table_row(self, host: str, names: str | None) -> None:
        """The Expressway-C table: add or replace a row, or remove it (names None). Applies live."""
        self._amend.expressway(host, names)
        self.lab.add(ClusterChanged(what=f"expresswaycconfiguration {host}", detail=names or "removed"))

    def add_trust(self, owner: str, authorities: list[str]) -> None:
        """Into a node's Tomcat-trust (read when CallManager starts) or an Expressway's trusted CAs (live).

        `tomcat:NODE` and `callmanager:NODE` are that node's own certificates of now, for self-signed ones.
        """
        bundle = tuple(pem for name in authorities for pem in self._certificates(name))
        if owner in self.expressways:
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

    def expressway_trust(self, name: str) -> tuple[bytes, ...]:
        """What was put into the Expressway's trusted CA list."""
        return self._expressway_trust[name]

    def trust_certificate(self, expressway: str, pem: bytes) -> None:
        """Into the Expressway's trusted CA list. ValueError for what is no certificate."""
        (ca,) = trusted_cas.shown([pem])
        self._put_trust(expressway, (pem,))
        self.lab.add(ClusterChanged(what=f"trusted CAs of {expressway}", detail=f"+ {ca.subject}"))

    def _put_trust(self, expressway: str, bundle: tuple[bytes, ...]) -> None:
        held = self._expressway_trust[expressway] = (*self._expressway_trust[expressway], *bundle)
        self.expressways[expressway].set_trust(held)

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

    def renew_expressway(self, name: str, certificate: CertificateConfig) -> None:
        """A new server certificate: UCM sees it with the next connection, its table with the next refresh."""
        issued = self._issue_expressway(name, certificate)
        self.expressways[name].set_credential(issued.credential, names=issued.identity.names)
        names = ", ".join(issued.identity.names)
        self.lab.add(ClusterChanged(what=f"server certificate of {name}", detail=names))

    def ucm_resolves(self, host: str) -> bool:
        """Does UCM's name server know this name? An Expressway's host name and FQDN, unless the lab says no."""
        for item in self.config.expressways:
            fqdn = host_of(item).lower()
            if host.lower() in (fqdn, fqdn.partition(".")[0]):
                return item.resolvable
        return self.places.resolve(host) is not None

    def notify_reset(self, device: str) -> list[CallManager]:
        """Tell the device to reset; returns the nodes that had something to send."""
        now = self.clock.now()
        return [node for node in self.nodes.values() if node.notify_reset(device, "reset", now)]

    def hold_keys(self, node: str, on: bool = True) -> None:
        """New token keys do not reach this node's database, or do again."""
        (self.office.keys.hold if on else self.office.keys.release)(node)
        self.lab.add(
            FaultInjected(fault=f"replication of token keys to {node}", detail="held" if on else "goes on")
        )

    def set_overload(self, on: bool) -> None:
        """Every node refuses registrations with 503 and Retry-After, or takes them again."""
        self.lab.add(FaultInjected(fault="overload", detail="on" if on else "off"))
        for node in self.nodes.values():
            node.throttle(on)

    def set_clock(self, node: str, ahead: float) -> None:
        """The node's clock jumps: so many seconds ahead of the true time, or behind it."""
        self.office.clocks.set(node, ahead)
        self.nodes[node].set_clock(ahead)
        detail = f"{abs(ahead):g} s {'behind' if ahead < 0 else 'ahead'}" if ahead else "right"
        self.lab.add(FaultInjected(fault=f"clock of {node}", detail=detail))

    def hang(self, node: str, on: bool = True) -> None:
        """Cisco CallManager takes connections and answers nothing, or works again."""
        self.nodes[node].hang(on)
        self.lab.add(FaultInjected(fault=f"CallManager of {node}", detail="hangs" if on else "works again"))

    def serve_file(self, change: ServedFile) -> None:
        """From now on the phone's configuration file arrives changed. ValueError if it cannot be so changed."""
        phone = self._phone_config(change.phone)
        device = phone.as_device or phone.device
        if phone.known:
            change.apply(next(iter(self.config_services.values())).render(device))
        self._altered[f"{device}.cnf.xml"] = change
        told = change.model_dump(exclude_defaults=True, exclude={"phone", "body"})
        detail = ", ".join(f"{name} {value}" for name, value in told.items())
        self.lab.add(FaultInjected(fault=f"configuration file of {device}", detail=detail))

    def add_stranger(self, name: str) -> Stranger:
        """A client that is no phone of this lab; the driver must still be told of it."""
        self.places.settle(name, f"{name}.clients.lab.example", "phone")
        stranger = Stranger(name, journal=self.log.journal(ActorId(name)), flows=self.flows)
        self.strangers[name] = stranger
        return stranger

    def credential_of(self, owner: str) -> Credential:
        """The certificate and key of a phone (LSC) or an Expressway. LookupError if it has none."""
        try:
            return self.credentials[owner]
        except KeyError:
            raise LookupError(f"{owner} has no certificate: its profile needs none") from None

    def token_text(self, config: TokenConfig) -> str:
        """An access token as the lab file describes one; by default of the first phone's user."""
        user = config.user or (self.config.phones[0].user if self.config.phones else "alice")
        token = PhoneTokens(self.mint, user, config).current(self.clock.now())
        return "" if token is None else token.text

    # --- what the office asks ---------------------------------------------------------------------------------

    def base_of(self, node: str) -> str:
        """Where the node's Tomcat is reached."""
        port = self.node_config(node).ports.https or self.port_bound(node, "https")
        return f"https://{Address(self.cluster.node(node).host, port)}"

    def config_url(self, name: str) -> str:
        node = self.cluster.nodes[0]
        return f"http://{Address(node.host, self.ports_of(node.name).config)}/{name}"

    def jabber_url(self, name: str) -> str:
        """Over TLS, where that is open."""
        node = self.cluster.nodes[0]
        port = self.file_ports(node.name)["files-tls"] or self.port_bound(node.name, "files-tls")
        return f"https://{Address(node.host, port)}/{name}" if port else self.config_url(name)

    def file_ports(self, node: str) -> dict[str, int]:
        """Listeners of the configuration files over TLS, and the ports they are to have."""
        ports = self.node_config(node).ports
        return {"config-tls": ports.config_tls, "files-tls": ports.files_tls}

    def open_ports(self, node: str) -> list[OpenPort]:
        """What is bound at this moment, for `show open ports`."""
        owners = {"https": ("java", "tomcat"), "config": ("java", "tomcat"), "ssh": ("sshd", "root")}
        ports = []
        for listener, address in self._bound.get(node, {}).items():
            process, user = owners.get(listener, ("ccm", "ccmbase"))
            if process == "ccm" and not self.nodes[node].running:
                continue
            protocol: Literal["TCP", "UDP"] = "UDP" if listener.endswith("udp") else "TCP"
            ports.append(OpenPort(process=process, user=user, pid=1, protocol=protocol, local=str(address)))
        return ports

    def port_bound(self, node: str, listener: str) -> int:
        """The port a listener got; 0 if it is not open."""
        address = self._bound.get(node, {}).get(listener)
        return address.port if address is not None else 0

    def node_config(self, node: str) -> NodeConfig:
        return next(item for item in self.config.nodes if item.name == node)

    def _act(self, device: str, action: DeviceAction) -> int:
        """Reset, restart or apply: every node that has the device tells it."""
        reached = 0
        for node in self.nodes.values():
            kind: ResetAction = "reset" if action == "reset" else "restart"
            reached += node.notify_reset(device, kind, self.clock.now(), why=_LEAVES[action])
            self.touched(node)
        return reached

    # --- the actors -------------------------------------------------------------------------------------------

    def _call_manager(self, name: str) -> CallManager:
        return CallManager(
            self.cluster.snapshot(name),
            self.cluster.directory,
            self.cluster.bindings,
            journal=self.log.journal(ActorId(name)),
            entropy=self._entropy.child(name),
            policy=replace(self.policy, clock_error=self.node_config(name).clock),
            bind=self.places.address(name),
            resolves=self.ucm_resolves,
        )

    def _config_service(self, name: str) -> AlteredFiles:
        journal = self.log.journal(ActorId(name))
        service = ConfigService(
            self.cluster,
            journal,
            ports_of=lambda node: self.ports_of(node.name),
            files=STANDARD_PROFILE.files(),
        )
        return AlteredFiles(service, self._altered, around=partial(self.office.failures.around, name))

    def _secure_files(self, name: str) -> ByNodeClock:
        journal = self.log.journal(ActorId(name))
        files = self.config_services[name]
        service = SecureConfigService(files, self.cluster.directory, self.office.access[name], journal=journal)
        return ByNodeClock(service, self.office.clocks, name)

    def _expressway(self, config: ExpresswayConfig) -> ExpresswayC:
        host = host_of(config)
        address = self.places.settle(config.name, host, "expressway")
        server = self._issue_expressway(config.name, config.certificate)
        edge = config.edge_certificate
        phones_see = server if edge is None else self._issue_expressway(config.name, edge)
        self.credentials[config.name] = server.credential
        self._expressway_trust[config.name] = self.pki.bundle(config.trusted_cas)
        return ExpresswayC(
            name=config.name,
            address=Address(address, config.port),
            credential=server.credential,
            trust=self._expressway_trust[config.name],
            edge_credential=phones_see.credential,
            https=Address(address, self._edge_https(config)),
            host=host,
            domain=self.config.domain,
            nodes={},
            path_mode=config.sip_path_headers,
            entropy=self._secret.child(config.name),
            journal=self.log.journal(ActorId(config.name)),
            flows=self.flows,
            settings=ExpresswaySettings(
                minimum=self.config.tls,
                maximum=self.config.tls,
                crls=self.pki.revocation_lists(config.trusted_cas) if config.check_revocation else (),
                edge_challenges=config.edge_challenges,
                dialect={"ucm": UCM, "rfc8898": RFC8898}[self.config.cluster.dialect],
                rate=config.rate_limit,
            ),
            identity=Identity(hostname=host.partition(".")[0], names=server.identity.names),
            locate=self._locate,
            authorize_by_token=config.authorize_by_token,
        )

    def _edge_https(self, config: ExpresswayConfig) -> int:
        """8443 where every host has its own; any free port where the lab's nodes and Expressways share one."""
        if config.https is not None:
            return config.https
        return 8443 if self._virtual else 0

    def _issue_expressway(self, name: str, certificate: CertificateConfig) -> Issued:
        return self.pki.issue(
            certificate,
            holder=name,
            host=host_of(self._expressway_config(name)),
            addresses=self._builder.certificate_addresses(name),
            default_ca=EXPRESSWAY_CA,
        )

    def _expressway_config(self, name: str) -> ExpresswayConfig:
        return next(item for item in self.config.expressways if item.name == name)

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

    def _locate(self, found: FoundNode) -> Address:
        """Where a node's 5091 is: as it was found, or where it was bound if any port will do."""
        for node in self.cluster.nodes:
            if node.host == found.host and not self.node_config(node.name).ports.mra:
                return Address(found.host, self.ports_of(node.name).mra or found.mra)
        return Address(found.host, found.mra)

    def _phone(self, config: PhoneConfig) -> Softphone | Jabber:
        self.places.settle(config.device, f"{config.device}.phone.lab.example", "phone")
        profile = self._builder.profile(
            config, self.cluster, lambda node: self.ports_of(node).config, self.edge_of
        )
        if config.secure_config:
            urls = (f"https://{node.host}:{self._config_tls(node.name)}" for node in self.cluster.nodes)
            files = tuple(f"{url}/{profile.device}.cnf.xml" for url in urls)
            profile = replace(profile, config_urls=files)
        if config.sign_in:
            return self._jabber(config, profile)
        return Softphone(
            profile,
            tokens=PhoneTokens(self.mint, config.user, config.token),
            entropy=self._entropy.child(f"phone/{config.device}"),
            journal=self.log.journal(ActorId(config.device)),
            flows=self.flows,
        )

    def _config_tls(self, node: str) -> int:
        return self.file_ports(node)["config-tls"] or self.port_bound(node, "config-tls")

    def _jabber(self, config: PhoneConfig, profile: PhoneProfile) -> Jabber:
        password = self.config.password_of(config.user)
        self.office.passwords.set(config.user, password)
        port = self.port_bound(DNS, "dns-udp") or self._dns_port
        account = Account(
            domain=self.config.domain,
            user=config.user,
            password=password if config.password is None else config.password,
            name_servers=(Address(f"{DNS}.{self.config.domain}", port),),
            device=config.as_device or config.device,
            **authorization.of_phones(self.config.cluster.authorization),
        )
        return Jabber(
            account,
            profile,
            entropy=self._entropy.child(f"phone/{config.device}"),
            journal=self.log.journal(ActorId(config.device)),
            flows=self.flows,
        )

    def _phone_config(self, device: str) -> PhoneConfig:
        return next(phone for phone in self.config.phones if phone.device == device)


def _undelivered(response: HttpResponse) -> str | None:
    """Why no whole answer arrives in the World, whose configuration files come without a connection."""
    how = response.delivery
    if how is None:
        return None
    if how.delay > Fetch(key="", url="").timeout:
        return f"no answer within {Fetch(key='', url='').timeout:g} s"
    return None if how.kept is None else "the connection broke: connection reset by peer"
