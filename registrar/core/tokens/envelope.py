"""Opens a token: structure, headers, signature, decryption, in the order of oauth-tokens 9, cheapest first.

Nothing here follows `jwk`, `jku`, `x5u` or `x5c`, nor looks a kid up anywhere but in the loaded keys: the keys
are the caller's (RFC 8725 3.1, 3.10).
"""

from __future__ import annotations

import re

from joserfc.errors import JoseError

from registrar.core.tokens import compact
from registrar.core.tokens.claims import Document
from registrar.core.tokens.compact import Refusal
from registrar.core.tokens.keys import ValidationKeys
from registrar.core.tokens.mint import JWE_REGISTRY, RS256
from registrar.core.tokens.problems import TokenProblem

KID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{64}")
"""`<cluster uuid>:<64 hex>` [observed]."""
BLOCK = TAG = IV = 16
"""Bytes (RFC 7518 5.2.3)."""

_JWS_MEMBERS = frozenset({"alg", "typ", "kid"})
_JWE_MEMBERS = frozenset({"alg", "cty", "enc", "kid"})

# The content encryption alone: what `jwe.decrypt_compact` reads beside it was read more strictly here before.
_ENCRYPTION = JWE_REGISTRY.get_enc("A128CBC-HS256")

JweParts = tuple[bytes, bytes, bytes, bytes, bytes]
"""Header, encrypted key, initialisation vector, ciphertext, tag: still base64url."""


class Opener:
    """Opens tokens with one set of keys; remembers the headers that passed."""

    def __init__(self, keys: ValidationKeys) -> None:
        self.keys = keys
        self._signature_bytes = (keys.signing_key.key_size + 7) // 8
        # The headers of one issuer's tokens are the same text: what passed last time need not be read again.
        self._good_header = self._good_jwe_header = b""

    def open(self, token: str, max_size: int) -> Document:
        """Return the claims of a token that is well-formed, ours and decryptable.

        Raises Refusal if it is not.
        """
        header, payload, signature = split(token, max_size)
        if header != self._good_header:
            self._check_header(compact.parse_object(compact.decode(header), "the header"))
            self._good_header = header
        if compact.decoded_length(signature) != self._signature_bytes:
            raise Refusal(TokenProblem.SIGNATURE_INVALID, "the signature has the wrong length")
        signing_input = token.encode("ascii")[: len(header) + 1 + len(payload)]
        if not RS256.verify(signing_input, self.keys.signing_key, compact.decode(signature)):
            raise Refusal(TokenProblem.SIGNATURE_INVALID, "the signature is not the signing key's")
        private = private_member(compact.parse_object(compact.decode(payload), "the payload"))
        return compact.parse_object(self._decrypt(private), "the decrypted text")

    def _check_header(self, header: Document) -> None:
        _allow_members(header, _JWS_MEMBERS, "the header")
        if header.get("alg") != "RS256":
            raise Refusal(TokenProblem.ALG_NOT_ALLOWED, "alg is not RS256")
        if header.get("typ") != "JWT":
            raise Refusal(TokenProblem.TYP_MISMATCH, "typ of the header is not JWT")
        if _kid(header, "the header") != self.keys.signing_kid:
            raise Refusal(TokenProblem.KID_UNKNOWN_SIGNING, "kid is not that of the loaded signing key")

    def _decrypt(self, private: str) -> bytes:
        parts = split_jwe(private)
        if parts[0] != self._good_jwe_header:
            self._check_jwe_header(compact.parse_object(compact.decode(parts[0]), "the JWE header"))
            self._good_jwe_header = parts[0]
        return decrypt(parts, self.keys.encryption_key)

    def _check_jwe_header(self, header: Document) -> None:
        check_jwe_header(header)
        if _kid(header, "the JWE header") != self.keys.encryption_kid:
            raise Refusal(TokenProblem.KID_UNKNOWN_ENCRYPTION, "kid of the JWE is not that of the loaded key")


def split(token: str, max_size: int) -> tuple[bytes, bytes, bytes]:
    """Split a token into header, payload and signature, each canonical base64url.

    The signature may be empty.
    """
    if not token:
        raise Refusal(TokenProblem.TOKEN_ABSENT, "no token was sent")
    if len(token) > max_size:
        raise Refusal(TokenProblem.TOKEN_TOO_LARGE, f"the token has {len(token)} characters, over {max_size}")
    if not token.isascii():
        raise Refusal(TokenProblem.MALFORMED_B64, "the token has a character outside ASCII")
    parts = token.encode("ascii").split(b".")
    if len(parts) == 5:
        raise Refusal(TokenProblem.WRONG_TOKEN_KIND, "five segments: a bare JWE, not signed")
    if len(parts) != 3:
        raise Refusal(TokenProblem.MALFORMED_SEGMENTS, f"segments: {len(parts)} instead of 3")
    header, payload, signature = parts
    if not header or not payload:
        raise Refusal(TokenProblem.MALFORMED_SEGMENTS, "the header or the payload is empty")
    compact.check_base64url(header, "the header")
    compact.check_base64url(payload, "the payload")
    compact.check_base64url(signature, "the signature")
    return header, payload, signature


