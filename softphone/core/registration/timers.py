"""The timers of a registration: which of them run, and when each becomes an input of the transition table.

REFRESH_DUE and TOKEN_DUE renew registration and token, RETRY_DUE ends a back-off, EDGE_CHECK_DUE and
EDGE_SILENT watch the way through an Expressway.
"""

from __future__ import annotations

from simulator.core.instant import Instant
from softphone.core.registration.transitions import Input

ON_CONNECTION = (Input.REFRESH_DUE, Input.TOKEN_DUE, Input.EDGE_CHECK_DUE, Input.EDGE_SILENT)
"""Timers that end with the connection."""


def refresh_at(now: Instant, granted: int, early: int) -> Instant:
    """Return when a registration of `granted` seconds is refreshed: `early` seconds before it ends.

    `early` is timerRegisterDelta of the configuration file; at least half of the time passes first.
    """
    return Instant(now + max(granted - early, granted / 2))


class Timers:
    """The timers that run: the input each will become, and when."""

    def __init__(self) -> None:
        self._due: dict[Input, Instant] = {}

    def arm(self, timer: Input, at: Instant) -> None:
        """Make `timer` an input at that instant, in place of an earlier setting."""
        self._due[timer] = at

    def disarm(self, *timers: Input) -> None:
        """Stop these timers if they run."""
        for timer in timers:
            self._due.pop(timer, None)

    def disarm_all(self) -> None:
        """Stop every timer."""
        self._due.clear()

    def runs(self, *timers: Input) -> bool:
        """Tell whether any of these timers runs."""
        return not self._due.keys().isdisjoint(timers)

    def next_timeout(self) -> Instant | None:
        """Return when the earliest timer becomes due; None if none runs."""
        return min(self._due.values(), default=None)

    def take_due(self, now: Instant) -> Input | None:
        """Stop the earliest timer that is due and return its input; None if none is due."""
        if not self._due:
            return None
        given, at = min(self._due.items(), key=lambda item: item[1])
        if at > now:
            return None
        del self._due[given]
        return given
