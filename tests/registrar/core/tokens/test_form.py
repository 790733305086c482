"""What is minted has the form of the published token (oauth-tokens 1), and other libraries read it alike."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from hashlib import sha256
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwcrypto import jwe, jwk, jws  # type: ignore[import-untyped]
from jwcrypto.common import base64url_encode  # type: ignore[import-untyped]

from registrar.core.tokens import (
    AccessClaims,
    ClusterKeys,
    Forge,
    RefreshClaims,
    TokenFacts,
    TokenValidator,
    mint_access,
    mint_refresh,
)
from simulator.core.instant import Instant

NOW = Instant(1_780_000_000.5)
CLAIMS = AccessClaims(subject="bob", tid=UUID(int=7), issued_at=NOW, refresh_tid=UUID(int=8))


def _bytes(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _oracle_keys(keys: ClusterKeys) -> tuple[jwk.JWK, jwk.JWK]:
    return jwk.JWK.from_pyca(keys.signing), jwk.JWK(kty="oct", k=base64url_encode(keys.encryption))


def test_an_access_token_has_the_published_size_and_parts(keys: ClusterKeys) -> None:
    token = mint_access(keys, CLAIMS)
    header, payload, signature = token.split(".")
    assert len(token) == 1999
    assert _bytes(header).decode() == f'{{"alg":"RS256","typ":"JWT","kid":"{keys.signing_kid}"}}'
    assert list(json.loads(_bytes(payload))) == ["private"]
    assert len(_bytes(signature)) == 256
    inner, encrypted_key, iv, ciphertext, tag = json.loads(_bytes(payload))["private"].split(".")
    kid = keys.encryption_kid
    assert _bytes(inner).decode() == f'{{"alg":"dir","cty":"JWT","enc":"A128CBC-HS256","kid":"{kid}"}}'
    assert encrypted_key == ""
    assert [len(_bytes(part)) for part in (iv, ciphertext, tag)] == [16, 624, 16]


def test_a_refresh_token_has_the_published_size_and_members(keys: ClusterKeys) -> None:
    token = mint_refresh(keys, RefreshClaims(tid=UUID(int=8), issued_at=NOW))
    header, payload, _ = token.split(".")
    assert len(token) == 811
    assert list(json.loads(_bytes(header))) == ["alg", "typ", "kid"]
    claims = json.loads(_bytes(payload))
    assert list(claims) == ["exp", "iss", "typ", "tid", "ctyp", "ccid"]
    assert claims["exp"] == 1_780_000_000 + 60 * 86_400
    assert claims["iss"] == keys.cluster_id


@pytest.mark.parametrize("subject", ["b", "bob", "a.rather.long.user.name@collaboration.example.com"])
def test_padding_hides_the_length_of_the_claims(subject: str, keys: ClusterKeys) -> None:
    assert len(mint_access(keys, AccessClaims(subject=subject, tid=UUID(int=7), issued_at=NOW))) == 1999


def test_claims_too_long_for_the_padding_still_make_a_good_token(
    keys: ClusterKeys, validator: TokenValidator
) -> None:
    claims = AccessClaims(
        subject="bob", tid=UUID(int=7), issued_at=NOW, scope=CLAIMS.scope + " x" * 400, refresh_tid=UUID(int=8)
    )
    token = mint_access(keys, claims)
    assert len(token) > 1999
    assert isinstance(validator.validate(token, NOW), TokenFacts)


def test_both_kids_are_the_cluster_and_a_hash_of_the_key(keys: ClusterKeys) -> None:
    spki = keys.signing.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert keys.signing_kid == f"{keys.cluster_id}:{sha256(spki).hexdigest()}"
    assert keys.encryption_kid == f"{keys.cluster_id}:{sha256(keys.encryption).hexdigest()}"


def test_regenerating_one_key_leaves_the_other_alone(keys: ClusterKeys, attacker: ClusterKeys) -> None:
    signing = keys.with_new_signing(attacker.signing)
    assert signing.signing_kid == attacker.signing_kid
    assert signing.encryption_kid == keys.encryption_kid
    encryption = keys.with_new_encryption()
    assert encryption.encryption_kid != keys.encryption_kid
    assert encryption.signing_kid == keys.signing_kid


def test_a_cluster_id_is_written_in_lower_case(keys: ClusterKeys) -> None:
    created = ClusterKeys.create(keys.cluster_id.upper(), signing=keys.signing, encryption=bytes(32))
    assert created.cluster_id == keys.cluster_id


def test_unusable_keys_are_refused_with_their_reason(keys: ClusterKeys) -> None:
    with pytest.raises(ValueError, match="32 bytes, this one has 16"):
        keys.with_new_encryption(bytes(16))
    with pytest.raises(ValueError, match="at least 2048 bits, this one has 1024"):
        keys.with_new_signing(generate_private_key(public_exponent=65537, key_size=1024))
    with pytest.raises(ValueError, match="badly formed hexadecimal UUID"):
        ClusterKeys.create("ucm-pub", signing=keys.signing)


def test_no_key_is_ever_printed(keys: ClusterKeys) -> None:
    for shown in (repr(keys), repr(keys.public), str(keys)):
        assert repr(keys.encryption) not in shown
        assert keys.encryption.hex() not in shown
        assert "RSA" not in shown


def test_jwcrypto_opens_what_we_mint(keys: ClusterKeys) -> None:
    signing, encryption = _oracle_keys(keys)
    outer = jws.JWS()
    outer.allowed_algs = ["RS256"]
    outer.deserialize(mint_access(keys, CLAIMS), signing)
    inner = jwe.JWE(algs=["dir", "A128CBC-HS256"])
    inner.deserialize(json.loads(outer.payload)["private"], encryption)
    claims = json.loads(inner.payload)
    assert 608 <= len(inner.payload) <= 623
    assert {name: value for name, value in claims.items() if name != "pad"} == {
        "exp": 1_780_003_600,
        "iss": keys.cluster_id,
        "typ": "user",
        "tid": str(UUID(int=7)),
        "ctyp": "access",
        "ccid": CLAIMS.client_id,
        "sub": "bob",
        "scope": "UnifiedCommunications:readwrite",
        "iat": 1_780_000_000,
        "aud": "cucm",
        "rtid": str(UUID(int=8)),
    }


def test_we_accept_what_jwcrypto_mints(keys: ClusterKeys, forge: Forge, validator: TokenValidator) -> None:
    signing, encryption = _oracle_keys(keys)
    inner = jwe.JWE(
        json.dumps(forge.document).encode(),
        protected=json.dumps({"alg": "dir", "cty": "JWT", "enc": "A128CBC-HS256", "kid": keys.encryption_kid}),
    )
    inner.add_recipient(encryption)
    outer = jws.JWS(json.dumps({"private": inner.serialize(compact=True)}))
    outer.add_signature(signing, protected=json.dumps({"alg": "RS256", "typ": "JWT", "kid": keys.signing_kid}))
    verdict = validator.validate(outer.serialize(compact=True), NOW)
    assert isinstance(verdict, TokenFacts)
    assert verdict.subject == "bob"


def test_a_device_token_names_its_device(keys: ClusterKeys, validator: TokenValidator) -> None:
    claims = AccessClaims(subject="alice", tid=UUID(int=7), issued_at=NOW, principal="device")
    verdict = validator.validate(mint_access(keys, claims), NOW)
    assert isinstance(verdict, TokenFacts)
    assert verdict.device == verdict.subject == "alice"
