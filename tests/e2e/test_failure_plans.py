"""Failure plans of the control API, each kind on an HTTP endpoint and on SOAP, as clients meet them."""

from __future__ import annotations

import json
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from http.client import HTTPSConnection, IncompleteRead

import pytest

from tests.e2e.running_lab import RunningLab, running_lab
from tests.patience import patience

TOKEN = "/ssosp/oauth/token"
AXL = "/axl/"
RIS = "/realtimeservice2/services/RISService70"
_ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    "{}</soapenv:Body></soapenv:Envelope>"
)
_BODIES = {
    TOKEN: "grant_type=refresh_token&refresh_token=x&client_id=C" + "0" * 63 + "1",
    AXL: _ENVELOPE.format('<ns:getCCMVersion xmlns:ns="http://www.cisco.com/AXL/API/12.5"/>'),
    RIS: _ENVELOPE.format(
        '<n:selectCmDeviceExt xmlns:n="http://schemas.cisco.com/ast/soap"><n:StateInfo/><n:CmSelectionCriteria>'
        "<n:MaxReturnedDevices>10</n:MaxReturnedDevices><n:DeviceClass>Phone</n:DeviceClass>"
        "<n:Model>255</n:Model><n:Status>Any</n:Status><n:NodeName/><n:SelectBy>Name</n:SelectBy>"
        "<n:SelectItems><n:item><n:Item>CSFALICE</n:Item></n:item></n:SelectItems>"
        "<n:Protocol>Any</n:Protocol><n:DownloadStatus>Any</n:DownloadStatus>"
        "</n:CmSelectionCriteria></n:selectCmDeviceExt>"
    ),
}
GOOD = {TOKEN: 400, AXL: 200, RIS: 200}
"""A refresh token that is none is a 400 of the real service."""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("failures") / "stderr", "--port-base", "0") as running:
        yield running


@pytest.fixture(autouse=True)
def no_plan_left(up: RunningLab) -> Iterator[None]:
    yield
    assert up.ask("DELETE", "/failures").json == []


