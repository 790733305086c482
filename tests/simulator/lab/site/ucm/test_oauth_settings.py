"""The authorization server as a lab file describes it: token paths, clients with secrets, and mistakes."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant
from simulator.lab.config.lab import LabConfig
from simulator.lab.files.check import check_file
from simulator.lab.files.yaml_source import SourceError, build, read_text
from simulator.lab.run.world import World, run_now

PHONE = "phones:\n  - {device: CSFALICE, user: alice, sign_in: true}\n"
OWN = """\
cluster:
  authorization:
    token_paths: [/oauth2/token]
    clients:
      - {id: Cfeed, secret: not-for-the-journal, pkce: required}
      - {id: Cbeef}
"""


def lab(text: str) -> LabConfig:
    return build(LabConfig, read_text(text, source="lab.yaml"))


def world(text: str) -> World:
    return World(lab(text), real_now=Instant(time.time()))


def post(world: World, path: str, fields: str) -> HttpResponse:
    request = HttpRequest(
        method="POST",
        path=path,
        query=(),
        headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        body=fields.encode(),
        source="192.0.2.9",
    )
    return world.site.ucm.tomcats["ucm-pub"].handle(request, world.site.clock.now())


def test_the_labs_phones_use_the_first_path_and_the_first_client_with_its_secret() -> None:
    own = world(OWN + PHONE)
    phone = own.site.phones.get("CSFALICE")
    phone.start(own.site.clock.now())
    own.run(phone)
    run_now(own.until_idle())
    assert own.site.phones.believed_at("CSFALICE") == "ucm-pub"
    paths = [call["path"] for call in own.site.faults.plans.calls()]
    assert paths.count("/oauth2/token") == 1
    assert "/ssosp/oauth/token" not in paths
    assert "not-for-the-journal" not in str(own.site.log.records()) + repr(own.site.config)


@pytest.mark.parametrize("path", ["/ssosp/oauth/token", "/ssosp/token"])
def test_both_plausible_paths_are_served_until_others_are_named(path: str) -> None:
    fields = "grant_type=refresh_token&refresh_token=x&client_id=C" + "0" * 63 + "1"
    assert post(world("tls: 1.2"), path, fields).status == 400
    assert post(world(OWN), path, fields).status == 404


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        pytest.param("client_id=Cfeed&client_secret=guess", "invalid_client", id="a wrong secret"),
        pytest.param("client_id=Cfeed", "invalid_client", id="no secret"),
        pytest.param("client_id=Cbeef&client_secret=x", "invalid_client", id="a secret where there is none"),
        pytest.param("client_id=Cdead", "invalid_client", id="a client nobody knows"),
        pytest.param("client_id=Cbeef", "invalid_grant", id="the second client, by its id alone"),
        pytest.param("client_id=Cfeed&client_secret=not-for-the-journal", "invalid_grant", id="its secret"),
    ],
)
def test_a_client_is_who_knows_its_secret(fields: str, error: str) -> None:
    answer = post(world(OWN), "/oauth2/token", f"grant_type=refresh_token&refresh_token=x&{fields}")
    assert json.loads(answer.body)["error"] == error


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("    token_paths: []", 3, "at least 1 item", id="no path at all"),
        pytest.param("    token_paths: [ssosp/token]", 3, "should match", id="no slash"),
        pytest.param("    token_paths: ['/a?b']", 3, "should match", id="a query"),
        pytest.param("    token_paths: [/ssosp/oauth/authorize]", 3, "of something else", id="authorize"),
        pytest.param("    token_paths: [/cucm-uds/token]", 3, "of something else", id="below UDS"),
        pytest.param("    clients: []", 3, "at least 1 item", id="no client at all"),
        pytest.param("    clients:\n      - {id: a b}", 4, "should match", id="a space in an id"),
        pytest.param("    clients:\n      - {id: a}\n      - {id: a}", 3, "a is used twice", id="an id twice"),
        pytest.param("    clients:\n      - {}\n      - {}", 3, "is used twice", id="two defaults"),
        pytest.param("    clients:\n      - {secret: ''}", 4, "at least 1 char", id="an empty secret"),
        pytest.param("    clients:\n      - {secret: [hidden]}", 4, "valid string", id="a list as secret"),
        pytest.param("    clients:\n      - {pkce: maybe}", 4, "'off', 'optional'", id="PKCE perhaps"),
        pytest.param("    code_lifetime: 601", 3, "less than or equal to 600", id="a code for too long"),
        pytest.param("    error_body: html", 3, "'json' or 'ucm'", id="an error in HTML"),
        pytest.param("    tokens: 1", 3, "unknown key", id="an unknown key"),
    ],
)
def test_mistakes_are_named_with_file_and_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(f"cluster:\n  authorization:\n{text}\n")
    with pytest.raises(SourceError) as caught:
        check_file(file)
    assert caught.value.line == line
    assert message in str(caught.value)
    assert "hidden" not in str(caught.value)
