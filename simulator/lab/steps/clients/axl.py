"""The verb `axl`."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import Field

from registrar.core.axl import PATH
from simulator.core.http.message import HttpRequest
from simulator.lab.config.model import Name, Regex
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.service_actions import carry_out
from simulator.lab.steps.step import MappingStep, Reference

_ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<ns:{operation} xmlns:ns="http://www.cisco.com/AXL/API/{version}">{body}</ns:{operation}>'
    "</soapenv:Body></soapenv:Envelope>"
)


class Axl(MappingStep):
    """Call a node's AXL service with an administrator's credentials."""

    verb: ClassVar[str] = "axl"
    checks: ClassVar[bool] = True

    operation: Annotated[str, Field(pattern=r"^[A-Za-z]{3,64}$")]
    body: str = Field("", repr=False, description="the operation's child elements, XML")
    node: Name | None = Field(None, description="default: the publisher")
    version: Annotated[str, Field(pattern=r"^[0-9]{1,2}\.[0-9]$")] = "12.5"
    status: int = Field(200, description="expected HTTP status; a fault is 500")
    answers: Regex | None = Field(None, description="regular expression that the answer must match")

    def references(self) -> Iterable[Reference]:
        return [] if self.node is None else [Reference("node", self.node)]

    async def do(self, run: ScenarioRun) -> list[str]:
        site = run.site
        node = self.node or site.cluster.nodes[0].name
        administrator = site.config.administrators[0]
        credentials = b64encode(f"{administrator.name}:{administrator.password}".encode()).decode()
        body = _ENVELOPE.format(operation=self.operation, version=self.version, body=self.body)
        request = HttpRequest(
            method="POST",
            path=PATH,
            headers=(("Authorization", f"Basic {credentials}"), ("Content-Type", "text/xml; charset=utf-8")),
            body=body.encode(),
            source="127.0.0.1",
        )
        response = site.ucm.tomcats[node].handle(request, run.now)
        await carry_out(run.driver)
        await run.driver.until_idle()
        answer = response.body.decode("utf-8", "replace")
        problems = []
        if response.status != self.status:
            problems.append(
                f"expected {self.operation} to be answered {self.status}, not {response.status}: {answer}"
            )
        if self.answers is not None and not re.search(self.answers, answer):
            problems.append(f"expected {self.operation} to answer /{self.answers}/; it answered: {answer}")
        return problems
