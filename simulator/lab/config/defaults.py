"""The lab of `ucmsim up` without a file, and labs whose ports are counted up from a number."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

from simulator.lab.config.expressways import EDGE_PORTS, ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import NodeConfig, PortsConfig
from simulator.lab.config.phones import PhoneConfig


def default_lab(*, host: str = "127.0.0.1", port_base: int | None = None) -> LabConfig:
    """Return the lab of `ucmsim up` without a file: alice and bob use OAuth, carol 5060, dave 5061 with an LSC.

    cnf.xml names its node by address, so clients need no name server.
    """
    config = LabConfig(
        nodes=[NodeConfig(name="ucm-pub", host=host)],
        expressways=[ExpresswayConfig(name="expc", port=5063)],
        phones=[
            PhoneConfig(device="CSFALICE", user="alice", dn="1010", profile="oauth"),
            PhoneConfig(device="CSFBOB", user="bob", dn="1011", profile="oauth"),
            PhoneConfig(device="CSFCAROL", user="carol", dn="1012", profile="non-secure"),
            PhoneConfig(device="CSFDAVE", user="dave", dn="1013", profile="encrypted"),
        ],
    )
    return config if port_base is None else with_ports(config, port_base)


def with_ports(config: LabConfig, base: int) -> LabConfig:
    """Return the lab with ports counted up from `base`: nodes, Expressways, name servers; 0: any free ones."""
    numbers = iter(range(base, 65536)) if base else repeat(0)
    nodes = [
        node.model_copy(update={"ports": PortsConfig(**{name: next(numbers) for name, _ in PortsConfig()})})
        for node in config.nodes
    ]
    expressways = [_with_ports(item, numbers) for item in config.expressways]
    name_servers = {"dns": next(numbers), "dns_outside": next(numbers)}
    return config.model_copy(update={"nodes": nodes, "expressways": expressways, **name_servers})


def _with_ports(config: ExpresswayConfig, numbers: Iterator[int]) -> ExpresswayConfig:
    if config.edge is None:
        return config.model_copy(update={"port": next(numbers), "https": next(numbers)})
    ports = {role: next(numbers) for role in EDGE_PORTS}
    return config.model_copy(update={"port": next(numbers), "edge": config.edge.model_copy(update=ports)})
