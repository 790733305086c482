"""No token, code, password, secret or key in any artefact of any scenario: all of them are searched.

What to search for is taken at its source: all that authorization servers hand out or are given in the runs,
and the clusters' own keys. A capture is a case of its own: it is asked for, holds the traffic's real bytes and,
in blocks of their own, the TLS secrets to read them by (docs/howto-capture.md), so who has the file can read
tokens and passwords, on purpose. Held here is that nothing else tells them: outside of those blocks no byte of
the file does, comments included, unless a client said it without TLS; and they hold session secrets alone.
"""

from __future__ import annotations

import json
import re
import struct
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from registrar.core.ssosp import AuthorizationServer
from registrar.core.tokens import ValidationKeys
from simulator.cli import results
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant
from simulator.core.tls.settings import TlsVersion
from simulator.evidence.capture import Capture
from simulator.evidence.explain import explain
from simulator.evidence.report.artifacts import CAPTURE_FILE, ArtifactFolder
from simulator.lab.files import catalogue
from simulator.lab.run.runner import run_world
from simulator.lab.site.ucm.failure_plans import FailurePlans
from simulator.lab.steps.clients.send import Send
from simulator.lab.steps.scenario import Scenario
from tests.simulator.catalogue_runs import NEWEST

PASSWORD = "kept-out-of-every-artefact"
SHAPES = re.compile(
    r"eyJ[A-Za-z0-9_-]{8}|BEGIN [A-Z ]*PRIVATE KEY|Basic [A-Za-z0-9+/]{8,}={0,2}|code_verifier=|refresh_token=|"
    rf"[?&#](code|access_token)=|{PASSWORD}"
)
_NAMES = ("code", "access_token", "refresh_token", "code_verifier", "password", "client_secret", "state")


