"""Responses: what is copied, in which order, and the marks a server transport leaves on a request."""

from __future__ import annotations

import pytest

from simulator.core.sip import (
    REASON_PHRASES,
    Headers,
    MissingHeader,
    Request,
    mark_received,
    parse_message,
    reply_to,
    serialize,
)

REQUEST = Request(
    "REGISTER",
    "sip:ucm",
    Headers(
        [
            ("Via", "SIP/2.0/TLS expc;branch=z9hG4bK1"),
            ("v", "SIP/2.0/TLS expe;branch=z9hG4bK2, SIP/2.0/TLS phone;branch=z9hG4bK3"),
            ("f", "<sip:1010@ucm>;tag=1"),
            ("To", "<sip:1010@ucm>"),
            ("Call-ID", "1@h"),
            ("CSeq", "1 REGISTER"),
            ("Subject", "not copied"),
        ]
    ),
)


def test_a_reply_copies_what_identifies_the_request() -> None:
    assert serialize(reply_to(REQUEST, 200)) == (
        b"SIP/2.0 200 OK\r\n"
        b"Via: SIP/2.0/TLS expc;branch=z9hG4bK1\r\n"
        b"Via: SIP/2.0/TLS expe;branch=z9hG4bK2, SIP/2.0/TLS phone;branch=z9hG4bK3\r\n"
        b"From: <sip:1010@ucm>;tag=1\r\n"
        b"To: <sip:1010@ucm>\r\n"
        b"Call-ID: 1@h\r\n"
        b"CSeq: 1 REGISTER\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


def test_the_407_of_ucm_comes_out_in_the_published_order() -> None:
    """[observed: S1, template T2]"""
    response = reply_to(
        REQUEST,
        407,
        to_tag="441122775",
        extra=[
            ("Date", "Mon, 30 Mar 2020 11:03:31 GMT"),
            ("Server", "Cisco-CUCM12.5"),
            ("Proxy-Authenticate", 'Bearer realm="ccmsipline"'),
        ],
    )
    names = [name for name, _ in response.headers.raw_fields()]
    assert names == (
        "Via Via From To Date Call-ID Server CSeq Proxy-Authenticate Content-Length".split()  # noqa: SIM905
    )
    assert response.to.tag == "441122775"
    assert response.reason == "Proxy Authentication Required"


@pytest.mark.parametrize(
    ("to", "answered"),
    [
        ("<sip:a@h>", "<sip:a@h>;tag=9"),
        ("sip:a@h", "sip:a@h;tag=9"),
        ("<sip:a@h>;tag=1", "<sip:a@h>;tag=1"),
        ('"no ;tag=x here" <sip:a@h;tag=y>', '"no ;tag=x here" <sip:a@h;tag=y>;tag=9'),
        ("<broken", "<broken;tag=9"),
        ("<broken;tag=1", "<broken;tag=1"),
    ],
)
def test_the_to_tag_is_added_once(to: str, answered: str) -> None:
    request = REQUEST.replace(headers=REQUEST.headers.with_field("To", to))
    assert reply_to(request, 200, to_tag="9").headers.get("To") == answered
    assert reply_to(request, 200).headers.get("To") == to


def test_a_folded_header_is_copied_on_one_line() -> None:
    request = REQUEST.replace(headers=REQUEST.headers.with_field("From", "<sip:a@h>\r\n ;tag=1"))
    assert reply_to(request, 200).headers.get("From") == "<sip:a@h> ;tag=1"


def test_a_reply_to_nothing_is_still_a_reply() -> None:
    assert serialize(reply_to(Request("X", "sip:h", Headers()), 400)) == (
        b"SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    )


def test_a_reply_may_have_a_body_and_its_own_reason() -> None:
    response = reply_to(REQUEST, 200, "Fine", extra=[("Content-Type", "text/plain")], body=b"hello")
    assert parse_message(serialize(response)) == response
    assert (response.reason, response.content_length, response.body) == ("Fine", 5, b"hello")


def test_every_registered_status_has_a_phrase_and_others_their_class() -> None:
    assert all(100 <= status < 700 and phrase for status, phrase in REASON_PHRASES.items())
    assert reply_to(REQUEST, 423).reason == "Interval Too Brief"
    assert reply_to(REQUEST, 499).reason == "Bad Request"
    assert reply_to(REQUEST, 699).reason == "Busy Everywhere"


def test_a_field_that_would_break_the_reply_is_refused() -> None:
    with pytest.raises(ValueError, match="line break"):
        reply_to(REQUEST, 200, extra=[("Warning", "a\r\nb")])


def via(text: str) -> Request:
    return REQUEST.replace(headers=Headers([("Via", text), ("To", "<sip:1010@ucm>")]))


MARKS = {
    "the same host": ("SIP/2.0/UDP 192.0.2.1;branch=b", "SIP/2.0/UDP 192.0.2.1;branch=b"),
    "another host": ("SIP/2.0/UDP h;branch=b", "SIP/2.0/UDP h;branch=b;received=192.0.2.1"),
    "a lying received": (
        "SIP/2.0/UDP h;received=6.6.6.6;branch=b",
        "SIP/2.0/UDP h;received=192.0.2.1;branch=b",
    ),
    "a bare rport": (
        "SIP/2.0/UDP 192.0.2.1;rport;branch=b",
        "SIP/2.0/UDP 192.0.2.1;rport=5070;branch=b;received=192.0.2.1",
    ),
}


@pytest.mark.parametrize(("before", "after"), MARKS.values(), ids=MARKS.keys())
def test_the_top_via_shows_where_the_request_came_from(before: str, after: str) -> None:
    assert mark_received(via(before), "192.0.2.1", 5070).headers.get("Via") == after


def test_ucm_leaves_rport_bare() -> None:
    """[observed: S22]"""
    marked = mark_received(via("SIP/2.0/UDP h;rport;branch=b"), "192.0.2.1", 5070, fill_rport=False)
    assert marked.headers.get("Via") == "SIP/2.0/UDP h;rport;branch=b;received=192.0.2.1"


def test_only_the_top_via_is_marked() -> None:
    marked = mark_received(REQUEST, "192.0.2.1", 5061)
    assert marked.headers.get_all("Via") == (
        "SIP/2.0/TLS expc;branch=z9hG4bK1;received=192.0.2.1",
        "SIP/2.0/TLS expe;branch=z9hG4bK2",
        "SIP/2.0/TLS phone;branch=z9hG4bK3",
    )
    assert marked.headers.raw_fields()[3:] == REQUEST.headers.raw_fields()[2:]


def test_an_ipv6_source_is_the_same_host_in_brackets() -> None:
    request = via("SIP/2.0/TLS [2001:DB8::1]:5061;branch=b")
    assert mark_received(request, "2001:db8::1", 5061) is request


def test_without_a_via_there_is_nothing_to_mark() -> None:
    with pytest.raises(MissingHeader):
        mark_received(Request("X", "sip:h", Headers()), "192.0.2.1", 1)
