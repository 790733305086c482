"""The verbs `http` and `axl` on both drivers: a client of the lab dials 8443, and everything can be seen."""

from __future__ import annotations

import pytest

from simulator.core.events import FlowClosed, FlowOpened, HttpAnswered, TlsEstablished
from simulator.evidence.capture import Capture
from simulator.evidence.ladder import rows_of
from simulator.evidence.report.report import Report
from simulator.lab.files.scenario_file import scenario_of
from simulator.lab.files.yaml_source import SourceError, read_text
from simulator.lab.run.runner import run_live, run_world

HEAD = """\
id: over-the-wire
title: Requests go over the wire
group: cluster
outcome: registers
lab: {nodes: [{name: ucm-pub}, {name: ucm-sub}], users: [{id: alice, password: never-to-be-told}]}
steps:
"""
DRIVERS = pytest.mark.parametrize("driver", ["world", "lab"])


async def run(driver: str, *steps: str, capture: Capture | None = None) -> Report:
    scenario = scenario_of(read_text(HEAD + "".join(f"  - {step}\n" for step in steps), source="f.yaml"))
    if driver == "world":
        return run_world(scenario, "1.2", capture=capture)
    return await run_live(scenario, "1.2", capture=capture)


def of(report: Report, actor: str, kind: type) -> list:  # type: ignore[type-arg]
    return [one.event for one in report.records if one.actor == actor and isinstance(one.event, kind)]


@DRIVERS
@pytest.mark.parametrize(
    ("step", "client", "asked"),
    [
        ("http: {path: '/cucm-uds/version?a=b', node: ucm-sub}", "client", ("GET", "/cucm-uds/version")),
        ("http: {path: /cucm-uds/version, node: ucm-sub, client: curl}", "curl", ("GET", "/cucm-uds/version")),
        ("axl: {operation: getCCMVersion, node: ucm-sub}", "admin", ("POST", "/axl/")),
        ("axl: {operation: getCCMVersion, node: ucm-sub, client: soap-ui}", "soap-ui", ("POST", "/axl/")),
    ],
    ids=["http", "http of a named client", "axl", "axl of a named client"],
)
async def test_a_request_is_a_connection_of_its_client(
    driver: str, step: str, client: str, asked: tuple[str, str]
) -> None:
    report = await run(driver, step)
    assert report.failures == ()
    (dialled,) = of(report, client, FlowOpened)
    (accepted,) = of(report, "ucm-sub", FlowOpened)
    assert (dialled.remote.rpartition(":")[2], accepted.listener) == ("8443", "https")
    assert (len(of(report, client, TlsEstablished)), len(of(report, client, FlowClosed))) == (1, 1)
    (answered,) = of(report, client, HttpAnswered)
    assert (answered.method, answered.where) == (asked[0], f"ucm-sub.lab.example:8443{asked[1]}")
    assert answered.status == 200


@DRIVERS
async def test_question_and_answer_are_arrows_of_the_ladder(driver: str) -> None:
    asked = "http: {path: '/cucm-uds/version?secret=1'}"
    report = await run(driver, asked, "axl: {operation: addUser, status: 500}")
    rows = [(row.lane, row.to, row.text) for row in rows_of(report.records)]
    assert ("client", "ucm-pub", "GET /cucm-uds/version") in rows
    assert ("ucm-pub", "client", "200 OK") in rows
    assert ("admin", "ucm-pub", "POST /axl/") in rows
    assert ("ucm-pub", "admin", "500 Internal Server Error") in rows


@DRIVERS
async def test_what_passes_is_in_the_capture_and_credentials_are_in_no_event(driver: str) -> None:
    asked = "http: {path: '/cucm-uds/user/alice', as_user: alice}"
    with Capture() as capture:
        report = await run(driver, asked, "axl: {operation: getCCMVersion}", capture=capture)
    assert report.failures == ()
    assert report.pcapng is not None
    for name in (b"client", b"admin"):
        assert name in report.pcapng
    told = "".join(str(record.event) for record in report.records)
    assert "never-to-be-told" not in told
    assert "Basic " not in told
    assert "YWxpY2U6" not in told, "base64 of alice:"


@DRIVERS
@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("reset: true", "fails: the connection broke"),
        ("half_body: true", "fails: the connection broke|ends too early"),
        ("delay: 30", "status: 200"),
        ("delay: 61", "fails: no answer within 60 s"),
        ("status: 503", "status: 503"),
        ("invalid_json: true", "answers: INVALID_REQUEST"),
    ],
    ids=["reset", "half a body", "late", "too late", "a status", "broken JSON"],
)
async def test_a_planned_failure_reaches_the_client(driver: str, plan: str, expected: str) -> None:
    report = await run(
        driver,
        f"fail: {{path: '/cucm-uds/*', {plan}}}",
        f"http: {{path: /cucm-uds/version, {expected}}}",
        "http: {path: /cucm-uds/version}",
    )
    assert report.failures == ()


@DRIVERS
async def test_a_stopped_web_server_refuses_the_connection(driver: str) -> None:
    report = await run(
        driver,
        "admin: utils service stop Cisco Tomcat",
        "axl: {operation: getCCMVersion, fails: connection refused}",
        "admin: utils service start Cisco Tomcat",
        "axl: {operation: getCCMVersion}",
    )
    assert report.failures == ()


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("http: {path: /x}", "expected GET /x to be answered 200, not 404"),
        ("http: {path: /x, fails: broke}", "expected GET /x to fail with /broke/, not: it was answered 404"),
        ("http: {path: /x, status: 404, answers: hello}", "expected GET /x to answer /hello/; it did not"),
        ("axl: {operation: getX, status: 200}", "expected getX to be answered 200, not 500: <?xml"),
        ("axl: {operation: getX, status: 500, answers: hello}", "expected getX to answer /hello/; it"),
    ],
)
async def test_what_comes_back_otherwise_than_expected_is_told(step: str, said: str) -> None:
    (failure,) = (await run("world", step)).failures
    assert failure.partition("): ")[2].startswith(said)


async def test_no_answer_at_all_is_told_with_the_reason() -> None:
    report = await run("world", "fail: {path: '/*', reset: true}", "http: {path: /cucm-uds/version}")
    (failure,) = report.failures
    assert failure.startswith(
        "step 2 (http): expected GET /cucm-uds/version to be answered 200; no answer came: the connection broke"
    )


@pytest.mark.parametrize(
    "step",
    [
        "http: {path: /, client: ucm-pub}",
        "axl: {operation: getCCMVersion, client: ucm-pub}",
        "send: {hex: '00', client: ucm-pub}",
    ],
)
def test_a_client_needs_a_name_that_the_lab_does_not_have(step: str) -> None:
    with pytest.raises(SourceError, match=r"^f\.yaml:7: .*the lab already has a 'ucm-pub'"):
        scenario_of(read_text(f"{HEAD}  - {step}\n", source="f.yaml"))


async def test_a_client_may_be_expected_to_see_something() -> None:
    report = await run(
        "world",
        "http: {path: /cucm-uds/version, client: curl}",
        "expect: [{event: http:answered, at: curl, with: {status: 200, method: GET}}]",
    )
    assert report.failures == ()


@DRIVERS
async def test_one_client_may_ask_over_http_and_say_bytes(driver: str) -> None:
    report = await run(
        driver,
        "http: {path: /cucm-uds/version, client: stranger}",
        "send: {hex: '00', port: sip-tcp}",
        "http: {path: /cucm-uds/version, client: stranger}",
    )
    assert report.failures == ()
    assert len(of(report, "stranger", FlowOpened)) == 3
