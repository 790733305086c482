"""The verb `set_token`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.config.phones import TokenConfig
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import MappingStep, Reference


class SetToken(MappingStep):
    """Give the phone another token for all its further requests."""

    verb: ClassVar[str] = "set_token"

    phone: str
    token: TokenConfig

    def references(self) -> Iterable[Reference]:
        return [Reference("phone", self.phone)]

    async def do(self, run: ScenarioRun) -> None:
        run.site.phones.set_token(self.phone, self.token)
