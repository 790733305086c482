"""What an Expressway-C finds out about the lab's cluster, and where it then reaches its nodes."""

from __future__ import annotations

from registrar.core.axl import PRODUCT_VERSIONS
from registrar.core.cluster.cluster import Cluster
from registrar.core.tokens.key_document import render_keys
from simulator.core.actor.flow import Address
from simulator.expressway.core.admin.discovery import Found, FoundNode, UcmServer
from simulator.expressway.core.tokens.keys import parse_keys
from simulator.lab.config.lab import LabConfig
from simulator.lab.site.environment.addresses import Addresses


class UcmDiscovery:
    """The cluster as the Expressways of the lab see it."""

    def __init__(self, config: LabConfig, *, cluster: Cluster, addresses: Addresses) -> None:
        self._config, self._cluster, self._addresses = config, cluster, addresses

    def locate(self, found: FoundNode) -> Address:
        """Return where a node's 5091 is: as it was found, or where it was bound if any port will do."""
        for node in self._cluster.nodes:
            if node.host == found.host and not self._config.node(node.name).ports.mra:
                return Address(found.host, self._addresses.ports_of(node.name).mra or found.mra)
        return Address(found.host, found.mra)

    def file_servers(self, found: FoundNode) -> tuple[tuple[str, int], ...]:
        """Return (scheme, port) of each server of configuration files on a node, for the HTTP allow list."""
        names = (node.name for node in self._cluster.nodes if node.host == found.host)
        return tuple(server for name in names for server in self._addresses.file_servers(name))

    def found(self) -> Found:
        """Return what a discovery of the cluster would find now."""
        return Found(
            version=PRODUCT_VERSIONS[self._config.cluster.version],
            nodes=tuple(self._node(node.name) for node in self._cluster.nodes),
            oauth_mode=self._cluster.sip_oauth_mode,
            keys=parse_keys(render_keys(self._cluster.keys.public)),
        )

    def _node(self, name: str) -> FoundNode:
        publisher, node = self._cluster.nodes[0], self._cluster.node(name)
        return FoundNode(
            host=node.host,
            name=f"CM_{name}",
            publisher=node is publisher,
            sip=node.ports.sip,
            sips=node.ports.sips,
            oauth=node.ports.oauth,
            mra=node.ports.mra,
            https=self._addresses.https_of(name) or 8443,
        )

    def server(
        self,
        *,
        publisher: str | None = None,
        user: str | None = None,
        password: str | None = None,
        tls_verify: bool = True,
    ) -> UcmServer:
        """Return what an administrator types into Unified CM servers > New; by default, this cluster."""
        administrator, node = self._config.administrators[0], self._cluster.nodes[0]
        return UcmServer(
            publisher=publisher or node.host,
            user=user or administrator.name,
            password=password or administrator.password,
            tls_verify=tls_verify,
            port=self._addresses.https_of(node.name) or 8443,
        )
