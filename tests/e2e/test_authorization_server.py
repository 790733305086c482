"""Token paths and clients of a lab file, in a running lab: `ucmsim check`, `up` and `phone` agree on them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.running_lab import RunningLab, running_lab, ucmsim

LAB = """\
nodes:
  - {name: ucm-pub, host: 127.0.0.1}
phones:
  - {device: CSFALICE, user: alice, sign_in: true}
cluster:
  authorization:
    token_paths: [/oauth2/token]
    clients:
      - {id: Cfeed, secret: pre-shared}
"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    folder = tmp_path_factory.mktemp("authorization")
    file = folder / "LAB.yaml"
    file.write_text(LAB)
    checked = ucmsim("check", file)
    assert checked.returncode == 0, checked.stderr
    with running_lab(folder / "stderr", file, "--port-base", "0") as running:
        yield running


def sign_in(up: RunningLab, tmp_path: Path, secret: str | None, *more: str) -> tuple[int, dict[str, object]]:
    options = ["--nameserver", up.hostport("dns", "dns"), "--ca-file", str(up.ca_file), "--json", *more]
    if secret is not None:
        (tmp_path / "secret").write_text(secret)
        options += ["--client-secret-file", str(tmp_path / "secret")]
    who = ("--domain", "lab.example", "--user", "alice", "--password-file", "-")
    done = ucmsim("phone", *who, *options, stdin="ucmsim")
    return done.returncode, json.loads(done.stdout)


OWN = ("--client-id", "Cfeed", "--token-path", "/oauth2/token")


def test_a_phone_with_id_secret_and_path_signs_in(up: RunningLab, tmp_path: Path) -> None:
    since = up.mark()
    code, outcome = sign_in(up, tmp_path, "pre-shared", *OWN)
    assert (code, outcome["outcome"]) == (0, "registered"), outcome
    assert [event["what"] for event in up.events("oauth:granted", since)] == ["code", "tokens"]


@pytest.mark.parametrize(
    ("secret", "more", "code"),
    [
        pytest.param("guessed", OWN, "E_TOKEN_ENDPOINT", id="a wrong secret"),
        pytest.param(None, OWN, "E_TOKEN_ENDPOINT", id="no secret"),
        pytest.param("pre-shared", OWN[:2], "E_TOKEN_ENDPOINT", id="the default path"),
        pytest.param("pre-shared", OWN[2:], "E_HTTP_STATUS", id="the default client"),
    ],
)
def test_who_brings_something_else_does_not(
    up: RunningLab, tmp_path: Path, secret: str | None, more: tuple[str, ...], code: str
) -> None:
    assert sign_in(up, tmp_path, secret, *more)[1]["code"] == code


def test_the_labs_own_phone_brings_what_the_file_says(up: RunningLab) -> None:
    since = up.mark()
    assert up.ask("POST", "/phones/CSFALICE/start").status == 200
    up.wait_for("registrar:accepted", since, device="CSFALICE", what="registered")


def test_a_path_of_something_else_ends_up_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "LAB.yaml"
    file.write_text(LAB.replace("/oauth2/token", "/axl/"))
    for command in ("check", "up"):
        done = ucmsim(command, file)
        assert done.returncode != 0
        told = " ".join((done.stdout + done.stderr).replace("\n", "").split())
        assert "LAB.yaml:7" in told, told
        assert "path of something else" in told


def test_options_that_cannot_be_are_refused(tmp_path: Path) -> None:
    for option, value in (("--client-id", "a b"), ("--token-path", "token")):
        who = ("--domain", "lab.example", "--user", "alice", "--password-file", "-")
        done = ucmsim("phone", *who, option, value, stdin="ucmsim")
        assert (done.returncode, option in done.stderr) == (2, True)
