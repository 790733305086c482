"""The phone's tokens: which one to send, when to ask for a newer one (oauth-tokens 4: at 75 % of its life)."""

from __future__ import annotations

from simulator.core.instant import Instant
from softphone.core.settings.behaviours import Behaviour, Conduct
from softphone.core.settings.profile import AccessToken, RenewsItself, TokenSource

RENEW_AT = 0.75
"""Part of a token's life after which a client asks for a new one. [documented: SEC15]"""
RETRY_AFTER = 60.0
"""Seconds until a renewal that failed is tried again. [assumed]"""


class TokenHolder:
    """Asks a `TokenSource`, and misbehaves if the phone is told to."""

    def __init__(self, source: TokenSource, conduct: Conduct) -> None:
        self.source = source
        self._conduct = conduct
        self._first: AccessToken | None = None
        self._held: AccessToken | None = None
        self._held_since = Instant(0.0)

    def current(self, now: Instant) -> AccessToken | None:
        """Return the token to send. One that has expired by the phone's clock is renewed first, if possible."""
        if Behaviour.REUSE_EXPIRED_TOKEN in self._conduct and self._first is not None:
            return self._first
        token = self.source.current(now)
        if token is not None and token.expires_at <= now and Behaviour.REUSE_EXPIRED_TOKEN not in self._conduct:
            token = self.source.renewed(now) or token
        return self._hold(token, now)

    def renewed(self, now: Instant, *, refused: AccessToken | None = None) -> AccessToken | None:
        """Return a newer token than `refused`, or None. A misbehaving phone offers its first one again."""
        if Behaviour.REUSE_EXPIRED_TOKEN in self._conduct:
            return self._first
        token = self.source.renewed(now)
        if token is None or (refused is not None and token.text == refused.text):
            return None
        return self._hold(token, now)

    def renewal_due(self, now: Instant) -> Instant | None:
        """Return when to renew the held token ahead of time; None if nothing is held or it is already over."""
        token = self._held
        if isinstance(self.source, RenewsItself):
            return None
        if token is None or token.expires_at <= now or Behaviour.REUSE_EXPIRED_TOKEN in self._conduct:
            return None
        return Instant(max(now, self._held_since + RENEW_AT * (token.expires_at - self._held_since)))

    def _hold(self, token: AccessToken | None, now: Instant) -> AccessToken | None:
        if token is not None and (self._held is None or token.text != self._held.text):
            self._held, self._held_since = token, now
            self._first = self._first or token
        return token
