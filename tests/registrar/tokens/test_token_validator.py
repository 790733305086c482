"""The validator's clock, cache, hooks and totality."""

from __future__ import annotations

import os
import random
import tracemalloc
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrar.core.tokens import (
    MUTATIONS,
    AccessClaims,
    ClusterKeys,
    Forge,
    SubjectStatus,
    TokenFacts,
    TokenPolicy,
    TokenProblem,
    TokenRefused,
    TokenValidator,
    mint_access,
)
from simulator.core import redact
from simulator.core.instant import Instant

P = TokenProblem
MUTANTS = int(os.environ.get("UCMSIM_TOKEN_MUTANTS", "2000"))
"""Single-byte mutations per run; the full count of the checklist is 20000."""


def _problem(verdict: TokenFacts | TokenRefused) -> TokenProblem | None:
    return verdict.problem if isinstance(verdict, TokenRefused) else None


class Users:
    """A user database that can change its mind, and counts what it is asked."""

    def __init__(self) -> None:
        self.status: SubjectStatus = "active"
        self.revoked = False
        self.asked = 0

    def subject(self, sub: str) -> SubjectStatus:
        self.asked += 1
        return self.status

    def is_revoked(self, tid: str) -> bool:
        return self.revoked

    def validator(self, keys: ClusterKeys, policy: TokenPolicy, cache_size: int = 100) -> TokenValidator:
        return TokenValidator(keys.public, policy, self.subject, revoked=self.is_revoked, cache_size=cache_size)


def test_a_good_token_tells_its_facts(forge: Forge, validator: TokenValidator, now: Instant) -> None:
    assert validator.validate(forge.token, now) == TokenFacts(
        ref=redact.ref(forge.token),
        tid=str(UUID(int=7)),
        subject="bob",
        device=None,
        scopes=frozenset({"UnifiedCommunications:readwrite"}),
        issued_at=now,
        expires_at=Instant(now + 3600),
    )


@pytest.mark.parametrize("cached", [False, True], ids=["a new token", "a remembered token"])
@pytest.mark.parametrize(
    ("leeway", "after", "problem"),
    [
        pytest.param(0.0, 0.0, None, id="is good at its iat"),
        pytest.param(0.0, -0.001, P.ISSUED_IN_FUTURE, id="is not good before its iat"),
        pytest.param(0.0, 3599.999, None, id="is good until just before its exp"),
        pytest.param(0.0, 3600.0, P.EXPIRED, id="is expired at its exp"),
        pytest.param(90.0, -90.0, None, id="is good a leeway before its iat"),
        pytest.param(90.0, -90.5, P.ISSUED_IN_FUTURE, id="is not good before the leeway"),
        pytest.param(90.0, 3689.9, None, id="is good within the leeway after its exp"),
        pytest.param(90.0, 3690.0, P.EXPIRED, id="is expired at the end of the leeway"),
    ],
)
def test_the_clock_boundary(
    cached: bool,
    leeway: float,
    after: float,
    problem: TokenProblem | None,
    keys: ClusterKeys,
    forge: Forge,
    now: Instant,
) -> None:
    validator = Users().validator(keys, TokenPolicy(issuer=keys.cluster_id, leeway=leeway))
    if cached:
        assert _problem(validator.validate(forge.token, now)) is None
    assert _problem(validator.validate(forge.token, Instant(now + after))) is problem


def test_a_clock_that_steps_back_finds_an_expired_token_good_again(
    keys: ClusterKeys, policy: TokenPolicy, forge: Forge, now: Instant
) -> None:
    validator = Users().validator(keys, policy)
    for after, problem in ((0, None), (3600, P.EXPIRED), (10, None), (-10, P.ISSUED_IN_FUTURE), (20, None)):
        assert _problem(validator.validate(forge.token, Instant(now + after))) is problem


def test_a_remembered_token_is_not_opened_again(
    keys: ClusterKeys, policy: TokenPolicy, forge: Forge, now: Instant
) -> None:
    validator = Users().validator(keys, policy)
    assert validator.validate(forge.token, now) is validator.validate(forge.token + "", now)


def test_subject_and_revocation_are_asked_every_time(
    keys: ClusterKeys, policy: TokenPolicy, forge: Forge, now: Instant
) -> None:
    users = Users()
    validator = users.validator(keys, policy)
    assert _problem(validator.validate(forge.token, now)) is None
    statuses: tuple[tuple[SubjectStatus, TokenProblem | None], ...] = (
        ("inactive", P.SUBJECT_INACTIVE),
        ("unknown", P.SUBJECT_UNKNOWN),
        ("active", None),
    )
    for status, problem in statuses:
        users.status = status
        assert _problem(validator.validate(forge.token, now)) is problem
    users.revoked = True
    assert _problem(validator.validate(forge.token, now)) is P.REVOKED


def test_policy_problems_come_last_and_in_order(
    keys: ClusterKeys, policy: TokenPolicy, forge: Forge, now: Instant
) -> None:
    users = Users()
    users.status, users.revoked = "inactive", True
    validator = users.validator(keys, policy)
    expired = forge.with_claims(iat=int(now) - 3601, exp=int(now) - 1, scope="x")
    assert _problem(validator.validate(expired, now)) is P.EXPIRED
    assert _problem(validator.validate(forge.with_claims(scope="x"), now)) is P.SCOPE_INSUFFICIENT
    assert _problem(validator.validate(forge.token, now)) is P.REVOKED
    users.revoked = False
    assert _problem(validator.validate(forge.token, now)) is P.SUBJECT_INACTIVE


