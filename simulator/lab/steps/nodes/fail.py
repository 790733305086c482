"""The verb `fail`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.config.faults import FailurePlan
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import Reference, ValueStep


class Fail(ValueStep[FailurePlan]):
    """Make the next calls to an endpoint, or by a user, fail."""

    verb: ClassVar[str] = "fail"

    def references(self) -> Iterable[Reference]:
        return [] if self.root.node is None else [Reference("node", self.root.node)]

    async def do(self, run: ScenarioRun) -> None:
        run.site.faults.plans.plan(self.root)
