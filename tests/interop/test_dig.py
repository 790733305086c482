"""dig reads the lab's SRV records, over UDP and over TCP."""

from __future__ import annotations

import subprocess

import pytest

from tests.e2e.running_lab import RunningLab
from tests.patience import patience

pytestmark = pytest.mark.interop


def ask(dig: str, lab: RunningLab, name: str, kind: str, *options: str) -> str:
    host, port = lab.endpoint("dns", "dns")
    command = [dig, f"@{host}", "-p", str(port), "+time=2", "+tries=2", *options, name, kind]
    return subprocess.run(command, capture_output=True, text=True, timeout=patience(), check=True).stdout


@pytest.mark.parametrize("way", ["+notcp", "+tcp", "+noedns"])
def test_dig_reads_where_uds_is(dig: str, lab: RunningLab, way: str) -> None:
    port = lab.endpoint("https")[1]
    answer = ask(dig, lab, "_cisco-uds._tcp.lab.example", "SRV", "+short", way)
    assert answer.split() == ["10", "10", str(port), "ucm-pub.lab.example."]


def test_dig_reads_where_the_expressway_is(dig: str, lab: RunningLab) -> None:
    answer = ask(dig, lab, "_collab-edge._tls.LAB.example", "SRV", "+short")
    assert answer.split()[3].startswith("expc.")


def test_the_answer_brings_the_address_along(dig: str, lab: RunningLab) -> None:
    answer = ask(dig, lab, "_cisco-uds._tcp.lab.example", "SRV", "+noall", "+additional")
    assert answer.split() == ["ucm-pub.lab.example.", "60", "IN", "A", "127.0.0.1"]
    assert ask(dig, lab, "ucm-pub.lab.example", "A", "+short").split() == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        pytest.param("nobody.lab.example", "NXDOMAIN", id="a name that is not there"),
        pytest.param("_tcp.lab.example", "NOERROR", id="a name that others lie below"),
        pytest.param("_cuplogin._tcp.lab.example", "NXDOMAIN", id="a service the lab has not"),
        pytest.param("example.org", "REFUSED", id="somebody else's zone"),
    ],
)
def test_dig_is_told_what_is_not_there(dig: str, lab: RunningLab, name: str, status: str) -> None:
    assert f"status: {status}" in ask(dig, lab, name, "SRV")
