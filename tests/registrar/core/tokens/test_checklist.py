"""The attack checklist of oauth-tokens 10, rows A to E: each row ends in exactly the checklist's reason."""

from __future__ import annotations

import hmac
import sys
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from registrar.core.tokens import (
    MUTATIONS,
    ClusterKeys,
    Forge,
    Mutation,
    TokenFacts,
    TokenProblem,
    TokenRefused,
    TokenValidator,
    compact,
    mutate,
)
from simulator.core.instant import Instant

P = TokenProblem
CHECKLIST: dict[TokenProblem, tuple[int, ...]] = {
    P.TOKEN_ABSENT: (1,),
    P.TOKEN_TOO_LARGE: (2,),
    P.MALFORMED_SEGMENTS: (3, 4, 5),
    P.WRONG_TOKEN_KIND: (6, 41, 42, 43),
    P.MALFORMED_B64: (7, 8, 9, 10, 11),
    P.NONCANONICAL_B64: (12,),
    P.MALFORMED_JSON: (13, 14, 61, 62, 76),
    P.MALFORMED_UTF8: (15,),
    P.DUPLICATE_MEMBER: (16, 63),
    P.JSON_TOO_DEEP: (17,),
    P.ALG_NOT_ALLOWED: (18, 19, 20, 21, 22, 23),
    P.TYP_MISMATCH: (24, 91),
    P.CRIT_UNSUPPORTED: (25,),
    P.HEADER_UNEXPECTED: (26, 27, 28, 29, 30),
    P.KID_MISSING: (31,),
    P.KID_MALFORMED: (32, 33, 34),
    P.KID_UNKNOWN_SIGNING: (35, 36),
    P.SIGNATURE_INVALID: (37, 38, 39, 40),
    P.PAYLOAD_UNEXPECTED: (44,),
    P.JWE_MALFORMED: (45, 58, 59, 60),
    P.JWE_ALG_NOT_ALLOWED: (49,),
    P.JWE_ENC_NOT_ALLOWED: (50,),
    P.JWE_ZIP: (51,),
    P.KID_UNKNOWN_ENCRYPTION: (52,),
    P.DECRYPT_FAILED: (53, 54, 55, 56, 57),
    P.CLAIM_MISSING: (64, 65, 66, 67, 68, 69),
    P.CLAIM_TYPE: (70, 71, 72, 73, 74, 75),
    P.ISSUER_MISMATCH: (77,),
    P.AUDIENCE_MISMATCH: (78,),
    P.EXPIRED: (79, 80),
    P.NOT_YET_VALID: (81,),
    P.ISSUED_IN_FUTURE: (82,),
    P.CLAIM_RANGE: (83,),
    P.LIFETIME_TOO_LONG: (84, 85),
    P.SCOPE_INSUFFICIENT: (86, 87),
    P.SUBJECT_UNKNOWN: (88, 89),
    P.SUBJECT_INACTIVE: (90,),
    P.SUBJECT_DEVICE_MISMATCH: (92,),
    P.REVOKED: (93,),
}
REASON = {row: problem for problem, rows in CHECKLIST.items() for row in rows}
_JUDGED_ELSEWHERE = {P.SUBJECT_DEVICE_MISMATCH}


def _sentence(mutation: Mutation) -> str:
    return f"row {mutation.row}, {mutation.text}, is {mutation.problem}"


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=_sentence)
def test_a_forged_token_is_refused_for_the_checklists_reason(
    mutation: Mutation, forge: Forge, validator: TokenValidator, now: Instant
) -> None:
    verdict = validator.validate(mutation.apply(forge), now)
    assert mutation.problem is REASON[mutation.row]
    if mutation.problem in _JUDGED_ELSEWHERE:
        assert isinstance(verdict, TokenFacts)
        assert verdict.subject == forge.other_subject
    else:
        assert isinstance(verdict, TokenRefused)
        assert verdict.problem is REASON[mutation.row]


def test_every_row_of_the_checklist_but_46_to_48_is_a_mutation() -> None:
    assert [m.row for m in MUTATIONS.values()] == [row for row in range(1, 94) if row not in (46, 47, 48)]


def test_every_mutation_is_found_under_its_own_kebab_case_name() -> None:
    assert all(name == m.name for name, m in MUTATIONS.items())
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for name in MUTATIONS)


