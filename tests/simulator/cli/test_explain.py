"""`ucmsim explain` and the artifacts of `ucmsim run`, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app


def ucmsim(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("art")
    code, output = ucmsim("run", "--driver", "world", "unknown-ca-from-ucm", "--artifacts", str(path))
    assert code == 0
    assert f"artifacts: {path}/index.html" in output.replace("\n", "")
    return path


def test_all_attempts_are_listed_and_what_failed_is_explained(folder: Path) -> None:
    code, output = ucmsim("explain", str(folder / "unknown-ca-from-ucm-world-tls1.2"))
    assert code == 0
    assert "  1  " in output
    assert "Remedy:" in output
    assert "registered, 120 s" in output


def test_one_attempt_is_the_whole_checklist(folder: Path) -> None:
    code, output = ucmsim("explain", str(folder), "2.1")
    assert code == 0
    assert "not reached" in output
    assert "FAIL" in output


def test_json_is_the_same_for_machines(folder: Path) -> None:
    code, output = ucmsim("explain", str(folder / "results.json"), "--json")
    assert code == 0
    assert [run["attempts"][0]["first_failure"] for run in json.loads(output)] == ["chain", "chain"]


@pytest.mark.parametrize("attempt", ["9", "1.9", "9.1", "x", "1.x", "1.1.1"])
def test_an_attempt_that_is_not_there_is_a_mistake_of_use(folder: Path, attempt: str) -> None:
    assert ucmsim("explain", str(folder), attempt)[0] == 2


def test_a_run_that_is_not_there_is_a_mistake_of_use(tmp_path: Path) -> None:
    assert ucmsim("explain", str(tmp_path / "none.json"))[0] == 2


def test_a_lab_that_does_not_answer_is_the_environment() -> None:
    assert ucmsim("explain", "http://127.0.0.1:1")[0] == 3


def test_the_schema_is_printed_on_request() -> None:
    code, output = ucmsim("run", "--schema")
    assert code == 0
    assert json.loads(output)["title"] == "ucmsim results"


def test_a_folder_that_cannot_be_made_is_the_environment(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _ = ucmsim("run", "--driver", "world", "legacy-5060", "--artifacts", str(tmp_path / "file" / "x"))
    assert code == 3


def test_the_logs_of_a_stored_run_are_named_and_one_is_printed(folder: Path) -> None:
    stored = str(folder / "results.json")
    assert "logs: CSFALICE.jabber.log, ucm-pub.sdl.log," in ucmsim("explain", stored)[1]
    code, output = ucmsim("explain", stored, "--log", "expc.tvcs.log")
    assert code == 0
    assert 'Event="Outbound TLS Negotiation Error"' in output


def test_a_log_that_the_run_has_not_is_a_mistake_of_use(folder: Path) -> None:
    assert ucmsim("explain", str(folder / "results.json"), "--log", "nobody.log")[0] == 2


def test_a_run_of_a_version_that_did_not_name_its_actors_is_explained_without_logs(
    folder: Path, tmp_path: Path
) -> None:
    runs = json.loads((folder / "results.json").read_text())
    for run in runs:
        run["events"] = [event for event in run["events"] if event["kind"] != "lab:built"]
    old = tmp_path / "old.json"
    old.write_text(json.dumps(runs))
    code, output = ucmsim("explain", str(old))
    assert code == 0
    assert "Remedy:" in output
    assert "logs:" not in output
    assert ucmsim("explain", str(old), "--log", "expc.tvcs.log")[0] == 2
