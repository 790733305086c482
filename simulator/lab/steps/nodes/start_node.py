"""The verb `start_node`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.config.model import Name
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.service_actions import start_service
from simulator.lab.steps.step import Reference, ValueStep


class StartNode(ValueStep[Name]):
    """Start Cisco CallManager on this node again."""

    verb: ClassVar[str] = "start_node"

    def references(self) -> Iterable[Reference]:
        return [Reference("node", self.root)]

    async def do(self, run: ScenarioRun) -> None:
        await start_service(run.driver, self.root)
        await run.driver.until_idle()
