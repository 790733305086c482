"""The verb `advance`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import ValueStep


class Advance(ValueStep[Annotated[float, Field(gt=0, le=10_000_000)]]):
    """Let this many seconds pass."""

    verb: ClassVar[str] = "advance"

    async def do(self, run: ScenarioRun) -> None:
        await run.driver.advance(self.root)
