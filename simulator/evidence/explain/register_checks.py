"""The checks of a REGISTER as rows: derived from the registrar's own tuple, so that the list cannot drift.

A check that looks at several things (the token) becomes several rows; a reason outside the tuple (a message
that is none) has its row here too. Tests prove that every check,
every Reason and every TokenProblem has its row.
"""

from __future__ import annotations

from collections.abc import Mapping

from registrar.core.register.checks import CHECKS
from registrar.core.register.reasons import Reason
from registrar.core.tokens import TokenProblem as P

READABLE = ("readable", "Message readable as SIP")
SERVED = ("served", "A request this node serves")
BOUND = ("binding", "Binding stored")
TOKEN_ROWS: tuple[tuple[str, str], ...] = (
    ("credentials", "Credentials: one bearer token"),
    ("token_shape", "Token: shape"),
    ("token_signature", "Token: signed by this cluster's key"),
    ("token_decrypt", "Token: decrypted with this cluster's key"),
    ("token_claims", "Token: kind, issuer, audience"),
    ("token_time", "Token: time"),
    ("token_subject", "Token: subject, scope, revocation"),
)
TITLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "well_formed": (("well_formed", "REGISTER well-formed"),),
    "not_throttled": (("not_throttled", "Node takes registrations"),),
    "peer_admitted": (("peer_admitted", "Peer allowed on this port"),),
    "oauth_mode_on": (("oauth_mode_on", "SIP OAuth mode on"),),
    "device_known": (("device_known", "Device configured"),),
    "port_fits_profile": (("port_fits_profile", "Port fits the security profile"),),
    "certificate_names_device": (("certificate_names_device", "LSC names the device"),),
    "token_good": TOKEN_ROWS,
    "subject_owns_device": (("subject_owns_device", "Token's user may use the device"),),
    "line_configured": (("line_configured", "Line on the device"),),
    "contact_acceptable": (("contact_acceptable", "Contact"),),
    "expires_acceptable": (("expires_acceptable", "Expires"),),
    "sequence_kept": (("sequence_kept", "Call-ID, CSeq and Contact follow on"),),
    "no_other_client": (("no_other_client", "No other client holds the device"),),
}
"""Rows of each check of `registrar.core.register.checks.CHECKS`, by the check's name."""

CHECK_NAMES: tuple[str, ...] = tuple(check.__name__ for check in CHECKS)
_ONLY_ON = {
    "oauth_mode_on": ("oauth", "mra"),
    "certificate_names_device": ("sips",),
    "token_good": ("oauth", "mra"),
    "subject_owns_device": ("oauth", "mra"),
}
"""Checks that do not apply on every port, with the roles of those on which they do."""


def rows_for(role: str) -> list[tuple[str, str, str]]:
    """List (check, row id, title) of every check that a REGISTER on a port of this role goes through, in
    order.
    """
    return [
        (name, row, title)
        for name in CHECK_NAMES
        if role in _ONLY_ON.get(name, (role,))
        for row, title in TITLES[name]
    ] + [("", *BOUND)]


REASON_ROWS: Mapping[Reason, str] = {
    Reason.MALFORMED: READABLE[0],
    Reason.BAD_REQUEST: "well_formed",
    Reason.METHOD_NOT_ALLOWED: SERVED[0],
    Reason.NO_DIALOG: SERVED[0],
    Reason.THROTTLED: "not_throttled",
    Reason.MUTUAL_TLS_ON_OAUTH_PORT: "peer_admitted",
    Reason.PEER_NOT_IN_TABLE: "peer_admitted",
    Reason.OAUTH_MODE_OFF: "oauth_mode_on",
    Reason.DEVICE_UNKNOWN: "device_known",
    Reason.PROFILE_NOT_OAUTH: "port_fits_profile",
    Reason.NOT_OAUTH_DEVICE_ON_MRA_PORT: "port_fits_profile",
    Reason.OAUTH_DEVICE_ON_LEGACY_PORT: "port_fits_profile",
    Reason.SECURE_DEVICE_ON_PLAIN_PORT: "port_fits_profile",
    Reason.PLAIN_DEVICE_ON_SECURE_PORT: "port_fits_profile",
    Reason.LSC_MISSING: "certificate_names_device",
    Reason.LSC_NAME_MISMATCH: "certificate_names_device",
    Reason.MULTIPLE_CREDENTIALS: "credentials",
    Reason.TOKEN_REFUSED: "credentials",
    Reason.TOKEN_FORBIDDEN: "token_subject",
    Reason.SUBJECT_DEVICE_MISMATCH: "subject_owns_device",
    Reason.LINE_UNKNOWN: "line_configured",
    Reason.DN_MISMATCH: "line_configured",
    Reason.STAR_WITH_EXPIRES: "contact_acceptable",
    Reason.STAR_UNSUPPORTED: "contact_acceptable",
    Reason.TOO_MANY_CONTACTS: "contact_acceptable",
    Reason.EXPIRES_TOO_BRIEF: "expires_acceptable",
    Reason.CSEQ_OUT_OF_ORDER: "sequence_kept",
    Reason.CONTACT_MISMATCH: "sequence_kept",
    Reason.ACTIVE_FOR_ANOTHER_CLIENT: "no_other_client",
}
"""The row that a Reason fails; for a refused token its problem says it more exactly."""

_PROBLEMS: Mapping[str, tuple[P, ...]] = {
    "credentials": (P.TOKEN_ABSENT, P.BEARER_SYNTAX, P.MULTIPLE_CREDENTIALS, P.REALM_MISMATCH),
    "token_shape": (
        P.TOKEN_TOO_LARGE,
        P.MALFORMED_SEGMENTS,
        P.MALFORMED_B64,
        P.NONCANONICAL_B64,
        P.MALFORMED_UTF8,
        P.MALFORMED_JSON,
        P.DUPLICATE_MEMBER,
        P.JSON_TOO_DEEP,
        P.PAYLOAD_UNEXPECTED,
        P.WRONG_TOKEN_KIND,
    ),
    "token_signature": (
        P.ALG_NOT_ALLOWED,
        P.TYP_MISMATCH,
        P.CRIT_UNSUPPORTED,
        P.HEADER_UNEXPECTED,
        P.KID_MISSING,
        P.KID_MALFORMED,
        P.KID_UNKNOWN_SIGNING,
        P.SIGNATURE_INVALID,
    ),
    "token_decrypt": (
        P.JWE_MALFORMED,
        P.KID_UNKNOWN_ENCRYPTION,
        P.JWE_ALG_NOT_ALLOWED,
        P.JWE_ENC_NOT_ALLOWED,
        P.JWE_ZIP,
        P.DECRYPT_FAILED,
    ),
    "token_claims": (
        P.CLAIM_MISSING,
        P.CLAIM_TYPE,
        P.CLAIM_RANGE,
        P.ISSUER_MISMATCH,
        P.AUDIENCE_MISMATCH,
        P.LIFETIME_TOO_LONG,
    ),
    "token_time": (P.EXPIRED, P.NOT_YET_VALID, P.ISSUED_IN_FUTURE),
    "token_subject": (P.SCOPE_INSUFFICIENT, P.REVOKED, P.SUBJECT_UNKNOWN, P.SUBJECT_INACTIVE),
    "subject_owns_device": (P.SUBJECT_DEVICE_MISMATCH,),
}
PROBLEM_ROWS: Mapping[P, str] = {problem: row for row, problems in _PROBLEMS.items() for problem in problems}
"""The row that a token's problem fails. Headers are checked inside and outside: some rows are the likely "
"one."""
