"""Takes a token apart for a person: headers, claims, whose keys, and why it would be refused at `now`.

Shows what the holder of the keys may see, but no key and no token. The verdict is the validator's.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from registrar.core.tokens import compact, envelope
from registrar.core.tokens.claims import Document
from registrar.core.tokens.compact import Refusal
from registrar.core.tokens.keys import ValidationKeys
from registrar.core.tokens.mint import RS256
from registrar.core.tokens.problems import TokenRefused
from registrar.core.tokens.validator import TokenValidator, reference
from simulator.core.instant import Instant

TokenKind = Literal["access", "refresh", "bare jwe", "unknown"]
KeyStatus = Literal["loaded", "not loaded", "unreadable"]
"""Whether the kid is that of the given key; unreadable: there is no kid to be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInspection:
    """What can be read of a token, and what a registrar would say of it."""

    ref: str
    size: int
    """Characters."""
    kind: TokenKind
    header: Document | None
    """The outer header; None where it cannot be read."""
    signing_key: KeyStatus
    signature_valid: bool
    """By the given signing key, whatever kid and alg the header names."""
    jwe_header: Document | None
    encryption_key: KeyStatus
    decrypted: bool
    claims: Document | None
    """The decrypted claims, or those of a refresh token."""
    expires_in: float | None
    """Seconds from `now` to exp, negative if past; None if there is no such number."""
    refused: TokenRefused | None
    """Why the validator refuses the token at `now`; None: it accepts it."""

    def as_json(self) -> Document:
        """Return plain values for `json.dumps`; numbers JSON cannot write become text."""
        return {
            "ref": self.ref,
            "size": self.size,
            "kind": self.kind,
            "header": _plain(self.header),
            "signing_key": self.signing_key,
            "signature_valid": self.signature_valid,
            "jwe_header": _plain(self.jwe_header),
            "encryption_key": self.encryption_key,
            "decrypted": self.decrypted,
            "claims": _plain(self.claims),
            "expires_in": self.expires_in,
            "accepted": self.refused is None,
            "problem": self.refused and self.refused.problem.value,
            "detail": self.refused and self.refused.detail,
        }


def inspect_token(token: str, keys: ValidationKeys, now: Instant, validator: TokenValidator) -> TokenInspection:
    """Read what can be read of a token; what cannot is None. `keys` may be others than the validator's."""
    header = payload = None
    signature_valid = False
    private: str | None = None
    with suppress(Refusal):
        raw_header, raw_payload, signature = envelope.split(token, len(token))
        with suppress(Refusal):
            header = compact.parse_object(compact.decode(raw_header), "the header")
        signing_input = raw_header + b"." + raw_payload
        signature_valid = RS256.verify(signing_input, keys.signing_key, compact.decode(signature))
        payload = compact.parse_object(compact.decode(raw_payload), "the payload")
        inner = payload.get("private")
        private = inner if isinstance(inner, str) else None
    bare = token.count(".") == 4
    jwe_header, claims = _open(token if bare else private, keys)
    decrypted = claims is not None
    if payload is not None and "private" not in payload:
        claims = payload
    verdict = validator.validate(token, now)
    return TokenInspection(
        ref=reference(token),
        size=len(token),
        kind="bare jwe" if bare else _kind(claims),
        header=header,
        signing_key=_status(header, keys.signing_kid),
        signature_valid=signature_valid,
        jwe_header=jwe_header,
        encryption_key=_status(jwe_header, keys.encryption_kid),
        decrypted=decrypted,
        claims=claims,
        expires_in=_expires_in(claims, now),
        refused=verdict if isinstance(verdict, TokenRefused) else None,
    )


def _open(private: str | None, keys: ValidationKeys) -> tuple[Document | None, Document | None]:
    """The header and the claims of a JWE, as far as they can be read."""
    header = claims = None
    with suppress(Refusal):
        parts = envelope.split_jwe(private or "")
        header = compact.parse_object(compact.decode(parts[0]), "the JWE header")
        envelope.check_jwe_header(header)
        plaintext = envelope.decrypt(parts, keys.encryption_key)
        claims = compact.parse_object(plaintext, "the decrypted text")
    return header, claims


def _kind(claims: Document | None) -> TokenKind:
    match claims and claims.get("ctyp"):
        case "access":
            return "access"
        case "refresh":
            return "refresh"
        case _:
            return "unknown"


def _status(header: Document | None, kid: str) -> KeyStatus:
    if header is None or not isinstance(header.get("kid"), str):
        return "unreadable"
    return "loaded" if header["kid"] == kid else "not loaded"


def _expires_in(claims: Document | None, now: Instant) -> float | None:
    exp = claims.get("exp") if claims else None
    return exp - now if type(exp) is int and abs(exp) < 1 << 53 else None


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value
