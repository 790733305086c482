"""No token, code, password, secret or key in any artefact of any scenario: all of them are searched.

What to search for is taken at its source: all that authorization servers hand out or are given in the runs.
"""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from registrar.core.ssosp import AuthorizationServer
from simulator.core.eventlog import record_to_json
from simulator.core.http import HttpRequest, HttpResponse
from simulator.core.instant import Instant
from simulator.lab import catalogue
from simulator.lab.explain import explain, full
from simulator.lab.run import run_world
from simulator.lab.scenario import Scenario

PASSWORD = "kept-out-of-every-artefact"
SHAPES = re.compile(
    r"eyJ[A-Za-z0-9_-]{8}|BEGIN [A-Z ]*PRIVATE KEY|Basic [A-Za-z0-9+/]{8,}={0,2}|code_verifier|refresh_token=|"
    rf"[?&#](code|access_token)=|{PASSWORD}"
)
_NAMES = ("code", "access_token", "refresh_token", "code_verifier", "password", "client_secret", "state")


@pytest.fixture
def handed_out(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every code, token, verifier and password that passes an authorization server."""
    seen: set[str] = set()
    handle = AuthorizationServer.handle

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

    monkeypatch.setattr(AuthorizationServer, "handle", watched)
    return seen


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


@pytest.mark.parametrize("scenario", catalogue.builtin(), ids=lambda scenario: scenario.id)
def test_events_ladder_explanations_and_failures_hold_no_secret(
    scenario: Scenario, handed_out: set[str]
) -> None:
    report = run_world(_with_password(scenario), scenario.tls[0])
    artefacts = {
        "events": "\n".join(json.dumps(record_to_json(record)) for record in report.records),
        "ladder": "\n".join(line.text for line in report.ladder()),
        "explain": "\n".join(line for attempt in explain(report.records) for line in full(attempt, width=120)),
        "explain as JSON": json.dumps([attempt.to_json() for attempt in explain(report.records)]),
        "failures": "\n".join(report.failures),
    }
    for name, text in artefacts.items():
        found = SHAPES.search(text)
        assert found is None, f"{name}: {text[max(0, found.start() - 60) : found.end() + 20]}"
        for secret in handed_out - {"", "wrong"}:
            assert secret not in text, f"{name} holds what the authorization server handed out or was given"


def test_the_search_knows_what_to_look_for(handed_out: set[str]) -> None:
    (scenario,) = catalogue.find(["signs-in"])
    run_world(_with_password(scenario), "1.2")
    assert {len(secret) for secret in handed_out} >= {64, len(PASSWORD)}, "a code, and the password"
    assert sum(secret.startswith("eyJ") for secret in handed_out) >= 3, "two access tokens and a refresh token"
