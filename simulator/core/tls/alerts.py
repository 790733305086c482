"""TLS alerts and refusals: who refused, with which alert, and OpenSSL's word for it.

OpenSSL never tells an application which alert it *sent*, but the number follows from its own tables:
X.509 verification errors from `ssl_x509err2alert`, other errors from where its state machine raises them
(measured for both versions in shared/domain/tls-alerts.md). A *received* alert is named by the error's reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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

    @property
    def alert_name(self) -> str | None:
        return None if self.alert is None else ALERT_NAMES.get(self.alert, f"alert_{self.alert}")


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
