"""Via, CSeq and numbers."""

from __future__ import annotations

import pytest

from simulator.core.sip import CSeq, MalformedMessage, Via, parse_cseq, parse_via
from simulator.core.sip.fields import parse_number

VIAS = {
    "SIP/2.0/TLS 192.0.2.10:62162;branch=z9hG4bK00001188": Via(
        "TLS", "192.0.2.10", 62162, (("branch", "z9hG4bK00001188"),)
    ),
    "SIP/2.0/TCP host;branch=z9hG4bK1": Via("TCP", "host", None, (("branch", "z9hG4bK1"),)),
    "SIP/2.0/UDP [2001:db8::1]:5060;rport;branch=x": Via(
        "UDP", "[2001:db8::1]", 5060, (("rport", None), ("branch", "x"))
    ),
    "SIP/2.0/TLS 10.15.20.10:5061;egress-zone=CEOAuthucm;branch=z9hG4bK7f.9b;proxy-call-id=5b-6f;rport": Via(
        "TLS",
        "10.15.20.10",
        5061,
        (
            ("egress-zone", "CEOAuthucm"),
            ("branch", "z9hG4bK7f.9b"),
            ("proxy-call-id", "5b-6f"),
            ("rport", None),
        ),
    ),
    "SIP/2.0/SCTP h": Via("SCTP", "h", None, ()),
}


@pytest.mark.parametrize(("text", "via"), VIAS.items())
def test_via_is_read_and_written(text: str, via: Via) -> None:
    assert parse_via(text) == via
    assert str(via) == text


def test_via_with_white_space_and_in_lower_case() -> None:
    via = parse_via("sip / 2.0 / udp  Host.Example : 5070 ; branch = z9hG4bKx ; received=192.0.2.1")
    assert (via.transport, via.sent_by, via.branch) == ("udp", "host.example:5070", "z9hG4bKx")
    assert via.param("RECEIVED") == "192.0.2.1"
    assert via.param("maddr") is None


def test_via_parameters_can_be_set() -> None:
    via = parse_via("SIP/2.0/UDP h;rport;branch=x")
    assert str(via.with_param("rport", "5")) == "SIP/2.0/UDP h;rport=5;branch=x"
    assert str(via.with_param("received", "192.0.2.1")) == "SIP/2.0/UDP h;rport;branch=x;received=192.0.2.1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/TLS",
        "SIP/3.0/TLS h",
        "HTTP/2.0/TLS h",
        "SIP/2.0/TLS h:70000",
        "SIP/2.0/TLS h x",
        "SIP/2.0/TLS h:99999;branch=x",
        "SIP/2.0/TLS h;;",
        "SIP/2.0/TLS h;branch=",
        "SIP/2.0/TLS h:x",
    ],
)
def test_what_is_no_via_is_malformed(text: str) -> None:
    with pytest.raises(MalformedMessage, match="Via"):
        parse_via(text)


@pytest.mark.parametrize(
    ("text", "cseq"),
    [
        ("2270 REGISTER", CSeq(2270, "REGISTER")),
        ("0009 \t INVITE", CSeq(9, "INVITE")),
        ("0 x", CSeq(0, "x")),
        ("2147483647 REGISTER", CSeq(2**31 - 1, "REGISTER")),
        (f"{'0' * 5000}7 REGISTER", CSeq(7, "REGISTER")),
        (f"{'0' * 5000} REGISTER", CSeq(0, "REGISTER")),
    ],
)
def test_cseq(text: str, cseq: CSeq) -> None:
    assert parse_cseq(text) == cseq


def test_cseq_is_written() -> None:
    assert str(CSeq(2270, "REGISTER")) == "2270 REGISTER"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "REGISTER",
        "1",
        "-1 REGISTER",
        "1REGISTER",
        "1 REG ISTER",
        "2147483648 REGISTER",
        "٣ REGISTER",
        "99999999999 REGISTER",
        f"{'9' * 6000} REGISTER",
    ],
)
def test_what_is_no_cseq_is_malformed(text: str) -> None:
    with pytest.raises(MalformedMessage, match="CSeq"):
        parse_cseq(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("0068", 68), ("100", 100), ("101", 100), ("9" * 9000, 100), ("0" * 9000 + "5", 5)],
)
def test_numbers_have_a_ceiling(text: str, number: int) -> None:
    assert parse_number(text, "X", 100) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.5", "1 ", "x", "٣"])
def test_what_is_no_number_is_malformed(text: str) -> None:
    with pytest.raises(MalformedMessage, match="X is not a number"):
        parse_number(text, "X", 100)