def test_keys_read_again_make_the_validator_forget(
    keys: ClusterKeys, attacker: ClusterKeys, policy: TokenPolicy, forge: Forge, now: Instant
) -> None:
    validator = Users().validator(keys, policy)
    assert _problem(validator.validate(forge.token, now)) is None
    validator.load(keys.with_new_encryption().public)
    assert _problem(validator.validate(forge.token, now)) is P.KID_UNKNOWN_ENCRYPTION
    validator.load(keys.with_new_signing(attacker.signing).public)
    assert _problem(validator.validate(forge.token, now)) is P.KID_UNKNOWN_SIGNING
    validator.load(keys.public)
    assert _problem(validator.validate(forge.token, now)) is None


def test_the_least_recently_used_token_is_forgotten_first(
    keys: ClusterKeys, policy: TokenPolicy, now: Instant
) -> None:
    validator = Users().validator(keys, policy, cache_size=2)
    first, second, third = (
        mint_access(keys, AccessClaims(subject="bob", tid=UUID(int=n), issued_at=now)) for n in range(3)
    )
    facts = validator.validate(first, now)
    other = validator.validate(second, now)
    assert validator.validate(first, now) is facts
    validator.validate(third, now)
    assert validator.validate(first, now) is facts
    assert validator.validate(second, now) is not other


def test_bad_tokens_leave_nothing_behind(
    keys: ClusterKeys, policy: TokenPolicy, forge: Forge, now: Instant
) -> None:
    validator = Users().validator(keys, policy, cache_size=10_000)
    bad = [m.apply(forge) for m in MUTATIONS.values() if m.row < 86]

    def flood(start: int) -> None:
        for number in range(start, start + 400):
            for token in bad[::8]:
                assert isinstance(validator.validate(f"{token[:-9]}{number:09d}", now), TokenRefused)

    flood(0)
    tracemalloc.start()
    try:
        flood(1000)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 100_000


def test_a_cache_of_no_size_is_no_cache(
    keys: ClusterKeys, policy: TokenPolicy, forge: Forge, now: Instant
) -> None:
    validator = Users().validator(keys, policy, cache_size=0)
    assert validator.validate(forge.token, now) is not validator.validate(forge.token, now)


@pytest.mark.parametrize("leeway", [-1.0, 120.5, float("nan")])
def test_a_leeway_beyond_two_minutes_is_no_policy(leeway: float) -> None:
    with pytest.raises(ValueError, match="leeway must be 0 to 120 seconds"):
        TokenPolicy(issuer="x", leeway=leeway)


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"aud": ["uds", "cucm"]}, None),
        ({"aud": []}, P.AUDIENCE_MISMATCH),
        ({"aud": ["cucm", 1]}, P.CLAIM_TYPE),
        ({"aud": "cucm2"}, P.AUDIENCE_MISMATCH),
        ({"scope": "openid UnifiedCommunications:readwrite"}, None),
        ({"scope": ["UnifiedCommunications:readwrite"]}, P.CLAIM_TYPE),
        ({"scope": ""}, P.SCOPE_INSUFFICIENT),
        ({"exp": 1_780_003_600.0}, P.CLAIM_TYPE),
        ({"exp": 10**400}, P.CLAIM_TYPE),
        ({"iat": None}, P.CLAIM_TYPE),
        ({"nbf": "0"}, P.CLAIM_TYPE),
        ({"sub": {}}, P.CLAIM_TYPE),
        ({"tid": 5}, P.CLAIM_TYPE),
        ({"x": [[[[[[[[1]]]]]]]]}, P.JSON_TOO_DEEP),
        ({"x": [[[[[[[1]]]]]]]}, None),
        ({"x": '[[[[[[[[[[[["{{{{{{{\\'}, None),
    ],
    ids=str,
)
def test_claims_of_unusual_shape(
    members: dict[str, Any], problem: TokenProblem | None, forge: Forge, validator: TokenValidator, now: Instant
) -> None:
    assert _problem(validator.validate(forge.with_claims(**members), now)) is problem


def test_half_a_surrogate_pair_never_reaches_the_user_database(
    forge: Forge, validator: TokenValidator, now: Instant
) -> None:
    verdict = validator.validate(forge.with_raw_claim("sub", r'"bob\ud800"'), now)
    assert _problem(verdict) is P.MALFORMED_UTF8
    whole = validator.validate(forge.with_raw_claim("sub", r'"bob\ud83d\ude00"'), now)
    assert _problem(whole) is P.SUBJECT_UNKNOWN


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


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_verdict_never_shows_the_token_or_the_secret_part_of_its_claims(
    name: str, forge: Forge, new_validator: Callable[[], TokenValidator], now: Instant
) -> None:
    token = MUTATIONS[name].apply(forge)
    shown = repr(new_validator().validate(token, now))
    pieces = [
        piece for segment in token.split(".") for piece in (segment[:24], segment[-24:]) if len(piece) > 8
    ]
    assert not [piece for piece in pieces if piece in shown]
    assert forge.keys.encryption_kid not in shown
    assert forge.claims.client_id not in shown
