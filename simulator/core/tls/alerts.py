"""TLS alerts and refusals: who refused, with which alert, and OpenSSL's word for it.

OpenSSL never tells an application which alert it *sent*, but the number follows from its own tables:
X.509 verification errors from `ssl_x509err2alert`, other errors from where its state machine raises them
(measured for both versions in shared/domain/tls-alerts.md). A *received* alert is named by the error's reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulator.core.tls.identity import PeerIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsRefusal:
    """A handshake that ended in a refusal, as one end knows it."""

    by: Literal["us", "peer"]
    alert: int | None
    """The alert's number: sent by us, or received from the peer; None if there was no alert."""
    reason: str
    """OpenSSL's reason, e.g. CERTIFICATE_VERIFY_FAILED or TLSV1_ALERT_UNKNOWN_CA."""
    detail: str = ""
    """For us: what the verification said, e.g. "unable to get local issuer certificate"."""
    verify_code: int | None = None
    """For us: OpenSSL's X509_V_ERR_ number, if the peer's certificate was refused."""
    peer: PeerIdentity | None = None
    """The certificate that was refused, where it crossed the wire in clear (TLS 1.2)."""
    own_shown: bool = False
    """By the peer, without an alert: our server certificate had already been sent."""

    @property
    def alert_name(self) -> str | None:
        return None if self.alert is None else ALERT_NAMES.get(self.alert, f"alert_{self.alert}")


def received_alert(reason: str) -> int | None:
    """The number of the alert that OpenSSL reports as `reason`; None if that is no received alert."""
    return _RECEIVED.get(reason)


def sent_alert(records: bytes, reason: str, verify_code: int | None) -> int | None:
    """The alert this end just put out with an error, or None if it put out none.

    `records` is everything it put out. An alert in clear is read from its record; an encrypted one (TLS 1.3
    server, or after ChangeCipherSpec) follows from the error.
    """
    last = _last_record(records)
    if last is None:
        return None
    kind, content = last
    if kind == _ALERT_RECORD and len(content) == 2:
        return content[1]
    # TLS 1.3: level, description and inner type, then a tag of 16 bytes (RFC 8446 5.2).
    if kind == _ALERT_RECORD or (kind == _DATA_RECORD and len(content) == 2 + 1 + 16):
        if verify_code is not None:
            return _VERIFY_ALERTS.get(verify_code, 46)
        return _ENCRYPTED.get(reason)
    return None


def _last_record(records: bytes) -> tuple[int, bytes] | None:
    at, last = 0, None
    while at + 5 <= len(records):
        end = at + 5 + int.from_bytes(records[at + 3 : at + 5], "big")
        last = records[at], records[at + 5 : end]
        at = end
    return last


_ALERT_RECORD = 21
_DATA_RECORD = 23

# RFC 8446 B.2 (and RFC 5246 A.3 for the numbers that 1.3 no longer uses).
ALERT_NAMES: dict[int, str] = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}

# SSL reason codes 1000 + alert number, by the names CPython gives them. [measured; OpenSSL's sslerr.h]
_RECEIVED: dict[str, int] = {
    "SSLV3_ALERT_UNEXPECTED_MESSAGE": 10,
    "SSLV3_ALERT_BAD_RECORD_MAC": 20,
    "TLSV1_ALERT_DECRYPTION_FAILED": 21,
    "TLSV1_ALERT_RECORD_OVERFLOW": 22,
    "SSLV3_ALERT_DECOMPRESSION_FAILURE": 30,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": 40,
    "SSLV3_ALERT_NO_CERTIFICATE": 41,
    "SSLV3_ALERT_BAD_CERTIFICATE": 42,
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": 43,
    "SSLV3_ALERT_CERTIFICATE_REVOKED": 44,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": 45,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": 46,
    "SSLV3_ALERT_ILLEGAL_PARAMETER": 47,
    "TLSV1_ALERT_UNKNOWN_CA": 48,
    "TLSV1_ALERT_ACCESS_DENIED": 49,
    "TLSV1_ALERT_DECODE_ERROR": 50,
    "TLSV1_ALERT_DECRYPT_ERROR": 51,
    "TLSV1_ALERT_EXPORT_RESTRICTION": 60,
    "TLSV1_ALERT_PROTOCOL_VERSION": 70,
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": 71,
    "TLSV1_ALERT_INTERNAL_ERROR": 80,
    "TLSV1_ALERT_INAPPROPRIATE_FALLBACK": 86,
    "TLSV1_ALERT_USER_CANCELLED": 90,
    "TLSV1_ALERT_NO_RENEGOTIATION": 100,
    "TLSV13_ALERT_MISSING_EXTENSION": 109,
    "TLSV1_UNSUPPORTED_EXTENSION": 110,
    "TLSV1_CERTIFICATE_UNOBTAINABLE": 111,
    "TLSV1_UNRECOGNIZED_NAME": 112,
    "TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE": 113,
    "TLSV1_BAD_CERTIFICATE_HASH_VALUE": 114,
    "TLSV1_ALERT_UNKNOWN_PSK_IDENTITY": 115,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": 116,
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": 120,
}

