"""The verb `never`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.config.expectation import Expectation
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import Reference, ValueStep


class Never(ValueStep[list[Expectation]]):
    """Check at the end of the run that none of these events was ever seen."""

    verb: ClassVar[str] = "never"

    told: ClassVar[bool] = False

    def references(self) -> Iterable[Reference]:
        return [
            Reference("actor", forbidden.at, (self.verb, number))
            for number, forbidden in enumerate(self.root)
            if forbidden.at is not None
        ]

    async def do(self, run: ScenarioRun) -> None:
        run.forbidden += self.root
