"""A lab with many phones: what it needs of the system, and what `up` says if that is not there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.lab.config.lab import LabConfig
from simulator.lab.run.open_file_needs import check_open_files, least_open_files, most_open_files

resource = pytest.importorskip("resource", reason="this system has no limit on open files")


def lab(phones: int, nodes: int = 1) -> LabConfig:
    return LabConfig.model_validate(
        {
            "nodes": [{"name": f"ucm-{number}"} for number in range(nodes)],
            "phones": [
                {"device": f"CSF{number:05}", "user": f"u{number}", "dn": f"1{number:05}"}
                for number in range(phones)
            ],
        }
    )


def test_nine_thousand_phones_register_below_a_limit_of_20_000() -> None:
    assert 18_000 < least_open_files(lab(9000)) < 20_000


@pytest.mark.parametrize(("nodes", "each"), [(1, 2), (2, 4), (3, 6), (5, 6)])
def test_a_phone_keeps_connections_to_the_nodes_it_may_fail_over_to(nodes: int, each: int) -> None:
    assert most_open_files(lab(100, nodes)) - most_open_files(lab(0, nodes)) == 100 * each


def test_a_lab_that_fits_is_not_talked_of() -> None:
    assert check_open_files(lab(4, 2)) is None


def test_phones_that_cannot_all_register_are_an_error_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (20_000, 20_000))
    with pytest.raises(
        OSError, match=r"10,000 phones need 20,080 open files .* this process 20,000 \(`ulimit -n`"
    ):
        check_open_files(lab(10_000))


def test_phones_that_cannot_all_fail_over_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (20_000, 20_000))
    warning = check_open_files(lab(9000, 2))
    assert warning is not None
    assert "9,000 phones need up to 36,096 open files with failover" in warning


def test_a_system_without_a_limit_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert check_open_files(lab(10_000, 5)) is None


def test_up_says_which_limit_and_how_much_it_needs(tmp_path: Path) -> None:
    file = tmp_path / "many.yaml"
    file.write_text(json.dumps(lab(200).model_dump(exclude_unset=True)))  # JSON is YAML
    up = subprocess.run(
        [sys.executable, "-m", "simulator", "up", file, "--port-base", "0"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)),
    )
    assert up.returncode == 3
    assert "the lab's 200 phones need 480 open files to register" in up.stderr
    assert "allows this process 256 (`ulimit -n`" in up.stderr
