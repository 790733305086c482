"""Results that stream out: the files are what they would be if all runs were kept, and none is."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulator.evidence.report.artifacts import ArtifactFolder
from simulator.evidence.report.json_results import JsonWriter
from simulator.evidence.report.junit import JunitWriter
from simulator.evidence.report.report import Report, Tally
from simulator.lab.files import catalogue
from simulator.lab.run.runner import run_world


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    (scenario,) = catalogue.find(["legacy-5060"])
    passed = run_world(scenario, "1.2")
    return [
        passed,
        replace(passed, failures=('expected <this> & "that", not \x00',), repetition=2),
        replace(passed, group="another", failures=("environment: waited",), environment=True),
        replace(passed, repetition=3),
    ]


@pytest.mark.parametrize("number", [0, 1, 4])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_is_an_array_of_all_runs(
    tmp_path: Path, reports: list[Report], number: int, ascii_only: bool
) -> None:
    writer = JsonWriter(tmp_path / "results.json", ascii_only=ascii_only)
    for report in reports[:number]:
        writer.add(report)
    writer.finish()
    text = (tmp_path / "results.json").read_text(encoding="utf-8")
    wanted = [report.to_json() for report in reports[:number]]
    assert text == json.dumps(wanted, indent=1, ensure_ascii=ascii_only) + "\n"


def test_junit_has_a_suite_for_each_group_with_the_counts_of_its_cases(
    tmp_path: Path, reports: list[Report]
) -> None:
    writer = JunitWriter(tmp_path / "junit.xml")
    for number, report in enumerate(reports):
        writer.add(report, [f"{number}/ladder.txt"])
    writer.finish()
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    counts = ("tests", "failures", "errors", "skipped")
    assert [root.get(name) for name in counts] == ["4", "1", "1", "0"]
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == [f"ucmsim.{reports[0].group}", "ucmsim.another"]
    assert [suites["ucmsim.another"].get(name) for name in counts] == ["1", "0", "1", "0"]
    assert [len(suite) for suite in root] == [3, 1]
    (failure,) = root.iter("failure")
    assert failure.get("message") == 'expected <this> & "that", not �'
    (error,) = root.iter("error")
    assert error.get("type") == "environment"
    assert all("[[ATTACHMENT|" in (out.text or "") for out in root.iter("system-out"))


def test_junit_of_no_run_is_whole(tmp_path: Path) -> None:
    JunitWriter(tmp_path / "junit.xml").finish()
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (root.tag, root.get("tests"), len(root)) == ("testsuites", "0", 0)


def test_no_writer_keeps_a_run(tmp_path: Path, reports: list[Report]) -> None:
    writers = [
        JsonWriter(tmp_path / "results.json"),
        JunitWriter(tmp_path / "junit.xml"),
        ArtifactFolder(tmp_path / "artifacts"),
    ]
    records = reports[0].records
    held = sys.getrefcount(records)
    tally = Tally()
    for repetition in range(3):
        report = replace(reports[0], repetition=repetition)
        tally.add(report)
        for writer in writers:
            writer.add(report)
        del report
    assert sys.getrefcount(records) == held
    for writer in writers:
        writer.finish()
    assert str(tally) == "3 runs, 0 not as expected"
