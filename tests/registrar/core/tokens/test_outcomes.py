"""The wire's answers: total, few, and as oauth-tokens 9.1 has them."""

from __future__ import annotations

import pytest

from registrar.core.tokens import OUTCOMES, Dialect, TokenProblem, answer

P = TokenProblem
DIALECTS: tuple[Dialect, ...] = ("ucm", "rfc8898", "resource")


def test_every_problem_has_an_outcome() -> None:
    assert set(OUTCOMES) == set(TokenProblem)


@pytest.mark.parametrize("group", ["parse", "crypto", "claims", "time"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_wire_is_no_oracle_for_what_is_wrong_with_a_token(group: str, dialect: Dialect) -> None:
    answers = {answer(problem, dialect) for problem, outcome in OUTCOMES.items() if outcome.group == group}
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("problem", "ucm", "rfc8898", "resource"),
    [
        (P.TOKEN_ABSENT, (407, None), (401, None), (401, None)),
        (P.MULTIPLE_CREDENTIALS, (400, None), (400, None), (400, "invalid_request")),
        (P.REALM_MISMATCH, (407, None), (401, "invalid_token"), (400, "invalid_request")),
        (P.MALFORMED_JSON, (407, None), (401, "invalid_token"), (401, "invalid_token")),
        (P.SIGNATURE_INVALID, (407, None), (401, "invalid_token"), (401, "invalid_token")),
        (P.EXPIRED, (407, None), (401, "invalid_token"), (401, "invalid_token")),
        (P.REVOKED, (403, None), (401, "invalid_token"), (401, "invalid_token")),
        (P.SCOPE_INSUFFICIENT, (403, None), (401, "invalid_scope"), (403, "insufficient_scope")),
        (P.SUBJECT_DEVICE_MISMATCH, (403, None), (403, None), (403, "insufficient_scope")),
    ],
)
def test_the_answer_in_each_dialect(
    problem: TokenProblem,
    ucm: tuple[int, str | None],
    rfc8898: tuple[int, str | None],
    resource: tuple[int, str | None],
) -> None:
    found = [(a.status, a.error) for a in (answer(problem, dialect) for dialect in DIALECTS)]
    assert found == [ucm, rfc8898, resource]


def test_only_the_bare_challenge_was_seen_from_a_real_ucm() -> None:
    assert [p for p, outcome in OUTCOMES.items() if outcome.ucm.mark != "assumed"] == [P.TOKEN_ABSENT]
