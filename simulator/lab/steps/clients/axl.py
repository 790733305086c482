"""The verb `axl`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import Field

from registrar.core.axl import PATH
from simulator.lab.config.model import Name, Regex
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import MappingStep, Reference
from simulator.lab.steps.web_request import FAILS, ClientName, ask, basic, misses

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
    body: str = Field("", repr=False, description="the operation's child elements, as XML")
    node: Name | None = Field(None, description="default: the publisher")
    version: Annotated[str, Field(pattern=r"^[0-9]{1,2}\.[0-9]$")] = "12.5"
    client: ClientName = Field("admin", description="name of the client, for `at` of expectations")
    status: int = Field(200, description="expected HTTP status; a fault is 500")
    fails: Regex | None = Field(None, description=FAILS)
    answers: Regex | None = Field(None, description="regular expression that the answer must match")

    def references(self) -> Iterable[Reference]:
        return [] if self.node is None else [Reference("node", self.node)]

    def clients(self) -> Iterable[str]:
        return [self.client]

    async def do(self, run: ScenarioRun) -> list[str]:
        administrator = run.site.config.administrators[0]
        body = _ENVELOPE.format(operation=self.operation, version=self.version, body=self.body)
        answer = await ask(
            run.driver,
            self.node,
            client=self.client,
            method="POST",
            target=PATH,
            headers=(
                basic(administrator.name, administrator.password),
                ("Content-Type", "text/xml; charset=utf-8"),
            ),
            body=body.encode(),
        )
        text = answer.body.decode("utf-8", "replace")
        problems = misses(self.operation, answer, status=self.status, fails=self.fails)
        if problems and answer.status is not None:
            problems[0] += f": {text}"
        if self.answers is not None and not re.search(self.answers, text):
            problems.append(f"expected {self.operation} to answer /{self.answers}/; it answered: {text}")
        return problems
