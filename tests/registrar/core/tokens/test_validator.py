"""The validator's clock, cache and hooks, and what its verdicts never show."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from uuid import UUID

import pytest

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
