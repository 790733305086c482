"""The claims of an access token and of a refresh token, as values and as JSON documents (oauth-tokens 1.2, 9).

The names exp, iss, typ, tid, ctyp and ccid are observed in a published refresh token; sub, scope, iat, aud and
rtid are assumed, since no decrypted access token is public.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from simulator.core.instant import Instant

Document = dict[str, object]
"""A JSON object in the order of its members."""

DEFAULT_SCOPE = "UnifiedCommunications:readwrite"
"""[observed in authorize requests]"""
DEFAULT_AUDIENCE = "cucm"
"""[assumed]"""
DEFAULT_CLIENT_ID = "C" + "0" * 63 + "1"
"""A made-up client of the published shape, C + 64 hex digits [shape observed: oauth-tokens 1.3]."""
ACCESS_LIFETIME = 3600
"""Seconds; "OAuth Access Token Expiry Timer" defaults to 60 minutes [documented]."""
REFRESH_LIFETIME = 60 * 86_400
"""Seconds; 60 days [documented]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """What goes into an access token; it is good while `issued_at <= now < expires_at`."""

    subject: str
    """User id; the device's name if `principal` is "device" [assumed]."""
    tid: UUID | str
    issued_at: Instant
    """Written in whole seconds, rounded down."""
    lifetime: int = ACCESS_LIFETIME
    """Seconds."""
    principal: Literal["user", "device"] = "user"
    scope: str = DEFAULT_SCOPE
    """Space-separated, as in RFC 6749 3.3."""
    audience: str = DEFAULT_AUDIENCE
    client_id: str = DEFAULT_CLIENT_ID
    refresh_tid: UUID | str | None = None
    """The refresh token this one came from."""

    @property
    def expires_at(self) -> int:
        """Seconds since 1970: the claim exp."""
        return int(self.issued_at) + self.lifetime

    def document(self, issuer: str) -> Document:
        """Return the payload in its published order."""
        document: Document = {
            "exp": self.expires_at,
            "iss": issuer,
            "typ": self.principal,
            "tid": str(self.tid),
            "ctyp": "access",
            "ccid": self.client_id,
            "sub": self.subject,
            "scope": self.scope,
            "iat": int(self.issued_at),
            "aud": self.audience,
        }
        if self.refresh_tid is not None:
            document["rtid"] = str(self.refresh_tid)
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshClaims:
    """What goes into a refresh token: no subject, no scope, the server looks them up by `tid` [observed]."""

    tid: UUID | str
    issued_at: Instant
    """Not written into the token; `expires_at` counts from it."""
    lifetime: int = REFRESH_LIFETIME
    """Seconds."""
    principal: Literal["user", "device"] = "user"
    client_id: str = DEFAULT_CLIENT_ID

    @property
    def expires_at(self) -> int:
        """Seconds since 1970: the claim exp."""
        return int(self.issued_at) + self.lifetime

    def document(self, issuer: str) -> Document:
        """Return the payload in its published order."""
        return {
            "exp": self.expires_at,
            "iss": issuer,
            "typ": self.principal,
            "tid": str(self.tid),
            "ctyp": "refresh",
            "ccid": self.client_id,
        }
