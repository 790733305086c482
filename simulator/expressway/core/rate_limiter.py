"""Keeps strangers from hammering an Expressway: sources that are blocked, and how much each may ask.

More than five requests with an expired token block the source for ten minutes [documented: issue 5]. The rates
are ours.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from simulator.core.instant import Instant

MOST_EXPIRED = 5
BLOCKED_FOR = 600.0
"""Seconds."""
_WINDOW = 600.0
"""Seconds in which expired tokens are counted. [assumed]"""
_MOST_SOURCES = 10_000


@dataclass(slots=True)
class _Source:
    expired: int = 0
    since: Instant = Instant(0.0)
    blocked_until: Instant = Instant(0.0)
    tokens: float = -1.0
    filled: Instant = Instant(0.0)


class RateLimiter:
    """`rate`: requests a second of one source, with a burst of twice as many; None: any number."""

    def __init__(self, *, rate: float | None = None) -> None:
        self._rate = rate
        self._sources: OrderedDict[str, _Source] = OrderedDict()

    def blocked(self, source: str, now: Instant) -> bool:
        held = self._sources.get(source)
        return held is not None and now < held.blocked_until

    def sources(self, now: Instant) -> dict[str, Instant]:
        """Who is blocked, and until when."""
        return {name: held.blocked_until for name, held in self._sources.items() if now < held.blocked_until}

    def expired(self, source: str, now: Instant) -> bool:
        """A request came with an expired token; True: it was one too many, the source is blocked now."""
        held = self._held(source)
        if now - held.since > _WINDOW:
            held.expired, held.since = 0, now
        held.expired += 1
        if held.expired <= MOST_EXPIRED:
            return False
        held.expired = 0
        held.blocked_until = Instant(now + BLOCKED_FOR)
        return True

    def admit(self, source: str, now: Instant) -> bool:
        """May it ask once more at this moment?"""
        if self._rate is None:
            return True
        held, most = self._held(source), 2 * self._rate
        if held.tokens < 0:
            held.tokens, held.filled = most, now
        held.tokens = min(most, held.tokens + (now - held.filled) * self._rate)
        held.filled = now
        if held.tokens < 1:
            return False
        held.tokens -= 1
        return True

    def release(self, source: str) -> bool:
        """An administrator lifts the block."""
        held = self._sources.get(source)
        if held is None:
            return False
        was, held.blocked_until = held.blocked_until, Instant(0.0)
        return was > 0

    def _held(self, source: str) -> _Source:
        held = self._sources.setdefault(source, _Source())
        self._sources.move_to_end(source)
        while len(self._sources) > _MOST_SOURCES:
            self._sources.popitem(last=False)
        return held
