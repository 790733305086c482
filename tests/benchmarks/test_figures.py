"""Figures: medians, ratios, choice by name, and a whole smoke run in processes of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import wanted
from benchmarks.cases import CASES
from benchmarks.harness import CHECKOUT, Figure, set_ratios
from benchmarks.limits import LIMITS
from benchmarks.messages import BODY, PhoneId
from tests.patience import patience


def figure(name: str, *runs: float, **fields: object) -> Figure:
    return Figure(name=name, what="", unit="1/s", runs=list(runs), **fields)  # type: ignore[arg-type]


def test_the_value_is_the_median_and_the_ratio_is_better_above_one() -> None:
    figures = {
        "limit": figure("limit", 200.0),
        "rate": figure("rate", 90.0, 100.0, 400.0, reach=100.0, against=("limit", "absent")),
        "memory": figure("memory", 20.0, reach=34.0, more_is_better=False, against=("limit",)),
    }
    set_ratios(figures)
    rate, memory = figures["rate"].to_json(), figures["memory"].to_json()
    assert (rate["value"], rate["reached"], rate["ratios"]) == (100.0, True, {"limit": 0.5})
    assert (memory["value"], memory["reached"], memory["ratios"]) == (20.0, True, {"limit": 10.0})


def test_ratios_compare_what_a_whole_server_core_gives() -> None:
    figures = {
        "limit": figure("limit", 50.0, notes={"per_whole_server_core": 200}),
        "rate": figure("rate", 90.0, notes={"per_whole_server_core": 100}, against=("limit",)),
    }
    set_ratios(figures)
    assert figures["rate"].ratios == {"limit": 0.5}


def test_a_skipped_figure_has_a_reason_and_no_value() -> None:
    skipped = figure("openssl", skipped="not installed")
    figures = {"openssl": skipped, "case": figure("case", 1.0, against=("openssl",))}
    set_ratios(figures)
    assert skipped.to_json() == {"name": "openssl", "what": "", "unit": "1/s", "skipped": "not installed"}
    assert figures["case"].ratios == {}


def test_everything_is_measured_unless_names_are_given() -> None:
    assert wanted([]) == (list(LIMITS), list(CASES))
    assert wanted(["token-cold"]) == (["pyjwt-verify"], ["token-cold"])
    with pytest.raises(KeyError, match="no-such"):
        wanted(["no-such"])


def test_every_case_is_compared_with_limits_that_exist() -> None:
    assert {name for case in CASES.values() for name in case.against} <= set(LIMITS)


def test_the_register_has_the_published_size_of_body_and_changes_with_each_request() -> None:
    assert len(BODY) == 1271  # sip-wire 3.4
    splice = PhoneId(7).splice("token")
    first, second = splice.request(8), splice.request(9)
    assert first.count(b"\r\nCSeq: 8 REGISTER\r\n") == 1
    assert first != second
    assert len(first) == len(second)
    assert b'Bearer token="token"' in first
    assert b"Reason:" not in first


def test_a_run_writes_its_figures(tmp_path: Path) -> None:
    target = tmp_path / "bench.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(target), "--only=parse"]
    done = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, timeout=patience(), check=False
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(target.read_text())
    (parse,) = (entry for entry in document["figures"] if entry["name"] == "parse")
    assert parse["value"] > 0
    assert "parse" in done.stdout
    assert document["machine"]["python"]
