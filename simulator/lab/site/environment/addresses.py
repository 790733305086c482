"""Where everything of a lab is: addresses and names, ports as configured or as they were bound, URLs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from registrar.core.cluster.cluster import Cluster
from registrar.core.cluster.ports import NodePorts
from simulator.core.actor.flow import Address
from simulator.lab.config.expressways import EDGE_PORTS, EdgeConfig, ExpresswayConfig
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.environment.names import host_of


class Addresses:
    """Answers where an actor, a port or a file of the lab is found at this moment."""

    def __init__(self, context: LabContext, cluster: Cluster) -> None:
        self._config, self._plan, self._virtual = context.config, context.plan, context.virtual
        self._cluster = cluster
        self._bound: dict[str, dict[str, Address]] = {}

    # --- addresses ------------------------------------------------------------------------------------------

    def of(self, actor: str) -> str:
        """Return the address of an actor. KeyError for an unknown one."""
        return self._plan.address(actor)

    def hosts_of(self, actor: str) -> tuple[str, ...]:
        """Return the host names that are this actor's own."""
        return self._plan.hosts_of(actor)

    def resolve(self, host: str) -> str | None:
        """Return the address a host name of the lab resolves to; None if it does not resolve."""
        return self._plan.resolve(host)

    def ucm_resolves(self, host: str) -> bool:
        """Say whether UCM's name server knows a name; the lab file may hide an Expressway's from it."""
        for item in self._config.expressways:
            fqdn = host_of(item).lower()
            if host.lower() in (fqdn, fqdn.partition(".")[0]):
                return item.resolvable
        return self._plan.resolve(host) is not None

    # --- ports ----------------------------------------------------------------------------------------------

    def bound(self, actor: str, addresses: Mapping[str, Address]) -> None:
        """Note which addresses the listeners of an actor got, by listener name."""
        self._bound.setdefault(actor, {}).update(addresses)

    def bound_of(self, actor: str) -> Mapping[str, Address]:
        """Return the addresses that the actor's listeners got, by listener name."""
        return self._bound.get(actor, {})

    def port_bound(self, actor: str, listener: str) -> int:
        """Return the port a listener got; 0 if it was not opened."""
        address = self.bound_of(actor).get(listener)
        return address.port if address is not None else 0

    def ports_of(self, node: str) -> NodePorts:
        """Return a node's ports as phones must use them: as configured, or where that is 0, as bound."""
        configured = self._cluster.node(node).ports
        bound = self.bound_of(node)

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

    def https_of(self, node: str) -> int:
        """Return the port of the node's Tomcat, as configured or as it was bound; 0 if it is not open."""
        return self._config.node(node).ports.https or self.port_bound(node, "https")

    def file_ports(self, node: str) -> dict[str, int]:
        """Return the configured ports of the node's configuration files over TLS, by listener name."""
        ports = self._config.node(node).ports
        return {"config-tls": ports.config_tls, "files-tls": ports.files_tls}

    def config_tls(self, node: str) -> int:
        """Return the port of the configuration files that a device asks for with its token."""
        return self.file_ports(node)["config-tls"] or self.port_bound(node, "config-tls")

    def file_servers(self, node: str) -> tuple[tuple[str, int], ...]:
        """Return (scheme, port) of each server of configuration files on the node."""
        tls = (port or self.port_bound(node, listener) for listener, port in self.file_ports(node).items())
        return (("http", self.ports_of(node).config), *(("https", port) for port in tls if port))

    # --- Expressways ----------------------------------------------------------------------------------------

    def edge_of(self, expressway: str) -> Address | None:
        """Return where remote phones reach this Expressway (its Expressway-E); None before it was bound."""
        fronts = {item.name: item.front.name for item in self._config.expressways}
        return self.bound_of(fronts.get(expressway, expressway)).get("edge")

    def edge_https(self, config: ExpresswayConfig) -> int:
        """Return 8443 where every host has its own, 0 (any) where nodes and Expressways share an address."""
        if config.https is not None:
            return config.https
        return 8443 if self._virtual else 0

    def edge_port(self, config: EdgeConfig, role: str) -> int:
        """Return an Expressway-E's port: as configured, else the documented one where each host has its own."""
        configured: int | None = getattr(config, role)
        return (EDGE_PORTS[role] if self._virtual else 0) if configured is None else configured

    # --- URLs -----------------------------------------------------------------------------------------------

    def base_of(self, node: str) -> str:
        """Return the URL of the node's Tomcat, `https://host:port`."""
        return f"https://{Address(self._cluster.node(node).host, self.https_of(node))}"

    def config_url(self, name: str) -> str:
        """Return the URL of a configuration file on the publisher, over HTTP."""
        node = self._cluster.nodes[0]
        return f"http://{Address(node.host, self.ports_of(node.name).config)}/{name}"

    def jabber_url(self, name: str) -> str:
        """Return the URL of one of Jabber's own files on the publisher: over TLS where that is open."""
        node = self._cluster.nodes[0]
        port = self.file_ports(node.name)["files-tls"] or self.port_bound(node.name, "files-tls")
        return f"https://{Address(node.host, port)}/{name}" if port else self.config_url(name)
