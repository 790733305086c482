"""What has to be quick, measured by `make bench`: no test of `make test` asserts how long something took."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median

import pytest

from benchmarks.harness import CHECKOUT
from simulator.core import redact
from tests.e2e.running_lab import running_lab
from tests.e2e.token_client import BAD, Client, bad_tokens


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("Bearer" + " " * 60_000, id="one Bearer and blanks"),
        pytest.param(("Bearer" + " " * 100) * 600, id="many Bearers and blanks"),
        pytest.param("Bearer " + "token = " * 8_000, id="token without end"),
        pytest.param("eyJ" * 20_000, id="JOSE beginnings"),
        pytest.param("Bearer " + "a" * 15 + (" Bearer " + "b" * 15) * 3_000, id="short credentials"),
    ],
)
def test_redaction_of_hostile_text_is_quick(hostile: str) -> None:
    began = time.perf_counter()
    redact.text(hostile)
    assert time.perf_counter() - began < 1


def test_a_lab_is_ready_after_two_seconds(tmp_path: Path) -> None:
    began = time.perf_counter()
    with running_lab(tmp_path / "stderr", "--port-base", "0", fresh=True):
        took = time.perf_counter() - began
    assert took < 2, "as the README says"


def test_a_reset_takes_milliseconds(tmp_path: Path) -> None:
    times = []
    with running_lab(tmp_path / "stderr", "--port-base", "0", fresh=True) as lab:
        for _ in range(9):
            began = time.perf_counter()
            assert lab.ask("POST", "/reset").status == 200
            times.append(time.perf_counter() - began)
    assert median(times) < 0.1


def test_good_registrations_hardly_wait_for_a_flood_of_bad_tokens(tmp_path: Path) -> None:
    with running_lab(tmp_path / "stderr", "--port-base", "0", "--no-events", fresh=True) as lab:
        good = lab.ask("POST", "/tokens", {"user": "alice", "lifetime": 86_400}).json["token"]
        phone, attacker = Client(lab), Client(lab)

        def flood() -> None:
            for number, token in enumerate(bad_tokens(good, 1, BAD)):
                attacker.register(f"bad-{number}", token)

        def seconds_of_a_good_one(prefix: str) -> float:
            taken = []
            for number in range(200):
                began = time.perf_counter()
                assert phone.register(f"{prefix}-{number}", good) == 200
                taken.append(time.perf_counter() - began)
            return median(taken)

        quiet = seconds_of_a_good_one("quiet")
        thread = threading.Thread(target=flood)
        thread.start()
        during = seconds_of_a_good_one("during")
        thread.join()
        phone.close()
        attacker.close()
    assert during < 10 * quiet + 0.01


def test_a_smoke_run_writes_its_figures(tmp_path: Path) -> None:
    target = tmp_path / "bench.json"
    names = ("parse", "refresh-cached", "connect-register", "memory-per-phone")
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", target, *(f"--only={n}" for n in names)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    by_name = {entry["name"]: entry for entry in json.loads(target.read_text())["figures"]}
    for name in ("parse", "refresh-cached", "connect-register"):
        assert by_name[name]["value"] > 0
        assert name in done.stdout
    assert by_name["memory-per-phone"].get("value", 1) > 0
