from __future__ import annotations

import pytest

from simulator.core.tls.alerts import TlsRefusal, received_alert, sent_alert

CLIENT_HELLO = b"\x16\x03\x01\x00\x04abcd"
CLEAR = b"\x15\x03\x03\x00\x02\x02\x30"
SEALED_12 = b"\x15\x03\x03\x00\x1a" + bytes(26)
SEALED_13 = b"\x17\x03\x03\x00\x13" + bytes(19)


@pytest.mark.parametrize(
    ("records", "reason", "code", "alert"),
    [
        (CLEAR, "whatever", None, 48),
        (CLIENT_HELLO + CLEAR, "whatever", 10, 48),
        (SEALED_13, "CERTIFICATE_VERIFY_FAILED", 10, 45),
        (SEALED_13, "CERTIFICATE_VERIFY_FAILED", 9999, 46),
        (SEALED_13, "PEER_DID_NOT_RETURN_A_CERTIFICATE", None, 116),
        (SEALED_12, "DIGEST_CHECK_FAILED", None, 51),
        (SEALED_13, "NEVER_HEARD_OF", None, None),
        (CLIENT_HELLO, "WRONG_VERSION_NUMBER", None, None),
        (b"", "WRONG_VERSION_NUMBER", None, None),
        (b"\x15\x03", "WRONG_VERSION_NUMBER", None, None),
    ],
    ids=[
        "in clear",
        "in clear behind a flight",
        "encrypted, by the verification's code",
        "encrypted, a code without an entry",
        "encrypted, no certificate",
        "encrypted in TLS 1.2",
        "encrypted, an unknown reason",
        "no alert behind the flight",
        "nothing put out",
        "less than a record",
    ],
)
def test_the_sent_alert(records: bytes, reason: str, code: int | None, alert: int | None) -> None:
    assert sent_alert(records, reason, code) == alert


def test_a_received_alert_is_known_by_its_reason() -> None:
    assert received_alert("TLSV1_ALERT_UNKNOWN_CA") == 48
    assert received_alert("TLSV13_ALERT_CERTIFICATE_REQUIRED") == 116
    assert received_alert("CERTIFICATE_VERIFY_FAILED") is None


def test_a_refusal_names_its_alert() -> None:
    assert TlsRefusal(by="us", alert=48, reason="x").alert_name == "unknown_ca"
    assert TlsRefusal(by="us", alert=199, reason="x").alert_name == "alert_199"
    assert TlsRefusal(by="peer", alert=None, reason="x").alert_name is None
