"""One run of a scenario on a driver: what its steps share, and what they found wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.core.instant import Instant
from simulator.lab.config.expectation import Expectation
from simulator.lab.site.site import Site
from simulator.lab.steps import matching
from simulator.lab.steps.driver import ScenarioDriver


@dataclass(slots=True)
class ScenarioRun:
    """The driver a scenario runs on, and what its steps hand on to later steps."""

    driver: ScenarioDriver
    since: int = 0
    """Sequence number of the last record that an `expect` has looked at."""
    failures: list[str] = field(default_factory=list)
    """One sentence for each thing that was not as expected."""
    forbidden: list[Expectation] = field(default_factory=list)
    """What no record of the whole run may match: judged by `finish`."""
    kept: dict[str, str] = field(default_factory=dict, repr=False)
    """What steps kept of an answer for later steps, by name: codes and tokens."""

    @property
    def site(self) -> Site:
        return self.driver.site

    @property
    def now(self) -> Instant:
        return self.site.clock.now()

    async def finish(self) -> None:
        """Judge what must never be seen over all records of the run; call it after the last step."""
        await self.driver.until_idle()
        self.failures += matching.seen_but_forbidden(self.site.log.records(), self.forbidden)
