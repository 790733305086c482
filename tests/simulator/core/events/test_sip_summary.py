"""Messages as events: whole, but never with what could be used."""

from __future__ import annotations

import pytest

from simulator.core import redact
from simulator.core.events import SipReceived, SipSent
from simulator.core.events.sip_summary import seen
from simulator.core.sip import parse_message

SECRET = "c2VjcmV0"
LONG = "eyJhbGciOiJSUzI1NiJ9.eyJwcml2YXRlIjoiYSJ9.c2lnbmF0dXJlc2ln"


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        pytest.param(f'Proxy-Authorization: Bearer token="{LONG}"', LONG, id="Cisco's bearer form"),
        pytest.param(f"Authorization: Bearer {LONG}", LONG, id="RFC 6750's bearer form"),
        pytest.param(f"Proxy-Authorization: Bearer {SECRET}", SECRET, id="a token too short to look like one"),
        pytest.param(f"proxy-AUTHORIZATION: Basic {SECRET}", SECRET, id="another scheme, another case"),
        pytest.param(f"Proxy-Authorization: Bearer\r\n {SECRET}", SECRET, id="a folded line"),
        pytest.param(f"X-Anything: {LONG}", LONG, id="a token in any other header"),
    ],
)
def test_credentials_become_references(line: str, secret: str) -> None:
    data = f"REGISTER sip:ucm1 SIP/2.0\r\nCall-ID: c\r\nCSeq: 7 REGISTER\r\n{line}\r\n\r\n".encode()
    event = seen(SipReceived, parse_message(data + LONG.encode()))
    assert secret not in repr(event)
    assert LONG not in repr(event)
    assert "sha256:" in event.text
    assert (event.method, event.cseq, event.call_id) == ("REGISTER", 7, "c")


def test_the_reference_of_a_bearer_token_is_the_one_other_events_use() -> None:
    data = f'REGISTER sip:ucm1 SIP/2.0\r\nProxy-Authorization: Bearer token="{LONG}"\r\n\r\n'.encode()
    assert redact.ref(LONG) in seen(SipSent, parse_message(data)).text


def test_bytes_that_are_no_text_are_shown_and_can_be_written_to_a_file() -> None:
    data = b"REGISTER sip:ucm1 SIP/2.0\r\nX: \xff\r\n\r\n\xfe"
    event = seen(SipReceived, parse_message(data))
    assert event.text.encode("utf-8") == b"REGISTER sip:ucm1 SIP/2.0\r\nX: \\xff\r\n\r\n\\xfe"
    assert (event.method, event.cseq) == ("REGISTER", 0)
