"""Header fields: order, duplicates, compact names, folding, comma lists, and copies that change one thing."""

from __future__ import annotations

import pytest

from simulator.core.sip import DuplicateHeader, Headers, MalformedMessage, MissingHeader, Request, serialize
from simulator.core.sip.headers import index_lines

H = Headers(
    [
        ("Via", "SIP/2.0/TLS a;branch=z9hG4bK1, SIP/2.0/TLS b;branch=z9hG4bK2"),
        ("v", "SIP/2.0/TLS c;branch=z9hG4bK3"),
        ("i", "1@h"),
        ("CALL-ID", "1@h"),
        ("Supported", "path,\r\n replaces"),
        ("X-Odd", "one, two"),
    ]
)


def test_names_match_in_any_case_and_in_compact_form() -> None:
    for name in ("Call-ID", "call-id", "I", "i", "cAlL-Id"):
        assert H.get(name) == "1@h"
        assert name in H
    assert H.get("Contact") is None
    assert "Contact" not in H
    assert 7 not in H


def test_every_compact_name_of_the_registry_is_known() -> None:
    long = (
        "Accept-Contact Referred-By Content-Type Request-Disposition Content-Encoding From Call-ID "
        "Reject-Contact Supported Content-Length Contact Identity-Info Event Refer-To Subject To "
        "Allow-Events Via Session-Expires Identity"
    )
    for short, name in zip("abcdefijklmnorstuvxy", long.split(), strict=True):
        assert Headers([(short, "x")]).get(name) == "x"
        assert Headers([(name, "x")]).get(short.upper()) == "x"


def test_lists_are_split_and_other_fields_are_not() -> None:
    assert [via.partition(";")[0][-1] for via in H.get_all("via")] == ["a", "b", "c"]
    assert H.get_all("Supported") == ("path", "replaces")
    assert H.get_all("X-Odd") == ("one, two",)
    assert H.get_all("Contact") == ()
    assert H.fields("Via")[0].endswith("z9hG4bK2")
    assert len(H.fields("Via")) == 2
    assert H.fields("Contact") == ()
    assert [H.count(name) for name in ("Via", "Supported", "Contact")] == [2, 1, 0]


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        ('<sip:a@h;x="1,2">, "Doe, John" <sip:b@h>', ('<sip:a@h;x="1,2">', '"Doe, John" <sip:b@h>')),
        ('"say \\"hi, there\\"" <sip:a@h> , <sip:b@h>', ('"say \\"hi, there\\"" <sip:a@h>', "<sip:b@h>")),
        ("<sip:a,b@h>,<sip:c@h>", ("<sip:a,b@h>", "<sip:c@h>")),
        ("<sip:a@h>,, <sip:b@h>,", ("<sip:a@h>", "<sip:b@h>")),
    ],
)
def test_commas_inside_quotes_and_brackets_do_not_separate(value: str, elements: tuple[str, ...]) -> None:
    assert Headers([("Contact", value)]).get_all("Contact") == elements


@pytest.mark.parametrize("value", ['"open, <sip:a@h>', "<sip:a@h, <sip:b@h>"])
def test_an_unbalanced_list_is_malformed(value: str) -> None:
    with pytest.raises(MalformedMessage, match="Contact: unbalanced"):
        Headers([("Contact", value)]).get_all("Contact")


def test_several_first_values_at_once() -> None:
    assert H.firsts(("call-id", "contact", "supported")) == ["1@h", None, "path, replaces"]


def test_single_wants_one_value() -> None:
    assert H.single("Call-ID") == "1@h"  # twice, but the same
    with pytest.raises(DuplicateHeader, match="2 Via") as caught:
        H.single("Via")
    assert caught.value.status_hint == 400
    with pytest.raises(MissingHeader, match="no Contact"):
        H.single("Contact")


def test_repetitions_are_visible() -> None:
    assert H.has_repetitions
    assert not Headers([("Via", "x")]).has_repetitions


