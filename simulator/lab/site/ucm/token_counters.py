"""How many access tokens were issued, accepted, expired and revoked: a reader of the event stream.

The names of the counters are documented (administration 8.4); which event counts for which is assumed.
"""

from __future__ import annotations

from heapq import heappop, heappush

from simulator.core import events as ev
from simulator.core.events.log import Record
from simulator.core.instant import Instant

_EXPIRED = "expired"


class TokenCounters:
    """Counts tokens; subscribe it to the event log."""

    def __init__(self) -> None:
        self.issued = 0
        """Access tokens that the authorization server issued; those of `token mint` do not count."""
        self.validated = 0
        """REGISTERs whose token was good."""
        self.expired = 0
        """REGISTERs whose token had expired."""
        self.revoked = 0
        self._ends: list[float] = []

    def __call__(self, record: Record) -> None:
        match record.event:
            case ev.OAuthGranted() as granted if granted.token is not None:
                self.issued += 1
                heappush(self._ends, record.at + granted.expires_in)
                self.active(record.at)
            case ev.OAuthRevoked() as revoked:
                self.revoked += revoked.count
            case ev.RegisterJudged() as judged:
                self.validated += judged.token is not None
                self.expired += judged.token_problem == _EXPIRED
            case _:
                return

    def active(self, now: Instant) -> int:
        """Count the issued tokens that have not expired."""
        while self._ends and self._ends[0] <= now:
            heappop(self._ends)
        return len(self._ends)