@pytest.fixture
def handed_out(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every code, token, verifier and password at an authorization server, and the keys that services load."""
    seen: set[str] = set()
    handle = AuthorizationServer.handle
    init = ValidationKeys.__init__

    def watched(self: AuthorizationServer, request: HttpRequest, now: Instant) -> HttpResponse:
        response = handle(self, request, now)
        fields = [*request.query, *parse_qsl(request.body.decode("utf-8", "replace"))]
        for name, value in response.headers:
            if name == "Location":
                parts = urlsplit(value)
                fields += parse_qsl(parts.query) + parse_qsl(parts.fragment)
        if response.body.startswith(b"{"):
            fields += [(k, v) for k, v in json.loads(response.body).items() if isinstance(v, str)]
        seen.update(value for name, value in fields if name in _NAMES)
        return response

    def loaded(self: ValidationKeys, **fields: Any) -> None:
        init(self, **fields)
        key = self.encryption_key
        seen.update((key.hex(), b64encode(key).decode(), urlsafe_b64encode(key).rstrip(b"=").decode()))

    monkeypatch.setattr(AuthorizationServer, "handle", watched)
    monkeypatch.setattr(ValidationKeys, "__init__", loaded)
    return seen


@pytest.fixture
def journals(monkeypatch: pytest.MonkeyPatch) -> list[FailurePlans]:
    """The journals of calls of the labs that were made."""
    made: list[FailurePlans] = []
    init = FailurePlans.__init__

    def watched(self: FailurePlans, *args: object) -> None:
        init(self, *args)  # type: ignore[arg-type]
        made.append(self)

    monkeypatch.setattr(FailurePlans, "__init__", watched)
    return made


def _with_password(scenario: Scenario) -> Scenario:
    """The same with a password that is no word of anything else."""
    data = scenario.model_dump(by_alias=True, exclude_unset=True)
    lab = data.setdefault("lab", {})
    users = {phone["user"] for phone in lab.get("phones", []) if "user" in phone}
    known = {user["id"]: user for user in lab.get("users", [])}
    lab["users"] = [
        {**known.get(user, {"id": user}), "password": PASSWORD} for user in sorted(users | known.keys())
    ]
    administrators = lab.get("administrators", [{"name": "admin"}])
    lab["administrators"] = [{**one, "password": PASSWORD} for one in administrators]
    return Scenario.model_validate(data)


IN_CLEAR = frozenset(("sip-udp", "sip-tcp"))


def _sends_in_clear(scenario: Scenario) -> bool:
    """A client says something outside of TLS, its token for one."""
    sends = [step for step in scenario.steps if isinstance(step, Send)]
    return any(send.clear or send.port in IN_CLEAR for send in sends)


def _hold_to(name: str, text: str, secrets: set[str]) -> None:
    found = SHAPES.search(text)
    assert found is None, f"{name}: {text[max(0, found.start() - 60) : found.end() + 20]}"
    for secret in secrets:
        assert secret not in text, f"{name} holds what the authorization server handed out or was given"


@pytest.mark.parametrize(("scenario", "tls"), NEWEST)
def test_no_artefact_of_a_run_holds_a_secret(
    scenario: Scenario,
    tls: TlsVersion,
    handed_out: set[str],
    journals: list[FailurePlans],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Capture() as capture:
        report = run_world(_with_password(scenario), tls, capture=capture)
    secrets = handed_out - {"", "wrong"}
    folder = ArtifactFolder(tmp_path)
    folder.add(report)
    folder.finish()
    results.ladder(report.ladder())
    results.verdict(report)
    results.verdict(replace(report, failures=("as if it had failed",)))
    results.attempts(explain(report.records), whole=True)
    _hold_to("the console", "".join(capsys.readouterr()), secrets)
    _hold_to("the journal", json.dumps([journals[0].calls(), journals[0].counts()]), secrets)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {"events.jsonl", "ladder.svg", "ladder.txt", "ladder.html", "explain.txt", "explain.json"} | {
        "index.html",
        "junit.xml",
        "results.json",
        CAPTURE_FILE,
    } <= {file.name for file in files}
    for file in files:
        if file.name != CAPTURE_FILE:
            _hold_to(file.name, file.read_text(encoding="utf-8"), secrets)
        elif not _sends_in_clear(scenario):
            blocks = list(_blocks(file.read_bytes()))
            rest = b"".join(body for kind, body in blocks if kind != DECRYPTION_SECRETS)
            _hold_to(file.name, rest.decode("latin-1"), secrets)


DECRYPTION_SECRETS = 0x0000000A
_LABELS = r"CLIENT_RANDOM|(CLIENT|SERVER)_(HANDSHAKE_TRAFFIC_SECRET|TRAFFIC_SECRET_0)|EXPORTER_SECRET"
SESSION_SECRET = re.compile(rf"({_LABELS}) [0-9a-f]{{64}} ([0-9a-f]{{64}}|[0-9a-f]{{96}})")
"""A line of NSS's key log format."""


def _blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The blocks of a little-endian pcapng file: type and body."""
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        yield kind, data[at + 8 : at + length - 4]
        at += length


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("name", ["signs-in", "registers-over-5091"])
def test_the_secrets_blocks_of_a_capture_hold_session_secrets_alone(name: str, tls: TlsVersion) -> None:
    (scenario,) = catalogue.find([name])
    with Capture() as capture:
        data = run_world(scenario, tls, capture=capture).pcapng
    assert data is not None
    lines = [
        line
        for kind, body in _blocks(data)
        if kind == DECRYPTION_SECRETS
        for line in body[8 : 8 + struct.unpack_from("<I", body, 4)[0]].decode("ascii").splitlines()
    ]
    assert lines
    for line in lines:
        assert SESSION_SECRET.fullmatch(line), line.partition(" ")[0]


def test_the_search_finds_a_token_that_went_in_clear() -> None:
    (scenario,) = catalogue.find(["token-over-plain-sip"])
    with Capture() as capture:
        data = run_world(scenario, "1.2", capture=capture).pcapng
    assert _sends_in_clear(scenario)
    assert data is not None
    assert SHAPES.search(data.decode("latin-1"))


def test_the_search_knows_what_to_look_for(handed_out: set[str]) -> None:
    (scenario,) = catalogue.find(["signs-in"])
    run_world(_with_password(scenario), "1.2")
    assert {len(secret) for secret in handed_out} >= {43, 64, len(PASSWORD)}, "a key, a code, and the password"
    assert sum(secret.startswith("eyJ") for secret in handed_out) >= 3, "two access tokens and a refresh token"
