"""`ucmsim phone --domain` against `ucmsim up`: the whole start-up of a Jabber from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.running_lab import RunningLab, running_lab, ucmsim


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("sign-in") / "stderr", "--port-base", "0") as running:
        yield running


def sign_in(
    up: RunningLab, *more: object, user: str = "alice", password: str = "ucmsim"
) -> tuple[int, dict[str, object]]:
    options = ("--nameserver", up.hostport("dns", "dns"), "--ca-file", up.ca_file, "--json")
    done = ucmsim(
        "phone",
        "--domain",
        "lab.example",
        "--user",
        user,
        "--password-file",
        "-",
        *options,
        *more,
        stdin=password,
    )
    return done.returncode, json.loads(done.stdout)


def test_everything_is_found_from_domain_and_user(up: RunningLab) -> None:
    since = up.mark()
    code, outcome = sign_in(up)
    assert (code, outcome["outcome"], outcome["unregistered"]) == (0, "registered", True)
    asked = sorted(event["name"] for event in up.events("dns:answered", since))
    assert asked == ["_cisco-uds._tcp.lab.example.", "_collab-edge._tls.lab.example."]
    assert [event["what"] for event in up.events("oauth:granted", since)] == ["code", "tokens"]
    assert up.events("registrar:accepted", since, device="CSFALICE", what="registered")


@pytest.mark.parametrize(
    ("user", "password", "expected"),
    [
        pytest.param("alice", "guessed", "E_CREDENTIALS", id="a wrong password"),
        pytest.param("nobody", "ucmsim", "E_USER_NOT_FOUND", id="a user the cluster has not"),
    ],
)
def test_a_no_ends_it_with_a_typed_outcome(up: RunningLab, user: str, password: str, expected: str) -> None:
    code, outcome = sign_in(up, user=user, password=password)
    assert (code, outcome["outcome"], outcome["code"]) == (1, "notsignedin", expected)


def test_a_device_of_somebody_else_is_not_taken(up: RunningLab) -> None:
    code, outcome = sign_in(up, "--device", "CSFBOB")
    assert (code, outcome["code"]) == (1, "E_NO_DEVICE")


def test_a_name_server_that_is_none_is_no_way_in(up: RunningLab) -> None:
    nobody = up.hostport("config")
    code, outcome = sign_in(up, "--nameserver", nobody)
    assert (code, outcome["outcome"]) == (0, "registered"), "the second one answers"


def test_it_says_what_belongs_together(up: RunningLab, tmp_path: Path) -> None:
    for options, text in (
        (("--domain", "lab.example"), "requires --user"),
        ((), "--domain DOMAIN --user USER"),
        (("--domain", "lab..example", "--user", "a", "--password-file", "-"), "is not a domain"),
    ):
        done = ucmsim("phone", *options, stdin="x")
        assert (done.returncode, text in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("password", "ca", "remedies", "here"),
    [
        pytest.param("guessed", "tomcat-ca.pem", 1, "", id="a wrong password"),
        pytest.param("ucmsim", "expressway-ca.pem", 1, "--ca-file", id="an issuer that is not trusted"),
    ],
)
def test_a_remedy_is_told_once(up: RunningLab, password: str, ca: str, remedies: int, here: str) -> None:
    who = ("--domain", "lab.example", "--user", "alice", "--password-file", "-")
    where = ("--nameserver", up.hostport("dns", "dns"), "--ca-file", up.pki / ca)
    said = ucmsim("phone", *who, *where, stdin=password).stdout
    assert said.count("Remedy:") == remedies
    assert ("Here:" in said and here in said.partition("Here:")[2]) if here else "Here:" not in said
