"""Makes tokens of the published form (oauth-tokens 1): what the authorization service hands out.

An access token is a JWS over `{"private": <JWE of the claims>}`: encrypted inside, signed outside [observed].
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from joserfc import jwe
from joserfc.jwk import OctKey
from jwt import get_algorithm_by_name

from registrar.core.tokens import compact
from registrar.core.tokens.claims import AccessClaims, Document, RefreshClaims
from registrar.core.tokens.keys import ClusterKeys

RS256 = get_algorithm_by_name("RS256")
JWE_REGISTRY = jwe.JWERegistry(algorithms=["dir", "A128CBC-HS256"])

PLAINTEXT_BYTES = 610
"""The published ciphertext of 624 bytes holds 608 to 623 of claims [observed]; "pad" fills up [assumed]."""


def mint_access(keys: ClusterKeys, claims: AccessClaims) -> str:
    """Mint an access token: 1,999 characters unless the claims are unusually long."""
    return seal(keys, padded(claims.document(keys.cluster_id)))


def mint_refresh(keys: ClusterKeys, claims: RefreshClaims) -> str:
    """Mint a refresh token: 811 characters, signed and readable, for the authorization service alone."""
    return sign(keys.signing, jws_header(keys), compact.render(claims.document(keys.cluster_id)))


def seal(keys: ClusterKeys, document: Document) -> str:
    """Encrypt and sign any claims, good or bad."""
    private = encrypt(keys.encryption, jwe_header(keys), compact.render(document))
    return sign(keys.signing, jws_header(keys), compact.render({"private": private}))


def jws_header(keys: ClusterKeys) -> Document:
    """Return the header of a token, members in their published order."""
    return {"alg": "RS256", "typ": "JWT", "kid": keys.signing_kid}


def jwe_header(keys: ClusterKeys) -> Document:
    """Return the header of the JWE, members in their published order.

    `cty` says JWT, but bare claims fit the published size [assumed].
    """
    return {"alg": "dir", "cty": "JWT", "enc": "A128CBC-HS256", "kid": keys.encryption_kid}


def encrypt(cek: bytes, header: Document, plaintext: bytes) -> str:
    """Encrypt to a compact JWE; the initialisation vector comes from the operating system."""
    return jwe.encrypt_compact(dict(header), plaintext, OctKey.import_key(cek), registry=JWE_REGISTRY)


def sign(key: RSAPrivateKey, header: Document, payload: bytes) -> str:
    """Sign to a compact JWS with RS256, whatever the header says."""
    signing_input = f"{compact.encode(compact.render(header))}.{compact.encode(payload)}"
    signature = RS256.sign(signing_input.encode("ascii"), key)
    return f"{signing_input}.{compact.encode(signature)}"


def padded(document: Document) -> Document:
    """Return `document` with a "pad" that brings its JSON to `PLAINTEXT_BYTES`; a longer one stays as it is."""
    missing = PLAINTEXT_BYTES - len(compact.render({**document, "pad": ""}))
    return {**document, "pad": "0" * missing} if missing >= 0 else document
