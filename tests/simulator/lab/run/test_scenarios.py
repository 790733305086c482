"""Every built-in scenario on both drivers and every TLS version it names; and what all of them must keep."""

from __future__ import annotations

import json
import re
import time

import pytest

from simulator.core.events.log import record_to_json
from simulator.core.instant import Instant
from simulator.core.tls.settings import TlsVersion
from simulator.evidence.report.report import Report
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.phones import PhoneConfig
from simulator.lab.files import catalogue
from simulator.lab.run.batch import normalised
from simulator.lab.run.runner import run_live, run_world
from simulator.lab.run.world import World, run_now
from simulator.lab.steps.checks.expect import Expect
from simulator.lab.steps.clients.send import Send
from simulator.lab.steps.scenario import Scenario
from tests.simulator.catalogue_runs import RUNS, SCENARIOS, world_report

SECRETS = re.compile(r"eyJ[A-Za-z0-9_-]{8}|BEGIN [A-Z ]*PRIVATE KEY")


def assert_as_expected(report: Report) -> None:
    lines = "\n".join(line.text for line in report.ladder()[-40:])
    assert report.passed, "\n".join((*report.failures, lines))
    trace = json.dumps([record_to_json(record) for record in report.records])
    assert not SECRETS.search(trace), "a secret in the event stream"


@pytest.mark.parametrize(("scenario", "tls"), RUNS)
def test_in_the_world(scenario: Scenario, tls: TlsVersion) -> None:
    assert_as_expected(world_report(scenario, tls))


@pytest.mark.parametrize(("scenario", "tls"), RUNS)
async def test_on_sockets(scenario: Scenario, tls: TlsVersion) -> None:
    assert_as_expected(await run_live(scenario, tls))


@pytest.mark.parametrize(("scenario", "tls"), RUNS)
def test_the_same_seed_gives_the_same_trace(scenario: Scenario, tls: TlsVersion) -> None:
    again = run_world(scenario, tls)
    assert normalised(world_report(scenario, tls).records) == normalised(again.records)


def test_another_seed_gives_other_identifiers() -> None:
    (scenario,) = catalogue.find(["registers-on-5090"])
    assert normalised(run_world(scenario, "1.2", seed=1).records) != normalised(
        run_world(scenario, "1.2", seed=2).records
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_the_handbook_page_has_its_four_parts(scenario: Scenario) -> None:
    text = (catalogue.builtin_folder() / scenario.id / "README.md").read_text()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        f"# {scenario.title}",
        "## Symptom",
        "## Cause",
        "## How to see it on a real UCM",
        "## Remedy",
    ]
    assert len(text) > 400


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_a_refused_handshake_is_asserted_at_both_ends_on_both_versions(scenario: Scenario) -> None:
    expectations = [e for step in scenario.steps if isinstance(step, Expect) for e in step.root]
    failed = [e for e in expectations if e.event == "tls:failed"]
    if not failed:
        pytest.skip("no refused handshake in this scenario")
    plain = any(phone.wrong_port and phone.wrong_port.port == 5060 for phone in scenario.lab.phones)
    if plain or any(isinstance(step, Send) and step.clear for step in scenario.steps):
        pytest.skip("one end does not speak TLS at all")
    versions_differ = any(e.fields.get("alert_name") == "protocol_version" for e in failed)
    assert versions_differ or scenario.tls == ["1.2", "1.3"]
    assert {e.fields.get("by") for e in failed} == {"us", "peer"}
    assert len({e.at for e in failed}) == 2


def test_a_broken_expectation_fails_with_the_nearest_miss_and_stops_the_run() -> None:
    (scenario,) = catalogue.find(["registers-on-5090"])
    data = scenario.model_dump(by_alias=True, exclude_unset=True)
    data["steps"] = [
        {"start": "CSFALICE"},
        {"expect": [{"event": "phone:registered", "with": {"port": 5061}}]},
        {"expect": [{"event": "phone:refused"}]},
    ]
    report = run_world(Scenario.model_validate(data), "1.2")
    (failure,) = report.failures
    assert failure.startswith("step 2 (expect): expected phone:registered port=5061; nearest: #")
    assert "port is 5090, not 5061" in failure


def test_a_step_that_cannot_be_done_fails_the_run_and_is_named() -> None:
    (scenario,) = catalogue.find(["registers-on-5090"])
    data = scenario.model_dump(by_alias=True, exclude_unset=True)
    data["steps"] = [
        {"set_ports": {"node": "ucm-pub", "ports": {"oauth": 80}}},
        {"registered": {"CSFALICE": None}},
    ]
    report = run_world(Scenario.model_validate(data), "1.2")
    assert report.failures == (
        "step 1 (set_ports): oauth port 80 is outside 1024-49151, the range UCM accepts for it",
    )


def test_a_coroutine_that_waits_is_no_thing_of_the_world() -> None:
    class Never:
        def __await__(self):  # type: ignore[no-untyped-def]
            yield

    async def waits() -> None:
        await Never()

    with pytest.raises(RuntimeError, match="nothing ever waits"):
        run_now(waits())


def test_hundreds_of_phones_register_and_refresh_in_the_world() -> None:
    phones = [PhoneConfig(device=f"CSF{n:04d}", user=f"user{n}", dn=f"{10000 + n}") for n in range(300)]
    world = World(LabConfig(phones=phones), real_now=Instant(time.time()))
    for phone in world.site.phones.actors.values():
        phone.start(world.site.clock.now())
        world.run(phone)
    run_now(world.until_idle())
    assert len(world.site.cluster.bindings) == 300
    run_now(world.advance(300))
    assert len(world.site.cluster.bindings) == 300
