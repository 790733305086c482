"""Limits what one source address may ask of an Expressway: its rate, and its expired tokens.

More than five requests with an expired token block the source for ten minutes [documented: issue 5]. The rates
are the simulator's own.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from simulator.core.events import SourceBlocked
from simulator.core.events.log import Journal
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

    def __init__(self, journal: Journal, *, rate: float | None = None) -> None:
        self._journal = journal
        self._rate = rate
        self._sources: OrderedDict[str, _Source] = OrderedDict()

    def __len__(self) -> int:
        """How many sources are remembered."""
        return len(self._sources)

    def is_blocked(self, source: str, now: Instant) -> bool:
        """Whether nothing is taken from `source` at this moment."""
        held = self._sources.get(source)
        return held is not None and now < held.blocked_until

    def blocked(self, now: Instant) -> dict[str, Instant]:
        """Return the blocked sources, and until when each is blocked."""
        return {name: held.blocked_until for name, held in self._sources.items() if now < held.blocked_until}

    def count_expired(self, source: str, now: Instant) -> None:
        """Count an expired token that came from `source`; one too many blocks the source."""
        held = self._held(source)
        if now - held.since > _WINDOW:
            held.expired, held.since = 0, now
        held.expired += 1
        if held.expired <= MOST_EXPIRED:
            return
        held.expired = 0
        held.blocked_until = Instant(now + BLOCKED_FOR)
        why = f"more than {MOST_EXPIRED} requests with an expired token"
        self._journal.add(SourceBlocked(source=source, seconds=BLOCKED_FOR, why=why))

    def admit(self, source: str, now: Instant) -> bool:
        """Count one request of `source`; False if it is one too many at this moment."""
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

    def unblock(self, source: str, now: Instant) -> bool:
        """Lift the block of `source`; False if it is not blocked."""
        if not self.is_blocked(source, now):
            return False
        self._sources[source].blocked_until = Instant(0.0)
        return True

    def _held(self, source: str) -> _Source:
        held = self._sources.setdefault(source, _Source())
        self._sources.move_to_end(source)
        while len(self._sources) > _MOST_SOURCES:
            self._sources.popitem(last=False)
        return held
