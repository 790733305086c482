"""Which name servers a lab has, and what each side learns from them."""

from __future__ import annotations

import pytest

from simulator.core.actor.flow import Address
from simulator.lab.config.expressways import ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import NodeConfig
from simulator.lab.config.phones import PhoneConfig
from simulator.lab.site.environment import dns_records
from tests.simulator.lab.site.bench import built

EXPRESSWAYS = [ExpresswayConfig()]


@pytest.mark.parametrize(
    ("phones", "names"),
    [
        ([PhoneConfig()], []),
        ([PhoneConfig(sign_in=True)], ["dns"]),
        ([PhoneConfig(sign_in=True, deployment="mra")], ["dns-outside"]),
    ],
)
def test_in_memory_there_are_the_name_servers_that_phones_ask(
    phones: list[PhoneConfig], names: list[str]
) -> None:
    site = built(LabConfig(phones=phones, expressways=EXPRESSWAYS)).site
    assert list(site.name_servers.actors) == names


def test_on_sockets_there_are_both() -> None:
    site = built(LabConfig(), addressing="loopback", virtual=False).site
    assert list(site.name_servers.actors) == ["dns", "dns-outside"]
    assert site.name_servers.asked == frozenset()


def test_a_phone_asks_the_name_server_of_its_side_at_the_port_that_was_bound() -> None:
    phone = PhoneConfig(sign_in=True, deployment="mra")
    site = built(LabConfig(phones=[phone], expressways=EXPRESSWAYS), addressing="loopback", virtual=False).site
    site.addresses.bound("dns-outside", {"dns-udp": Address("127.0.0.1", 40_053)})
    assert site.name_servers.address_for(phone) == Address("dns-outside.lab.example", 40_053)


def test_outside_nothing_is_said_of_the_nodes() -> None:
    config = LabConfig(expressways=EXPRESSWAYS)
    addresses = built(config).site.addresses
    outside, inside = dns_records.outside(config, addresses), dns_records.inside(config, addresses)
    assert [service.name for service in outside.services] == ["_collab-edge._tls.lab.example"]
    assert list(outside.hosts) == ["expc.lab.example"]
    assert [service.name for service in inside.services] == [
        "_cisco-uds._tcp.lab.example",
        "_collab-edge._tls.lab.example",
    ]


def test_a_node_known_by_its_address_has_a_name_for_uds() -> None:
    config = LabConfig(nodes=[NodeConfig(host="127.0.0.1")], domain="corp.example")
    addresses = built(config).site.addresses
    assert list(dns_records.inside(config, addresses).hosts) == ["ucm-pub.corp.example"]
    assert addresses.resolve("ucm-pub.corp.example") == addresses.of("ucm-pub")
