"""The verb `crash`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import Reference, ValueStep


class Crash(ValueStep[str]):
    """Make the phone disappear without an unregister or a close_notify."""

    verb: ClassVar[str] = "crash"

    def references(self) -> Iterable[Reference]:
        return [Reference("phone", self.root)]

    async def do(self, run: ScenarioRun) -> None:
        await run.driver.drop(run.site.phones.get(self.root))
        await run.driver.until_idle()
