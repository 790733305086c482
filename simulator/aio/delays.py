"""Delays by the lab's clock, which `Driver.advance` moves: a planned late answer is one."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from itertools import count

from simulator.core.actor.flow import Effect, FlowEnd, FlowFacts
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant


class Delays:
    """An Actor without flows. A driver runs it, so that its deadlines come in their turn with all others."""

    def __init__(self) -> None:
        self._due: list[tuple[Instant, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @property
    def name(self) -> ActorId:
        return ActorId("delays")

    def until(self, due: Instant) -> asyncio.Future[None]:
        """Return what is done at `due`. The driver must be told that there is a new deadline."""
        over = asyncio.get_running_loop().create_future()
        heappush(self._due, (due, next(self._numbers), over))
        return over

    def end_all(self) -> None:
        """Wait no longer: everything is over now."""
        while self._due:
            self._end_first()

    def _end_first(self) -> None:
        over = heappop(self._due)[2]
        if not over.done():  # whoever waited was cancelled
            over.set_result(None)

    # --- Actor ------------------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        """Never called: it has no flows."""

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        """Never called: it has no flows."""

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        """Never called: it has no flows."""

    def next_timeout(self) -> Instant | None:
        return self._due[0][0] if self._due else None

    def handle_timeout(self, now: Instant) -> None:
        while self._due and self._due[0][0] <= now:
            self._end_first()

    def effects(self) -> list[Effect]:
        return []
