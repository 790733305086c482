"""The answer on the wire to each token problem: the one place where a real trace corrects an assumption.

Log and API carry the exact problem; the wire has few answers, so that it is no oracle (oauth-tokens 9.1).
No public trace shows UCM's answer to a REGISTER with a bad token: another 407, and 403 if a new token would not
help, are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from registrar.core.tokens.problems import TokenProblem as P
from simulator.core.mark import Mark

Dialect = Literal["ucm", "rfc8898", "resource"]
"""SIP as UCM speaks it, SIP by RFC 8898, and an HTTP resource by RFC 6750."""
Group = Literal["none", "syntax", "parse", "crypto", "claims", "time", "policy"]


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """How a problem of a token is answered on the wire."""

    status: int
    error: str | None
    """The challenge's `error` parameter; None: the parameter is left out."""
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOutcome:
    """The answers to one problem, by dialect."""

    group: Group
    ucm: WireAnswer
    rfc8898: WireAnswer
    resource: WireAnswer


def answer(problem: P, dialect: Dialect) -> WireAnswer:
    """Return the answer to a problem in one dialect."""
    outcome = OUTCOMES[problem]
    match dialect:
        case "ucm":
            return outcome.ucm
        case "rfc8898":
            return outcome.rfc8898
        case "resource":
            return outcome.resource


# RFC 6750 3: no error code when no credentials came. The bare 407 is in the published trace (oauth-tokens 5).
_SEEN_407 = WireAnswer(407, None, "observed")
_BARE_401 = WireAnswer(401, None, "documented")
_407 = WireAnswer(407, None, "assumed")
_403 = WireAnswer(403, None, "assumed")
_400 = WireAnswer(400, None, "assumed")
# RFC 8898 2.2: a token that fails for any reason is answered 401; RFC 6750 3.1 for the HTTP resource.
_INVALID = WireAnswer(401, "invalid_token", "documented")
_SCOPE = WireAnswer(401, "invalid_scope", "documented")
_REQUEST = WireAnswer(400, "invalid_request", "documented")
_INSUFFICIENT = WireAnswer(403, "insufficient_scope", "documented")

_NONE = TokenOutcome(group="none", ucm=_SEEN_407, rfc8898=_BARE_401, resource=_BARE_401)
_SYNTAX = TokenOutcome(group="syntax", ucm=_407, rfc8898=_INVALID, resource=_REQUEST)
_TWO = TokenOutcome(group="syntax", ucm=_400, rfc8898=_400, resource=_REQUEST)
_PARSE = TokenOutcome(group="parse", ucm=_407, rfc8898=_INVALID, resource=_INVALID)
_CRYPTO = TokenOutcome(group="crypto", ucm=_407, rfc8898=_INVALID, resource=_INVALID)
_CLAIMS = TokenOutcome(group="claims", ucm=_407, rfc8898=_INVALID, resource=_INVALID)
# A phone answers 407 by refreshing its token. A UCM with CSCvn48876 answers 200 over HTTP [documented].
_TIME = TokenOutcome(group="time", ucm=_407, rfc8898=_INVALID, resource=_INVALID)
_POLICY = TokenOutcome(group="policy", ucm=_403, rfc8898=_INVALID, resource=_INVALID)
_NARROW = TokenOutcome(group="policy", ucm=_403, rfc8898=_SCOPE, resource=_INSUFFICIENT)
_NOT_YOURS = TokenOutcome(group="policy", ucm=_403, rfc8898=_403, resource=_INSUFFICIENT)

OUTCOMES: Mapping[P, TokenOutcome] = MappingProxyType(
    {
        P.TOKEN_ABSENT: _NONE,
        P.BEARER_SYNTAX: _SYNTAX,
        P.MULTIPLE_CREDENTIALS: _TWO,
        P.REALM_MISMATCH: _SYNTAX,
        P.TOKEN_TOO_LARGE: _PARSE,
        P.MALFORMED_SEGMENTS: _PARSE,
        P.MALFORMED_B64: _PARSE,
        P.NONCANONICAL_B64: _PARSE,
        P.MALFORMED_UTF8: _PARSE,
        P.MALFORMED_JSON: _PARSE,
        P.DUPLICATE_MEMBER: _PARSE,
        P.JSON_TOO_DEEP: _PARSE,
        P.JWE_MALFORMED: _PARSE,
        P.PAYLOAD_UNEXPECTED: _PARSE,
        P.ALG_NOT_ALLOWED: _CRYPTO,
        P.TYP_MISMATCH: _CRYPTO,
        P.CRIT_UNSUPPORTED: _CRYPTO,
        P.HEADER_UNEXPECTED: _CRYPTO,
        P.KID_MISSING: _CRYPTO,
        P.KID_MALFORMED: _CRYPTO,
        P.KID_UNKNOWN_SIGNING: _CRYPTO,
        P.KID_UNKNOWN_ENCRYPTION: _CRYPTO,
        P.SIGNATURE_INVALID: _CRYPTO,
        P.JWE_ALG_NOT_ALLOWED: _CRYPTO,
        P.JWE_ENC_NOT_ALLOWED: _CRYPTO,
        P.JWE_ZIP: _CRYPTO,
        P.DECRYPT_FAILED: _CRYPTO,
        P.WRONG_TOKEN_KIND: _CLAIMS,
        P.CLAIM_MISSING: _CLAIMS,
        P.CLAIM_TYPE: _CLAIMS,
        P.CLAIM_RANGE: _CLAIMS,
        P.ISSUER_MISMATCH: _CLAIMS,
        P.AUDIENCE_MISMATCH: _CLAIMS,
        P.LIFETIME_TOO_LONG: _CLAIMS,
        P.EXPIRED: _TIME,
        P.NOT_YET_VALID: _TIME,
        P.ISSUED_IN_FUTURE: _TIME,
        P.REVOKED: _POLICY,
        P.SUBJECT_UNKNOWN: _POLICY,
        P.SUBJECT_INACTIVE: _POLICY,
        P.SCOPE_INSUFFICIENT: _NARROW,
        P.SUBJECT_DEVICE_MISMATCH: _NOT_YOURS,
    }
)
