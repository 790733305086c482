"""`ucmsim up --syslog`, as an administrator starts it."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.phones import Phones
from tests.e2e.running_lab import running_lab, ucmsim


async def test_alarms_go_to_a_file_and_counters_are_scraped(tmp_path: Path) -> None:
    file = tmp_path / "alarms.log"
    with running_lab(tmp_path / "stderr", "--port-base", "0", "--syslog", file) as lab:
        await Phones(lab).all_register()
        metrics = lab.ask("GET", "/metrics").body.decode()
    text = file.read_text()
    for device in ("CSFALICE", "CSFBOB", "CSFCAROL", "CSFDAVE"):
        assert f"EndPointRegistered: %[DeviceName={device}]" in text
        assert f"EndPointUnregistered: %[DeviceName={device}]" in text
    assert 'ucm_register_answers_total{node="ucm-pub",answer="registered"} 5' in metrics


def test_a_target_that_is_none_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = ucmsim("up", "--port-base", "0", "--syslog", "udp://")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not udp://HOST:PORT" in done.stderr
    done = ucmsim("up", "--port-base", "0", "--syslog", tmp_path / "no" / "such" / "folder")
    assert done.returncode == 3
    assert "--syslog: cannot write" in done.stderr