def test_raw_fields_keep_order_case_and_spelling() -> None:
    assert [name for name, _ in H.raw_fields()] == ["Via", "v", "i", "CALL-ID", "Supported", "X-Odd"]
    assert H.raw_fields()[4] == ("Supported", "path,\r\n replaces")
    assert Headers(H.raw_fields()) == H
    assert len(H) == 6


def test_copies_change_one_thing() -> None:
    base = Headers([("To", "a"), ("v", "1"), ("From", "b"), ("Via", "2")])

    def names(headers: Headers) -> str:
        return " ".join(f"{name}={value}" for name, value in headers.raw_fields())

    assert names(base.with_field("via", "9")) == "To=a via=9 From=b"
    assert names(base.with_field("X", "9")) == "To=a v=1 From=b Via=2 X=9"
    assert names(base.with_added("Via", "3")) == "To=a v=1 From=b Via=2 Via=3"
    assert names(base.with_first("Via", "0")) == "Via=0 To=a v=1 From=b Via=2"
    assert names(base.with_after("v", "X", "9")) == "To=a v=1 From=b Via=2 X=9"
    assert names(base.with_after("t", "X", "9")) == "To=a X=9 v=1 From=b Via=2"
    assert names(base.with_after("Contact", "X", "9")) == "To=a v=1 From=b Via=2 X=9"
    assert names(base.without("V")) == "To=a From=b"
    assert names(base) == "To=a v=1 From=b Via=2"
    assert base.with_first("Via", "0").get("via") == "0"


@pytest.mark.parametrize(
    ("name", "value"),
    [("", "x"), ("To ", "x"), ("T:o", "x"), ("To", "a\r\nVia: b"), ("To", "a\nb"), ("To", "a\rb")],
)
def test_a_field_that_would_break_the_message_is_our_own_mistake(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"header field name|line break") as caught:
        Headers([(name, value)])
    assert not isinstance(caught.value, MalformedMessage)


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        "half \udbff of a pair",
        "\udc00 low",
        "below the escapes \udc7f",
        "above the escapes \udd00",
        "escapes of UTF-8 \udcc3\udca9",
    ],
    ids=ascii,
)
def test_a_value_that_no_bytes_stand_for_is_refused_when_it_is_built(value: str) -> None:
    with pytest.raises(ValueError, match="the value of X-Odd is not what any bytes read as") as caught:
        H.with_field("X-Odd", value)
    assert not isinstance(caught.value, UnicodeError)


def test_bytes_that_are_no_utf8_can_be_built_and_written() -> None:
    value = b"caf\xe9 \xff".decode("utf-8", "surrogateescape")
    assert serialize(Request("X", "sip:h", Headers([("X-Odd", value)]))) == (
        b"X sip:h SIP/2.0\r\nX-Odd: caf\xe9 \xff\r\nContent-Length: 0\r\n\r\n"
    )


def test_equality_is_about_fields_not_about_white_space_around_them() -> None:
    ours = Headers([("To", "a")])
    theirs = Headers.from_lines(("To  :   a  ",))
    assert ours == theirs
    assert hash(ours) == hash(theirs)
    assert ours != Headers([("to", "a")])
    assert ours != "To: a"


def test_the_repr_shows_no_credential_however_it_is_spelled() -> None:
    headers = Headers(
        [
            ("Proxy-Authorization", 'Bearer token="opaque"'),
            ("AUTHORIZATION", "Bearer\r\n  folded.secret"),
            ("X-Other", "Bearer abcdefghijklmnopqrst"),
            ("To", "<sip:1010@h>"),
        ]
    )
    shown = repr(headers)
    for secret in ("opaque", "folded", "abcdefghijklmnopqrst"):
        assert secret not in shown
    assert "<sip:1010@h>" in shown
    assert shown.count("sha256:") == 3


def test_broken_lines_are_named_by_number() -> None:
    with pytest.raises(MalformedMessage, match="header line 2 has no colon"):
        index_lines(["To: a", "nonsense"])
    with pytest.raises(MalformedMessage, match="not a token"):
        index_lines(["T o: a"])
