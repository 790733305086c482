"""Old-style tokens of the implicit flow: opaque, held in the memory of the node that issued them [documented].

They say nothing themselves; a node that meets one it does not know must ask the others, and all are gone when
the node's Tomcat restarts.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from simulator.core.instant import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueGrant:
    user: str
    client_id: str
    expires_at: int
    """Seconds since 1970."""


class OpaqueTokens:
    """Keeps hashes only."""

    def __init__(self, *, capacity: int = 100_000) -> None:
        """Over `capacity` the oldest are forgotten."""
        self._capacity = capacity
        self._grants: dict[bytes, OpaqueGrant] = {}

    def __len__(self) -> int:
        return len(self._grants)

    def add(self, token: str, grant: OpaqueGrant) -> None:
        if len(self._grants) >= self._capacity:
            del self._grants[next(iter(self._grants))]
        self._grants[_key(token)] = grant

    def find(self, token: str, now: Instant) -> OpaqueGrant | None:
        """None: not issued here, or over. One that is over is forgotten on sight."""
        key = _key(token)
        grant = self._grants.get(key)
        if grant is not None and now >= grant.expires_at:
            del self._grants[key]
            return None
        return grant

    def clear(self) -> None:
        """The node's Tomcat restarted."""
        self._grants.clear()


def _key(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
