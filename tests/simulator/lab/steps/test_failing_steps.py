"""The step `fail`: each kind of failure on an HTTP endpoint and on SOAP, met by the steps after it."""

from __future__ import annotations

import pytest

from simulator.core.events import FaultInjected
from simulator.lab.files.yaml_source import build, read_text
from simulator.lab.run.runner import run_world
from simulator.lab.steps.scenario import Scenario

HTTP = "http: {{path: /ssosp/ws/public/singleSignOn, status: {}}}"
AXL = "axl: {{operation: getCCMVersion, status: {}}}"


@pytest.mark.parametrize("step", [HTTP, AXL], ids=["HTTP", "SOAP"])
@pytest.mark.parametrize(
    ("plan", "status", "told"),
    [
        pytest.param("status: 503", 503, "503", id="a status"),
        pytest.param("oauth_error: server_error", 400, "server_error", id="an OAuth error"),
        pytest.param("delay: 2", 200, "delay 2 s", id="late"),
        pytest.param("reset: true", 200, "reset", id="reset"),
        pytest.param("half_body: true", 200, "half body", id="half a body"),
        pytest.param("invalid_json: true", 200, "invalid json", id="broken JSON"),
    ],
)
def test_the_next_calls_fail_as_planned(step: str, plan: str, status: int, told: str) -> None:
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
  - {step.format(status)}
  - {step.format(status)}
  - {step.format(200)}
"""
    report = run_world(build(Scenario, read_text(text, source="scenario.yaml")), "1.2")
    assert report.failures == ()
    faults = [record.event for record in report.records if isinstance(record.event, FaultInjected)]
    assert [fault.detail for fault in faults] == [told, told]
