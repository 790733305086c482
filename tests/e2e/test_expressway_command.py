"""`ucmsim expressway` against a running lab: an unknown CA at discovery, found and healed by commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.e2e.running_lab import RunningLab, running_lab, ucmsim

LAB = """\
nodes:
  - {name: ucm-pub, host: 127.0.0.1}
expressways:
  - {name: expc, discovered: false, table: [], trusted_cas: [expressway-ca]}
phones:
  - {device: CSFALICE, user: alice, dn: "1010", profile: oauth}
"""
Command = Callable[..., CompletedProcess[str]]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RunningLab]:
    file = tmp_path / "lab.yaml"
    file.write_text(LAB)
    with running_lab(tmp_path / "stderr", file, "--port-base", "0") as running:
        yield running


@pytest.fixture
def command(lab: RunningLab) -> Command:
    def run(name: str, *args: object) -> CompletedProcess[str]:
        return ucmsim("expressway", name, *args, "--control", lab.control, fresh=name == "refresh")

    return run


def test_an_unknown_ca_at_discovery_is_found_and_healed(lab: RunningLab, command: Command) -> None:
    assert json.loads(command("zones", "--json").stdout) == []
    assert json.loads(command("blocked", "--json").stdout) == []
    assert command("refresh").stdout == "no Unified CM server was added: discover one first\n"
    failed = command("discover")
    assert failed.returncode == 1
    assert "Failed: Unable to communicate with 127.0.0.1." in failed.stdout
    assert "CN=tomcat-ca" not in command("trusted-cas").stdout
    assert "unable to get local issuer certificate" in command("log").stdout

    added = command("trust", lab.ca_file)
    assert (added.returncode, added.stdout) == (0, "2 trusted CAs\n")
    assert [row["subject"] for row in json.loads(command("trusted-cas", "--json").stdout)] == [
        "CN=expressway-ca",
        "CN=tomcat-ca",
    ]
    done = command("discover")
    assert (done.returncode, done.stdout) == (0, "Success. Zones: CEtcp-127.0.0.1, CEOAuth 127.0.0.1\n")
    zones = json.loads(command("zones", "--json").stdout)
    assert [(row["zone"], row["state"], row["priority"]) for row in zones] == [
        ("CEtcp-127.0.0.1", "Address resolvable", 45),
        ("CEOAuth 127.0.0.1", "Address resolvable", 45),
    ]
    assert zones[1]["address"] == lab.hostport("mra")
    assert "discovered" in command("servers").stdout
    lines = json.loads(command("log", "--json").stdout)
    assert any('Function="addExpresswayCConfiguration" Status="200"' in line for line in lines)
    assert any("Zone 'CEOAuth 127.0.0.1' created" in line for line in lines)


def test_the_switch_takes_the_zones_away_and_a_refresh_brings_them_back(
    lab: RunningLab, command: Command
) -> None:
    command("trust", lab.ca_file)
    command("discover")
    assert command("authorize-by-token", "--off").stdout == "Off: the CEOAuth zones are gone\n"
    assert "CEOAuth" not in command("zones").stdout
    assert command("authorize-by-token", "--on").stdout == "On: refresh the servers\n"
    assert command("refresh").returncode == 0
    assert "CEOAuth 127.0.0.1" in command("zones").stdout


def test_what_cannot_be_done_is_said_in_one_line(lab: RunningLab, command: Command, tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_bytes(b"\xff\xfe junk")
    text = tmp_path / "text.pem"
    text.write_text("no certificate\n")
    for arguments, code, said in (
        (("zones", "--name", "nope"), 2, "no Expressway 'nope' in this lab (expc)"),
        (("unblock", "192.0.2.9"), 2, "192.0.2.9 is not blocked by expc"),
        (("trust", junk), 2, "does not contain a PEM certificate"),
        (("trust", text), 2, "this does not contain a PEM certificate"),
        (("trust", tmp_path / "missing.pem"), 2, "No such file or directory"),
    ):
        done = command(*arguments)
        assert (done.returncode, done.stdout) == (code, "")
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
    nobody = ucmsim("expressway", "zones", "--control", "http://127.0.0.1:1", fresh=True)
    assert nobody.returncode == 3
    assert "no lab answers" in nobody.stderr
