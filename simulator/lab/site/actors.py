"""The actors of a lab, built and not yet run: nodes, Expressways, name servers, phones, from a LabConfig."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from registrar.core.callmanager.reset import ResetAction
from registrar.core.callmanager.service import CallManager
from registrar.core.cluster.causes import UnregCause
from registrar.core.platform_cli import OpenPort
from registrar.core.register.policy import RegistrarPolicy
from registrar.core.soap.control import DeviceAction
from registrar.core.tftp.secure_service import SecureConfigService
from registrar.core.tftp.service import ConfigService
from registrar.core.uds.profiles import STANDARD_PROFILE
from simulator.core.actor.flow import Actor, Address, Fetch, Fetched
from simulator.core.entropy import Entropy
from simulator.core.events import LabBuilt
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.ids import ActorId
from simulator.core.instant import Clock, Instant
from simulator.lab.config.faults import ServedFile
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.phones import PhoneConfig
from simulator.lab.site import dns_records, oauth_settings
from simulator.lab.site.address_plan import Addressing
from simulator.lab.site.admin_changes import AdminChanges
from simulator.lab.site.altered_files import AlteredFiles
from simulator.lab.site.expressways import Expressways
from simulator.lab.site.name_server import NameServer
from simulator.lab.site.node_clocks import ByNodeClock
from simulator.lab.site.phone_tokens import Mint, PhoneTokens
from simulator.lab.site.pki import EXPRESSWAY_CA, Pki
from simulator.lab.site.raw_client import RawClient
from simulator.lab.site.service_control import UcmService
from simulator.lab.site.ucm_services import UcmServices
from softphone.core.actors.jabber import Jabber
from softphone.core.actors.softphone import Softphone
from softphone.core.settings.profile import PhoneProfile
from softphone.core.signin import JabberAccount

_LEAVES: dict[DeviceAction, UnregCause] = {
    "reset": UnregCause.CALL_MANAGER_RESET,
    "restart": UnregCause.CALL_MANAGER_RESTART,
    "apply": UnregCause.CALL_MANAGER_APPLY_CONFIG,
}


class Cast(Expressways):
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
        super().__init__(
            config,
            clock=clock,
            real_now=real_now,
            addressing=addressing,
            host=host,
            keep=keep,
            pki=pki,
            virtual=virtual,
            secret=secret,
        )
        sides = {"on-prem": dns_records.INSIDE, "mra": dns_records.OUTSIDE}
        self.asked = {sides[phone.deployment] for phone in config.phones if phone.sign_in}
        """Name servers that phones of the lab ask."""
        found = [name for name in sides.values() if addressing == "loopback" or name in self.asked]
        self.lab.add(_built(config, tuple(found)))
        self._expressway_trust = {}
        self._altered: dict[str, ServedFile] = {}
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
        self.ucm = UcmServices(
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
        self.mint = Mint(self.cluster, self._entropy.child("mint"), partial(self.ucm.clocks.at, publisher))
        self._amend = AdminChanges(self.ucm.database, self.cluster)
        self.touched: Callable[[Actor], None] = lambda actor: None
        """The driver's: carries out what an administrator's call made an actor want."""
        self.nodes = {node.name: self._call_manager(node.name) for node in config.nodes}
        self.config_services = {node.name: self._config_service(node.name) for node in config.nodes}
        self.secure_files = {node.name: self._secure_files(node.name) for node in config.nodes}
        self.expressways = {item.name: self._expressway(item) for item in config.expressways}
        self.edges = {item.edge.name: self._edge(item, item.edge) for item in config.expressways if item.edge}
        self._dns_ports = {dns_records.INSIDE: config.dns, dns_records.OUTSIDE: config.dns_outside}
        if addressing != "loopback" or virtual:
            self._dns_ports = dict.fromkeys(self._dns_ports, 53)
        self.nameservers = {name: self._nameserver(name) for name in found}
        """Where clients find the lab."""
        self.phones: dict[str, Softphone | Jabber] = {}
        self.raw_clients: dict[str, RawClient] = {}
        """Foreign clients that a scenario let speak, by name."""

    def address_of(self, host: str) -> str | None:
        return self.places.resolve(host) or dns_records.inside(self).hosts.get(host.rstrip(".").lower())

    def fetch(self, url: str, headers: tuple[tuple[str, str], ...], source: str, now: Instant) -> Fetched:
        """Answer a GET as the node's configuration service would, without sockets."""
        parts = urlsplit(url)
        for node in self.cluster.nodes:
            here = parts.hostname == node.host.lower() and parts.port == self.ports_of(node.name).config
            if here and self.ucm.services.is_running(node.name, UcmService.TFTP):
                request = HttpRequest(method="GET", path=parts.path, headers=headers, source=source)
                response = self.config_services[node.name].handle(request, now)
                if (failure := _undelivered(response)) is not None:
                    return Fetched(failure=failure)
                content_type = next((v for k, v in response.headers if k.lower() == "content-type"), "")
                return Fetched(status=response.status, body=response.body, content_type=content_type)
        return Fetched(failure=f"{parts.netloc}: connection refused")

    def make_phones(self) -> None:
        """The driver tells that every port is known: phones are given URLs with numbers."""
        self.phones = {phone.device: self._phone(phone) for phone in self.config.phones}

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
        return AlteredFiles(service, self._altered, around=partial(self.ucm.failures.around, name))

    def _secure_files(self, name: str) -> ByNodeClock:
        journal = self.log.journal(ActorId(name))
        files = self.config_services[name]
        service = SecureConfigService(files, self.cluster.directory, self.ucm.access[name], journal=journal)
        return ByNodeClock(service, self.ucm.clocks, name)

    def _phone(self, config: PhoneConfig) -> Softphone | Jabber:
        self.places.assign(config.device, f"{config.device}.phone.lab.example", "phone")
        profile = self._builder.profile(
            config, self.cluster, lambda node: self.ports_of(node).config, self.edge_of
        )
        if config.secure_config:
            urls = (f"https://{node.host}:{self.config_tls(node.name)}" for node in self.cluster.nodes)
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

    def _jabber(self, config: PhoneConfig, profile: PhoneProfile) -> Jabber:
        password = self.config.password_of(config.user)
        self.ucm.passwords.set(config.user, password)
        server = dns_records.OUTSIDE if config.deployment == "mra" else dns_records.INSIDE
        port = self.port_bound(server, "dns-udp") or self._dns_ports[server]
        account = JabberAccount(
            domain=self.config.domain,
            user=config.user,
            password=password if config.password is None else config.password,
            name_servers=(Address(f"{server}.{self.config.domain}", port),),
            device=config.as_device or config.device,
            **oauth_settings.of_phones(self.config.cluster.authorization),
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

    def _act(self, device: str, action: DeviceAction) -> int:
        """Reset, restart or apply: every node that has the device tells it."""
        reached = 0
        for node in self.nodes.values():
            kind: ResetAction = "reset" if action == "reset" else "restart"
            reached += node.notify_reset(device, kind, self.clock.now(), why=_LEAVES[action])
            self.touched(node)
        return reached

    def _authorities(self) -> set[str]:
        """Those that sign for the Expressways, and those made so far."""
        signers = {item.certificate.issuer or EXPRESSWAY_CA for item in self.config.expressways}
        edges = [item.edge for item in self.config.expressways if item.edge]
        signers |= {edge.certificate.issuer or EXPRESSWAY_CA for edge in edges}
        return (signers - {"self"}) | set(self.pki.authorities)

    def _nameserver(self, name: str) -> NameServer:
        place = self.places.assign(name, f"{name}.{self.config.domain}", "node")
        records = {dns_records.INSIDE: dns_records.inside, dns_records.OUTSIDE: dns_records.outside}[name]
        address = Address(place, self._dns_ports[name])
        return NameServer(address, partial(records, self), journal=self.log.journal(ActorId(name)))


def _undelivered(response: HttpResponse) -> str | None:
    """Why no whole answer arrives in the World, whose configuration files come without a connection."""
    how = response.delivery
    if how is None:
        return None
    if how.delay > Fetch(key="", url="").timeout:
        return f"no answer within {Fetch(key='', url='').timeout:g} s"
    return None if how.kept is None else "the connection broke: connection reset by peer"


def _built(config: LabConfig, name_servers: tuple[str, ...]) -> LabBuilt:
    """The event that names the lab's actors."""
    pairs = ((item.edge.name, item.name) if item.edge else (item.name,) for item in config.expressways)
    return LabBuilt(
        phones=tuple(phone.device for phone in config.phones),
        nodes=tuple(node.name for node in config.nodes),
        expressways=tuple(name for pair in pairs for name in pair),
        name_servers=name_servers,
    )
