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
        self._stopped_at: Instant | None = None

    def now(self) -> Instant:
        if self._stopped_at is not None:
            return self._stopped_at
        return Instant(self._origin + time.monotonic())

    def stop(self) -> None:
        """Let it stand still until `start`; it can still be moved ahead."""
        self._stopped_at = self.now()

    def start(self) -> None:
        """Let it run on from what it shows."""
        now, self._stopped_at = self.now(), None
        self._origin = now - time.monotonic()

    def advance(self, seconds: float) -> None:
        """Jump ahead. A driver's timers do not notice: use `Driver.advance` to have them fire on the way."""
        if seconds < 0:
            raise ValueError(f"the clock cannot go back by {-seconds} s")
        if self._stopped_at is None:
            self._origin += seconds
        else:
            self._stopped_at = Instant(self._stopped_at + seconds)

    def advance_to(self, instant: Instant) -> None:
        """Jump ahead to `instant`; it stays where it is if that is past."""
        if self._stopped_at is None:
            self.advance(max(0.0, instant - self.now()))
        else:
            self._stopped_at = max(instant, self._stopped_at)
