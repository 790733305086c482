"""The verb `registered`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import Reference, ValueStep


class Registered(ValueStep[dict[str, str | None]]):
    """Check, at both ends, with which node each phone is registered now; null: with none."""

    verb: ClassVar[str] = "registered"
    checks: ClassVar[bool] = True

    told: ClassVar[bool] = False

    def references(self) -> Iterable[Reference]:
        for phone, node in self.root.items():
            yield Reference("phone", phone)
            if node is not None:
                yield Reference("node", node)

    async def do(self, run: ScenarioRun) -> list[str]:
        what = ", ".join(f"{device} registered at {node or 'no node'}" for device, node in self.root.items())
        await run.driver.until(lambda _: not self._wrong(run), since=run.site.log.last_seq, what=what)
        return self._wrong(run)

    def _wrong(self, run: ScenarioRun) -> list[str]:
        failures = []
        for device, wanted in self.root.items():
            believed = run.site.phones.believed_at(device)
            bound = run.site.phones.bound_at(device)
            if believed != wanted or bound != wanted:
                failures.append(
                    f"expected {device} registered at {wanted or 'no node'}; "
                    f"the phone says {believed or 'no node'}, the cluster says {bound or 'no node'}"
                )
        return failures
