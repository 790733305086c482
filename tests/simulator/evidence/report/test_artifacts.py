"""The folder that `ucmsim run --artifacts` leaves, as CI and people read it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from simulator.evidence.capture import Capture
from simulator.evidence.explain import explain
from simulator.evidence.report.archive import read_runs
from simulator.evidence.report.artifacts import ARTIFACTS, CAPTURE_FILE, PAGE, ArtifactFolder
from simulator.evidence.report.report import Report
from simulator.evidence.report.schema import schema
from simulator.lab.files import catalogue
from simulator.lab.run.runner import run_world
from simulator.lab.steps.scenario import Scenario

SECRETS = re.compile(r"eyJ[A-Za-z0-9_-]{8}|PRIVATE KEY|CLIENT_RANDOM|TRAFFIC_SECRET")
NAMES = ("registers-over-5091", "unknown-ca-from-ucm", "expired-token", "legacy-5061")


def failing() -> Report:
    """A run that is not as expected: it hopes for a wrong port."""
    (scenario,) = catalogue.find(["registers-on-5090"])
    data = scenario.model_dump(by_alias=True, exclude_unset=True)
    data["steps"] = [{"start": "CSFALICE"}, {"expect": [{"event": "phone:registered", "with": {"port": 5061}}]}]
    return run_world(Scenario.model_validate(data), "1.2")


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    runs = []
    for scenario in catalogue.find(NAMES):
        for version in scenario.tls:
            with Capture() as capture:
                runs.append(run_world(scenario, version, capture=capture))
    return [*runs, failing()]


@pytest.fixture(scope="module")
def folder(reports: list[Report], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("artifacts") / "new" / "folder"
    artifacts = ArtifactFolder(path)
    for report in reports:
        artifacts.add(report)
    assert artifacts.finish() == path / "index.html"
    return path


def test_every_run_has_a_folder_with_every_kind_of_file(folder: Path, reports: list[Report]) -> None:
    folders = [path for path in folder.iterdir() if path.is_dir()]
    assert len(folders) == len(reports)
    for path in folders:
        kinds = {file.name for file in path.iterdir() if file.suffix != ".log"}
        assert kinds <= {PAGE, *(artifact.name for artifact in ARTIFACTS)}
        assert {"ladder.html", "ladder.svg", "ladder.txt", "explain.txt", "events.jsonl"} <= {
            file.name for file in path.iterdir()
        }
        assert {"CSFALICE.jabber.log", "ucm-pub.sdl.log", "ucm-pub.syslog.log"} & {
            file.name for file in path.iterdir()
        }


def test_captures_are_the_owners_alone_and_only_where_one_was_asked_for(folder: Path) -> None:
    captures = list(folder.rglob(CAPTURE_FILE))
    assert len(captures) == len(list(folder.iterdir())) - 4 - 1  # overview files, and the run without one
    assert all(path.stat().st_mode & 0o077 == 0 for path in captures)


def test_no_secret_is_in_any_text_file(folder: Path) -> None:
    texts = [
        path
        for path in folder.rglob("*")
        if path.suffix in (".html", ".svg", ".txt", ".json", ".jsonl", ".xml", ".mmd", ".log")
    ]
    assert len(texts) > 40
    for path in texts:
        assert not SECRETS.search(path.read_text(encoding="utf-8")), path.name


def test_results_follow_the_published_schema(folder: Path) -> None:
    published = json.loads((folder / "results.schema.json").read_text())
    assert published == json.loads(json.dumps(schema()))
    jsonschema.Draft202012Validator.check_schema(published)
    results = json.loads((folder / "results.json").read_text())
    jsonschema.Draft202012Validator(published).validate(results)


def test_the_schema_refuses_an_event_without_its_field() -> None:
    event = {"seq": 1, "at": 0, "actor": "x", "flow": None, "caused_by": None, "kind": "scenario:step_taken"}
    validator = jsonschema.Draft202012Validator({**schema()["$defs"]["event"], "$defs": schema()["$defs"]})
    assert not validator.is_valid(event)
    assert validator.is_valid({**event, "step": "start"})


def test_junit_counts_and_attaches(folder: Path, reports: list[Report]) -> None:
    root = ElementTree.parse(folder / "junit.xml").getroot()
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", str(len(reports)), "1")
    suites = root.findall("testsuite")
    assert sum(int(suite.get("tests", "0")) for suite in suites) == len(reports)
    assert {suite.get("name") for suite in suites} == {f"ucmsim.{report.group}" for report in reports}
    (failure,) = root.iter("failure")
    assert "port is 5090, not 5061" in failure.get("message", "")
    assert "TLS ClientHello" in (failure.text or "")
    attached = re.findall(
        r"\[\[ATTACHMENT\|(.+?)\]\]", "".join(node.text or "" for node in root.iter("system-out"))
    )
    assert attached
    assert all((folder / name).is_file() for name in attached)


def test_pages_need_nothing_from_elsewhere_and_link_to_what_is_there(folder: Path) -> None:
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<(script|link|img|iframe)\b|@import|url\(", text)
        for link in re.findall(r'<a href="([^"]+)"', text):
            assert (page.parent / link).is_file(), link


def test_the_run_page_folds_messages_and_opens_the_first_failure(folder: Path) -> None:
    text = (folder / "unknown-ca-from-ucm-world-tls1.2" / "ladder.html").read_text(encoding="utf-8")
    assert text.count('<details class="attempt" open>') == 1
    assert "Upload the root" in text
    assert re.search(r"<details><summary [^>]+><svg.*?</summary><pre>REGISTER sip:", text, re.S)


def test_the_index_shows_what_was_not_as_expected(folder: Path) -> None:
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert "1 not as expected" in text
    assert "expected phone:registered" in text


def test_the_index_tells_the_remedy_of_the_first_check_that_failed(folder: Path) -> None:
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert (
        "<b>Remedy.</b> Upload the root (and intermediates) that signed Expressway-C&#x27;s certificate" in text
    )


def test_a_run_read_back_explains_itself_alike(folder: Path, reports: list[Report]) -> None:
    runs = {run.name: run for run in read_runs(folder)}
    assert len(runs) == len(reports)
    read = runs["expired-token-world-tls1.2"]
    report = next(one for one in reports if one.scenario == "expired-token")
    assert [a.to_json()["checks"] for a in explain(read.records)] == [
        a.to_json()["checks"] for a in report.attempts()
    ]
    assert len(read_runs(folder / "results.json")) == len(reports)


def test_two_runs_of_one_name_do_not_share_a_folder(tmp_path: Path, reports: list[Report]) -> None:
    artifacts = ArtifactFolder(tmp_path)
    assert artifacts.add(reports[0]) != artifacts.add(reports[0])
    artifacts.finish()


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("a.json", "{", "not JSON"),
        ("a.json", '[{"x": 1}]', "run 1 has no list of events"),
        ("a.json", '[{"seq": 1, "kind": "no:such"}]', "event 1: no event of kind 'no:such'"),
        ("a.jsonl", '{"kind": "scenario:step_taken", "seq": 1, "at": 0, "actor": "x"}', "lacks step"),
        ("a.jsonl", '{"kind": "scenario:step_taken", "step": "x"}', "without seq, at and actor"),
        ("a.jsonl", "[1]", "event 1 is no object"),
        ("a.jsonl", "\n{", ":2: not JSON"),
    ],
)
def test_a_broken_file_is_named_with_its_mistake(tmp_path: Path, name: str, text: str, error: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(error)) as caught:
        read_runs(path)
    assert str(caught.value).startswith(str(path))


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="neither a run's folder"):
        read_runs(tmp_path)
