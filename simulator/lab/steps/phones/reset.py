"""The verb `reset`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import Reference, ValueStep


class Reset(ValueStep[str]):
    """Have UCM tell this phone to reset (NOTIFY service-control)."""

    verb: ClassVar[str] = "reset"

    def references(self) -> Iterable[Reference]:
        return [Reference("phone", self.root)]

    async def do(self, run: ScenarioRun) -> None:
        for node in run.site.ucm.notify_reset(self.root):
            run.driver.run(node)
        await run.driver.until_idle()
