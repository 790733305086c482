"""The verb `restart`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.config.model import Name
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.service_actions import end_service, start_service
from simulator.lab.steps.step import Reference, ValueStep


class Restart(ValueStep[Name]):
    """Restart Cisco CallManager on this node."""

    verb: ClassVar[str] = "restart"

    def references(self) -> Iterable[Reference]:
        return [Reference("node", self.root)]

    async def do(self, run: ScenarioRun) -> None:
        await end_service(run.driver, self.root)
        await run.driver.until_idle()
        await start_service(run.driver, self.root)
        await run.driver.until_idle()
