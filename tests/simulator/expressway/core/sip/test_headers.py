"""The rewriting functions, by table."""

from __future__ import annotations

import pytest

from simulator.core.actor.flow import Address
from simulator.core.sip import Headers, SipUri, parse_name_addr, parse_via
from simulator.expressway.core.settings import IngressZone
from simulator.expressway.core.sip import headers as rewrite

NAME = "expc.example.com"
OWN = Address("10.15.20.10", 5061)


@pytest.mark.parametrize(
    ("name", "token"),
    [
        pytest.param(
            "CEOAuth ucm-pub.example.com", "CEOAuthucmpubexamplecom", id="T12 spells a CEOAuth zone so"
        ),
        pytest.param("CollaborationEdgeZone", "CollaborationEdgeZone", id="a plain name stays"),
        pytest.param("UC_Traversal", "UCTraversal", id="an underscore goes"),
    ],
)
def test_zone_token(name: str, token: str) -> None:
    assert rewrite.zone_token(name) == token


def test_own_via_has_expressway_s_form() -> None:
    via = rewrite.own_via(OWN, egress_zone="CEOAuth ucm1", branch="z9hG4bK7f.9b", proxy_call_id="5b6f")
    assert str(via) == (
        "SIP/2.0/TLS 10.15.20.10:5061;egress-zone=CEOAuthucm1;branch=z9hG4bK7f.9b;proxy-call-id=5b6f;rport"
    )


def test_own_via_of_an_ipv6_address_stands_in_brackets() -> None:
    via = rewrite.own_via(Address("2001:db8::1", 5061), egress_zone="a", branch="z9hG4bKb", proxy_call_id="c")
    assert parse_via(str(via)).host == "[2001:db8::1]"


@pytest.mark.parametrize(
    ("via", "ingress", "expected"),
    [
        pytest.param(
            "SIP/2.0/TLS 172.16.84.136:58980;branch=z9hG4bK1",
            IngressZone(name="CollaborationEdgeZone"),
            "SIP/2.0/TLS 172.16.84.136:58980;branch=z9hG4bK1;received=203.0.113.8;rport=40001"
            ";ingress-zone=CollaborationEdgeZone",
            id="a phone behind NAT",
        ),
        pytest.param(
            "SIP/2.0/TLS 10.15.30.10:7001;branch=z9hG4bK1;proxy-call-id=8c1d;rport",
            IngressZone(name="UCTraversal", number=1),
            "SIP/2.0/TLS 10.15.30.10:7001;branch=z9hG4bK1;proxy-call-id=8c1d;received=203.0.113.8;rport=40001"
            ";ingress-zone=UCTraversal;ingress-zone-id=1",
            id="a traversal hop, its bare rport filled",
        ),
        pytest.param(
            "SIP/2.0/TLS 1.2.3.4:1;branch=z9hG4bK1;received=10.10.10.1;RPORT=5091;ingress-zone=CEOAuth;ttl=9",
            IngressZone(name="CollaborationEdgeZone"),
            "SIP/2.0/TLS 1.2.3.4:1;branch=z9hG4bK1;ttl=9;received=203.0.113.8;rport=40001"
            ";ingress-zone=CollaborationEdgeZone",
            id="a sender that makes claims of its own is not believed",
        ),
    ],
)
def test_received_via(via: str, ingress: IngressZone, expected: str) -> None:
    source = Address("203.0.113.8", 40001)
    assert str(rewrite.received_via(parse_via(via), source=source, ingress=ingress)) == expected


