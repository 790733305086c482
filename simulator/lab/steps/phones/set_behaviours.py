"""The verb `set_behaviours`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.config.known_names import BehaviourNames
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import MappingStep, Reference


class SetBehaviours(MappingStep):
    """Make the phone misbehave in these ways and no others."""

    verb: ClassVar[str] = "set_behaviours"

    phone: str
    behaviours: BehaviourNames

    def references(self) -> Iterable[Reference]:
        return [Reference("phone", self.phone)]

    async def do(self, run: ScenarioRun) -> None:
        run.site.phones.set_behaviours(self.phone, self.behaviours)
