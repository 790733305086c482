"""How long to wait before the whole list of nodes is tried again: RFC 5626 4.5, jitter from the entropy."""

from __future__ import annotations

from simulator.core.entropy import Entropy

BASE = 30.0
CEILING = 1800.0
"""RFC 5626's base-time when all connections failed, and its max-time, in seconds."""


class Backoff:
    """Counts failures; `base` and `ceiling` in seconds."""

    def __init__(self, entropy: Entropy, *, base: float = BASE, ceiling: float = CEILING) -> None:
        self._entropy = entropy
        self._base = base
        self._ceiling = ceiling
        self._failures = 0

    def next_delay(self) -> float:
        """Return the seconds to wait after one more failure: half to all of base * 2^failures."""
        self._failures += 1
        longest = min(self._ceiling, self._base * 2.0 ** min(self._failures, 20))
        return self._entropy.uniform(longest / 2, longest)

    def reset(self) -> None:
        """Forget the failures."""
        self._failures = 0
