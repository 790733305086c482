"""URIs: parsing, spelling and the comparison of RFC 3261 19.1.4."""

from __future__ import annotations

import pytest

from simulator.core.sip import MalformedMessage, SipUri, parse_uri

# The examples of RFC 3261 19.1.1, 19.1.3 and 19.1.4, and what Cisco's devices write (sip-wire 3.1, 8.2, 10).
SPELLINGS = [
    "sip:alice@atlanta.com",
    "sip:alice:secretword@atlanta.com;transport=tcp",
    "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
    "sip:+1-212-555-1212:1234@gateway.com;user=phone",
    "sips:1212@gateway.com",
    "sip:alice@192.0.2.4",
    "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
    "sip:alice;day=tuesday@atlanta.com",
    "sip:a8ae9f92-4b07-a0d7-d701-29320aed1e2e@192.0.2.10:62162;transport=tls",
    "sip:7514c56a@10.15.20.10:5060;transport=tcp;orig-hostport=172.16.84.136:58980",
    "sip:192.168.2.100:5061;transport=tls;zone-id=3;directed;lr",
    "sip:proxy-call-id=5b6f3e0a@10.15.20.10:5061;transport=tls;lr",
    "sip:1010@[2001:db8::10]:5061;transport=tls",
    "sip:[2001:db8::10]",
    "sip:user:@host",
    "sip:h?a=&b=c",
    "tel:+1-201-555-0123",
    "urn:X-cisco-remotecc:token-registration",
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_uri_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_uri(text)) == text
    assert SipUri.parse(text) == parse_uri(text)


def test_every_part_has_its_place() -> None:
    uri = parse_uri("SIPS:al%69ce;day=tuesday:pass%20word@Atlanta.com:5061;Transport=TLS;lr?Subject=a%20b&to=x")
    assert uri == SipUri(
        "sips",
        "Atlanta.com",
        user="al%69ce;day=tuesday",
        password="pass%20word",
        port=5061,
        params=(("Transport", "TLS"), ("lr", None)),
        headers=(("Subject", "a%20b"), ("to", "x")),
    )
    assert uri.unescaped_user == "alice;day=tuesday"
    assert [uri.param(name) for name in ("transport", "LR", "maddr")] == ["TLS", "", None]


def test_the_password_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(parse_uri("sip:alice:hunter2@atlanta.com"))


def test_another_scheme_is_kept_unread() -> None:
    uri = parse_uri("TEL:+1-201-555-0123;phone-context=example.com")
    assert (uri.scheme, uri.host, uri.is_sip) == ("tel", "", False)
    assert uri.opaque == "+1-201-555-0123;phone-context=example.com"
    assert uri.unescaped_user is None


def test_escapes_that_are_no_utf8_survive() -> None:
    assert parse_uri("sip:%ff@h").unescaped_user == "\udcff"
    assert parse_uri("sip:1010@h").unescaped_user == "1010"


def test_a_number_sign_in_the_user_part_is_let_pass_so_that_it_can_be_answered_404() -> None:
    assert parse_uri("sip:#55@ucm").user == "#55"


@pytest.mark.parametrize(
    "text",
    {
        "nothing": "",
        "no scheme": "alice@atlanta.com",
        "no host": "sip:",
        "no host after the user": "sip:alice@",
        "no user before the @": "sip:@atlanta.com",
        "white space": "sip:alice @atlanta.com",
        "white space at the end": "sip:alice@atlanta.com ",
        "angle brackets": "<sip:alice@atlanta.com>",
        "half an escape": "sip:al%6@atlanta.com",
        "no escape": "sip:al%zzce@atlanta.com",
        "two @": "sip:a@b@c",
        "port that is no number": "sip:h:5o60",
        "empty port": "sip:h:",
        "port over 65535": "sip:h:65536",
        "six-digit port": "sip:h:100000",
        "parameter without a name": "sip:h;=x",
        "empty parameter": "sip:h;;lr",
        "parameter with an empty value": "sip:h;transport=",
        "header without a value sign": "sip:h?subject",
        "line break": "sip:h\r\nVia: x",
        "control character": "sip:a\x00b@h",
        "letters outside of ASCII": "sip:jürgen@h",
        "IPv6 without brackets": "sip:a@2001:db8::1",
        "unfinished IPv6": "sip:a@[2001:db8::1",
        "other scheme with nothing in it": "tel:",
        "other scheme with white space": "tel:+1 201",
    }.items(),
    ids=lambda case: case[0],
)
def test_what_is_no_uri_is_malformed(text: tuple[str, str]) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_uri(text[1])
    assert caught.value.status_hint == 400


def test_the_error_shows_no_password() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_uri("sip:alice:hunter2@bad host")
    assert "hunter2" not in caught.value.detail


def test_a_long_uri_is_parsed_without_filling_the_cache() -> None:
    text = f"sip:{'a' * 2000}@h"
    assert str(parse_uri(text)) == text
    assert parse_uri(text) is not parse_uri(text)
    assert parse_uri("sip:short@h") is parse_uri("sip:short@h")


# RFC 3261 19.1.4: "The URIs within each of the following sets are equivalent".
EQUIVALENT = [
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
    ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    # "Equality is not transitive": both are equivalent to sip:carol@chicago.com.
    ("sip:carol@chicago.com", "sip:carol@chicago.com;security=off"),
    # Ours.
    ("sip:a%3Bb@h", "sip:a%3bb@h"),
    ("tel:+1", "TEL:+1"),
]

# "The URIs within each of the following sets are not equivalent".
DIFFERENT = {
    "different usernames": ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    "can resolve to different ports": ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    "can resolve to different transports": ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    "can resolve to different port and transports": (
        "sip:bob@biloxi.com",
        "sip:bob@biloxi.com:6000;transport=tcp",
    ),
    "different header component": ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    "even though that's what the name resolves to": (
        "sip:bob@phone21.boxesbybob.com",
        "sip:bob@192.0.2.4",
    ),
    "the same parameter with another value": (
        "sip:carol@chicago.com;security=on",
        "sip:carol@chicago.com;security=off",
    ),
    "sip and sips": ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
    "user parameter on one side": ("sip:1@h;user=phone", "sip:1@h"),
    "ttl on one side": ("sip:1@h;ttl=1", "sip:1@h"),
    "method on one side": ("sip:1@h", "sip:1@h;method=INVITE"),
    "maddr on one side": ("sip:1@h;maddr=192.0.2.1", "sip:1@h"),
    "user info on one side": ("sip:h", "sip:1@h"),
    "passwords": ("sip:1:a@h", "sip:1:b@h"),
    "a reserved character and its escape": ("sip:a;b@h", "sip:a%3Bb@h"),
    "other schemes with other content": ("tel:+1", "tel:+2"),
}


@pytest.mark.parametrize(("one", "other"), EQUIVALENT)
def test_equivalent(one: str, other: str) -> None:
    assert parse_uri(one).equivalent(parse_uri(other))
    assert parse_uri(other).equivalent(parse_uri(one))


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_not_equivalent(one: str, other: str) -> None:
    assert not parse_uri(one).equivalent(parse_uri(other))
    assert not parse_uri(other).equivalent(parse_uri(one))
