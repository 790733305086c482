"""Where everything of a lab is: addresses and names, ports as configured or as they were bound, URLs."""

from __future__ import annotations

from dataclasses import replace

from registrar.core.cluster.ports import NodePorts
from simulator.core.actor.flow import Actor, Address
from simulator.core.entropy import Entropy, SeededEntropy
from simulator.core.events.log import EventLog, Journal
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Clock, Instant
from simulator.core.tls.settings import Credential
from simulator.lab.config.expressways import EDGE_PORTS, EdgeConfig, ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import NodeConfig
from simulator.lab.site.address_plan import Addressing, AddressPlan
from simulator.lab.site.builder import Builder
from simulator.lab.site.pki import Pki


class Addresses:
    """Builds the cluster too: nodes are nowhere before that. See `Cast` for the arguments."""

    def __init__(
        self,
        config: LabConfig,
        *,
        clock: Clock,
        real_now: Instant,
        addressing: Addressing,
        host: str,
        keep: int | None,
        pki: Pki | None,
        virtual: bool,
        secret: Entropy | None,
    ) -> None:
        self.config = config
        self.clock = clock
        self.log = EventLog(clock, keep=keep)
        self.lab: Journal = self.log.journal(ActorId("lab"))
        self.flows = FlowIds()
        self.pki = pki or Pki(now=real_now)
        self.places = AddressPlan(addressing, host)
        self._entropy = SeededEntropy(config.seed)
        self._virtual = virtual
        self._secret = secret or self._entropy
        self._bound: dict[str, dict[str, Address]] = {}
        self._builder = Builder(config, pki=self.pki, places=self.places, entropy=self._entropy)
        self.cluster = self._builder.cluster()
        self.credentials: dict[str, Credential] = dict(self._builder.lscs)
        """Certificates and keys of phones (LSCs) and Expressways, by their owner's name."""

    # --- addresses ------------------------------------------------------------------------------------------

    def bind_address(self, actor: Actor) -> str:
        return self.places.address(actor.name)

    def bound(self, node: str, addresses: dict[str, Address]) -> None:
        """The driver tells which addresses the node's listeners got, by listener name."""
        self._bound.setdefault(node, {}).update(addresses)

    def edge_of(self, expressway: str) -> Address | None:
        """Where the driver bound the edge of this Expressway, or of its Expressway-E; None before it did."""
        fronts = {item.name: item.front.name for item in self.config.expressways}
        return self._bound.get(fronts.get(expressway, expressway), {}).get("edge")

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

    def port_bound(self, node: str, listener: str) -> int:
        """The port a listener got; 0 if it is not open."""
        address = self._bound.get(node, {}).get(listener)
        return address.port if address is not None else 0

    def node_config(self, node: str) -> NodeConfig:
        return next(item for item in self.config.nodes if item.name == node)

    def file_ports(self, node: str) -> dict[str, int]:
        """Listeners of the configuration files over TLS, and the ports they are to have."""
        ports = self.node_config(node).ports
        return {"config-tls": ports.config_tls, "files-tls": ports.files_tls}

    def config_tls(self, node: str) -> int:
        return self.file_ports(node)["config-tls"] or self.port_bound(node, "config-tls")

    def edge_https(self, config: ExpresswayConfig) -> int:
        """8443 where every host has its own; any free port where the lab's nodes and Expressways share one."""
        if config.https is not None:
            return config.https
        return 8443 if self._virtual else 0

    def edge_port(self, config: EdgeConfig, role: str) -> int:
        """Of an Expressway-E's listener: as configured, or the documented one where each host has its own."""
        configured: int | None = getattr(config, role)
        return (EDGE_PORTS[role] if self._virtual else 0) if configured is None else configured

    # --- URLs -----------------------------------------------------------------------------------------------

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

    def file_places(self, node: str) -> tuple[tuple[str, int], ...]:
        """(scheme, port) of each place where the node serves configuration files."""
        tls = (port or self.port_bound(node, listener) for listener, port in self.file_ports(node).items())
        return (("http", self.ports_of(node).config), *(("https", port) for port in tls if port))
