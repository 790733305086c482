"""The cluster as its administrators change it: nodes, certificates, SIP OAuth mode, token keys, live tables.

A service never reads this; it gets a snapshot when it starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from certs.stores import NodeStores
from registrar.core.cluster.bindings import BindingStore
from registrar.core.cluster.directory import Directory
from registrar.core.cluster.ports import NodePorts
from registrar.core.cluster.snapshot import NodeSnapshot
from registrar.core.tokens import ClusterKeys
from simulator.core.tls.settings import TlsVersion


class ClusterError(ValueError):
    """A node that does not exist, or exists already; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterNode:
    """One UCM server, as System > Server and System > Cisco Unified CM describe it."""

    name: str
    """e.g. ucm-pub."""
    host: str
    """processNodeName: host name, FQDN or address."""
    stores: NodeStores = field(repr=False)
    description: str = ""
    ports: NodePorts = field(default_factory=NodePorts)
    tls_minimum: TlsVersion = "1.2"
    tls_maximum: TlsVersion = "1.2"


class Cluster:
    """What the nodes of a cluster share.

    Nodes are in Cisco Unified CM Group order: the first has the phones' highest priority.
    """

    def __init__(self, cluster_id: str, keys: ClusterKeys, nodes: Iterable[ClusterNode] = ()) -> None:
        self.cluster_id = cluster_id
        self.keys = keys
        self.sip_oauth_mode = False
        """`ClusterSIPOAuthMode`; a node's service only notices when it restarts. [documented: default 0]"""
        self.directory = Directory()
        self.bindings = BindingStore()
        self._nodes: dict[str, ClusterNode] = {}
        for node in nodes:
            self.add_node(node)

    @property
    def nodes(self) -> tuple[ClusterNode, ...]:
        """Every node, in the order of the Cisco Unified CM Group."""
        return tuple(self._nodes.values())

    def node(self, name: str) -> ClusterNode:
        """Return a node by its name. Raises ClusterError if there is none."""
        node = self._nodes.get(name)
        if node is None:
            known = ", ".join(self._nodes) or "none"
            raise ClusterError(f"there is no node {name!r} in the cluster (known: {known})")
        return node

    def add_node(self, node: ClusterNode) -> None:
        """Add a node behind the others. Raises ClusterError if there is one of the same name."""
        if node.name in self._nodes:
            raise ClusterError(f"there is already a node {node.name!r}")
        self._nodes[node.name] = node

    def set_ports(self, name: str, ports: NodePorts) -> None:
        """Change a node's ports, which takes effect when its CallManager restarts."""
        self._nodes[name] = replace(self.node(name), ports=ports)

    def set_description(self, name: str, description: str) -> None:
        """Change what configuration files say of the node."""
        self._nodes[name] = replace(self.node(name), description=description)

    def set_stores(self, name: str, stores: NodeStores) -> None:
        """Change a node's certificates or trust; a restart of CallManager makes them count.
        [documented: sip-wire 0.2]"""
        self._nodes[name] = replace(self.node(name), stores=stores)

    def snapshot(self, name: str) -> NodeSnapshot:
        """Return what the node's CallManager service would load if it started now."""
        node = self.node(name)
        stores = node.stores
        return NodeSnapshot(
            name=node.name,
            host=node.host,
            ports=node.ports,
            sip_oauth_mode=self.sip_oauth_mode,
            tomcat=stores.tomcat.credential,
            tomcat_trust=stores.tomcat_trust,
            callmanager=stores.callmanager.credential,
            phone_trust=tuple(dict.fromkeys((*stores.callmanager_trust, stores.lsc_issuer.certificate))),
            keys=self.keys.public,
            tls_minimum=node.tls_minimum,
            tls_maximum=node.tls_maximum,
        )
