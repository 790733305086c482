"""A run whose lab waited in vain proves nothing: neither a pass nor a failure of what it tests."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulator.aio.patience import Patience
from simulator.cli.run import exit_code
from simulator.evidence.explain import environment_notes
from simulator.evidence.report.artifacts import ArtifactFolder
from simulator.evidence.report.report import Report, Tally
from simulator.lab.files import catalogue
from simulator.lab.run import runner
from simulator.lab.run.live import open_lab
from simulator.lab.run.runner import play, run_live
from simulator.lab.steps.scenario import Scenario

STILL = "CSFALICE: connecting to 192.0.2.1:5061"


async def disturbed(scenario: Scenario, *, patience: float = 0.05) -> Report:
    """A run beside a connection to another host that does not come about."""
    began = time.perf_counter()
    async with open_lab(scenario.lab, virtual_ports=True, patience=Patience(patience)) as lab:
        lab._driver.activity.begin("outside", "CSFALICE", "connecting to 192.0.2.1:5061")
        return runner._report(scenario, "lab", scenario.lab, await play(lab, scenario), began)


def scenario(*steps: object) -> Scenario:
    (found,) = catalogue.find(["registers-on-5090"])
    data = found.model_dump(by_alias=True, exclude_unset=True)
    return Scenario.model_validate({**data, "steps": list(steps)} if steps else data)


async def test_a_run_that_waited_in_vain_counts_as_environment(tmp_path: Path) -> None:
    report = await disturbed(scenario())
    assert report.outcome == "environment"
    assert not report.passed
    assert report.failures[0].startswith("environment: waited ")
    assert report.failures[0].endswith(f"still under way: {STILL}")
    assert report.to_json()["environment"] is True
    (note,) = environment_notes(report.records)
    assert note.startswith("Patience ended at ")
    assert STILL in note

    folder = ArtifactFolder(tmp_path)
    run = folder.add(report)
    text = folder.finish().read_text(encoding="utf-8")
    assert "1 run, 0 not as expected, 1 without proof" in text
    assert STILL in text
    assert STILL in (run / "explain.txt").read_text(encoding="utf-8")
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("1", "0", "1")
    (error,) = root.iter("error")
    assert error.get("type") == "environment"
    assert STILL in error.get("message", "")
    assert STILL in (error.text or "")


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [("", 0), ("p", 0), ("pp", 0), ("pf", 1), ("pe", 3), ("efp", 1), ("e", 3)],
)
async def test_ucmsim_run_ends_with_1_for_a_failure_and_3_if_there_are_only_runs_without_proof(
    outcomes: str, code: int
) -> None:
    passed = await run_live(scenario(), "1.2")
    failed = await run_live(scenario({"registered": {"CSFALICE": "ucm-pub"}}), "1.2", patience=Patience(0.01))
    kinds = {"p": passed, "f": failed, "e": await disturbed(scenario())}
    tally = Tally()
    for outcome in outcomes:
        tally.add(kinds[outcome])
    assert exit_code(tally) == code


async def test_an_expectation_that_is_not_met_by_a_lab_at_rest_is_a_failure() -> None:
    wanted = {"expect": [{"event": "phone:registered", "at": "CSFALICE"}]}
    report = await run_live(scenario(wanted), "1.2", patience=Patience(0.01))
    assert report.outcome == "failed"
    assert report.failures[0].startswith("step 1 (expect): expected phone:registered")


async def test_registered_waits_for_a_registration_that_is_yet_to_come() -> None:
    """The phone is started while the step waits, as by a client outside that takes its time."""
    wanted = scenario({"registered": {"CSFALICE": "ucm-pub"}})
    async with open_lab(wanted.lab, virtual_ports=True, patience=Patience(60)) as lab:
        waiting = asyncio.ensure_future(play(lab, wanted))

        def start() -> None:
            phone = lab.site.phones.get("CSFALICE")
            phone.start(lab.site.clock.now())
            lab.run(phone)

        asyncio.get_running_loop().call_later(0.3, start)
        assert (await waiting).failures == []
