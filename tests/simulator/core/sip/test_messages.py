"""Requests and responses as values: typed access, copies, equality, redaction, and their bytes."""

from __future__ import annotations

import pytest

from simulator.core.sip import (
    STAR,
    DuplicateHeader,
    Headers,
    MalformedMessage,
    MissingHeader,
    Request,
    Response,
    SipUri,
    parse_message,
    serialize,
)

HEADERS = Headers([("Via", "SIP/2.0/TLS h;branch=z9hG4bK1"), ("Content-Length", "0")])


def with_fields(*fields: tuple[str, str]) -> Request:
    return Request("REGISTER", "sip:h", Headers(fields))


def test_a_request_is_made_from_a_uri_or_its_text() -> None:
    one = Request("OPTIONS", SipUri("sip", "h", user="a"), HEADERS)
    other = Request(method="OPTIONS", uri="sip:a@h", headers=HEADERS, body=b"")
    assert one == other
    assert hash(one) == hash(other)
    assert one.uri == SipUri("sip", "h", user="a")
    assert one.start_line == "OPTIONS sip:a@h SIP/2.0"


def test_messages_match_patterns() -> None:
    match Request("OPTIONS", "sip:a@h", HEADERS):
        case Request("OPTIONS", SipUri(host=host)):
            assert host == "h"
        case _:
            pytest.fail("no match")
    match Response(200, "OK", HEADERS):
        case Response(200, reason):
            assert reason == "OK"
        case _:
            pytest.fail("no match")


def test_equality_looks_at_every_part() -> None:
    request = Request("OPTIONS", "sip:a@h", HEADERS)
    assert request != request.replace(method="INVITE")
    assert request != request.replace(uri="sip:b@h")
    assert request != request.replace(headers=Headers())
    assert request != request.replace(body=b"x")
    assert request != Request("OPTIONS", "sip:a@h", HEADERS, version="SIP/3.0")
    assert request == request.replace()
    response = Response(200, "OK", HEADERS)
    assert response != request
    assert request != response
    assert response == response.replace()
    assert hash(response) == hash(response.replace())
    assert response != response.replace(status=202)
    assert response != response.replace(reason="Fine")
    assert response != response.replace(headers=Headers())
    assert response != response.replace(body=b"x")


def test_a_body_brings_its_type_and_length() -> None:
    for message in (Request("OPTIONS", "sip:a@h", HEADERS), Response(200, "OK", HEADERS)):
        full = message.with_body("text/plain", b"hello")
        assert full.body == b"hello"
        assert full.headers.raw_fields()[1:] == (("Content-Type", "text/plain"), ("Content-Length", "5"))
        assert full.with_body("a/b", b"").headers.get("content-length") == "0"


def test_reprs_are_short_and_hold_no_secret() -> None:
    headers = HEADERS.with_added("Proxy-Authorization", 'Bearer token="secret"')
    request = Request("REGISTER", "sip:alice:hunter2@h", headers, b"body text")
    response = Response(200, "OK", headers, b"body text")
    for shown in (repr(request), repr(response)):
        assert "secret" not in shown
        assert "hunter2" not in shown
        assert "body text" not in shown
        assert "9 bytes" in shown
    assert repr(request).startswith("<Request REGISTER 'sip:alice:***@h'")
    assert repr(response).startswith("<Response 200 'OK'")


def test_contacts() -> None:
    assert with_fields().contacts == ()
    assert with_fields(("Contact", "*")).contacts is STAR
    listed = with_fields(("Contact", "<sip:a@h>, <sip:b@h>"), ("m", "sip:c@h")).contacts
    assert listed is not STAR
    assert [contact.uri.user for contact in listed] == ["a", "b", "c"]
    with pytest.raises(MalformedMessage, match="stands beside"):
        _ = with_fields(("Contact", "*"), ("Contact", "<sip:a@h>")).contacts
    with pytest.raises(MalformedMessage):
        _ = with_fields(("Contact", "*, <sip:a@h>")).contacts


