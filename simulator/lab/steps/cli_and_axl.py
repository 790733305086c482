"""The steps that go through an administrator's doors: a command of the platform CLI, a call of AXL."""

from __future__ import annotations

import re
from base64 import b64encode

from registrar.core.axl import PATH
from registrar.core.platform_cli import CommandRun
from simulator.core.http.message import HttpRequest
from simulator.lab.config.scenario import AdminCommand, AxlCall
from simulator.lab.steps.driver import ScenarioDriver
from simulator.lab.steps.service_actions import carry_out

_ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<ns:{operation} xmlns:ns="http://www.cisco.com/AXL/API/{version}">{body}</ns:{operation}>'
    "</soapenv:Body></soapenv:Envelope>"
)


async def run_command(stage: ScenarioDriver, step: AdminCommand) -> list[str]:
    """Runs it to its end, time included; one sentence for each way in which it went otherwise than expected."""
    site = stage.site
    node = step.node or site.cluster.nodes[0].name
    answers = [
        answer if isinstance(answer, str) else site.pki.authority(answer.authority).certificate.decode()
        for answer in step.answers
    ]
    user = site.config.administrators[0].name
    errand = CommandRun(site.ucm.clis[node], step.command, site.clock.now(), user=user, answers=answers)
    while errand.result is None:
        await carry_out(stage)
        due = errand.next_timeout()
        if due is not None and due > site.clock.now():
            await stage.advance(due - site.clock.now())
        errand.handle_timeout(site.clock.now())
    await carry_out(stage)
    await stage.until_idle()
    problems = []
    if errand.result.succeeded is step.fails:
        wanted = "fail" if step.fails else "succeed"
        problems.append(f"expected {step.command!r} to {wanted}; it printed: {errand.result.text.strip()}")
    if step.prints is not None and not re.search(step.prints, errand.result.text):
        problems.append(f"expected {step.command!r} to print /{step.prints}/; it printed: {errand.result.text}")
    return problems


async def call_axl(stage: ScenarioDriver, step: AxlCall) -> list[str]:
    """Calls the node's AXL service as an administrator; one sentence for each thing unexpected."""
    site = stage.site
    node = step.node or site.cluster.nodes[0].name
    administrator = site.config.administrators[0]
    credentials = b64encode(f"{administrator.name}:{administrator.password}".encode()).decode()
    body = _ENVELOPE.format(operation=step.operation, version=step.version, body=step.body)
    request = HttpRequest(
        method="POST",
        path=PATH,
        headers=(("Authorization", f"Basic {credentials}"), ("Content-Type", "text/xml; charset=utf-8")),
        body=body.encode(),
        source="127.0.0.1",
    )
    response = site.ucm.doors[node].handle(request, site.clock.now())
    await carry_out(stage)
    await stage.until_idle()
    answer = response.body.decode("utf-8", "replace")
    problems = []
    if response.status != step.status:
        problems.append(
            f"expected {step.operation} to be answered {step.status}, not {response.status}: {answer}"
        )
    if step.answers is not None and not re.search(step.answers, answer):
        problems.append(f"expected {step.operation} to answer /{step.answers}/; it answered: {answer}")
    return problems
