"""Time as a value: POSIX seconds on the lab's one timeline. Cores take `now`; only drivers hold a Clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NewType, Protocol

Instant = NewType("Instant", float)


class Clock(Protocol):
    """What tells the time to drivers and the event log; no core holds one."""

    def now(self) -> Instant: ...


class ManualClock:
    """A clock that stands still until it is set: the World's, and the tests'."""

    def __init__(self, start: float) -> None:
        self._now = Instant(start)

    def now(self) -> Instant:
        return self._now

    def set(self, instant: Instant) -> None:
        """Move to `instant`. ValueError if that is in the past."""
        if instant < self._now:
            raise ValueError(f"the clock cannot go back from {self._now} to {instant}")
        self._now = instant


def to_datetime(instant: Instant) -> datetime:
    return datetime.fromtimestamp(instant, UTC)


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def sip_date(instant: Instant) -> str:
    """Format an RFC 3261 20.17 Date value, e.g. `Mon, 30 Mar 2020 11:03:31 GMT`; independent of the locale."""
    t = to_datetime(instant)
    return (
        f"{_DAYS[t.weekday()]}, {t.day:02d} {_MONTHS[t.month - 1]} {t.year} "
        f"{t.hour:02d}:{t.minute:02d}:{t.second:02d} GMT"
    )
