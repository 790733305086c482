"""Everything the authorization server refuses, and what the wire says for it (RFC 6749 4.1.2.1, 5.2).

Journal and tests see the exact problem; the wire has one text an error code, so that it is no oracle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from simulator.core.mark import Mark


class OAuthProblem(StrEnum):
    # the request itself
    """Why a request is refused. The value stands in events."""

    BODY_TOO_LARGE = "body_too_large"
    CONTENT_TYPE = "content_type"
    MALFORMED_FORM = "malformed_form"
    PARAMETER_DUPLICATE = "parameter_duplicate"
    PARAMETER_MISSING = "parameter_missing"
    PARAMETER_IN_QUERY = "parameter_in_query"
    # the client
    CLIENT_ABSENT = "client_absent"
    CLIENT_UNKNOWN = "client_unknown"
    CLIENT_SECRET_ABSENT = "client_secret_absent"  # noqa: S105
    CLIENT_SECRET_WRONG = "client_secret_wrong"  # noqa: S105
    CLIENT_CREDENTIALS_MALFORMED = "client_credentials_malformed"
    CLIENT_AUTHENTICATED_TWICE = "client_authenticated_twice"
    CLIENT_CONTRADICTED = "client_contradicted"
    FLOW_NOT_ALLOWED = "flow_not_allowed"
    # authorize
    REDIRECT_ABSENT = "redirect_absent"
    REDIRECT_UNLISTED = "redirect_unlisted"
    STATE_MALFORMED = "state_malformed"
    RESPONSE_TYPE_UNSUPPORTED = "response_type_unsupported"
    RESPONSE_TYPE_DISABLED = "response_type_disabled"
    CHALLENGE_MISSING = "challenge_missing"
    CHALLENGE_PLAIN = "challenge_plain"
    CHALLENGE_METHOD_UNKNOWN = "challenge_method_unknown"
    CHALLENGE_MALFORMED = "challenge_malformed"
    SCOPE_UNKNOWN = "scope_unknown"
    LOGIN_FAILED = "login_failed"
    LOGIN_INACTIVE = "login_inactive"
    # token endpoint: the grant
    GRANT_TYPE_UNSUPPORTED = "grant_type_unsupported"
    GRANT_TYPE_DISABLED = "grant_type_disabled"
    CODE_UNKNOWN = "code_unknown"
    CODE_EXPIRED = "code_expired"
    CODE_REUSED = "code_reused"
    CODE_OTHER_CLIENT = "code_other_client"
    CODE_OTHER_REDIRECT = "code_other_redirect"
    VERIFIER_MISSING = "verifier_missing"
    VERIFIER_UNEXPECTED = "verifier_unexpected"
    VERIFIER_WRONG = "verifier_wrong"
    REFRESH_MALFORMED = "refresh_malformed"
    REFRESH_WRONG_KIND = "refresh_wrong_kind"
    REFRESH_KEY_UNKNOWN = "refresh_key_unknown"
    REFRESH_SIGNATURE_INVALID = "refresh_signature_invalid"
    REFRESH_CLAIMS_INVALID = "refresh_claims_invalid"
    REFRESH_OTHER_CLUSTER = "refresh_other_cluster"
    REFRESH_UNKNOWN = "refresh_unknown"
    REFRESH_EXPIRED = "refresh_expired"
    REFRESH_REVOKED = "refresh_revoked"
    REFRESH_OTHER_CLIENT = "refresh_other_client"
    USER_UNKNOWN = "user_unknown"
    USER_INACTIVE = "user_inactive"
    SCOPE_WIDER = "scope_wider"
    # revocation and the key server
    ADMIN_ABSENT = "admin_absent"
    ADMIN_UNKNOWN = "admin_unknown"
    ADMIN_WITHOUT_ROLE = "admin_without_role"


@dataclass(frozen=True, slots=True)
class ProblemRule:
    """At the authorize endpoint `status` counts only where there is no redirect."""

    error: str
    status: int
    mark: Mark


class OAuthRefusal(Exception):
    """Carries a problem up to the endpoint that answers; the detail holds no value from the request."""

    def __init__(
        self, problem: OAuthProblem, detail: str = "", *, user: str | None = None, client: str | None = None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.detail = detail
        self.user = user
        self.client = client

    @property
    def rule(self) -> ProblemRule:
        """How the problem is answered."""
        return PROBLEM_RULES[self.problem]


_REQUEST = ProblemRule("invalid_request", 400, "documented")
_CLIENT = ProblemRule("invalid_client", 401, "documented")
_GRANT = ProblemRule("invalid_grant", 400, "documented")
_SCOPE = ProblemRule("invalid_scope", 400, "documented")
# What UCM says while the refresh login flow is off is not published.
_NO_RESPONSE_TYPE = ProblemRule("unsupported_response_type", 400, "assumed")
_NO_GRANT_TYPE = ProblemRule("unsupported_grant_type", 400, "assumed")
_NOT_YOU = ProblemRule("unauthorized", 401, "documented")

_P = OAuthProblem
PROBLEM_RULES: Mapping[OAuthProblem, ProblemRule] = MappingProxyType(
    {
        _P.BODY_TOO_LARGE: ProblemRule("invalid_request", 413, "assumed"),
        _P.CONTENT_TYPE: _REQUEST,
        _P.MALFORMED_FORM: _REQUEST,
        _P.PARAMETER_DUPLICATE: _REQUEST,
        _P.PARAMETER_MISSING: _REQUEST,
        _P.PARAMETER_IN_QUERY: _REQUEST,
        _P.CLIENT_ABSENT: _CLIENT,
        _P.CLIENT_UNKNOWN: _CLIENT,
        _P.CLIENT_SECRET_ABSENT: _CLIENT,
        _P.CLIENT_SECRET_WRONG: _CLIENT,
        _P.CLIENT_CREDENTIALS_MALFORMED: _CLIENT,
        _P.CLIENT_AUTHENTICATED_TWICE: _REQUEST,
        _P.CLIENT_CONTRADICTED: _REQUEST,
        _P.FLOW_NOT_ALLOWED: ProblemRule("unauthorized_client", 400, "documented"),
        _P.REDIRECT_ABSENT: _REQUEST,
        _P.REDIRECT_UNLISTED: ProblemRule("invalid_request", 400, "observed"),
        _P.STATE_MALFORMED: _REQUEST,
        _P.RESPONSE_TYPE_UNSUPPORTED: ProblemRule("unsupported_response_type", 400, "documented"),
        _P.RESPONSE_TYPE_DISABLED: _NO_RESPONSE_TYPE,
        _P.CHALLENGE_MISSING: _REQUEST,
        _P.CHALLENGE_PLAIN: _REQUEST,
        _P.CHALLENGE_METHOD_UNKNOWN: _REQUEST,
        _P.CHALLENGE_MALFORMED: _REQUEST,
        _P.SCOPE_UNKNOWN: _SCOPE,
        _P.LOGIN_FAILED: ProblemRule("login_failed", 200, "assumed"),
        _P.LOGIN_INACTIVE: ProblemRule("login_failed", 200, "assumed"),
        _P.GRANT_TYPE_UNSUPPORTED: ProblemRule("unsupported_grant_type", 400, "documented"),
        _P.GRANT_TYPE_DISABLED: _NO_GRANT_TYPE,
        _P.CODE_UNKNOWN: _GRANT,
        _P.CODE_EXPIRED: _GRANT,
        _P.CODE_REUSED: _GRANT,
        _P.CODE_OTHER_CLIENT: _GRANT,
        _P.CODE_OTHER_REDIRECT: _GRANT,
        _P.VERIFIER_MISSING: _GRANT,
        _P.VERIFIER_UNEXPECTED: _GRANT,
        _P.VERIFIER_WRONG: _GRANT,
        _P.REFRESH_MALFORMED: _GRANT,
        _P.REFRESH_WRONG_KIND: _GRANT,
        _P.REFRESH_KEY_UNKNOWN: _GRANT,
        _P.REFRESH_SIGNATURE_INVALID: _GRANT,
        _P.REFRESH_CLAIMS_INVALID: _GRANT,
        _P.REFRESH_OTHER_CLUSTER: _GRANT,
        _P.REFRESH_UNKNOWN: _GRANT,
        _P.REFRESH_EXPIRED: _GRANT,
        _P.REFRESH_REVOKED: _GRANT,
        _P.REFRESH_OTHER_CLIENT: _GRANT,
        _P.USER_UNKNOWN: _GRANT,
        _P.USER_INACTIVE: _GRANT,
        _P.SCOPE_WIDER: _SCOPE,
        _P.ADMIN_ABSENT: _NOT_YOU,
        _P.ADMIN_UNKNOWN: _NOT_YOU,
        _P.ADMIN_WITHOUT_ROLE: ProblemRule("forbidden", 403, "documented"),
    }
)
"""Total over OAuthProblem (a test proves it)."""

DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "invalid_request": "A parameter is missing, repeated, malformed or not allowed here.",
        "invalid_client": "The client is not known, or did not prove that it is this client.",
        "invalid_grant": "The code or refresh token is not, or no longer, good for this client.",
        "invalid_scope": "The scope is unknown, or wider than what was granted.",
        "unauthorized_client": "This client may not use this flow.",
        "unsupported_response_type": "The response type is not supported or is switched off.",
        "unsupported_grant_type": "The grant type is not supported or is switched off.",
    }
)
"""error_description by error code (printable ASCII without quote and backslash, RFC 6749 5.2)."""