def private_member(payload: Document) -> str:
    """Return the JWE inside the payload, whose only member it must be [observed]."""
    if "private" not in payload:
        raise Refusal(TokenProblem.WRONG_TOKEN_KIND, "the payload is not encrypted: no access token")
    if len(payload) != 1:
        raise Refusal(TokenProblem.PAYLOAD_UNEXPECTED, "the payload has members beside `private`")
    private = payload["private"]
    if not isinstance(private, str):
        raise Refusal(TokenProblem.JWE_MALFORMED, "`private` is not a string")
    return private


def split_jwe(private: str) -> JweParts:
    """Split a JWE into header, encrypted key, IV, ciphertext and tag, each canonical base64url."""
    if not private.isascii():
        raise Refusal(TokenProblem.MALFORMED_B64, "the JWE has a character outside ASCII")
    parts = private.encode("ascii").split(b".")
    if len(parts) != 5:
        raise Refusal(TokenProblem.JWE_MALFORMED, f"segments of the JWE: {len(parts)} instead of 5")
    header, encrypted_key, iv, ciphertext, tag = parts
    compact.check_base64url(header, "the JWE header")
    compact.check_base64url(encrypted_key, "the encrypted key")
    compact.check_base64url(iv, "the initialisation vector")
    compact.check_base64url(ciphertext, "the ciphertext")
    compact.check_base64url(tag, "the authentication tag")
    return header, encrypted_key, iv, ciphertext, tag


def check_jwe_header(header: Document) -> None:
    """Check all of a JWE header but its kid. `zip` first, so that nothing is ever inflated (RFC 8725 3.6)."""
    if "zip" in header:
        raise Refusal(TokenProblem.JWE_ZIP, "the JWE is compressed")
    _allow_members(header, _JWE_MEMBERS, "the JWE header")
    if header.get("alg") != "dir":
        raise Refusal(TokenProblem.JWE_ALG_NOT_ALLOWED, "alg of the JWE is not dir")
    if header.get("enc") != "A128CBC-HS256":
        raise Refusal(TokenProblem.JWE_ENC_NOT_ALLOWED, "enc of the JWE is not A128CBC-HS256")
    if header.get("cty") != "JWT":
        raise Refusal(TokenProblem.TYP_MISMATCH, "cty of the JWE is not JWT")


def decrypt(parts: JweParts, cek: bytes) -> bytes:
    """Return the plaintext of a JWE whose header was checked; `cek` is the content encryption key."""
    header, encrypted_key, iv, ciphertext, tag = parts
    if encrypted_key:
        raise Refusal(TokenProblem.JWE_MALFORMED, "an encrypted key is present although alg is dir")
    size = compact.decoded_length(ciphertext)
    if compact.decoded_length(iv) != IV or compact.decoded_length(tag) != TAG or not size or size % BLOCK:
        raise Refusal(TokenProblem.JWE_MALFORMED, "a part of the JWE has an impossible length")
    try:
        # joserfc checks the tag in constant time before it touches the padding (RFC 7516 11.5). Beside its own
        # errors it lets ValueError escape for bad input. The header as it was sent is authenticated too.
        return _ENCRYPTION.decrypt(
            compact.decode(ciphertext), compact.decode(tag), cek, compact.decode(iv), header
        )
    except (JoseError, ValueError):
        # One text for every cause: nobody may learn whether key, tag or padding was wrong.
        raise Refusal(
            TokenProblem.DECRYPT_FAILED, "the JWE cannot be opened with the loaded encryption key"
        ) from None


def _allow_members(header: Document, allowed: frozenset[str], what: str) -> None:
    if header.keys() <= allowed:
        return
    if "crit" in header:
        raise Refusal(TokenProblem.CRIT_UNSUPPORTED, f"{what} has a crit member")
    raise Refusal(TokenProblem.HEADER_UNEXPECTED, f"{what} has a member that is not allowed")


def _kid(header: Document, what: str) -> str:
    if "kid" not in header:
        raise Refusal(TokenProblem.KID_MISSING, f"{what} has no kid")
    kid = header["kid"]
    if not isinstance(kid, str) or not KID.fullmatch(kid):
        raise Refusal(TokenProblem.KID_MALFORMED, f"kid of {what} is not <cluster uuid>:<64 hex digits>")
    return kid
