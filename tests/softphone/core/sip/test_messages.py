"""The phone's messages against the published ones: sip-wire 3.4 and templates T1, T3, T6-T9."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from simulator.core.actor.flow import Address
from simulator.core.entropy import SeededEntropy
from simulator.core.instant import Instant
from simulator.core.sip import UCM, parse_message, serialize
from softphone.core.sip import messages
from softphone.core.sip.identifiers import Identifiers
from softphone.core.sip.messages import Caller, Ids, keep_alive, register, token_registration

AT = Instant(1_585_566_199.0)  # Mon, 30 Mar 2020 11:03:19 GMT
CALLER = Caller(
    node="ucm-pub.example.com",
    number="1010",
    contact_user="a8ae9f92-4b07-a0d7-d701-29320aed1e2e",
    local=Address("192.0.2.10", 62162),
    transport="tls",
    device="CSFALICE",
    model=503,
    mac="882323451234",
    user_agent="Cisco-CSF",
    load="Jabber_for_Windows-12.8.0.51973",
)
IDS = Ids(
    call_id="88232345-12340017-00001c0b-00000cfa@192.0.2.10",
    tag="882323451234089000003bdd-00005eff",
    cseq=2270,
    branch="z9hG4bK00001188",
)
HEAD = """\
Via: SIP/2.0/TLS 192.0.2.10:62162;branch=z9hG4bK00001188
From: <sip:1010@ucm-pub.example.com>;tag=882323451234089000003bdd-00005eff
To: <sip:1010@ucm-pub.example.com>
Call-ID: 88232345-12340017-00001c0b-00000cfa@192.0.2.10
Max-Forwards: 70
Date: Mon, 30 Mar 2020 11:03:19 GMT
CSeq: 2270 REGISTER
User-Agent: Cisco-CSF
Contact: <sip:a8ae9f92-4b07-a0d7-d701-29320aed1e2e@192.0.2.10:62162;transport=tls>\
;+sip.instance="<urn:uuid:00000000-0000-0000-0000-882323451234>"\
;+u.sip!devicename.ccm.cisco.com="CSFALICE";+u.sip!model.ccm.cisco.com="503";video"""
SUPPORTED = """\
Supported: replaces,join,sdp-anat,norefersub,resource-priority,extended-refer,X-cisco-callinfo,\
X-cisco-serviceuri,X-cisco-escapecodes,X-cisco-service-control,X-cisco-srtp-fallback,X-cisco-monrec,\
X-cisco-config,X-cisco-sis-7.0.0,X-cisco-xsi-8.5.1,X-cisco-graceful-reg,X-cisco-duplicate-reg"""
REASON = """\
Reason: SIP;cause=200;text="cisco-alarm:25 Name=CSFALICE ActiveLoad=Jabber_for_Windows-12.8.0.51973 \
InactiveLoad=Jabber_for_Windows-12.8.0.51973 Last=initialized\""""
TAIL = """\
Expires: 3600
Content-Type: multipart/mixed; boundary=uniqueBoundary
Mime-Version: 1.0
Content-Length: 1271"""
START_LINE = "REGISTER sip:ucm-pub.example.com SIP/2.0"


