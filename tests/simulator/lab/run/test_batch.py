"""Many runs at once: in order, in several processes, and with traces that agree."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest

from registrar.core.database.store import ClusterDatabase
from simulator.evidence.report.report import DriverName, Report
from simulator.lab.files import catalogue
from simulator.lab.run import batch
from simulator.lab.run.batch import Run, run_all, run_one

NAMES = ["registers-on-5090", "legacy-5060", "unknown-ca-from-ucm", "star-contact"]


def runs(driver: DriverName, repeat: int = 1) -> list[Run]:
    return [
        Run(scenario=scenario, tls=tls, driver=driver, repetition=number)
        for number in range(1, repeat + 1)
        for scenario in catalogue.find(NAMES)
        for tls in scenario.tls
    ]


@pytest.mark.parametrize("driver", ["world", "lab"])
def test_several_processes_report_in_the_order_of_the_runs(driver: DriverName) -> None:
    asked = runs(driver, repeat=2)
    reports = list(run_all(asked, jobs=2))
    assert [(r.scenario, r.tls, r.repetition, r.driver) for r in reports] == [
        (run.scenario.id, run.tls, run.repetition, driver) for run in asked
    ]
    assert [report.failures for report in reports] == [()] * len(asked)
    assert all(report.records for report in reports)


def test_another_process_leaves_the_same_trace() -> None:
    here = [batch.normalised(report.records) for report in run_all(runs("world"))]
    there = [batch.normalised(report.records) for report in run_all(runs("world"), jobs=2)]
    assert here == there


def test_a_repetition_has_its_own_name_and_number() -> None:
    report = list(run_all(runs("world", repeat=2)))[-1]
    assert report.name == "star-contact [world, TLS 1.2, run 2]"
    assert report.to_json()["repetition"] == 2


def test_a_trace_that_differs_from_the_first_one_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    real = batch.run_one

    def other_seed(run: Run) -> Report:
        return real(replace(run, seed=run.repetition))

    monkeypatch.setattr(batch, "run_one", other_seed)
    (scenario,) = catalogue.find(["registers-on-5090"])
    first, second = run_all(
        [Run(scenario=scenario, tls="1.2", driver="world", repetition=number) for number in (1, 2)]
    )
    assert first.passed
    assert second.failures == ("repetition 2 left another trace than the first one",)


def test_a_capture_comes_back_from_another_process() -> None:
    (scenario,) = catalogue.find(["legacy-5060"])
    run = Run(scenario=scenario, tls="1.2", driver="world", captured=True)
    for report in run_all([run, run], jobs=2):
        assert report.pcapng


@pytest.mark.parametrize("driver", ["world", "lab"])
def test_nothing_of_a_run_is_left_but_its_report(driver: DriverName) -> None:
    (scenario,) = catalogue.find(["registers-on-5090"])

    def databases_left_by_a_run() -> int:
        run_one(Run(scenario=scenario, tls="1.2", driver=driver))
        gc.collect()
        return sum(type(found) is ClusterDatabase for found in gc.get_objects())

    assert databases_left_by_a_run() == databases_left_by_a_run()
