"""The verb `overload`."""

from __future__ import annotations

from typing import ClassVar

from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import ValueStep


class Overload(ValueStep[bool]):
    """Make every node answer 503 with Retry-After, also to AXL writes; false: answer normally again."""

    verb: ClassVar[str] = "overload"

    async def do(self, run: ScenarioRun) -> None:
        run.site.faults.set_overload(self.root)
