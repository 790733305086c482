"""The step `fail`: each kind of failure on an HTTP endpoint and on SOAP, met by the steps after it."""

from __future__ import annotations

import pytest

from simulator.core.events import FaultInjected
from simulator.lab.files.yaml_source import build, read_text
from simulator.lab.run.runner import run_world
from simulator.lab.steps.scenario import Scenario

HTTP = "http: {{path: /ssosp/ws/public/singleSignOn, {}}}"
AXL = "axl: {{operation: getCCMVersion, {}}}"
BROKEN = "fails: the connection broke|ends too early"


@pytest.mark.parametrize("step", [HTTP, AXL], ids=["HTTP", "SOAP"])
@pytest.mark.parametrize(
    ("plan", "expected", "told"),
    [
        pytest.param("status: 503", "status: 503", "503", id="a status"),
        pytest.param("oauth_error: server_error", "status: 400", "server_error", id="an OAuth error"),
        pytest.param("delay: 2", "status: 200", "delay 2 s", id="late"),
        pytest.param("delay: 61", "fails: no answer within 60 s", "delay 61 s", id="too late"),
        pytest.param("reset: true", BROKEN, "reset", id="reset"),
        pytest.param("half_body: true", BROKEN, "half body", id="half a body"),
        pytest.param("invalid_json: true", "status: 200", "invalid json", id="broken JSON"),
    ],
)
def test_the_next_calls_fail_as_planned(step: str, plan: str, expected: str, told: str) -> None:
    path = "/axl/" if step is AXL else "/ssosp/*"
    text = f"""\
id: planned
title: A failure is planned
group: cluster
outcome: registers
lab:
  phones:
    - {{device: CSFALICE, user: alice}}
steps:
  - fail: {{path: {path}, times: 2, {plan}}}
  - {step.format(expected)}
  - {step.format(expected)}
  - {step.format("status: 200")}
"""
    report = run_world(build(Scenario, read_text(text, source="scenario.yaml")), "1.2")
    assert report.failures == ()
    faults = [record.event for record in report.records if isinstance(record.event, FaultInjected)]
    assert [fault.detail for fault in faults] == [told, told]