def test_every_problem_but_those_of_the_header_field_is_reached_by_a_mutation() -> None:
    of_the_header_field = {P.BEARER_SYNTAX, P.MULTIPLE_CREDENTIALS, P.REALM_MISMATCH}
    assert {m.problem for m in MUTATIONS.values()} == set(P) - of_the_header_field


def test_an_unknown_mutation_is_answered_with_the_nearest_names(forge: Forge) -> None:
    with pytest.raises(ValueError, match=r"'expird'; did you mean expired"):
        mutate("expird", forge)


def test_forgeries_of_claims_keep_the_published_size(forge: Forge) -> None:
    for name in ("expired", "aud-uds", "subject-unknown", "sub-missing"):
        assert len(mutate(name, forge)) == 1999


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("5f2b" * 16, P.MALFORMED_SEGMENTS),
        ("PHNhbWxwOlJlc3BvbnNlIHhtbG5zPSJ4Ij48L3NhbWxwOlJlc3BvbnNlPg==", P.MALFORMED_SEGMENTS),
    ],
    ids=["row 47, a legacy opaque token", "row 48, a SAML assertion"],
)
def test_other_credentials_are_no_tokens(
    text: str, problem: TokenProblem, validator: TokenValidator, now: Instant
) -> None:
    verdict = validator.validate(text, now)
    assert isinstance(verdict, TokenRefused)
    assert verdict.problem is problem


def test_every_failed_decryption_reads_the_same(forge: Forge, validator: TokenValidator, now: Instant) -> None:
    verdicts = [
        validator.validate(m.apply(forge), now) for m in MUTATIONS.values() if m.problem is P.DECRYPT_FAILED
    ]
    texts = {v.detail for v in verdicts if isinstance(v, TokenRefused)}
    assert len(verdicts) == 5
    assert len(texts) == 1


def test_an_nbf_in_the_past_is_fine(forge: Forge, validator: TokenValidator, now: Instant) -> None:
    assert isinstance(validator.validate(forge.with_claims(nbf=int(now)), now), TokenFacts)


def test_crit_beside_b64_is_refused_for_crit(forge: Forge, validator: TokenValidator, now: Instant) -> None:
    verdict = validator.validate(forge.header(b64=False, crit=["b64"]), now)
    assert isinstance(verdict, TokenRefused)
    assert verdict.problem is P.CRIT_UNSUPPORTED


class _Outbound:
    """Counts audit events of the network while it is on; an audit hook cannot be taken out again."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[object, ...]) -> None:
        if self.on and event.startswith(("socket.", "urllib.", "http.", "subprocess.", "os.system")):
            self.seen.append(event)


@pytest.fixture(scope="module")
def outbound() -> _Outbound:
    return _Outbound()


@pytest.fixture
def listening(outbound: _Outbound) -> Iterator[_Outbound]:
    outbound.seen.clear()
    outbound.on = True
    yield outbound
    outbound.on = False


@pytest.mark.parametrize("name", ["jku", "x5u", "x5c", "jwk-embedded"])
def test_a_header_that_points_elsewhere_makes_no_request(
    name: str, forge: Forge, validator: TokenValidator, now: Instant, listening: _Outbound
) -> None:
    assert isinstance(validator.validate(mutate(name, forge), now), TokenRefused)
    assert listening.seen == []


def test_bad_padding_under_a_good_tag_reads_like_any_failed_decryption(
    forge: Forge, keys: ClusterKeys, validator: TokenValidator, now: Instant
) -> None:
    header = forge.private.split(".")[0]
    iv = bytes(16)
    encryptor = Cipher(AES(keys.encryption[16:]), CBC(iv)).encryptor()
    ciphertext = encryptor.update(bytes(32)) + encryptor.finalize()
    associated = header.encode()
    authenticated = associated + iv + ciphertext + (8 * len(associated)).to_bytes(8, "big")
    tag = hmac.digest(keys.encryption[:16], authenticated, "sha256")[:16]
    private = ".".join((header, "", *map(compact.encode, (iv, ciphertext, tag))))
    padded = validator.validate(forge.private_is(private), now)
    flipped = validator.validate(mutate("jwe-tag-flip", forge), now)
    assert isinstance(padded, TokenRefused)
    assert isinstance(flipped, TokenRefused)
    assert (padded.problem, padded.detail) == (P.DECRYPT_FAILED, flipped.detail)
