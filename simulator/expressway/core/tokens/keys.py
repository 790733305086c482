"""The cluster's token keys as an Expressway fetched them, and what it reads in a token with them.

An Expressway only opens tokens: who is it, and until when is it good. UCM judges everything else (sip-wire 8).
The keys' document is the key server's (JWK set with `cluster_id`; its form is assumed).
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

from simulator.core.instant import Instant

MOST_CHARACTERS = 16_384
LEEWAY = 0.0
"""Seconds after exp in which a token is still taken. [assumed]"""
_REMEMBERED = 2_000
_ENCRYPTION = 32
"""Bytes of a key of A128CBC-HS256 (RFC 7518 5.2.3)."""
_SHORTEST = 256
"""Bytes of a signing key's modulus: 2048 bits. [assumed; UCM's are]"""
_USER = re.compile(r"[ -~]{1,128}")
Fault = Literal["malformed", "key_unknown", "signature", "undecryptable", "expired"]


class KeysUnreadable(ValueError):
    """Raised for what is no key document; the text names the member, never a value."""


@dataclass(frozen=True, slots=True)
class TokenUser:
    """Whom a token names, and until when."""

    user: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class TokenFault:
    """Why a token is not taken."""

    kind: Fault
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKeys:
    """One live key of each kind. [documented: oauth-tokens 4]"""

    cluster_id: str
    signing_kid: str
    signing: RSAKey = field(repr=False)
    encryption_kid: str
    encryption: OctKey = field(repr=False)

    @property
    def hashes(self) -> tuple[str, str]:
        """Of signing and encryption key, as `show key authz` prints them."""
        return self.signing_kid.rpartition(":")[2], self.encryption_kid.rpartition(":")[2]


def parse_keys(body: bytes) -> TokenKeys:
    """Read a key server's document. Raises KeysUnreadable."""
    try:
        document = json.loads(body)
        items = {(item["use"], item["kty"]): item for item in document["keys"]}
        signing, encryption = items["sig", "RSA"], items["enc", "oct"]
        return TokenKeys(
            cluster_id=str(document["cluster_id"]),
            signing_kid=str(signing["kid"]),
            signing=_signing(signing["n"], signing["e"]),
            encryption_kid=str(encryption["kid"]),
            encryption=_encryption(encryption["k"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, JoseError):
        raise KeysUnreadable("the key server's answer holds no usable pair of keys") from None


def _signing(modulus: str, exponent: str) -> RSAKey:
    if len(urlsafe_b64decode(_padded(modulus))) < _SHORTEST:
        raise ValueError("a signing key that is too short")
    return RSAKey.import_key({"kty": "RSA", "n": modulus, "e": exponent})


def _encryption(key: str) -> OctKey:
    if len(urlsafe_b64decode(_padded(key))) != _ENCRYPTION:
        raise ValueError("an encryption key of another length")
    return OctKey.import_key({"kty": "oct", "k": key})


class TokenReader:
    """Opens tokens with one set of keys; remembers those it opened, by their hash."""

    def __init__(self, keys: TokenKeys) -> None:
        self.keys = keys
        self._known: OrderedDict[bytes, TokenUser | TokenFault] = OrderedDict()

    def read(self, token: str, now: Instant) -> TokenUser | TokenFault:
        """Return whom a token names, or what is wrong with it; whatever the text, it raises nothing."""
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        found = self._known.get(digest)
        if found is None:
            found = self._known[digest] = self._open(token)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if isinstance(found, TokenUser) and now >= found.expires_at + LEEWAY:
            return TokenFault("expired", f"the token of {found.user} expired")
        return found

    def _open(self, token: str) -> TokenUser | TokenFault:
        if len(token) > MOST_CHARACTERS or not token.isascii() or token.count(".") != 2:
            return TokenFault("malformed", "not three segments of an access token")
        try:
            header = _object(urlsafe_b64decode(_padded(token.partition(".")[0])))
            if header.get("kid") != self.keys.signing_kid:
                return TokenFault("key_unknown", "signed with a key that was not fetched")
            signed = jws.deserialize_compact(token, self.keys.signing, algorithms=["RS256"])
        except (JoseError, ValueError, RecursionError):
            return TokenFault("signature", "the signature is not that of the fetched key")
        try:
            private = str(_object(signed.payload)["private"])
            inner = _object(urlsafe_b64decode(_padded(private.partition(".")[0])))
            if inner.get("kid") != self.keys.encryption_kid:
                return TokenFault("key_unknown", "encrypted with a key that was not fetched")
            if "zip" in inner:
                return TokenFault("malformed", "a compressed token")
            opened = jwe.decrypt_compact(
                private, self.keys.encryption, algorithms=["dir", "A128CBC-HS256"], registry=_REGISTRY
            )
            claims = _object(opened.plaintext or b"")
            return TokenUser(_subject(claims), float(claims["exp"]))
        except (JoseError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return TokenFault("undecryptable", "the token cannot be opened with the fetched keys")


_REGISTRY = jwe.JWERegistry(algorithms=["dir", "A128CBC-HS256"], strict_check_header=False)


def _subject(claims: dict[str, Any]) -> str:
    """Goes into a Contact: what could break out of a header is nobody."""
    subject = claims["sub"]
    if not isinstance(subject, str) or not _USER.fullmatch(subject):
        raise ValueError("sub")
    return subject


def _object(data: bytes) -> dict[str, Any]:
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError("no object")  # noqa: TRY004 - what `json` raises
    return value


def _padded(segment: str) -> str:
    return segment + "=" * (-len(segment) % 4)
