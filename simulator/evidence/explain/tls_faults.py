"""What a refused handshake says: alert number or OpenSSL verification code to the fault, and which check fails.

An alert alone often leaves more than one fault open; a verification code (this end refused) never does. The
numbers OpenSSL sends are measured (tls-alerts.md), what other stacks mean by them is RFC 8446 6.2.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

from simulator.core.events import TlsFailed

Side = Literal["client", "server"]


class TlsFault(Enum):
    """What is wrong when a handshake is refused."""

    UNKNOWN_CA = "unknown_ca"
    SAME_NAME = "same_name"
    """An authority of the issuer's name is trusted, and has another key."""
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    NAME = "name"
    PURPOSE = "purpose"
    WEAK = "weak"
    REVOKED = "revoked"
    SIGNATURE = "signature"
    BAD_CERTIFICATE = "bad_certificate"
    NO_CERTIFICATE = "no_certificate"
    VERSION = "version"
    NO_COMMON_CIPHER = "no_common_cipher"
    NOT_TLS = "not_tls"
    NO_TLS_THERE = "no_tls_there"
    LEFT_SILENTLY = "left_silently"
    TIMED_OUT = "timed_out"
    OTHER = "other"


VERIFY_FAULTS: dict[int, TlsFault] = {
    **dict.fromkeys((2, 18, 19, 20, 21, 22, 24, 25, 27, 28), TlsFault.UNKNOWN_CA),
    **dict.fromkeys((4, 6, 7), TlsFault.SIGNATURE),
    **dict.fromkeys((9, 13), TlsFault.NOT_YET_VALID),
    **dict.fromkeys((10, 14), TlsFault.EXPIRED),
    **dict.fromkeys((3, 8, 11, 12, 23, 33), TlsFault.REVOKED),
    26: TlsFault.PURPOSE,
    **dict.fromkeys((62, 63, 64, 65), TlsFault.NAME),
    **dict.fromkeys((66, 67, 68), TlsFault.WEAK),
}
"""X509_V_ERR_ to fault; another code is a bad certificate."""

ALERT_FAULTS: dict[int, TlsFault] = {
    40: TlsFault.NO_COMMON_CIPHER,
    41: TlsFault.NO_CERTIFICATE,
    42: TlsFault.BAD_CERTIFICATE,
    43: TlsFault.PURPOSE,
    44: TlsFault.REVOKED,
    45: TlsFault.EXPIRED,
    46: TlsFault.BAD_CERTIFICATE,
    48: TlsFault.UNKNOWN_CA,
    49: TlsFault.BAD_CERTIFICATE,
    51: TlsFault.SIGNATURE,
    70: TlsFault.VERSION,
    71: TlsFault.NO_COMMON_CIPHER,
    112: TlsFault.NAME,
    116: TlsFault.NO_CERTIFICATE,
}
"""What an alert most likely means when it is all that is known; another number is OTHER."""

_REASONS: dict[str, TlsFault] = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": TlsFault.NO_CERTIFICATE,
    "UNSUPPORTED_PROTOCOL": TlsFault.VERSION,
    "NO_PROTOCOLS_AVAILABLE": TlsFault.VERSION,
    "WRONG_SSL_VERSION": TlsFault.VERSION,
    "NO_SHARED_CIPHER": TlsFault.NO_COMMON_CIPHER,
    "NO_SUITABLE_SIGNATURE_ALGORITHM": TlsFault.NO_COMMON_CIPHER,
    "HTTP_REQUEST": TlsFault.NOT_TLS,
    "HTTPS_PROXY_REQUEST": TlsFault.NOT_TLS,
    "WRONG_VERSION_NUMBER": TlsFault.NOT_TLS,
    "HANDSHAKE_TIMEOUT": TlsFault.TIMED_OUT,
    "CONNECTION_LOST": TlsFault.LEFT_SILENTLY,
    "UNREADABLE_CERTIFICATE": TlsFault.BAD_CERTIFICATE,
}

CLIENT_CERTIFICATE_CHECKS: dict[TlsFault, str] = {
    TlsFault.NO_CERTIFICATE: "client_certificate",
    TlsFault.UNKNOWN_CA: "chain",
    TlsFault.SAME_NAME: "chain",
    TlsFault.SIGNATURE: "chain",
    TlsFault.WEAK: "chain",
    TlsFault.REVOKED: "chain",
    TlsFault.BAD_CERTIFICATE: "chain",
    TlsFault.NAME: "chain",
    TlsFault.EXPIRED: "validity",
    TlsFault.NOT_YET_VALID: "validity",
    TlsFault.PURPOSE: "usage",
}
"""The check that a server's refusal of the client's certificate fails."""


def refuser(seen: TlsFailed) -> Side:
    """Tell which end refused."""
    other: Side = "client" if seen.role == "server" else "server"
    return seen.role if seen.by == "us" else other


def fault_of(seen: TlsFailed) -> TlsFault:
    if seen.verify_code is not None:
        return VERIFY_FAULTS.get(seen.verify_code, TlsFault.BAD_CERTIFICATE)
    if seen.by == "us" and seen.reason in _REASONS:
        return _REASONS[seen.reason]
    if seen.alert is None:
        return _REASONS.get(seen.reason, TlsFault.LEFT_SILENTLY if seen.by == "peer" else TlsFault.OTHER)
    fault = ALERT_FAULTS.get(seen.alert, TlsFault.OTHER)
    if seen.alert == 40 and seen.role == "client" and not seen.own_names:
        # TLS 1.2: what a server says that wants a certificate from a client that has none. [measured]
        return TlsFault.NO_CERTIFICATE
    return fault


def failed_check(seen: TlsFailed) -> str:
    """Return the id of the check that this refusal fails."""
    fault = fault_of(seen)
    if fault is TlsFault.LEFT_SILENTLY:
        return "server_certificate" if seen.own_shown else "tls_version"
    if refuser(seen) == "server":
        return CLIENT_CERTIFICATE_CHECKS.get(fault, "tls_version")
    certificate = fault in CLIENT_CERTIFICATE_CHECKS and fault is not TlsFault.NO_CERTIFICATE
    return "server_certificate" if certificate else "tls_version"
