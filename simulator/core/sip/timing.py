"""What both transaction machines share: the RFC's timer values and a queue of deadlines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush
from typing import Generic, TypeVar

from simulator.core.instant import Instant

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """The RFC's timers in seconds (RFC 3261 17.1.1.1 and table 4)."""

    t1: float = 0.5
    """Round-trip estimate. [observed: cnf.xml timerT1 500]"""
    t2: float = 4.0
    """Longest retransmission interval. [observed: cnf.xml timerT2 4000]"""
    t4: float = 5.0
    """How long a message may stay in the network."""

    @property
    def f(self) -> float:
        """Return timer F, and J on unreliable transports: 64*T1."""
        return 64 * self.t1


class IllegalInput(RuntimeError):
    """A bug of ours: the machine has no such transition."""

    def __init__(self, state: object, event: object) -> None:
        names = [str(part.value if isinstance(part, Enum) else part) for part in (state, event)]
        super().__init__("no transition from {!r} on {!r}".format(*names))


class Deadlines(Generic[Entry]):
    """A queue of (instant, entry). Entries are never removed early: their owner ignores those that are out of
    date.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int, Entry]] = []
        self._count = 0

    def add(self, at: Instant, entry: Entry) -> None:
        self._count += 1
        heappush(self._heap, (at, self._count, entry))

    def first(self) -> tuple[Instant, Entry] | None:
        return (self._heap[0][0], self._heap[0][2]) if self._heap else None

    def drop_first(self) -> None:
        heappop(self._heap)
