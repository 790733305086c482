"""The verb `set_profile`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import MappingStep, Reference


class SetProfile(MappingStep):
    """Give a phone's device another phone security profile."""

    verb: ClassVar[str] = "set_profile"

    phone: str
    profile: str

    def references(self) -> Iterable[Reference]:
        return [Reference("phone", self.phone)]

    async def do(self, run: ScenarioRun) -> None:
        run.site.administration.set_profile(self.phone, self.profile)
