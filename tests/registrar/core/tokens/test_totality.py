"""No text, however forged, is accepted or escapes as an exception."""

from __future__ import annotations

import os
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from registrar.core.tokens import (
    Forge,
    TokenFacts,
    TokenProblem,
    TokenRefused,
    TokenValidator,
)
from simulator.core.instant import Instant

P = TokenProblem
MUTANTS = int(os.environ.get("UCMSIM_TOKEN_MUTANTS", "2000"))
"""Single-byte mutations per run; the full count of the checklist is 20000."""


def _problem(verdict: TokenFacts | TokenRefused) -> TokenProblem | None:
    return verdict.problem if isinstance(verdict, TokenRefused) else None


def test_no_single_byte_can_be_changed(forge: Forge, validator: TokenValidator, now: Instant) -> None:
    chance = random.Random(20261124)
    token = forge.token
    for _ in range(MUTANTS):
        position = chance.randrange(len(token))
        byte = chr(chance.choice([b for b in range(256) if chr(b) != token[position]]))
        mutant = token[:position] + byte + token[position + 1 :]
        assert isinstance(validator.validate(mutant, now), TokenRefused), f"{byte!r} at {position}"


def test_another_spelling_of_the_same_bytes_is_another_token(
    forge: Forge, validator: TokenValidator, now: Instant
) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(forge.token[-1])
    siblings = [alphabet[last & ~15 | bits] for bits in range(16) if last & ~15 | bits != last]
    assert len(siblings) == 15
    for sibling in siblings:
        assert _problem(validator.validate(forge.token[:-1] + sibling, now)) is P.NONCANONICAL_B64


@given(text=st.text(alphabet=st.characters()))
def test_any_text_is_refused_without_an_exception(text: str, validator: TokenValidator, now: Instant) -> None:
    assert isinstance(validator.validate(text, now), TokenRefused)


@given(pieces=st.lists(st.sampled_from(["eyJ", "e30", ".", "=", "W10", "\ud800", "\udcff", " ", "-_", "A"])))
def test_text_that_looks_like_a_token_is_refused_without_an_exception(
    pieces: list[str], validator: TokenValidator, now: Instant
) -> None:
    assert isinstance(validator.validate("".join(pieces), now), TokenRefused)


@given(header=st.binary(max_size=200))
def test_any_signed_header_is_refused_without_an_exception(
    header: bytes, forge: Forge, validator: TokenValidator, now: Instant
) -> None:
    assert isinstance(validator.validate(forge.header_text(header), now), TokenRefused)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=12,
)


@given(
    name=st.sampled_from(["exp", "iat", "iss", "aud", "sub", "scope", "ctyp", "typ", "tid", "nbf"]), value=_JSON
)
def test_any_value_of_any_claim_gets_a_verdict(
    name: str, value: Any, forge: Forge, validator: TokenValidator, now: Instant
) -> None:
    verdict = validator.validate(forge.with_claims(**{name: value}), now)
    assert isinstance(verdict, TokenFacts | TokenRefused)


@given(plaintext=st.binary(max_size=200))
def test_any_encrypted_bytes_are_refused_without_an_exception(
    plaintext: bytes, forge: Forge, validator: TokenValidator, now: Instant
) -> None:
    assert isinstance(validator.validate(forge.encrypted(plaintext=plaintext), now), TokenRefused)


@given(
    private=st.text(max_size=60)
    | st.from_regex(r"[A-Za-z0-9_-]{0,8}(\.[A-Za-z0-9_-]{0,24}){4}", fullmatch=True)
)
def test_any_signed_jwe_text_is_refused_without_an_exception(
    private: str, forge: Forge, validator: TokenValidator, now: Instant
) -> None:
    assert isinstance(validator.validate(forge.private_is(private), now), TokenRefused)