@pytest.mark.parametrize(
    ("contact", "users", "expected"),
    [
        pytest.param(
            '<sip:u@172.16.84.136:58980;transport=tls>;+u.sip!devicename.ccm.cisco.com="CSFA";video',
            {"CSFA": "alice"},
            "<sip:u@10.15.20.10:5061;transport=tls;orig-hostport=172.16.84.136:58980>"
            ';+u.sip!devicename.ccm.cisco.com="CSFA";video;+u.sip!userid.ccm.cisco.com="alice"',
            id="known device: address and user",
        ),
        pytest.param(
            '<sip:u@1.2.3.4>;+u.sip!devicename.ccm.features.cisco.com="CSFB"',
            {"CSFA": "alice"},
            "<sip:u@10.15.20.10:5061;transport=tls;orig-hostport=1.2.3.4>"
            ';+u.sip!devicename.ccm.features.cisco.com="CSFB"',
            id="unknown device, no port: no user",
        ),
        pytest.param(
            '<sip:u@1.2.3.4:5;orig-hostport=9.9.9.9:9;lr>;+U.SIP!userid.ccm.cisco.com="admin"',
            {},
            "<sip:u@10.15.20.10:5061;transport=tls;lr;orig-hostport=1.2.3.4:5>",
            id="a phone that writes our parameters itself is overruled",
        ),
        pytest.param(
            'sip:u@1.2.3.4:5;+u.sip!devicename.ccm.cisco.com="D"',
            {"D": 'o"b\\'},
            "<sip:u@10.15.20.10:5061;transport=tls;orig-hostport=1.2.3.4:5>"
            ';+u.sip!devicename.ccm.cisco.com="D";+u.sip!userid.ccm.cisco.com="o\\"b\\\\"',
            id="a user id that needs quoting",
        ),
    ],
)
def test_rewritten_contact(contact: str, users: dict[str, str], expected: str) -> None:
    assert str(rewrite.rewritten_contact(parse_name_addr(contact), OWN, users)) == expected


@pytest.mark.parametrize(
    "uri",
    [
        "sip:u@172.16.84.136:58980;transport=tls",
        "sip:u@phone.example.com;transport=tls",
        "sip:u@[2001:db8::2]:9;transport=tls",
    ],
)
def test_a_rewritten_uri_can_be_undone_and_finds_the_same_phone(uri: str) -> None:
    original = SipUri.parse(uri)
    rewritten = rewrite.rewritten_uri(original, OWN)
    assert rewrite.original_uri(rewritten) == original
    assert rewrite.phone_key(rewritten) == rewrite.phone_key(original)


@pytest.mark.parametrize(
    ("routes", "left"),
    [
        pytest.param([], [], id="no route"),
        pytest.param(["<sip:10.15.20.10:5061;transport=tls;zone-id=3;directed;lr>"], [], id="preloaded for us"),
        pytest.param(["<sip:10.15.20.10;transport=tls;lr>"], [], id="5061 is the default port of TLS"),
        pytest.param(
            ["<sip:10.15.20.10:5061;lr>", "<sip:ucm1;lr>", "<sip:10.15.20.10:5061;lr>"],
            ["<sip:ucm1;lr>", "<sip:10.15.20.10:5061;lr>"],
            id="only the leading ones",
        ),
        pytest.param(["<sip:10.15.20.10:5062;lr>"], ["<sip:10.15.20.10:5062;lr>"], id="another port is not us"),
        pytest.param(["<sip:ExpC.example.com;lr>", "<sip:expc.example.com.:5061;lr>"], [], id="by our name"),
        pytest.param(["<sip:example.com;lr>"], ["<sip:example.com;lr>"], id="our domain is not us"),
    ],
)
def test_foreign_routes(routes: list[str], left: list[str]) -> None:
    assert [str(r) for r in rewrite.foreign_routes(map(parse_name_addr, routes), (OWN,), NAME)] == left


@pytest.mark.parametrize(
    ("left", "after"),
    [(70, 15), (None, 15), (15, 14), (1, 0)],
    ids=["a phone's 70 is cut to the zone's 15", "none becomes 15", "15 loses one", "the last hop"],
)
def test_next_hops(left: int | None, after: int) -> None:
    assert rewrite.next_hops(left, 15) == after


@pytest.mark.parametrize(
    ("supported", "expected"),
    [([], "path"), ([("Supported", "replaces")], "replaces,path"), ([("k", "Path,x")], "Path,x")],
    ids=["nothing offered", "added", "already offered"],
)
def test_with_path(supported: list[tuple[str, str]], expected: str) -> None:
    headers = rewrite.with_path(Headers([*supported, ("Path", "<sip:far;lr>")]), OWN)
    assert headers.get("Supported") == expected
    assert headers.get_all("Path") == ("<sip:10.15.20.10:5061;transport=tls;lr>", "<sip:far;lr>")


def test_order_is_expressway_s_and_loses_nothing() -> None:
    fields = [
        ("l", "0"),
        ("X-Own", "1"),
        ("Via", "b"),
        ("Date", "d"),
        ("i", "c"),
        ("Via", "a"),
        ("Mime-Version", "1.0"),
    ]
    ordered = rewrite.in_order(Headers(fields)).raw_fields()
    assert [name for name, _ in ordered] == ["Via", "Via", "i", "Date", "X-Own", "Mime-Version", "l"]
    assert [value for name, value in ordered if name == "Via"] == ["b", "a"]
