"""The verb `trust`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.config.model import Name
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import MappingStep, Reference


class Trust(MappingStep):
    """Put authorities into a trust store: a node's Tomcat-trust or an Expressway's trusted CAs."""

    verb: ClassVar[str] = "trust"

    owner: Name
    authorities: list[str]

    def references(self) -> Iterable[Reference]:
        return [Reference("node or Expressway", self.owner)]

    async def do(self, run: ScenarioRun) -> None:
        run.site.administration.add_trust(self.owner, self.authorities)
