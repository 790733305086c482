"""What `ucmsim token inspect` shows: as much as can be read, and the validator's verdict."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrar.core.tokens import (
    MUTATIONS,
    ClusterKeys,
    Forge,
    TokenProblem,
    TokenValidator,
    inspect_token,
    mutate,
)
from simulator.core.instant import Instant


def test_a_good_token_is_shown_whole(
    forge: Forge, keys: ClusterKeys, validator: TokenValidator, now: Instant
) -> None:
    shown = inspect_token(forge.token, keys.public, Instant(now + 600), validator)
    assert shown.refused is None
    assert (shown.kind, shown.size, shown.expires_in) == ("access", 1999, 3000)
    assert (shown.signing_key, shown.signature_valid) == ("loaded", True)
    assert (shown.encryption_key, shown.decrypted) == ("loaded", True)
    assert shown.claims == forge.document
    assert shown.as_json()["accepted"] is True


def test_an_expired_token_says_why_and_since_when(
    forge: Forge, keys: ClusterKeys, validator: TokenValidator, now: Instant
) -> None:
    shown = inspect_token(forge.token, keys.public, Instant(now + 3700), validator).as_json()
    assert shown["problem"] == "expired"
    assert shown["detail"] == "expired 100 s ago"
    assert shown["expires_in"] == -100


def test_claims_are_shown_even_if_the_signature_is_bad(
    forge: Forge, keys: ClusterKeys, validator: TokenValidator, now: Instant
) -> None:
    shown = inspect_token(mutate("attacker-signature", forge), keys.public, now, validator)
    assert (shown.signature_valid, shown.signing_key, shown.decrypted) == (False, "loaded", True)
    assert shown.claims == forge.document


def test_a_stale_encryption_key_hides_the_claims(
    forge: Forge, keys: ClusterKeys, validator: TokenValidator, now: Instant
) -> None:
    shown = inspect_token(forge.token, keys.with_new_encryption().public, now, validator)
    assert (shown.signature_valid, shown.encryption_key, shown.decrypted) == (True, "not loaded", False)
    assert shown.claims is None
    assert shown.refused is None, "the validator has the right key"


def test_a_refresh_token_and_a_bare_jwe_are_recognised(
    forge: Forge, keys: ClusterKeys, validator: TokenValidator, now: Instant
) -> None:
    refresh = inspect_token(mutate("refresh-token", forge), keys.public, now, validator)
    assert (refresh.kind, refresh.decrypted) == ("refresh", False)
    assert refresh.claims is not None
    assert refresh.claims["ctyp"] == "refresh"
    bare = inspect_token(mutate("bare-jwe", forge), keys.public, now, validator)
    assert (bare.kind, bare.decrypted, bare.claims) == ("bare jwe", True, forge.document)


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_forgery_can_be_shown_as_json(
    name: str, forge: Forge, keys: ClusterKeys, validator: TokenValidator, now: Instant
) -> None:
    mutation = MUTATIONS[name]
    shown = inspect_token(mutation.apply(forge), keys.public, now, validator).as_json()
    json.dumps(shown, allow_nan=False)
    if mutation.problem is not TokenProblem.SUBJECT_DEVICE_MISMATCH:
        assert shown["problem"] == mutation.problem


@given(
    text=st.text(alphabet=st.characters())
    | st.lists(st.sampled_from(["e30", ".", "W10", "\ud800"])).map("".join)
)
def test_any_text_can_be_inspected(
    text: str, keys: ClusterKeys, validator: TokenValidator, now: Instant
) -> None:
    shown = inspect_token(text, keys.public, now, validator)
    assert shown.refused is not None
    json.dumps(shown.as_json(), allow_nan=False)


@given(
    header=st.dictionaries(
        st.sampled_from(["alg", "enc", "cty", "kid", "zip", "crit"]), st.lists(st.integers())
    )
)
def test_any_jwe_header_can_be_inspected(
    header: dict[str, object], forge: Forge, keys: ClusterKeys, validator: TokenValidator, now: Instant
) -> None:
    token = forge.jwe_part("header", json.dumps(header).encode())
    assert inspect_token(token, keys.public, now, validator).jwe_header == header
