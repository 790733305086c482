"""From, To, Contact: display names, brackets, parameters, and `*`."""

from __future__ import annotations

import pytest

from simulator.core.sip import STAR, MalformedMessage, NameAddr, SipUri, parse_contacts, parse_name_addr

URI = SipUri("sip", "h", user="a")
JABBER = (
    "<sip:a8ae9f92-4b07-a0d7-d701-29320aed1e2e@192.0.2.10:62162;transport=tls>"
    ';+sip.instance="<urn:uuid:00000000-0000-0000-0000-882323451234>"'
    ';+u.sip!devicename.ccm.cisco.com="CSFALICE";+u.sip!model.ccm.cisco.com="503";video'
)


@pytest.mark.parametrize(
    ("text", "address"),
    {
        "brackets": ("<sip:a@h>", NameAddr("", URI)),
        "no brackets, so what follows are header parameters": (
            "sip:a@h;tag=1",
            NameAddr("", URI, (("tag", "1"),)),
        ),
        "URI and header parameters": (
            "<sip:a@h;lr>;tag=1",
            NameAddr("", SipUri("sip", "h", user="a", params=(("lr", None),)), (("tag", "1"),)),
        ),
        "tokens as display name": ("A. Bell <sip:a@h>", NameAddr("A. Bell", URI)),
        "many spaces between tokens": ("A.   Bell   <sip:a@h>", NameAddr("A. Bell", URI)),
        "quoted display name": ('"Bell, A." <sip:a@h>', NameAddr("Bell, A.", URI)),
        "quoted pair": (r'"a\"b\\c"<sip:a@h>', NameAddr('a"b\\c', URI)),
        "empty display name": ('"" <sip:a@h>', NameAddr("", URI)),
        "display name outside of ASCII": ('"Jürgen" <sip:a@h>', NameAddr("Jürgen", URI)),
        "white space around everything": (
            '  "x"  <sip:a@h>  ;  tag  =  1  ',
            NameAddr("x", URI, (("tag", "1"),)),
        ),
    }.values(),
)
def test_one_address(text: str, address: NameAddr) -> None:
    assert parse_name_addr(text) == address


def test_cisco_contact_parameters_keep_their_spelling() -> None:
    address = parse_name_addr(JABBER)
    assert str(address) == JABBER
    assert address.param("+sip.instance") == "<urn:uuid:00000000-0000-0000-0000-882323451234>"
    assert address.param("+U.sip!DeviceName.ccm.cisco.com") == "CSFALICE"
    assert address.param("video") == ""
    assert address.param("expires") is None
    assert address.params[1] == ("+u.sip!devicename.ccm.cisco.com", '"CSFALICE"')


@pytest.mark.parametrize("text", ['"Bell, A." <sip:a@h>;tag=1', "A. Bell <sip:a@h>", r'"a\"b" <sip:a@h>'])
def test_an_address_is_written_so_that_it_reads_the_same(text: str) -> None:
    assert str(parse_name_addr(text)) == text


def test_a_parameter_can_be_set() -> None:
    address = parse_name_addr("<sip:a@h>;Tag=1;q=0.5")
    assert str(address.with_param("tag", "2")) == "<sip:a@h>;q=0.5;tag=2"
    assert str(address.with_param("x-cisco-newreg")) == "<sip:a@h>;Tag=1;q=0.5;x-cisco-newreg"
    assert address.tag == "1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<sip:a@h",
        "sip:a@h>",
        '"open <sip:a@h>',
        "Bell, A. <sip:a@h>",
        "< sip:a@h >",
        "<sip:a@h>tag=1",
        "<sip:a@h>;tag=",
        "<sip:a@h>;;",
        '<sip:a@h>;x="open',
        "<sip:a@h> <sip:b@h>",
        "sip:a@h?Route=x",
        "<not a uri>",
    ],
)
def test_what_is_no_address_is_malformed(text: str) -> None:
    with pytest.raises(MalformedMessage):
        parse_name_addr(text)


def test_contacts_are_a_list_or_a_star() -> None:
    assert parse_contacts(" * ") is STAR
    one = parse_contacts(JABBER)
    assert one == (parse_name_addr(JABBER),)
    two = parse_contacts(f"{JABBER}, sip:b@h")
    assert two is not STAR
    assert [str(contact.uri) for contact in two][1:] == ["sip:b@h"]


def test_long_texts_do_not_fill_the_caches() -> None:
    long = f"<sip:a@h>;x={'y' * 2000}"
    assert parse_name_addr(long) == parse_name_addr(long)
    assert parse_name_addr(long) is not parse_name_addr(long)
    assert parse_contacts(long) is not parse_contacts(long)
    assert parse_contacts(JABBER) is parse_contacts(JABBER)
