"""Makes tokens for a user who has signed in: the pair, the refreshed access token, the opaque one."""

from __future__ import annotations

from dataclasses import dataclass, field

from registrar.core.ssosp.clients import OAuthClient
from registrar.core.ssosp.grants import OpaqueGrant, OpaqueTokens
from registrar.core.ssosp.parameters import Settings
from registrar.core.ssosp.refresh_tokens import RefreshTokenRow, index_of
from registrar.core.ssosp.signon import SignOn
from registrar.core.tokens import AccessClaims, RefreshClaims, mint_access, mint_refresh
from registrar.core.tokens.claims import DEFAULT_SCOPE
from simulator.core import redact
from simulator.core.entropy import Entropy
from simulator.core.events import OAuthGranted
from simulator.core.events.log import Journal
from simulator.core.instant import Instant

RENEW_FROM = 0.5
"""Share of a refresh token's life after which it may be renewed [documented: Auto Renew Refresh Token]."""
SCOPE = DEFAULT_SCOPE
"""The only scope there is [observed]; refreshtokendetails has no column for another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedTokens:
    """The tokens of one answer of the token endpoint."""

    access_token: str = field(repr=False)
    expires_in: int
    """Seconds."""
    refresh_token: str | None = field(default=None, repr=False)
    refreshtokenindex: str | None = None

    def document(self) -> dict[str, object]:
        """Render the JSON document of the answer (RFC 6749 5.1)."""
        document: dict[str, object] = {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "scope": SCOPE,
        }
        if self.refresh_token is not None:
            document["refresh_token"] = self.refresh_token
        return document


class Issuer:
    """Makes tokens for users who have signed in, and reports each."""

    def __init__(self, signon: SignOn, settings: Settings, *, entropy: Entropy, journal: Journal) -> None:
        self._signon = signon
        self._settings = settings
        self._entropy = entropy
        self._journal = journal

    def pair(self, user: str, client: OAuthClient, now: Instant) -> IssuedTokens:
        """Make what a code gives: an access token and a refresh token, which gets its row in the table."""
        tid, index, refresh_token, expires_at = self._new_refresh(user, client, now)
        access, tid_of_access, lifetime = self._access(user, client, tid, expires_at, now)
        self._journal.add(
            OAuthGranted(
                what="tokens",
                user=user,
                client=client.id,
                token=redact.ref(access),
                tid=tid_of_access,
                refresh_tid=tid,
                expires_in=lifetime,
            )
        )
        return IssuedTokens(
            access_token=access,
            expires_in=lifetime,
            refresh_token=refresh_token,
            refreshtokenindex=index,
        )

    def refreshed(self, row: RefreshTokenRow, tid: str, client: OAuthClient, now: Instant) -> IssuedTokens:
        """Make what a refresh token gives: a new access token; the older ones stay good [documented: 212794].

        The refresh token stays good too. Auto-renew adds a new one in the second half of its life; the old one
        keeps counting until it expires, so that two clients that race, or a lost answer, end nothing. [assumed]
        """
        access, tid_of_access, lifetime = self._access(row.userid, client, tid, row.validity, now)
        renewed = None
        if self._renews(row, client, now):
            tid, _, renewed, _ = self._new_refresh(row.userid, client, now)
        self._journal.add(
            OAuthGranted(
                what="access",
                user=row.userid,
                client=client.id,
                token=redact.ref(access),
                tid=tid_of_access,
                refresh_tid=tid,
                renewed=renewed is not None,
                expires_in=lifetime,
            )
        )
        return IssuedTokens(access_token=access, expires_in=lifetime, refresh_token=renewed)

    def opaque(self, user: str, client: OAuthClient, tokens: OpaqueTokens, now: Instant) -> IssuedTokens:
        """Make the implicit flow's token: 256 bits in hex [assumed].

        It lives as long as an access token [documented].
        """
        token = self._entropy.hex(32)
        lifetime = self._signon.parameters.access_lifetime
        tokens.add(token, OpaqueGrant(user=user, client_id=client.id, expires_at=int(now) + lifetime))
        self._journal.add(
            OAuthGranted(
                what="opaque", user=user, client=client.id, token=redact.ref(token), expires_in=lifetime
            )
        )
        return IssuedTokens(access_token=token, expires_in=lifetime)

    def _access(
        self, user: str, client: OAuthClient, refresh_tid: str, refresh_exp: int, now: Instant
    ) -> tuple[str, str, int]:
        lifetime = self._signon.parameters.access_lifetime
        if self._settings.clip_access_to_refresh:
            lifetime = min(lifetime, refresh_exp - int(now))
        claims = AccessClaims(
            subject=user,
            tid=self._entropy.uuid(),
            issued_at=now,
            lifetime=lifetime,
            client_id=client.id,
            refresh_tid=refresh_tid,
        )
        return mint_access(self._signon.keys(), claims), str(claims.tid), lifetime

    def _new_refresh(self, user: str, client: OAuthClient, now: Instant) -> tuple[str, str, str, int]:
        lifetime = self._signon.parameters.refresh_lifetime
        tid = str(self._entropy.uuid())
        claims = RefreshClaims(tid=tid, issued_at=now, lifetime=lifetime, client_id=client.id)
        token = mint_refresh(self._signon.keys(), claims)
        index = index_of(tid)
        self._signon.refresh_tokens.add(
            RefreshTokenRow(
                pkid=self._entropy.uuid(),
                refreshtokenindex=index,
                userid=user,
                clientid=client.id,
                validity=claims.expires_at,
            )
        )
        return tid, index, token, claims.expires_at

    def _renews(self, row: RefreshTokenRow, client: OAuthClient, now: Instant) -> bool:
        parameters = self._signon.parameters
        used = parameters.refresh_lifetime - (row.validity - now)
        return (
            parameters.auto_renew_refresh_token
            and client.webex
            and used >= RENEW_FROM * parameters.refresh_lifetime
        )
