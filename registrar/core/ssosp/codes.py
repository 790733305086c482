"""Authorization codes of one node: single use, short-lived, bound to all that they were asked for with.

Only hashes of codes are kept. A code that was used or has expired is remembered for an hour, so that a second
use is told apart from a guess, and so that a clock set back brings none to life again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from math import inf
from typing import Literal

from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal
from simulator.core.instant import Instant

REMEMBERED = 3600.0
"""Seconds after its expiry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeGrant:
    """What a code stands for."""

    user: str
    client_id: str
    redirect_uri: str
    challenge: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    grant: CodeGrant
    expires_at: float
    state: Literal["live", "spent", "expired"] = "live"
    refreshtokenindex: str | None = None
    """What came from a spent code."""


class AuthorizationCodes:
    def __init__(self, lifetime: int, *, capacity: int = 10_000) -> None:
        """`lifetime` in seconds; over `capacity` the oldest are forgotten."""
        self._lifetime = lifetime
        self._capacity = capacity
        self._entries: dict[bytes, _Entry] = {}
        self._next_sweep = inf

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, code: str, grant: CodeGrant, now: Instant) -> None:
        self.sweep(now)
        if len(self._entries) >= self._capacity:
            del self._entries[next(iter(self._entries))]
        expires_at = now + self._lifetime
        self._entries[_key(code)] = _Entry(grant=grant, expires_at=expires_at)
        self._next_sweep = min(self._next_sweep, expires_at)

    def look(self, code: str, now: Instant) -> CodeGrant:
        """The grant of a code that may still be used. Raises OAuthRefusal: unknown, expired or used before."""
        self.sweep(now)
        entry = self._entries.get(_key(code))
        if entry is None:
            raise OAuthRefusal(OAuthProblem.CODE_UNKNOWN, "no such code")
        if entry.state == "spent":
            raise OAuthRefusal(OAuthProblem.CODE_REUSED, "the code was used before", user=entry.grant.user)
        if entry.state == "expired":
            raise OAuthRefusal(OAuthProblem.CODE_EXPIRED, "the code has expired", user=entry.grant.user)
        return entry.grant

    def spend(self, code: str, refreshtokenindex: str) -> None:
        """The code was used; `refreshtokenindex` came from it."""
        entry = self._entries[_key(code)]
        self._entries[_key(code)] = replace(entry, state="spent", refreshtokenindex=refreshtokenindex)

    def came_from(self, code: str) -> tuple[CodeGrant, str] | None:
        """Grant and refreshtokenindex of a spent code, to be revoked when it is used again (RFC 6749 4.1.2)."""
        entry = self._entries.get(_key(code))
        if entry is None or entry.refreshtokenindex is None:
            return None
        return entry.grant, entry.refreshtokenindex

    def user_of(self, code: str) -> str | None:
        """Of a code in any state."""
        entry = self._entries.get(_key(code))
        return None if entry is None else entry.grant.user

    def clear(self) -> None:
        self._entries.clear()

    def sweep(self, now: Instant) -> None:
        """What is over at `now` stays over, whatever the clock does next."""
        if now < self._next_sweep:
            return
        self._next_sweep = inf
        for key, entry in tuple(self._entries.items()):
            if now >= entry.expires_at + REMEMBERED:
                del self._entries[key]
                continue
            if entry.state == "live" and now >= entry.expires_at:
                self._entries[key] = replace(entry, state="expired")
            due = entry.expires_at if now < entry.expires_at else entry.expires_at + REMEMBERED
            self._next_sweep = min(self._next_sweep, due)


def _key(code: str) -> bytes:
    return sha256(code.encode("utf-8", "surrogatepass")).digest()
