"""Bearer tokens at an Expressway: whom they name, and which are turned away before UCM sees them.

A missing token is UCM's to ask for, unless the edge is told to (sip-wire 8.3). What is opened with fetched keys
can be stale: after `set key regen authz` new tokens are foreign until the servers are refreshed.
"""

from __future__ import annotations

from simulator.core.events import EdgeTokenJudged, SourceBlocked
from simulator.core.events.log import Journal
from simulator.core.instant import Instant
from simulator.core.sip import BearerToken, Request, parse_bearer
from simulator.expressway.core import refusals
from simulator.expressway.core.rate_limiter import BLOCKED_FOR, MOST_EXPIRED, RateLimiter
from simulator.expressway.core.refusals import Refusal
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.expressway.core.tokens.keys import TokenFault, TokenReader, TokenUser

EXPIRED = "Token expired"
"""[assumed, as the others]"""
_WARNINGS = {
    "malformed": "Token malformed",
    "key_unknown": "Token of an unknown key",
    "signature": "Token signature invalid",
    "undecryptable": "Token cannot be decrypted",
    "expired": EXPIRED,
}
"""[assumed]"""


def strike(guard: RateLimiter, journal: Journal, source: str, now: Instant) -> None:
    """An expired token came from `source`; one too many blocks it."""
    if guard.expired(source, now):
        why = f"more than {MOST_EXPIRED} requests with an expired token"
        journal.add(SourceBlocked(source=source, seconds=BLOCKED_FOR, why=why))


class TokenGate:
    """`readers`: of the keys that were fetched, by publisher. Without any, tokens are not looked at."""

    def __init__(self, *, settings: ExpresswaySettings, journal: Journal) -> None:
        self.readers: dict[str, TokenReader] = {}
        self._settings, self._journal = settings, journal

    def user_of(self, request: Request, source: str, now: Instant) -> str | Refusal | None:
        """Whom a REGISTER's token names; None: not known here."""
        settings = self._settings
        if request.method != "REGISTER":
            return None
        bearer = parse_bearer(request)
        if not isinstance(bearer, BearerToken):
            if settings.edge_challenges and bearer.kind == "token_absent":
                return refusals.challenge(settings.dialect, "Token required")
            return None
        if not self.readers or not settings.check_tokens:
            return None
        read = self.read(bearer.token, source, now)
        if isinstance(read, TokenUser):
            return read.user
        return refusals.challenge(settings.dialect, _WARNINGS[read.kind], "invalid_token")

    def read(self, token: str, source: str, now: Instant) -> TokenUser | TokenFault:
        """Whoever knows its source counts the expired ones."""
        read: TokenUser | TokenFault = TokenFault("key_unknown", "no keys were fetched")
        for reader in self.readers.values():
            read = reader.read(token, now)
            if isinstance(read, TokenUser) or read.kind != "key_unknown":
                break
        if isinstance(read, TokenUser):
            if self._journal.on:
                self._journal.add(EdgeTokenJudged(accepted=True, user=read.user, source=source))
            return read
        event = EdgeTokenJudged(accepted=False, problem=read.kind, detail=read.detail, source=source)
        self._journal.add(event)
        return read
