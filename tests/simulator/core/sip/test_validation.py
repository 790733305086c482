"""What every request must have before anyone decides about it, one broken rule a row."""

from __future__ import annotations

import pytest

from simulator.core.sip import (
    DuplicateHeader,
    MalformedMessage,
    MissingHeader,
    RemoteProtocolError,
    Request,
    parse_message,
    reply_to,
    validate_request,
)

GOOD = (
    b"REGISTER sip:ucm SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nFrom: <sip:1010@ucm>;tag=1\r\n"
    b"To: <sip:1010@ucm>\r\nCall-ID: 1@h\r\nMax-Forwards: 70\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"
)


def changed(old: bytes, new: bytes) -> Request:
    assert old in GOOD
    message = parse_message(GOOD.replace(old, new))
    assert isinstance(message, Request)
    return message


ACCEPTED = {
    "a good request": (b"", b""),
    "no Max-Forwards, as RFC 2543 clients do": (b"Max-Forwards: 70\r\n", b""),
    "no From tag, as RFC 2543 clients do": (b";tag=1", b""),
    "a zero Max-Forwards, which a proxy judges": (b"70", b"0"),
    "the version in lower case": (b"SIP/2.0\r\nVia", b"sip/2.0\r\nVia"),
    "the same Call-ID twice": (b"Call-ID: 1@h", b"Call-ID: 1@h\r\ni: 1@h"),
    "a sips Request-URI": (b"sip:ucm SIP", b"sips:ucm SIP"),
    "two Vias": (b"From:", b"Via: SIP/2.0/TLS i;branch=z9hG4bK2\r\nFrom:"),
    "two Vias in one field": (b"K1\r\n", b"K1, SIP/2.0/TLS i;branch=z9hG4bK2\r\n"),
}


@pytest.mark.parametrize(("old", "new"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(old: bytes, new: bytes) -> None:
    validate_request(changed(old, new))


REFUSED = {
    "no Via": (b"Via: SIP/2.0/TLS h;branch=z9hG4bK1\r\n", b"", MissingHeader, 400, "Via"),
    "an empty Via": (b"SIP/2.0/TLS h;branch=z9hG4bK1", b"", MalformedMessage, 400, "Via"),
    "a Via of commas": (b"SIP/2.0/TLS h;branch=z9hG4bK1", b",,", MalformedMessage, 400, "Via"),
    "no From": (b"From: <sip:1010@ucm>;tag=1\r\n", b"", MissingHeader, 400, "From"),
    "no To": (b"To: <sip:1010@ucm>\r\n", b"", MissingHeader, 400, "To"),
    "a malformed To": (b"To: <sip:1010@ucm>", b"To: <1010>", MalformedMessage, 400, "To: not a URI"),
    "no Call-ID": (b"Call-ID: 1@h\r\n", b"", MissingHeader, 400, "Call-ID"),
    "an empty Call-ID": (b"1@h", b"", MalformedMessage, 400, "Call-ID"),
    "no CSeq": (b"CSeq: 1 REGISTER\r\n", b"", MissingHeader, 400, "CSeq"),
    "a CSeq of another method": (b"1 REGISTER", b"1 INVITE", MalformedMessage, 400, "CSeq says INVITE"),
    "a CSeq of 2**31": (b"1 REGISTER", b"2147483648 REGISTER", MalformedMessage, 400, "2**31"),
    "Max-Forwards that is no number": (b"70", b"many", MalformedMessage, 400, "Max-Forwards"),
    "Max-Forwards over 255": (b"70", b"256", MalformedMessage, 400, "Max-Forwards"),
    "two Call-IDs": (b"CSeq", b"Call-ID: 2@h\r\nCSeq", DuplicateHeader, 400, "2 Call-ID"),
    "two CSeqs": (b"Via", b"CSeq: 2 REGISTER\r\nVia", DuplicateHeader, 400, "2 CSeq"),
    "two Froms": (b"Via", b"f: <sip:x@ucm>\r\nVia", DuplicateHeader, 400, "2 From"),
    "two Tos": (b"Via", b"t: <sip:x@ucm>\r\nVia", DuplicateHeader, 400, "2 To"),
    "two Max-Forwards": (b"Via", b"Max-Forwards: 1\r\nVia", DuplicateHeader, 400, "2 Max-Forwards"),
    "another SIP version": (b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia", RemoteProtocolError, 505, "SIP/3.0"),
    "another URI scheme": (b"sip:ucm SIP", b"tel:+1 SIP", RemoteProtocolError, 416, "tel"),
    "a malformed Request-URI": (b"sip:ucm SIP", b"sip:@ SIP", MalformedMessage, 400, "URI"),
    "headers in the Request-URI": (b"sip:ucm SIP", b"sip:ucm?a=b SIP", MalformedMessage, 400, "Request-URI"),
}


@pytest.mark.parametrize(("old", "new", "kind", "status", "names"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(old: bytes, new: bytes, kind: type[RemoteProtocolError], status: int, names: str) -> None:
    request = changed(old, new)
    with pytest.raises(kind) as caught:
        validate_request(request)
    assert type(caught.value) is kind
    assert caught.value.status_hint == status
    assert names in caught.value.detail
    assert caught.value.request is request
    assert reply_to(request, status).status == status


BROKEN = {
    "a line without a colon": (b"To:", b"nonsense\r\nTo:", "line 3 has no colon"),
    "a name with a space": (b"To:", b"T o: x\r\nTo:", "not a token"),
    "a line that starts with a colon": (b"To:", b": x\r\nTo:", "not a token"),
    "a continuation of nothing": (b"Via:", b" x\r\nVia:", "header line 1"),
}


@pytest.mark.parametrize(("old", "new", "names"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_line_leaves_enough_for_an_answer(old: bytes, new: bytes, names: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_message(GOOD.replace(old, new, 1))
    assert caught.value.status_hint == 400
    assert names in caught.value.detail
    assert caught.value.request is not None
    answer = reply_to(caught.value.request, 400)
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        assert answer.headers.get(name) is not None
