"""The verb `expect`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.core.events.log import Record
from simulator.lab.config.expectation import Expectation
from simulator.lab.steps import matching
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import Reference, ValueStep


class Expect(ValueStep[list[Expectation]]):
    """Check that these events were seen since the last `expect`."""

    verb: ClassVar[str] = "expect"
    checks: ClassVar[bool] = True

    told: ClassVar[bool] = False

    def references(self) -> Iterable[Reference]:
        return [
            Reference("actor", wanted.at, (self.verb, number))
            for number, wanted in enumerate(self.root)
            if wanted.at is not None
        ]

    async def do(self, run: ScenarioRun) -> list[str]:
        def enough(records: list[Record]) -> bool:
            return not matching.unmet(records, self.root)

        what = ", ".join(str(wanted) for wanted in self.root)
        await run.driver.until(enough, since=run.since, what=what)
        failures = matching.unmet(run.site.log.records(since=run.since), self.root)
        run.since = run.site.log.last_seq
        return failures
