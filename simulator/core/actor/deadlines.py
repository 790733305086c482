"""The deadlines of many owners in one heap: both networks ask it whose comes next."""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

_SPARE = 64
"""Entries out of date that a heap may hold beside as many as it has deadlines."""


class DeadlineQueue(Generic[Key]):
    """At most one deadline for each key. Setting, moving and removing one costs log n, asking for the first 1.

    Deadlines come in order of time, equal ones in the order in which they were set.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Key]] = []
        """With entries whose deadline was moved or removed since: they are skipped when they come up."""
        self._current: dict[Key, tuple[float, int]] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._current)

    def set(self, key: Key, at: float | None) -> None:
        """Replace the key's deadline; None removes it."""
        if at is None:
            self._current.pop(key, None)
            return
        present = self._current.get(key)
        if present is not None and present[0] == at:
            return
        self._count += 1
        self._current[key] = at, self._count
        heappush(self._heap, (at, self._count, key))
        if len(self._heap) > 2 * len(self._current) + _SPARE:
            self._heap = [(at, count, key) for key, (at, count) in self._current.items()]
            heapify(self._heap)

    def at(self, key: Key) -> float | None:
        present = self._current.get(key)
        return None if present is None else present[0]

    def first(self) -> tuple[float, Key] | None:
        """The earliest deadline and its key."""
        heap = self._heap
        while heap:
            at, count, key = heap[0]
            if self._current.get(key) == (at, count):
                return at, key
            heappop(heap)
        return None

    def due(self, now: float) -> list[Key]:
        """Every key whose deadline is `now` or earlier. Each keeps its deadline until `set` changes it."""
        entries = []
        while (first := self.first()) is not None and first[0] <= now:
            entries.append(heappop(self._heap))
        for entry in entries:
            heappush(self._heap, entry)
        return [key for _, _, key in entries]