@pytest.mark.parametrize(
    ("value", "seconds"), [("3600", 3600), ("0", 0), ("4294967296", 2**32 - 1), ("9" * 99, 2**32 - 1)]
)
def test_expires(value: str, seconds: int) -> None:
    assert with_fields(("Expires", value)).expires == seconds


def test_absent_numbers_are_none_and_broken_ones_are_errors() -> None:
    assert with_fields().expires is None
    assert with_fields().content_length is None
    assert with_fields(("l", "12")).content_length == 12
    with pytest.raises(MalformedMessage, match="Expires"):
        _ = with_fields(("Expires", "soon")).expires
    with pytest.raises(DuplicateHeader):
        _ = with_fields(("Expires", "1"), ("Expires", "2")).expires


def test_typed_access_names_the_header_that_is_missing_or_wrong() -> None:
    for name in ("top_via", "from_", "to", "call_id", "cseq"):
        with pytest.raises(MissingHeader):
            getattr(with_fields(), name)
    with pytest.raises(MalformedMessage, match="From: not a URI"):
        _ = with_fields(("From", "<x>")).from_
    with pytest.raises(DuplicateHeader):
        _ = with_fields(("To", "<sip:a@h>"), ("To", "<sip:b@h>")).to


def test_a_missing_content_length_is_written_and_a_present_one_is_left_alone() -> None:
    bare = Request("OPTIONS", "sip:h", Headers([("To", "x")]), b"hi")
    assert serialize(bare) == b"OPTIONS sip:h SIP/2.0\r\nTo: x\r\nContent-Length: 2\r\n\r\nhi"
    wrong = Response(200, "OK", Headers([("l", "7")]), b"hi")
    assert serialize(wrong) == b"SIP/2.0 200 OK\r\nl: 7\r\n\r\nhi"


def test_a_start_line_that_would_break_the_message_is_our_own_mistake() -> None:
    for message in (Request("OPTIONS", "sip:h\r\nVia: x", HEADERS), Response(200, "O\nK", HEADERS)):
        with pytest.raises(ValueError, match="start line holds a line break"):
            serialize(message)


def test_bytes_outside_of_utf8_survive() -> None:
    data = b"SIP/2.0 200 \xff\r\nSubject: \xfe\xc3\xbc\r\nContent-Length: 1\r\n\r\n\xfd"
    message = parse_message(data)
    assert message.headers.get("Subject") == "\udcfeü"
    assert serialize(message) == data


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"NONSENSE", None),
        (b"GET / HTTP/1.1", None),
        (b"OPTIONS sip:h", None),
        (b"OPTIONS  SIP/2.0", None),
        (b"(OPTIONS) sip:h SIP/2.0", None),
        (b"SIP/2.0", None),
        (b"SIP/2.0 99 Low", None),
        (b"SIP/2.0 700 High", None),
        (b"SIP/2.0 2000 Long", None),
        (b"SIP/2.0  200 OK", None),
        (b"SIP/3.0 200 OK", None),
        (b"OPTIONS sip:h SIP/2.0 ", 400),
        (b"OPTIONS\tsip:h SIP/2.0", 400),
        (b"", None),
    ],
)
def test_what_is_no_start_line_is_malformed(line: bytes, status: int | None) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_message(line + b"\r\nTo: x\r\nContent-Length: 0\r\n\r\n")
    assert caught.value.status_hint == status
    assert (caught.value.request is not None) is (status is not None)


def test_a_status_line_in_lower_case_or_without_reason_is_read() -> None:
    message = parse_message(b"sip/2.0 200\r\n\r\n")
    assert message == Response(200, "", Headers())


def test_a_response_with_a_broken_line_carries_no_request() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_message(b"SIP/2.0 200 OK\r\nnonsense\r\n\r\n")
    assert caught.value.request is None