def post(
    up: RunningLab, path: str, user: str = "admin", body: str | None = None
) -> tuple[int, dict[str, str], bytes]:
    context = ssl.create_default_context(cafile=str(up.ca_file))
    connection = HTTPSConnection(*up.endpoint("https"), context=context, timeout=patience())
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if path != TOKEN:
        basic = b64encode(f"{user}:ucmsim".encode()).decode()
        headers = {"Content-Type": "text/xml", "Authorization": f"Basic {basic}"}
    try:
        connection.request("POST", path, body or _BODIES[path], headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def plan(up: RunningLab, **fields: object) -> None:
    answer = up.ask("POST", "/failures", fields)
    assert answer.status == 200, answer.body


def answers_503(up: RunningLab, path: str) -> None:
    assert post(up, path)[0] == 503


def answers_an_oauth_error(up: RunningLab, path: str) -> None:
    status, headers, body = post(up, path)
    assert (status, json.loads(body)["error"]) == (400, "temporarily_unavailable")
    assert headers["Cache-Control"] == "no-store"


def answers_late(up: RunningLab, path: str) -> None:
    began = time.monotonic()
    assert post(up, path)[0] == GOOD[path]
    assert time.monotonic() - began >= 0.4


def resets(up: RunningLab, path: str) -> None:
    with pytest.raises((ConnectionError, ssl.SSLError)):
        post(up, path)


def breaks_off(up: RunningLab, path: str) -> None:
    with pytest.raises(IncompleteRead):
        post(up, path)


def answers_broken_json(up: RunningLab, path: str) -> None:
    status, headers, body = post(up, path)
    assert (status, headers["Content-Type"]) == (GOOD[path], "application/json;charset=UTF-8")
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


KINDS: dict[str, tuple[dict[str, object], Callable[[RunningLab, str], None], int | None, str]] = {
    "status": ({"status": 503}, answers_503, 503, "503"),
    "OAuth error": (
        {"oauth_error": "temporarily_unavailable"},
        answers_an_oauth_error,
        400,
        "temporarily_unavailable",
    ),
    "delay": ({"delay": 0.4}, answers_late, None, "delay 0.4 s"),
    "reset": ({"reset": True}, resets, None, "reset"),
    "half body": ({"half_body": True}, breaks_off, None, "half body"),
    "invalid JSON": ({"invalid_json": True}, answers_broken_json, None, "invalid json"),
}
"""What to plan, how it is met, and what the journal tells: status (None: the service's own) and failure."""


@pytest.mark.parametrize("path", [TOKEN, AXL, RIS])
@pytest.mark.parametrize("kind", KINDS)
def test_the_next_two_calls_fail_and_the_third_is_answered(up: RunningLab, kind: str, path: str) -> None:
    fields, meet, status, told = KINDS[kind]
    calls = up.get("/journal")["calls"]
    since = calls[-1]["seq"] if calls else 0
    plan(up, path=path, times=2, **fields)
    meet(up, path)
    meet(up, path)
    assert post(up, path)[0] == GOOD[path]
    calls = up.get("/journal", since=since)["calls"]
    expected = [(path, status or GOOD[path], told)] * 2 + [(path, GOOD[path], "")]
    assert [(call["path"], call["status"], call["failure"]) for call in calls] == expected


def test_only_calls_of_the_named_user_fail_be_it_an_administrator(up: RunningLab) -> None:
    plan(up, path="/axl/*", user="ADMIN", status=500, times=1)
    assert post(up, AXL, user="somebody-else")[0] == 401
    assert post(up, AXL)[0] == 500
    assert post(up, AXL)[0] == 200
    assert up.get("/journal")["calls"][-1]["user"] == "admin"


def test_a_token_names_its_user_on_every_endpoint(up: RunningLab) -> None:
    plan(up, user="ALICE", status=502, times=2)
    bearers = {user: up.token(user) for user in ("alice", "bob")}
    assert [get_devices(up, "bob", bearers["bob"]), get_devices(up, "alice", bearers["alice"])] == [200, 502]
    assert post(up, AXL)[0] == 200, "every endpoint, but only for alice"
    url = "/cucm-uds/clusterUser?username=alice"
    assert [get(up, url), get(up, url)] == [502, 200]


def get_devices(up: RunningLab, user: str, token: str) -> int:
    return get(up, f"/cucm-uds/user/{user}/devices", Authorization=f"Bearer {token}")


def get(up: RunningLab, path: str, **headers: str) -> int:
    context = ssl.create_default_context(cafile=str(up.ca_file))
    connection = HTTPSConnection(*up.endpoint("https"), context=context, timeout=patience())
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_call_that_is_refused_by_plan_changes_nothing_and_one_that_is_reset_does(up: RunningLab) -> None:
    def update(name: str) -> str:
        return _ENVELOPE.format(
            '<ns:updateUser xmlns:ns="http://www.cisco.com/AXL/API/12.5"><userid>alice</userid>'
            f"<lastName>{name}</lastName></ns:updateUser>"
        )

    def last_name() -> str:
        get = '<ns:getUser xmlns:ns="http://www.cisco.com/AXL/API/12.5"><userid>alice</userid></ns:getUser>'
        text = post(up, AXL, body=_ENVELOPE.format(get))[2].decode()
        return text.partition("<lastName>")[2].partition("</lastName>")[0]

    plan(up, path=AXL, status=503)
    assert post(up, AXL, body=update("Refused"))[0] == 503
    assert last_name() != "Refused"
    plan(up, path=AXL, reset=True)
    with pytest.raises((ConnectionError, ssl.SSLError)):
        post(up, AXL, body=update("Reset"))
    assert last_name() == "Reset"


def test_the_journal_counts_every_call_by_node_method_path_and_status(up: RunningLab) -> None:
    def count(status: int) -> int:
        key = {"node": "ucm-pub", "method": "POST", "path": AXL, "status": status}
        rows = up.get("/journal")["counts"]
        return sum(row["count"] for row in rows if key.items() <= row.items())

    before = count(200), count(503)
    plan(up, path=AXL, status=503, times=3)
    for _ in range(5):
        post(up, AXL)
    assert (count(200) - before[0], count(503) - before[1]) == (2, 3)


@pytest.mark.parametrize(
    "body",
    [{}, {"path": AXL}, {"status": 200}, {"status": 503, "times": 0}, {"delay": -1}, {"reset": True, "x": 1}],
    ids=str,
)
def test_a_plan_that_does_nothing_or_cannot_be_is_a_400(up: RunningLab, body: dict[str, object]) -> None:
    assert up.ask("POST", "/failures", body).status == 400
    assert up.get("/failures") == []


def test_plans_are_shown_with_what_is_left_of_them(up: RunningLab) -> None:
    plan(up, path=AXL, status=503, times=3)
    post(up, AXL)
    assert up.get("/failures") == [{"path": AXL, "times": 3, "status": 503, "left": 2}]
