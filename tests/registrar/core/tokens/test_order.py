"""Unusual claims and headers, and which of two problems is reported: the earlier one in oauth-tokens 9."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from registrar.core.tokens import (
    Forge,
    TokenFacts,
    TokenProblem,
    TokenRefused,
    TokenValidator,
    compact,
    mint,
)
from simulator.core.instant import Instant

P = TokenProblem


def _problem(verdict: TokenFacts | TokenRefused) -> TokenProblem | None:
    return verdict.problem if isinstance(verdict, TokenRefused) else None


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


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"p2c": 1}, P.HEADER_UNEXPECTED),
        ({"crit": ["x"]}, P.CRIT_UNSUPPORTED),
        ({"cty": "json"}, P.TYP_MISMATCH),
        ({"kid": None}, P.KID_MALFORMED),
        ({"kid": "1"}, P.KID_MALFORMED),
        ({"alg": ["dir"]}, P.JWE_ALG_NOT_ALLOWED),
        ({"enc": {}}, P.JWE_ENC_NOT_ALLOWED),
        ({"zip": None}, P.JWE_ZIP),
    ],
    ids=str,
)
def test_the_inner_header_is_as_strict_as_the_outer(
    members: dict[str, Any], problem: TokenProblem, forge: Forge, validator: TokenValidator, now: Instant
) -> None:
    token = forge.jwe_part("header", compact.render({**mint.jwe_header(forge.keys), **members}))
    assert _problem(validator.validate(token, now)) is problem


def test_the_inner_header_needs_its_kid(forge: Forge, validator: TokenValidator, now: Instant) -> None:
    header = mint.jwe_header(forge.keys)
    del header["kid"]
    token = forge.jwe_part("header", compact.render(header))
    assert _problem(validator.validate(token, now)) is P.KID_MISSING


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        pytest.param(lambda f: "é" * 9000, P.TOKEN_TOO_LARGE, id="size before characters"),
        pytest.param(lambda f: "é.é", P.MALFORMED_B64, id="ASCII before segments"),
        pytest.param(lambda f: "a b.c", P.MALFORMED_SEGMENTS, id="segments before the alphabet"),
        pytest.param(lambda f: f.header(jku="x", alg="none"), P.HEADER_UNEXPECTED, id="members before alg"),
        pytest.param(lambda f: f.header(alg="none", typ=1), P.ALG_NOT_ALLOWED, id="alg before typ"),
        pytest.param(lambda f: f.header(typ="x", kid=1), P.TYP_MISMATCH, id="typ before kid"),
        pytest.param(
            lambda f: f.header(kid=f.attacker.signing_kid).rpartition(".")[0] + ".",
            P.KID_UNKNOWN_SIGNING,
            id="the kid before the signature",
        ),
        pytest.param(
            lambda f: mint.sign(f.attacker.signing, mint.jws_header(f.keys), b"[]"),
            P.SIGNATURE_INVALID,
            id="the signature before the payload",
        ),
        pytest.param(
            lambda f: f.encrypted(kid=f.keys.signing_kid, key=bytes(range(32)), plaintext=b"[]"),
            P.KID_UNKNOWN_ENCRYPTION,
            id="the inner kid before decryption",
        ),
        pytest.param(
            lambda f: f.with_claims(ctyp="refresh", without="iss"),
            P.WRONG_TOKEN_KIND,
            id="ctyp before all claims",
        ),
        pytest.param(lambda f: f.with_claims(iss="x", aud="uds"), P.ISSUER_MISMATCH, id="iss before aud"),
        pytest.param(
            lambda f: f.with_claims(aud="uds", iat=f.now - 9, exp=f.now - 1),
            P.AUDIENCE_MISMATCH,
            id="aud before the time",
        ),
    ],
)
def test_of_two_problems_the_earlier_one_is_reported(
    build: Callable[[Forge], str],
    problem: TokenProblem,
    forge: Forge,
    validator: TokenValidator,
    now: Instant,
) -> None:
    assert _problem(validator.validate(build(forge), now)) is problem


def test_spaces_around_scopes_are_no_scopes(forge: Forge, validator: TokenValidator, now: Instant) -> None:
    verdict = validator.validate(forge.with_claims(scope=" a  UnifiedCommunications:readwrite "), now)
    assert isinstance(verdict, TokenFacts)
    assert verdict.scopes == {"a", "UnifiedCommunications:readwrite"}
