"""Cookies of Expressway-E's 8443: who has shown a good token or password is known by one for a while.

Name and life are assumed.
"""

from __future__ import annotations

from simulator.core.entropy import Entropy
from simulator.core.instant import Instant

NAME = "X-Auth"
LIFE = 8 * 3600.0
"""Seconds."""
_MOST = 10_000


class MraCookies:
    """The cookies that are good at present, and whom each names."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._users: dict[str, tuple[str, Instant]] = {}

    def issue(self, user: str, now: Instant) -> str:
        """Return the value of Set-Cookie. With too many, the oldest is forgotten."""
        while len(self._users) >= _MOST:
            del self._users[next(iter(self._users))]
        value = self._entropy.hex(24)
        self._users[value] = user, Instant(now + LIFE)
        return f"{NAME}={value}; Path=/; Secure; HttpOnly"

    def user_of(self, cookies: str, now: Instant) -> str | None:
        """Return the user that a Cookie header names; None if it names nobody who is still known."""
        for pair in cookies.split(";"):
            name, _, value = pair.strip().partition("=")
            held = self._users.get(value) if name == NAME else None
            if held is not None and now < held[1]:
                return held[0]
        return None