def wire(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join("\n".join(lines).split("\n")).encode() + b"\r\n\r\n" + body


def test_the_body_has_the_published_1271_bytes() -> None:
    assert len(messages.REGISTER_BODY) == 1271
    assert messages.REGISTER_BODY.count(b"\r\n") == 11
    assert messages.REGISTER_BODY.startswith(b"--uniqueBoundary\r\nContent-Type: application/x-cisco-remotecc-")
    assert messages.REGISTER_BODY.endswith(b"</x-cisco-remotecc-request>\r\n--uniqueBoundary--\r\n")


def test_T1_the_first_REGISTER() -> None:
    request = register(CALLER, IDS, expires=3600, alarm=messages.INITIALIZED, now=AT)
    assert serialize(request) == wire(START_LINE, HEAD, SUPPORTED, REASON, TAIL, body=messages.REGISTER_BODY)


def test_T3_the_same_with_a_token_between_Contact_and_Supported() -> None:
    ids = replace(IDS, cseq=2271, branch="z9hG4bK00004a82")
    request = register(CALLER, ids, expires=3600, alarm=messages.INITIALIZED, now=AT)
    head = HEAD.replace("00001188", "00004a82").replace("2270", "2271")
    token = 'Proxy-Authorization: Bearer token="eyJhbGciOiJSUzI1NiIs"'
    assert serialize(UCM.authorize(request, "eyJhbGciOiJSUzI1NiIs")) == wire(
        START_LINE, head, token, SUPPORTED, REASON, TAIL, body=messages.REGISTER_BODY
    )


def test_T6_a_refresh_gives_no_Reason() -> None:
    request = register(CALLER, IDS, expires=3600, alarm=None, now=AT)
    assert serialize(request) == wire(START_LINE, HEAD, SUPPORTED, TAIL, body=messages.REGISTER_BODY)


def test_T7_an_unregister_has_the_same_Contact_and_no_body() -> None:
    request = register(CALLER, IDS, expires=0, alarm=None, now=AT)
    assert serialize(request) == wire(START_LINE, HEAD, SUPPORTED, "Expires: 0\nContent-Length: 0")


def test_T8_a_standby_keep_alive() -> None:
    request = keep_alive(CALLER, IDS, now=AT)
    contact = HEAD + ";expires=0;cisco-keep-alive"
    assert serialize(request) == wire(START_LINE, contact, SUPPORTED, "Expires: 0\nContent-Length: 0")


def test_T9_the_fallback_REFER() -> None:
    ids = Ids(
        call_id="88232345-12340006-1a48a291-451dd0ff@192.0.2.10",
        tag="882323451234005c2cd20b33-123852dd",
        cseq=1000,
        branch="z9hG4bK20eb83bf",
    )
    assert serialize(token_registration(CALLER, ids, now=Instant(1_585_566_300.0))) == wire(
        """\
REFER sip:ucm-pub.example.com SIP/2.0
Via: SIP/2.0/TLS 192.0.2.10:62162;branch=z9hG4bK20eb83bf
From: "1010" <sip:1010@192.0.2.10>;tag=882323451234005c2cd20b33-123852dd
To: <sip:ucm-pub.example.com>
Call-ID: 88232345-12340006-1a48a291-451dd0ff@192.0.2.10
Date: Mon, 30 Mar 2020 11:05:00 GMT
CSeq: 1000 REFER
User-Agent: Cisco-CSF
Expires: 10
Max-Forwards: 70
Contact: <sip:a8ae9f92-4b07-a0d7-d701-29320aed1e2e@192.0.2.10:62162;transport=tls>\
;+u.sip!devicename.ccm.cisco.com="CSFALICE"
Require: norefersub
Referred-By: "1010" <sip:1010@192.0.2.10>
Refer-To: <urn:X-cisco-remotecc:token-registration>
Content-Length: 0"""
    )


def test_over_MRA_the_Contact_says_so_and_the_route_of_the_edge_comes_first() -> None:
    caller = replace(CALLER, mra=True, route="<sip:192.0.2.100:5061;transport=tls;lr>")
    request = register(caller, IDS, expires=3600, alarm=None, now=AT)
    assert (request.headers.get("Contact") or "").endswith(";video;x-cisco-mra-ha=AR_SK;x-cisco-reg-id=1")
    assert [name for name, _ in request.headers.raw_fields()][:3] == ["Via", "Route", "From"]


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_IPv6_addresses_stand_in_brackets(transport: str) -> None:
    caller = replace(CALLER, node="[2001:db8::1]", local=Address("2001:db8::10", 5060), transport=transport)  # type: ignore[arg-type]
    request = parse_message(serialize(register(caller, IDS, expires=3600, alarm=None, now=AT)))
    assert (
        request.headers.get("Via") == f"SIP/2.0/{transport.upper()} [2001:db8::10]:5060;branch=z9hG4bK00001188"
    )
    assert isinstance(request.contacts, tuple)
    assert str(request.contacts[0].uri).endswith(f"@[2001:db8::10]:5060;transport={transport}")


def test_identifiers_have_the_published_forms() -> None:
    ids = Identifiers(SeededEntropy(7), "882323451234")
    assert re.fullmatch("z9hG4bK[0-9a-f]{8}", ids.branch())
    assert re.fullmatch("882323451234[0-9a-f]{12}-[0-9a-f]{8}", ids.tag())
    assert re.fullmatch(
        "88232345-1234[0-9a-f]{4}-[0-9a-f]{8}-[0-9a-f]{8}@192\\.0\\.2\\.10", ids.call_id("192.0.2.10")
    )
    assert 100 <= ids.cseq() < 5000
    assert ids.branch() != ids.branch()
    assert re.fullmatch("[0-9a-f]{12}", Identifiers(SeededEntropy(7)).mac)


def test_the_same_seed_gives_the_same_identifiers() -> None:
    one, other = (Identifiers(SeededEntropy(7)) for _ in range(2))
    assert (one.mac, one.tag(), one.call_id("h"), one.cseq()) == (
        other.mac,
        other.tag(),
        other.call_id("h"),
        other.cseq(),
    )
