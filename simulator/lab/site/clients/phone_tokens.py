"""Access tokens for the lab's phones: minted with the cluster's live keys, good or forged as asked."""

from __future__ import annotations

from collections.abc import Callable

from registrar.core.cluster.cluster import Cluster
from registrar.core.tokens import AccessClaims, Forge, mint_access, mutate
from simulator.core.entropy import Entropy
from simulator.core.instant import Instant
from simulator.lab.config.phones import TokenConfig
from softphone.core.settings.profile import AccessToken

RENEW_AT = 0.75
"""Share of an access token's life after which a client asks for another. [documented: oauth-tokens 3]"""


class Mint:
    """Mints tokens for anybody, in place of the authorization service."""

    def __init__(self, cluster: Cluster, entropy: Entropy, clock: Callable[[Instant], Instant]) -> None:
        """`clock` turns the true time into what the clock of the issuing node shows."""
        self._cluster = cluster
        self._entropy = entropy
        self._clock = clock

    def token(
        self, user: str, now: Instant, *, lifetime: int = 3600, mutation: str | None = None
    ) -> AccessToken:
        """Mint a new token. ValueError for an unknown mutation, with the nearest names."""
        shown = self._clock(now)
        claims = AccessClaims(subject=user, tid=self._entropy.uuid(), issued_at=shown, lifetime=lifetime)
        if mutation is None:
            text = mint_access(self._cluster.keys, claims)
        else:
            text = mutate(mutation, Forge(self._cluster.keys, claims, shown))
        # The client is told how long it lasts, not when it ends: it counts by its own clock.
        return AccessToken(text, Instant(claims.expires_at - shown + now))


class PhoneTokens:
    """A phone's `TokenSource`: one token, renewed when it gets old, as the lab file describes it."""

    def __init__(self, mint: Mint, user: str, config: TokenConfig) -> None:
        self._mint, self._user, self._config = mint, user, config
        self._token: AccessToken | None = None
        self._issued_at = Instant(0.0)

    def current(self, now: Instant) -> AccessToken | None:
        if self._config.absent:
            return None
        if self._token is None:
            return self._new(now)
        age = now - self._issued_at
        if self._config.renewable and age >= RENEW_AT * self._config.lifetime:
            return self._new(now)
        return self._token

    def renewed(self, now: Instant) -> AccessToken | None:
        if self._config.absent or not self._config.renewable:
            return None
        return self._new(now)

    def _new(self, now: Instant) -> AccessToken:
        self._issued_at = now
        self._token = self._mint.token(
            self._config.user or self._user, now, lifetime=self._config.lifetime, mutation=self._config.mutate
        )
        return self._token
