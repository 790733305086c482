"""The verb `wake`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.config.model import Name
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import Reference, ValueStep


class Wake(ValueStep[Name]):
    """Make CallManager on this node work again after `hang`."""

    verb: ClassVar[str] = "wake"

    def references(self) -> Iterable[Reference]:
        return [Reference("node", self.root)]

    async def do(self, run: ScenarioRun) -> None:
        run.site.faults.hang(self.root, False)
