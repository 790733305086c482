"""Which address an actor gets, and which names resolve to it."""

from __future__ import annotations

import pytest

from simulator.lab.site.environment.address_plan import AddressPlan


def test_each_actor_has_an_address_of_its_kinds_documentation_block() -> None:
    plan = AddressPlan("documentation", "127.0.0.1")
    assert plan.assign("ucm-pub", "ucm-pub.lab.example", "node") == "192.0.2.1"
    assert plan.assign("expc", "expc.lab.example", "expressway") == "198.51.100.2"
    assert plan.assign("CSFALICE", "CSFALICE.phone.lab.example", "phone") == "10.0.0.4"


def test_on_sockets_all_actors_share_one_address() -> None:
    plan = AddressPlan("loopback", "127.0.0.9")
    assert {plan.assign("a", "a.example", "node"), plan.assign("b", "b.example", "phone")} == {"127.0.0.9"}
    assert plan.hosts_of("a") == ("a.example",)


@pytest.mark.parametrize("host", ["ucm-pub.lab.example", "UCM-PUB.lab.example.", "192.0.2.1", "uds.example"])
def test_a_host_resolves_by_any_of_its_names_whatever_the_case(host: str) -> None:
    plan = AddressPlan("documentation", "127.0.0.1")
    plan.assign("ucm-pub", "ucm-pub.lab.example", "node")
    plan.alias("ucm-pub", "uds.example")
    assert plan.resolve(host) == "192.0.2.1"


def test_an_alias_takes_no_name_from_another_actor() -> None:
    plan = AddressPlan("documentation", "127.0.0.1")
    first = plan.assign("a", "a.example", "node")
    plan.assign("b", "b.example", "node")
    plan.alias("b", "a.example")
    assert plan.resolve("a.example") == first


def test_an_unknown_host_does_not_resolve() -> None:
    assert AddressPlan("documentation", "127.0.0.1").resolve("elsewhere.example") is None
