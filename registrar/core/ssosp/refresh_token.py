"""Reads a refresh token back: signature, key and claims of exactly the published form (oauth-tokens 1.2).

Access and refresh tokens share key and kid, so only the payload's shape tells them apart (RFC 8725 3.12).
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal
from registrar.core.tokens import ValidationKeys, compact, envelope
from registrar.core.tokens.claims import Document
from registrar.core.tokens.compact import Refusal
from registrar.core.tokens.mint import RS256

MAX_SIZE = 4096
"""Characters; the published one has 811."""
_HEADER = frozenset({"alg", "typ", "kid"})
_CLAIMS = frozenset({"exp", "iss", "typ", "tid", "ctyp", "ccid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFacts:
    tid: str
    client_id: str
    expires_at: int
    """Seconds since 1970; not yet compared with any clock."""


def read_refresh(token: str, keys: ValidationKeys) -> RefreshFacts:
    """The facts of a refresh token that this cluster signed with its live key. Raises OAuthRefusal."""
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