# X509_V_ERR_* to the alert OpenSSL's ssl_x509err2alert picks; what is not here becomes certificate_unknown.
_VERIFY_ALERTS: dict[int, int] = {
    1: 80,  # UNSPECIFIED
    2: 48,  # UNABLE_TO_GET_ISSUER_CERT
    3: 48,  # UNABLE_TO_GET_CRL
    4: 42,  # UNABLE_TO_DECRYPT_CERT_SIGNATURE
    5: 42,  # UNABLE_TO_DECRYPT_CRL_SIGNATURE
    6: 42,  # UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY
    7: 51,  # CERT_SIGNATURE_FAILURE
    8: 51,  # CRL_SIGNATURE_FAILURE
    9: 42,  # CERT_NOT_YET_VALID
    10: 45,  # CERT_HAS_EXPIRED
    11: 42,  # CRL_NOT_YET_VALID
    12: 45,  # CRL_HAS_EXPIRED
    13: 42,  # ERROR_IN_CERT_NOT_BEFORE_FIELD
    14: 42,  # ERROR_IN_CERT_NOT_AFTER_FIELD
    15: 42,  # ERROR_IN_CRL_LAST_UPDATE_FIELD
    16: 42,  # ERROR_IN_CRL_NEXT_UPDATE_FIELD
    17: 80,  # OUT_OF_MEM
    18: 48,  # DEPTH_ZERO_SELF_SIGNED_CERT
    19: 48,  # SELF_SIGNED_CERT_IN_CHAIN
    20: 48,  # UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    21: 48,  # UNABLE_TO_VERIFY_LEAF_SIGNATURE
    22: 48,  # CERT_CHAIN_TOO_LONG
    23: 44,  # CERT_REVOKED
    24: 48,  # INVALID_CA
    25: 48,  # PATH_LENGTH_EXCEEDED
    26: 43,  # INVALID_PURPOSE
    27: 42,  # CERT_UNTRUSTED
    28: 42,  # CERT_REJECTED
    33: 48,  # UNABLE_TO_GET_CRL_ISSUER
    50: 40,  # APPLICATION_VERIFICATION
    62: 42,  # HOSTNAME_MISMATCH
    63: 42,  # EMAIL_MISMATCH
    64: 42,  # IP_ADDRESS_MISMATCH
    65: 42,  # DANE_NO_MATCH
    66: 42,  # EE_KEY_TOO_SMALL
    67: 42,  # CA_KEY_TOO_SMALL
    68: 42,  # CA_MD_TOO_WEAK
    69: 80,  # INVALID_CALL
    70: 80,  # STORE_LOOKUP
    94: 42,  # EC_KEY_EXPLICIT_PARAMS
}

# Errors that are raised when the alert is already encrypted.
_ENCRYPTED: dict[str, int] = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": 116,
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": 20,
    "BAD_SIGNATURE": 51,
    "DIGEST_CHECK_FAILED": 51,
    "WRONG_SIGNATURE_TYPE": 47,
    "UNEXPECTED_MESSAGE": 10,
    "LENGTH_MISMATCH": 50,
    "BAD_LENGTH": 50,
}
