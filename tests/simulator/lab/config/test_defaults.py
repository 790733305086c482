"""`--port-base`: every port of a lab is counted up, so that a script knows them all before it starts one."""

from __future__ import annotations

from itertools import pairwise

from simulator.lab.config.defaults import with_ports
from simulator.lab.config.expressways import EdgeConfig, ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import NodeConfig


def test_every_listener_of_two_nodes_and_two_pairs_gets_the_next_number() -> None:
    lab = LabConfig(
        nodes=[NodeConfig(name="a"), NodeConfig(name="b")],
        expressways=[ExpresswayConfig(name="c"), ExpresswayConfig(name="d")],
    )
    done = with_ports(lab, 21_000)
    ports = [port for node in done.nodes for _, port in node.ports]
    ports += [port for item in done.expressways for port in (item.port, item.https)]
    ports += [done.dns, done.dns_outside]
    assert ports[0] == 21_000
    assert all(later == earlier + 1 for earlier, later in pairwise(ports))


def test_without_a_base_every_port_is_left_open() -> None:
    done = with_ports(LabConfig(expressways=[ExpresswayConfig(name="c", https=8444)], dns=5353), 0)
    assert (done.expressways[0].port, done.expressways[0].https, done.dns, done.dns_outside) == (0, 0, 0, 0)


def test_an_edge_of_its_own_has_four_numbers_and_its_expressway_c_one() -> None:
    done = with_ports(LabConfig(expressways=[ExpresswayConfig(name="c", edge=EdgeConfig(name="e"))]), 21_000)
    (pair,) = done.expressways
    assert pair.edge is not None
    ports = [pair.edge.port, pair.edge.https, pair.edge.traversal, pair.edge.tunnel, pair.port]
    assert [port - 21_009 for port in ports if port] == [0, 1, 2, 3, 4]
