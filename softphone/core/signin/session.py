"""The tokens of a sign-in: what is held, what the phone has seen of it, when a newer one is due."""

from __future__ import annotations

from simulator.core.instant import Instant
from softphone.core.settings.profile import AccessToken
from softphone.core.signin.documents import Tokens

RENEW_AT = 0.75
"""Part of a token's life after which the client asks for a new one. [documented: SEC15]"""
FRESH = 10.0
"""Seconds in which a refused token is not exchanged for another: that would fare no better. [assumed]"""


class SignInSession:
    """The access token and the refresh token of one session."""

    def __init__(self) -> None:
        self.held: AccessToken | None = None
        self.refresh: str | None = None
        self.wanted = False
        """The phone waits for a newer token than the one that was refused."""
        self._since = Instant(0.0)
        self._shown = ""

    def keep(self, tokens: Tokens, now: Instant) -> Instant:
        """Keep new tokens, and return when to ask for the next ones."""
        self.held, self._since = AccessToken(tokens.access, Instant(now + tokens.expires_in)), now
        self.refresh = tokens.refresh or self.refresh
        return Instant(now + RENEW_AT * tokens.expires_in)

    def current(self) -> AccessToken | None:
        """Return the access token, which the phone has seen from now on."""
        self._shown = "" if self.held is None else self.held.text
        return self.held

    @property
    def unseen(self) -> bool:
        """Whether there is a token that the phone has not been given yet."""
        return self.held is not None and self.held.text != self._shown

    def fresh(self, now: Instant) -> bool:
        """Whether the token is so new that another one would be refused as well."""
        return now - self._since < FRESH

    @property
    def bearer(self) -> tuple[tuple[str, str], ...]:
        return () if self.held is None else (("Authorization", f"Bearer {self.held.text}"),)

    def forget(self) -> None:
        """Drop all but the access token, which the phone needs once more to unregister."""
        self.refresh, self.wanted, self._shown = None, False, ""
