"""The host names of a lab's nodes and Expressways, as its file gives them or by default."""

from __future__ import annotations

from ipaddress import ip_address

from simulator.lab.config.expressways import EdgeConfig, ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import NodeConfig


def host_of(config: NodeConfig | ExpresswayConfig | EdgeConfig) -> str:
    """Return the host name of a node or an Expressway; by default NAME.lab.example."""
    return config.host or f"{config.name}.lab.example"


def uds_host(node: NodeConfig, lab: LabConfig) -> str:
    """Return the node's name in DNS: its host, or NAME.DOMAIN where the host is an address."""
    host = host_of(node)
    try:
        ip_address(host)
    except ValueError:
        return host
    return f"{node.name}.{lab.domain}"
