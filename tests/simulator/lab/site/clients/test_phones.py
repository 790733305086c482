"""The phones of a lab: made once every port is known."""

from __future__ import annotations

import pytest

from simulator.core.actor.flow import Address
from simulator.lab.config.expressways import ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import NodeConfig, PortsConfig
from simulator.lab.config.phones import PhoneConfig, TokenConfig
from simulator.lab.site.clients.phone_profiles import phone_profile
from simulator.lab.site.site import Site
from softphone.core.settings.profile import PhoneProfile
from tests.simulator.lab.site.bench import built, context

LAB = LabConfig(
    nodes=[NodeConfig(ports=PortsConfig(config=0))],
    expressways=[ExpresswayConfig(name="expc1"), ExpresswayConfig(name="expc2", port=0)],
    phones=[
        PhoneConfig(),
        PhoneConfig(device="CSFBOB", user="bob", dn="1011", deployment="mra"),
        PhoneConfig(device="CSFEVE", user="eve", dn="1012", deployment="mra", expressway="expc2"),
        PhoneConfig(device="CSFDAN", user="dan", dn="1013", secure_config=True),
    ],
)


@pytest.fixture
def site() -> Site:
    site = built(LAB).site
    site.addresses.bound("ucm-pub", {"config": Address("192.0.2.1", 46_970)})
    site.addresses.bound("expc2", {"edge": Address("198.51.100.3", 45_061)})
    return site


def profile(site: Site, device: str) -> PhoneProfile:
    return phone_profile(
        context(LAB),
        LAB.phone(device),
        cluster=site.cluster,
        addresses=site.addresses,
        lscs=site.phones.lscs,
    )


def test_there_is_no_phone_before_every_port_is_known(site: Site) -> None:
    assert site.phones.actors == {}
    site.phones.create()
    assert list(site.phones.actors) == ["CSFALICE", "CSFBOB", "CSFEVE", "CSFDAN"]
    with pytest.raises(KeyError):
        site.phones.get("CSFNOBODY")


def test_a_phone_is_given_the_port_that_its_configuration_files_got(site: Site) -> None:
    assert profile(site, "CSFALICE").config_urls == ("http://ucm-pub.lab.example:46970/CSFALICE.cnf.xml",)
    assert profile(site, "CSFDAN").config_urls == ("https://ucm-pub.lab.example:6971/CSFDAN.cnf.xml",)


def test_a_remote_phone_knows_the_expressway_it_names_or_all_of_them(site: Site) -> None:
    both = [Address("expc1.lab.example", 5061), Address("expc2.lab.example", 45_061)]
    assert [edge.address for edge in profile(site, "CSFBOB").edges] == both
    assert [edge.address for edge in profile(site, "CSFEVE").edges] == both[1:]
    assert profile(site, "CSFALICE").edges == ()


def test_a_phone_that_has_not_registered_is_nowhere(site: Site) -> None:
    site.phones.create()
    assert (site.phones.bound_at("CSFALICE"), site.phones.believed_at("CSFALICE")) == (None, None)


def test_an_unknown_behaviour_is_refused(site: Site) -> None:
    site.phones.create()
    with pytest.raises(ValueError, match="dances"):
        site.phones.set_behaviours("CSFALICE", ["dances"])


def test_a_token_that_is_absent_has_no_text(site: Site) -> None:
    assert site.phones.token_text(TokenConfig(absent=True)) == ""
    assert site.phones.token_text(TokenConfig()).count(".") == 2
