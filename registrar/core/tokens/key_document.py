"""The token keys as JSON: what the key server hands to Expressway, Unity Connection and SRST.

That it is JSON is documented, its form is not: a JWK set (RFC 7517) with the cluster's id [assumed].
"""

from __future__ import annotations

import json

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from registrar.core.tokens import ValidationKeys, compact
from registrar.core.tokens.compact import Refusal
from registrar.core.tokens.envelope import KID
from registrar.core.tokens.keys import CEK_BYTES, RSA_BITS


class KeyDocumentError(ValueError):
    """Not a key document; the text names the member, never a value."""


def render_keys(keys: ValidationKeys) -> bytes:
    """Render the keys as JSON. The encryption key is in it: who has that can read every access token."""
    numbers = keys.signing_key.public_numbers()
    document = {
        "cluster_id": keys.cluster_id,
        "keys": [
            {
                "kid": keys.signing_kid,
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "n": _integer(numbers.n),
                "e": _integer(numbers.e),
            },
            {
                "kid": keys.encryption_kid,
                "kty": "oct",
                "use": "enc",
                "alg": "dir",
                "k": compact.encode(keys.encryption_key),
            },
        ],
    }
    return json.dumps(document).encode("ascii")


def parse_keys(body: bytes) -> ValidationKeys:
    """Read the keys. Raises KeyDocumentError for all that is not exactly one usable key of each kind."""
    try:
        document = compact.parse_object(body, "the key document")
    except Refusal as refusal:
        raise KeyDocumentError(refusal.detail) from None
    cluster_id, items = document.get("cluster_id"), document.get("keys")
    if not isinstance(cluster_id, str) or not isinstance(items, list):
        raise KeyDocumentError("cluster_id or keys is missing")
    signing = _only(items, "sig", "RSA", "RS256")
    encryption = _only(items, "enc", "oct", "dir")
    for item in (signing, encryption):
        kid = item.get("kid")
        if not isinstance(kid, str) or not KID.fullmatch(kid) or not kid.startswith(f"{cluster_id}:"):
            raise KeyDocumentError("a kid is not <cluster_id>:<64 hex digits>")
    cek = _member(encryption, "k")
    if len(cek) != CEK_BYTES:
        raise KeyDocumentError(f"k of the encryption key has not {CEK_BYTES} bytes")
    n, e = _member(signing, "n"), _member(signing, "e")
    if 8 * len(n) < RSA_BITS or 8 * len(n) > 8 * RSA_BITS or len(e) > 8:
        raise KeyDocumentError("n or e of the signing key has an impossible length")
    try:
        key = RSAPublicNumbers(int.from_bytes(e), int.from_bytes(n)).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise KeyDocumentError("n and e are no RSA key") from None
    return ValidationKeys(
        cluster_id=cluster_id,
        signing_key=key,
        signing_kid=str(signing["kid"]),
        encryption_key=cek,
        encryption_kid=str(encryption["kid"]),
    )


def _only(items: list[object], use: str, kty: str, alg: str) -> dict[str, object]:
    found = [item for item in items if isinstance(item, dict) and item.get("use") == use]
    if len(found) != 1:
        raise KeyDocumentError(f"{len(found)} keys with use {use} instead of one")
    if found[0].get("kty") != kty or found[0].get("alg") != alg:
        raise KeyDocumentError(f"the key with use {use} is not {kty} for {alg}")
    return found[0]


def _member(key: dict[str, object], name: str) -> bytes:
    value = key.get(name)
    if not isinstance(value, str) or not value.isascii():
        raise KeyDocumentError(f"{name} is missing")
    segment = value.encode("ascii")
    try:
        compact.check_base64url(segment, name)
    except Refusal as refusal:
        raise KeyDocumentError(refusal.detail) from None
    return compact.decode(segment)


def _integer(value: int) -> str:
    return compact.encode(value.to_bytes((value.bit_length() + 7) // 8))
