"""What a validation ends in: the facts of a good token, or the one problem of a bad one (oauth-tokens 9.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from simulator.core.instant import Instant


class TokenProblem(StrEnum):
    """Why a credential was refused. Log and API show it; the wire shows only what `outcomes` allows."""

    # Nothing was sent, or the header field cannot be read: found by the bearer parser, not by the validator.
    TOKEN_ABSENT = "token_absent"  # noqa: S105
    BEARER_SYNTAX = "bearer_syntax"
    MULTIPLE_CREDENTIALS = "multiple_credentials"
    REALM_MISMATCH = "realm_mismatch"
    # Parse
    TOKEN_TOO_LARGE = "token_too_large"  # noqa: S105
    MALFORMED_SEGMENTS = "malformed_segments"
    MALFORMED_B64 = "malformed_b64"
    NONCANONICAL_B64 = "noncanonical_b64"
    MALFORMED_UTF8 = "malformed_utf8"
    MALFORMED_JSON = "malformed_json"
    DUPLICATE_MEMBER = "duplicate_member"
    JSON_TOO_DEEP = "json_too_deep"
    JWE_MALFORMED = "jwe_malformed"
    PAYLOAD_UNEXPECTED = "payload_unexpected"
    # Cryptography
    ALG_NOT_ALLOWED = "alg_not_allowed"
    TYP_MISMATCH = "typ_mismatch"
    CRIT_UNSUPPORTED = "crit_unsupported"
    HEADER_UNEXPECTED = "header_unexpected"
    KID_MISSING = "kid_missing"
    KID_MALFORMED = "kid_malformed"
    KID_UNKNOWN_SIGNING = "kid_unknown_signing"
    KID_UNKNOWN_ENCRYPTION = "kid_unknown_encryption"
    SIGNATURE_INVALID = "signature_invalid"
    JWE_ALG_NOT_ALLOWED = "jwe_alg_not_allowed"
    JWE_ENC_NOT_ALLOWED = "jwe_enc_not_allowed"
    JWE_ZIP = "jwe_zip"
    DECRYPT_FAILED = "decrypt_failed"
    # Kind and claims
    WRONG_TOKEN_KIND = "wrong_token_kind"  # noqa: S105
    CLAIM_MISSING = "claim_missing"
    CLAIM_TYPE = "claim_type"
    CLAIM_RANGE = "claim_range"
    ISSUER_MISMATCH = "issuer_mismatch"
    AUDIENCE_MISMATCH = "audience_mismatch"
    LIFETIME_TOO_LONG = "lifetime_too_long"
    # Time
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    ISSUED_IN_FUTURE = "issued_in_future"
    # Policy
    SCOPE_INSUFFICIENT = "scope_insufficient"
    REVOKED = "revoked"
    SUBJECT_UNKNOWN = "subject_unknown"
    SUBJECT_INACTIVE = "subject_inactive"
    SUBJECT_DEVICE_MISMATCH = "subject_device_mismatch"
    """Judged by the registrar's decision, which knows the device; the validator never returns it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """What a good access token says. Holds no secret: `ref` cannot be used as a credential."""

    ref: str
    """`sha256:` + 12 hex digits of the token's hash (`simulator.core.redact.ref`)."""
    tid: str
    subject: str
    """User id, or the device's name if the token was issued to a device."""
    device: str | None
    """The device's name for a token of `typ` "device" [assumed]; None for a user's."""
    scopes: frozenset[str]
    issued_at: Instant
    expires_at: Instant
    """The first instant at which the token is no longer good (leeway not included)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefused:
    """The first problem found, in the order of oauth-tokens 9."""

    ref: str
    problem: TokenProblem
    detail: str
    """One sentence without any part of the token's secrets."""
    tid: str | None = None
    """The token's id, once the claims could be read."""
