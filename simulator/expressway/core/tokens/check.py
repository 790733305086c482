"""Bearer tokens at an Expressway: whom they name, and which are refused before UCM sees them.

UCM asks for a missing token, unless the Expressway is told to (sip-wire 8.3). Fetched keys can be stale: after
`set key regen authz` tokens of the new key are unknown here until the Unified CM servers are refreshed.
"""

from __future__ import annotations

from simulator.core.events import EdgeTokenJudged
from simulator.core.events.log import Journal
from simulator.core.instant import Instant
from simulator.core.sip import BearerToken, Request, parse_bearer
from simulator.expressway.core import refusals
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


class TokenCheck:
    """`readers` holds the keys that were fetched, by publisher. Without any, tokens are not checked."""

    def __init__(self, *, settings: ExpresswaySettings, journal: Journal) -> None:
        self.readers: dict[str, TokenReader] = {}
        self._settings, self._journal = settings, journal

    def user_of(self, request: Request, source: str, now: Instant) -> str | Refusal | None:
        """Return the user that a REGISTER's token names, None if it is not known here, or why it is refused."""
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
        """Read a token that came from `source`, and report the result. The caller counts expired ones."""
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
