"""A lab, built and not yet run: what steps, doors and administrators do to it.

Knows nothing of sockets. `World` and `Lab` run its actors, tell it which addresses their listeners got, and ask
it to resolve names and to answer HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable

from registrar.core.callmanager.service import CallManager
from registrar.core.soap.control import ServiceState
from registrar.core.tokens import MUTATIONS
from simulator.core.events import ClusterChanged, FaultInjected, ServiceStarted, ServiceStopped
from simulator.core.ids import ActorId
from simulator.core.tls.settings import Credential
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.faults import ServedFile
from simulator.lab.config.nodes import PortsConfig
from simulator.lab.config.phones import TokenConfig
from simulator.lab.site.actors import Cast
from simulator.lab.site.altered_files import changed
from simulator.lab.site.builder import node_ports
from simulator.lab.site.phone_tokens import PhoneTokens
from simulator.lab.site.pki import TOMCAT_CA
from simulator.lab.site.raw_client import RawClient
from simulator.lab.site.service_control import UcmService
from softphone.core.actors.jabber import Jabber
from softphone.core.actors.softphone import Softphone
from softphone.core.settings.behaviours import Behaviour


class Site(Cast):
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
        node.reload(self.ucm.snapshot(name), now)
        self.ucm.services.done(name, UcmService.CALL_MANAGER, ServiceState.STARTED, now)
        return node

    def note_service(self, node: str, service: UcmService, started: bool) -> None:
        """A service other than CallManager, which reports itself, was started or stopped."""
        event = ServiceStarted(service=service) if started else ServiceStopped(service=service)
        self.log.journal(ActorId(node)).add(event)

    def stop_node(self, name: str) -> CallManager:
        """Cisco CallManager stops; the driver then closes its ports."""
        node = self.nodes[name]
        node.stop(self.clock.now())
        self.ucm.services.done(name, UcmService.CALL_MANAGER, ServiceState.STOPPED, self.clock.now())
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

    def notify_reset(self, device: str) -> list[CallManager]:
        """Tell the device to reset; returns the nodes that had something to send."""
        now = self.clock.now()
        return [node for node in self.nodes.values() if node.notify_reset(device, "reset", now)]

    def hold_keys(self, node: str, on: bool = True) -> None:
        """New token keys do not reach this node's database, or do again."""
        (self.ucm.keys.hold if on else self.ucm.keys.release)(node)
        self.lab.add(
            FaultInjected(fault=f"replication of token keys to {node}", detail="held" if on else "goes on")
        )

    def set_overload(self, on: bool) -> None:
        """Every node refuses registrations with 503 and Retry-After, and AXL writes; or takes them again."""
        self.lab.add(FaultInjected(fault="overload", detail="on" if on else "off"))
        for node in self.nodes.values():
            node.throttle(on)
        for axl in self.ucm.throttles.values():
            (axl.engage if on else axl.release)()

    def set_clock(self, node: str, ahead: float) -> None:
        """The node's clock jumps: so many seconds ahead of the true time, or behind it."""
        self.ucm.clocks.set(node, ahead)
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
            changed(next(iter(self.config_services.values())).render(device), change)
        self._altered[f"{device}.cnf.xml"] = change
        told = change.model_dump(exclude_defaults=True, exclude={"phone", "body"})
        detail = ", ".join(f"{name} {value}" for name, value in told.items())
        self.lab.add(FaultInjected(fault=f"configuration file of {device}", detail=detail))

    def add_raw_client(self, name: str) -> RawClient:
        """A client that is no phone of this lab; the driver must still be told of it."""
        self.places.assign(name, f"{name}.clients.lab.example", "phone")
        stranger = RawClient(name, journal=self.log.journal(ActorId(name)), flows=self.flows)
        self.raw_clients[name] = stranger
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
