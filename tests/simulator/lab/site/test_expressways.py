"""A file of several authorities in an Expressway's trusted CA list: each is there, once."""

from __future__ import annotations

import time

import pytest

from simulator.core.events import ClusterChanged
from simulator.core.instant import Instant
from simulator.lab.config.expressways import ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.run.world import World
from simulator.lab.steps.administration.expressway import Expressway
from simulator.lab.steps.expressway_admin import ExpresswayAdmin
from simulator.lab.steps.scenario_run import ScenarioRun

LAB = LabConfig(expressways=[ExpresswayConfig(name="expc", trusted_cas=["expressway-ca"])])


def subjects(world: World) -> list[tuple[object, object]]:
    return [(row["subject"], row["usable"]) for row in ExpresswayAdmin(world.site).trusted_cas()]


def test_every_authority_of_a_file_is_listed_and_told() -> None:
    world = World(LAB, real_now=Instant(time.time()))
    others = world.site.pki.bundle(["tomcat-ca", "other-ca"])
    world.site.expressways.trust_certificate(
        "expc", b"Root of Tomcat\n" + b"# and another\n".join(others) + b"\n"
    )
    assert subjects(world) == [("CN=expressway-ca", True), ("CN=tomcat-ca", True), ("CN=other-ca", True)]
    told = [r.event for r in world.site.log.records() if isinstance(r.event, ClusterChanged)]
    assert told[-1].detail == "+ CN=tomcat-ca, CN=other-ca"


def test_an_authority_that_is_there_already_is_no_twin_of_itself() -> None:
    world = World(LAB, real_now=Instant(time.time()))
    (own,) = world.site.pki.bundle(["expressway-ca"])
    world.site.expressways.trust_certificate("expc", b"once more:\r\n" + own.replace(b"\n", b"\r\n"))
    assert subjects(world) == [("CN=expressway-ca", True)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"no certificate\n", id="other text"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nQUFB\n-----END CERTIFICATE-----\n", id="no X.509 inside"),
    ],
)
def test_what_holds_no_certificate_is_refused_and_changes_nothing(text: bytes) -> None:
    world = World(LAB, real_now=Instant(time.time()))
    with pytest.raises(ValueError, match="does not contain a PEM certificate"):
        world.site.expressways.trust_certificate("expc", text)
    assert subjects(world) == [("CN=expressway-ca", True)]


def test_a_good_certificate_before_a_broken_one_does_not_go_in_alone() -> None:
    world = World(LAB, real_now=Instant(time.time()))
    (good,) = world.site.pki.bundle(["tomcat-ca"])
    with pytest.raises(ValueError, match="does not contain a PEM certificate"):
        world.site.expressways.trust_certificate(
            "expc", good + b"-----BEGIN CERTIFICATE-----\nQUFB\n-----END CERTIFICATE-----\n"
        )
    assert subjects(world) == [("CN=expressway-ca", True)]


async def test_a_step_tells_what_the_list_does_not_show_as_expected() -> None:
    world = World(LAB, real_now=Instant(time.time()))
    step = Expressway(
        trust=["tomcat-ca"],
        trusted_cas={"CN=expressway-ca": True, "CN=tomcat-ca": None, "CN=other-ca": True, "CN=none": None},
    )
    assert await step.do(ScenarioRun(world)) == [
        "expected trusted CA 'CN=tomcat-ca' absent, it is usable",
        "expected trusted CA 'CN=other-ca' usable, it is absent",
    ]
