"""A World and a scenario run on it, for tests that take one step after the other."""

from __future__ import annotations

import time
from functools import cache
from typing import Any, TypeVar

from simulator.core.events import Event
from simulator.core.instant import Instant
from simulator.lab.config.lab import LabConfig
from simulator.lab.run.world import World, run_now
from simulator.lab.site.environment.pki import Pki
from simulator.lab.steps.registry import step_of
from simulator.lab.steps.scenario_run import ScenarioRun

ALICE = {"phones": [{"device": "CSFALICE", "user": "alice"}]}
"""A lab of one node, ucm-pub, and one phone that registers at 5090."""
E = TypeVar("E", bound=Event)


@cache
def _pki() -> Pki:
    """Make certificates once in a process: they cost more than a World."""
    return Pki(now=Instant(time.time()))


class Stepping:
    """`lab`: what a file would say of it."""

    def __init__(self, lab: dict[str, Any] | None = None) -> None:
        config = LabConfig.model_validate(ALICE if lab is None else lab)
        self.world = World(config, real_now=Instant(time.time()), pki=_pki().for_next_lab())
        self.run = ScenarioRun(self.world)
        self._seen = 0

    def take(self, **step: Any) -> list[str]:
        """Take `verb=value`; return what it found wrong. What was seen before is forgotten for `of`."""
        self._seen = self.world.site.log.last_seq
        self.run.failures.clear()
        run_now(step_of(step).take(self.run))
        return list(self.run.failures)

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of a kind since the last step began."""
        records = self.world.site.log.records(since=self._seen)
        return [record.event for record in records if isinstance(record.event, kind)]

    def registered(self, device: str = "CSFALICE") -> str | None:
        """Return the node where the phone is registered; both ends must agree."""
        phones = self.world.site.phones
        assert phones.bound_at(device) == phones.believed_at(device)
        return phones.bound_at(device)
