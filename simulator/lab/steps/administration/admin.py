"""The verb `admin`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from registrar.core.platform_cli import CommandRun
from simulator.lab.config.model import FileModel, Name, Regex
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.service_actions import carry_out
from simulator.lab.steps.step import Reference, ValueStep


class CertificateOf(FileModel):
    """A pasted answer: the certificate of this authority, in PEM."""

    authority: str


class AdminCommand(FileModel):
    """A command of a node's platform CLI."""

    command: str
    node: Name | None = Field(None, description="default: the publisher")
    answers: list[str | CertificateOf] = Field([], repr=False, description="to its questions, in order")
    prints: Regex | None = Field(None, description="regular expression that the output must match")
    fails: bool = False


class Admin(ValueStep[str | AdminCommand]):
    """Run a command of the platform CLI until it ends."""

    verb: ClassVar[str] = "admin"

    checks: ClassVar[bool] = True

    @property
    def asked(self) -> AdminCommand:
        return AdminCommand(command=self.root) if isinstance(self.root, str) else self.root

    def references(self) -> Iterable[Reference]:
        return [] if self.asked.node is None else [Reference("node", self.asked.node)]

    async def do(self, run: ScenarioRun) -> list[str]:
        asked, site, driver = self.asked, run.site, run.driver
        node = asked.node or site.cluster.nodes[0].name
        answers = [
            answer if isinstance(answer, str) else site.pki.authority(answer.authority).certificate.decode()
            for answer in asked.answers
        ]
        user = site.config.administrators[0].name
        command = CommandRun(site.ucm.clis[node], asked.command, run.now, user=user, answers=answers)
        while command.result is None:
            await carry_out(driver)
            due = command.next_timeout()
            if due is not None and due > run.now:
                await driver.advance(due - run.now)
            command.handle_timeout(run.now)
        await carry_out(driver)
        await driver.until_idle()
        result, problems = command.result, []
        if result.succeeded is asked.fails:
            wanted = "fail" if asked.fails else "succeed"
            problems.append(f"expected {asked.command!r} to {wanted}; it printed: {result.text.strip()}")
        if asked.prints is not None and not re.search(asked.prints, result.text):
            problems.append(f"expected {asked.command!r} to print /{asked.prints}/; it printed: {result.text}")
        return problems
