"""Refresh tokens: the table `refreshtokendetails`, and how a token that a client sends is read.

Published columns: pkid, refreshtokenindex, userid, clientid, validity, state [documented: oauth-tokens 3]. What
they hold is assumed: the index is the SHA-256 of the token's id, so that the table cannot be used to sign in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal
from registrar.core.tokens import ValidationKeys, compact, envelope
from registrar.core.tokens.claims import Document
from registrar.core.tokens.compact import Refusal
from registrar.core.tokens.mint import RS256
from simulator.core.instant import Instant


class RefreshState(IntEnum):
    """Values of the column. [assumed]"""

    ACTIVE = 1
    REVOKED = 2
    EXPIRED = 3
    """Was presented after its time: not even a clock that is set back brings it to life again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenRow:
    """One row of the table."""

    pkid: UUID
    refreshtokenindex: str
    """64 hex digits; what `/ssosp/token/revoke` shows as `refresh_token`."""
    userid: str
    """As the directory spells it."""
    clientid: str
    validity: int
    """Seconds since 1970: the token's exp."""
    state: RefreshState = RefreshState.ACTIVE


class RefreshTokenStore(Protocol):
    """The one table of the whole cluster. User and client ids are compared exactly."""

    def add(self, row: RefreshTokenRow) -> None:
        """Add a row for a new refresh token."""
        ...

    def find(self, refreshtokenindex: str) -> RefreshTokenRow | None:
        """Return the row of a refresh token; None: there is none."""
        ...

    def rows(self, userid: str | None = None, clientid: str | None = None) -> tuple[RefreshTokenRow, ...]:
        """Return the rows of a user and a client (None: any), in the order they were added."""
        ...

    def set_state(self, refreshtokenindex: str, state: RefreshState) -> None:
        """Write a row's state. Harmless if there is no such row."""
        ...

    def revoke(self, userid: str | None = None, clientid: str | None = None) -> tuple[RefreshTokenRow, ...]:
        """Mark the active rows revoked, all of them at once, and return them as they are then."""
        ...

    def flush(self, now: Instant) -> int:
        """Delete the rows whose validity is over at `now`; returns how many."""
        ...


def index_of(tid: str) -> str:
    """Return the refreshtokenindex of a token id. [assumed: a hash, of what is not known]"""
    return sha256(tid.encode("utf-8", "surrogatepass")).hexdigest()


MAX_SIZE = 4096
"""Characters; the published one has 811."""
_HEADER = frozenset({"alg", "typ", "kid"})
_CLAIMS = frozenset({"exp", "iss", "typ", "tid", "ctyp", "ccid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFacts:
    """What a refresh token says, once its signature is verified."""

    tid: str
    client_id: str
    expires_at: int
    """Seconds since 1970; not yet compared with any clock."""


def read_refresh(token: str, keys: ValidationKeys) -> RefreshFacts:
    """Return the facts of a refresh token that this cluster signed with its live key. Raises OAuthRefusal."""
    try:
        header, payload, signature = envelope.split(token, MAX_SIZE)
        _check_header(compact.parse_object(compact.decode(header), "the header"), keys)
        signing_input = token.encode("ascii")[: len(header) + 1 + len(payload)]
        if not RS256.verify(signing_input, keys.signing_key, compact.decode(signature)):
            raise OAuthRefusal(OAuthProblem.REFRESH_SIGNATURE_INVALID, "the signature is not the live key's")
        return _facts(compact.parse_object(compact.decode(payload), "the payload"), keys)
    except Refusal as refusal:
        raise OAuthRefusal(OAuthProblem.REFRESH_MALFORMED, refusal.detail) from None


def _check_header(header: Document, keys: ValidationKeys) -> None:
    if header.keys() != _HEADER or header["alg"] != "RS256" or header["typ"] != "JWT":
        raise OAuthRefusal(OAuthProblem.REFRESH_MALFORMED, "the header is not that of UCM's tokens")
    if header["kid"] != keys.signing_kid:
        raise OAuthRefusal(OAuthProblem.REFRESH_KEY_UNKNOWN, "kid is not that of the live signing key")


def _facts(claims: Document, keys: ValidationKeys) -> RefreshFacts:
    if "private" in claims or claims.get("ctyp") != "refresh":
        raise OAuthRefusal(OAuthProblem.REFRESH_WRONG_KIND, "not a refresh token")
    if claims.keys() != _CLAIMS:
        raise OAuthRefusal(OAuthProblem.REFRESH_CLAIMS_INVALID, "claims are missing or unexpected")
    expires_at, tid, client_id = claims["exp"], claims["tid"], claims["ccid"]
    if type(expires_at) is not int or not isinstance(tid, str) or not isinstance(client_id, str):
        raise OAuthRefusal(OAuthProblem.REFRESH_CLAIMS_INVALID, "a claim has the wrong type")
    if claims["typ"] not in ("user", "device") or not _is_uuid(tid):
        raise OAuthRefusal(OAuthProblem.REFRESH_CLAIMS_INVALID, "typ or tid has no possible value")
    if claims["iss"] != keys.cluster_id:
        raise OAuthRefusal(OAuthProblem.REFRESH_OTHER_CLUSTER, "iss is another cluster")
    return RefreshFacts(tid=tid, client_id=client_id, expires_at=expires_at)


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
