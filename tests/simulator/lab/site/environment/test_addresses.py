"""Ports and URLs of a lab: as configured, or where that is 0, as a listener was bound."""

from __future__ import annotations

import pytest

from simulator.core.actor.flow import Address
from simulator.lab.config.expressways import EdgeConfig, ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import NodeConfig, PortsConfig
from simulator.lab.site.environment.addresses import Addresses
from tests.simulator.lab.site.bench import built

HOST = "ucm-pub.lab.example"


def addresses(*, virtual: bool = True, **ports: int) -> Addresses:
    config = LabConfig(
        nodes=[NodeConfig(ports=PortsConfig(**ports))],
        expressways=[
            ExpresswayConfig(name="expc", edge=EdgeConfig()),
            ExpresswayConfig(name="alone", resolvable=False),
        ],
    )
    return built(config, virtual=virtual).site.addresses


def test_a_configured_port_counts_whatever_was_bound() -> None:
    where = addresses()
    where.bound("ucm-pub", {"oauth": Address("127.0.0.1", 40_000)})
    assert where.ports_of("ucm-pub").oauth == 5090
    assert where.port_bound("ucm-pub", "oauth") == 40_000


def test_a_port_of_0_is_the_one_that_was_bound() -> None:
    where = addresses(oauth=0, https=0, files_tls=0)
    assert (where.ports_of("ucm-pub").oauth, where.https_of("ucm-pub")) == (0, 0)
    where.bound("ucm-pub", {"oauth": Address("127.0.0.1", 40_000), "https": Address("127.0.0.1", 40_001)})
    assert where.ports_of("ucm-pub").oauth == 40_000
    assert where.base_of("ucm-pub") == f"https://{HOST}:40001"


def test_jabbers_files_are_fetched_over_http_while_6972_is_not_open() -> None:
    where = addresses(files_tls=0)
    assert where.jabber_url("jabber-config.xml") == f"http://{HOST}:6970/jabber-config.xml"
    where.bound("ucm-pub", {"files-tls": Address("127.0.0.1", 40_002)})
    assert where.jabber_url("jabber-config.xml") == f"https://{HOST}:40002/jabber-config.xml"
    assert where.file_servers("ucm-pub") == (("http", 6970), ("https", 6971), ("https", 40_002))


def test_phones_reach_a_pair_at_its_expressway_e() -> None:
    where = addresses()
    assert where.edge_of("expc") is None
    where.bound("expe", {"edge": Address("198.51.100.3", 5061)})
    assert where.edge_of("expc") == where.edge_of("expe") == Address("198.51.100.3", 5061)


@pytest.mark.parametrize(("virtual", "traversal", "https"), [(True, 7001, 8443), (False, 0, 0)])
def test_an_expressway_has_the_documented_ports_where_it_shares_no_address(
    virtual: bool, traversal: int, https: int
) -> None:
    where = addresses(virtual=virtual)
    assert where.edge_port(EdgeConfig(), "traversal") == traversal
    assert where.edge_port(EdgeConfig(traversal=7002), "traversal") == 7002
    assert where.edge_https(ExpresswayConfig()) == https


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("expc", True),
        ("EXPC.lab.example", True),
        ("alone", False),
        ("alone.lab.example", False),
        (HOST, True),
        ("x.example", False),
    ],
)
def test_ucms_name_server_knows_every_host_but_those_that_the_lab_hides(host: str, known: bool) -> None:
    assert addresses().ucm_resolves(host) is known
