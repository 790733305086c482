"""What `ucmsim doctor` finds: every library, and ports as the lab would bind them."""

from __future__ import annotations

import re
import socket
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from simulator.lab import doctor
from simulator.lab.config.defaults import default_lab

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


def found(host: str) -> dict[str, doctor.Finding]:
    return {finding.what: finding for finding in doctor.examine(host) if finding.what.startswith("port ")}


def test_it_names_every_library_we_depend_on() -> None:
    wanted = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    assert {re.split(r"[>=<\[;]", line)[0] for line in wanted} == set(doctor.LIBRARIES)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[int]:
    """A port that another program has on the parameter's address; it is oauth of the default lab."""
    family, host = request.param
    try:
        squatter = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    port: int = squatter.getsockname()[1]
    lab = default_lab()
    ports = lab.nodes[0].ports.model_copy(update={"oauth": port})
    nodes = [lab.nodes[0].model_copy(update={"ports": ports})]
    monkeypatch.setattr(doctor, "default_lab", lambda: lab.model_copy(update={"nodes": nodes}))
    with squatter:
        yield port


@pytest.mark.parametrize(
    ("taken", "host"),
    [((socket.AF_INET, "127.0.0.1"), "127.0.0.1"), ((socket.AF_INET6, "::1"), "::1")],
    indirect=["taken"],
    ids=["IPv4", "IPv6"],
)
def test_a_port_that_is_taken_is_told_with_a_remedy(taken: int, host: str) -> None:
    finding = found(host)[f"port {taken} (oauth)"]
    assert not finding.ok
    assert finding.detail == "Address already in use; try `ucmsim up --port-base 0`"


def test_a_free_IPv6_port_is_free() -> None:
    with closing(socket.socket(socket.AF_INET6)) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no ::1")
    assert any(finding.detail == "free on ::1" for finding in found("::1").values())


@pytest.mark.parametrize("host", ["host.invalid", "192.0.2.1"])
def test_an_address_that_is_not_of_this_machine_is_one_finding_and_no_port(host: str) -> None:
    last = doctor.examine(host)[-1]
    assert (last.what, last.ok) == (f"address {host}", False)
    assert "--port-base" not in last.detail
    assert not found(host)
