"""The verb `set_clock`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from simulator.lab.config.model import MAX_CLOCK_ERROR, Name
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import MappingStep, Reference


class SetClock(MappingStep):
    """Set a node's clock ahead of the true time, or behind it."""

    verb: ClassVar[str] = "set_clock"

    node: Name
    ahead: float = Field(
        ge=-MAX_CLOCK_ERROR, le=MAX_CLOCK_ERROR, description="seconds ahead; negative: behind; 0: correct again"
    )

    def references(self) -> Iterable[Reference]:
        return [Reference("node", self.node)]

    async def do(self, run: ScenarioRun) -> None:
        run.site.faults.set_clock(self.node, self.ahead)
