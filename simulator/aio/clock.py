"""The clocks of the socket driver: the wall clock, and one that can be moved ahead."""

from __future__ import annotations

import time

from simulator.core.instant import Instant


class RealClock:
    def now(self) -> Instant:
        return Instant(time.time())


class ShiftClock:
    """The wall clock at its making, running evenly from then on, plus an offset that only grows."""

    def __init__(self, start: float | None = None) -> None:
        """`start`: POSIX seconds it shows now; None: the wall clock's."""
        self._origin = (time.time() if start is None else start) - time.monotonic()

    def now(self) -> Instant:
        return Instant(self._origin + time.monotonic())

    def advance(self, seconds: float) -> None:
        """Jump ahead. A driver's timers do not notice: use `Driver.advance` to have them fire on the way."""
        if seconds < 0:
            raise ValueError(f"the clock cannot go back by {-seconds} s")
        self._origin += seconds

    def advance_to(self, instant: Instant) -> None:
        """Jump ahead to `instant`; it stays where it is if that is past."""
        self.advance(max(0.0, instant - self.now()))
