"""The verb `release_keys`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.config.model import Name
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import Reference, ValueStep


class ReleaseKeys(ValueStep[Name]):
    """Let new token keys, including those it missed, reach this node's database again."""

    verb: ClassVar[str] = "release_keys"

    def references(self) -> Iterable[Reference]:
        return [Reference("node", self.root)]

    async def do(self, run: ScenarioRun) -> None:
        run.site.faults.hold_keys(self.root, False)
