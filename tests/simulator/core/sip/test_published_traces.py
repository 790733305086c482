"""The message templates of sip-wire 10: what real equipment writes is read and written back unchanged."""

from __future__ import annotations

import pytest

from simulator.core.sip import (
    STAR,
    UCM,
    BearerProblem,
    BearerToken,
    Need,
    Request,
    Response,
    SipStream,
    parse_bearer,
    parse_message,
    serialize,
    validate_request,
)

# A token of the size S23 prints: three base64url parts, about 2 kB.
TOKEN = "eyJhbGciOiJSUzI1NiIs" + "A1-_" * 150 + "." + "bZ9_" * 250 + "." + "-cD3" * 86


def lines(text: str) -> str:
    return text.replace("\n", "\r\n")


# sip-wire 3.4: MIME lines end in CRLF, XML lines in LF. [V]
_PART = (
    "--uniqueBoundary\r\nContent-Type: application/x-cisco-remotecc-request+xml\r\n"
    "Content-Disposition: session;handling=optional\r\n\r\n"
)
REGISTER_BODY = (
    _PART
    + """<?xml version="1.0" encoding="UTF-8"?>
<x-cisco-remotecc-request>
<bulkregisterreq>
<contact all="true">
<register></register>
</contact>
</bulkregisterreq>
</x-cisco-remotecc-request>
"""
    + "\r\n"
    + _PART
    + """<?xml version="1.0" encoding="UTF-8"?>
<x-cisco-remotecc-request>
  <optionsind>
    <combine max="6">
      <remotecc>
        <status></status>
      </remotecc>
      <service-control></service-control>
    </combine>
    <dialog usage="hook status">
      <unot></unot>
      <sub></sub>
    </dialog>
    <dialog usage="shared line">
      <unot></unot>
      <sub></sub>
    </dialog>
    <presence usage="blf speed dial">
      <unot></unot>
      <sub></sub>
    </presence>
    <joinreq></joinreq>
    <cfwdall-anyline></cfwdall-anyline>
    <coaching></coaching>
    <oosalarm></oosalarm>
    <x-cisco-number></x-cisco-number>
    <bfcp></bfcp>
    <ix></ix>
    <gatewayrecording></gatewayrecording>
    <conferenceDisplayInstance></conferenceDisplayInstance>
  </optionsind>
</x-cisco-remotecc-request>"""
    + "\r\n--uniqueBoundary--\r\n"
)
OK_BODY = (
    """<x-cisco-remotecc-response>
<response>
<code>200</code>
<optionsind>
<combine max="6">
<remotecc><status/></remotecc>
<service-control/>
</combine>
<dialog usage="hook status"><unot/></dialog>
<dialog usage="shared line"><unot/></dialog>
<presence usage="blf speed dial"><unot/></presence>
<joinreq></joinreq>
<ix/>
<bfcp/>
</optionsind>
</response>
</x-cisco-remotecc-response>
"""
    "\r\n"
)

CONTACT = (
    "<sip:a8ae9f92-4b07-a0d7-d701-29320aed1e2e@192.0.2.10:62162;transport=tls>"
    ';+sip.instance="<urn:uuid:00000000-0000-0000-0000-882323451234>"'
    ';+u.sip!devicename.ccm.cisco.com="CSFALICE";+u.sip!model.ccm.cisco.com="503";video'
)


def register(*, branch: str, cseq: int, expires: int = 3600, token: str = "", reason: str = "") -> str:
    return (
        lines(
            f"""REGISTER sip:ucm-pub.example.com SIP/2.0
Via: SIP/2.0/TLS 192.0.2.10:62162;branch={branch}
From: <sip:1010@ucm-pub.example.com>;tag=882323451234089000003bdd-00005eff
To: <sip:1010@ucm-pub.example.com>
Call-ID: 88232345-12340017-00001c0b-00000cfa@192.0.2.10
Max-Forwards: 70
Date: Mon, 30 Mar 2020 11:03:19 GMT
CSeq: {cseq} REGISTER
User-Agent: Cisco-CSF
Contact: {CONTACT}
"""
            + (f'Proxy-Authorization: Bearer token="{token}"\n' if token else "")
            + "Supported: replaces,join,sdp-anat,norefersub,resource-priority,extended-refer,X-cisco-callinfo,"
            "X-cisco-serviceuri,X-cisco-escapecodes,X-cisco-service-control,X-cisco-srtp-fallback,"
            "X-cisco-monrec,X-cisco-config,X-cisco-sis-7.0.0,X-cisco-xsi-8.5.1,"
            "X-cisco-graceful-reg,X-cisco-duplicate-reg\n" + reason + f"Expires: {expires}\n"
            "Content-Type: multipart/mixed; boundary=uniqueBoundary\nMime-Version: 1.0\n"
            "Content-Length: 1271\n\n"
        )
        + REGISTER_BODY
    )


_ALARM = (
    'Reason: SIP;cause=200;text="cisco-alarm:25 Name=CSFALICE ActiveLoad=Jabber_for_Windows-12.8.0.51973 '
    'InactiveLoad=Jabber_for_Windows-12.8.0.51973 Last=initialized"\n'
)
T1 = register(branch="z9hG4bK00001188", cseq=2270, reason=_ALARM)
T3 = register(branch="z9hG4bK00004a82", cseq=2271, reason=_ALARM, token=TOKEN)
T6 = register(branch="z9hG4bK00004a83", cseq=2272, token=TOKEN)
T7 = register(branch="z9hG4bK00004a84", cseq=2273, token=TOKEN, expires=0)

_ANSWERED = """Via: SIP/2.0/TLS 192.0.2.10:62162;branch={branch}
From: <sip:1010@ucm-pub.example.com>;tag=882323451234089000003bdd-00005eff
To: <sip:1010@ucm-pub.example.com>;tag={tag}
Date: Mon, 30 Mar 2020 11:03:31 GMT
Call-ID: 88232345-12340017-00001c0b-00000cfa@192.0.2.10
Server: Cisco-CUCM12.5
CSeq: {cseq} REGISTER
"""
T2 = lines(
    "SIP/2.0 407 Proxy Authentication Required\n"
    + _ANSWERED.format(branch="z9hG4bK00001188", tag="441122775", cseq=2270)
    + 'Proxy-Authenticate: Bearer realm="ccmsipline"\nContent-Length: 0\n\n'
)
T4 = (
    lines(
        "SIP/2.0 200 OK\n"
        + _ANSWERED.format(branch="z9hG4bK00004a82", tag="1915868308", cseq=2271)
        + f"Expires: 120\nContact: {CONTACT};x-cisco-newreg\n"
        "Supported: X-cisco-srtp-fallback,X-cisco-sis-9.1.0\n"
        "Content-Type: application/x-cisco-remotecc-response+xml\nContent-Length: 381\n\n"
    )
    + OK_BODY
)
T5 = lines("""SIP/2.0 403 Forbidden
Via: SIP/2.0/TLS 192.0.2.10:50347;branch=z9hG4bK00005163
From: <sip:2000@UCM2-PUB>;tag=005056867e66010a00006698-00002a32
To: <sip:2000@UCM2-PUB>;tag=1946377502
Date: Fri, 03 Aug 2018 05:00:18 GMT
Call-ID: 00505686-7e660005-0000216b-0000366f@192.0.2.10
Server: Cisco-CUCM12.5
CSeq: 363 REGISTER
Retry-After: 35
Warning: 399 UCM2-PUB "SIP OAuth Registration port Mismatch"
Content-Length: 0

""")
T8 = lines(f"""REGISTER sip:ucm-sub.example.com SIP/2.0
Via: SIP/2.0/TLS 192.0.2.10:62163;branch=z9hG4bK00004a85
From: <sip:1010@ucm-sub.example.com>;tag=8823234512340890
To: <sip:1010@ucm-sub.example.com>
Call-ID: 88232345-12340018-00001c0b-00000cfa@192.0.2.10
Max-Forwards: 70
CSeq: 101 REGISTER
Contact: {CONTACT};expires=0;cisco-keep-alive
Expires: 0
Content-Length: 0

""")
T9 = lines(
    """REFER sip:ucm-pub.example.com SIP/2.0
Via: SIP/2.0/TLS 192.0.2.10:62162;branch=z9hG4bK20eb83bf
From: "1010" <sip:1010@192.0.2.10>;tag=882323451234005c2cd20b33-123852dd
To: <sip:ucm-pub.example.com>
Call-ID: 88232345-12340006-1a48a291-451dd0ff@192.0.2.10
Date: Mon, 30 Mar 2020 11:05:00 GMT
CSeq: 1000 REFER
User-Agent: Cisco-CSF
Expires: 10
Max-Forwards: 70
Contact: <sip:a8ae9f92-4b07-a0d7-d701-29320aed1e2e@192.0.2.10:62162;transport=tls>"""
    """;+u.sip!devicename.ccm.cisco.com="CSFALICE"
Require: norefersub
Referred-By: "1010" <sip:1010@192.0.2.10>
Refer-To: <urn:X-cisco-remotecc:token-registration>
Content-Length: 0

"""
)
T10_BODY = (
    "--uniqueBoundary\r\nContent-Type: application/x-cisco-remotecc-request+xml\r\n\r\n"
    """<?xml version="1.0" encoding="UTF-8"?>
<x-cisco-remotecc-request>
  <bulkupdate>
    <contact line="1">
      <mwi>no</mwi>
      <emwi><voice-msg new="0" old="0" /></emwi>
      <cfwdallupdate>
        <fwdaddress></fwdaddress>
        <tovoicemail>off</tovoicemail>
      </cfwdallupdate>
    </contact>
  </bulkupdate>
</x-cisco-remotecc-request>
"""
    "\r\n--uniqueBoundary--\r\n"
)
T10 = (
    lines("""REFER sip:a8ae9f92-4b07-a0d7-d701-29320aed1e2e@192.0.2.10:62162;transport=tls SIP/2.0
Via: SIP/2.0/TLS 192.0.2.1:5090;branch=z9hG4bK1a2b3c4d5e6
From: <sip:192.0.2.1>;tag=1325684972
To: <sip:1010@192.0.2.10>
Call-ID: 6f0a4c80-e811dd7f-2b-10002c0@192.0.2.1
CSeq: 101 REFER
Max-Forwards: 70
Date: Mon, 30 Mar 2020 11:03:31 GMT
User-Agent: Cisco-CUCM12.5
Expires: 0
Contact: <sip:192.0.2.1:5090;transport=tls>
Require: norefersub
Refer-To: cid:1234567890@192.0.2.1
Content-Id: <1234567890@192.0.2.1>
Content-Type: multipart/mixed;boundary=uniqueBoundary
Mime-Version: 1.0
Content-Length: 448

""")
    + T10_BODY
)
T11_BODY = lines("""action=reset
RegisterCallId={88232345-12340017-00001c0b-00000cfa@192.0.2.10}
ConfigVersionStamp={00000000-0000-0000-0000-000000000000}
DialplanVersionStamp={00000000-0000-0000-0000-000000000000}
SoftkeyVersionStamp={00000000-0000-0000-0000-000000000000}
FeatureControlVersionStamp={00000000-0000-0000-0000-000000000000}
""")
T11 = (
    lines("""NOTIFY sip:a8ae9f92-4b07-a0d7-d701-29320aed1e2e@192.0.2.10:62162;transport=tls SIP/2.0
Via: SIP/2.0/TLS 192.0.2.1:5090;branch=z9hG4bK2cc6917b371
From: <sip:1010@192.0.2.1>;tag=1676257482
To: <sip:1010@192.0.2.10>
Call-ID: 9fdc4b00-1ef168f7-2ad-10002c0@192.0.2.1
CSeq: 101 NOTIFY
Max-Forwards: 70
Date: Mon, 30 Mar 2020 11:20:00 GMT
User-Agent: Cisco-CUCM12.5
Event: service-control
Subscription-State: active
Contact: <sip:1010@192.0.2.1:5090;transport=tls>
Content-Type: text/plain
Content-Length: 326

""")
    + T11_BODY
)
T12 = (
    lines(
        """REGISTER sip:ucm-pub.example.com SIP/2.0
Via: SIP/2.0/TLS 10.15.20.10:5061;egress-zone=CEOAuthucmpubexamplecom;branch=z9hG4bK7f0c11.1042.9b1d22"""
        """;proxy-call-id=5b6f3e0a-9b1c-4b5e-8a43-0e5d3f1c2a77;rport
Via: SIP/2.0/TLS 10.15.30.10:7001;egress-zone=UCTraversal;branch=z9hG4bK55aa77;proxy-call-id=8c1d;"""
        """received=10.15.30.10;rport=7001;ingress-zone=UCTraversal;ingress-zone-id=1
Via: SIP/2.0/TLS 172.16.84.136:58980;branch=z9hG4bK00007e98;received=203.0.113.8;rport=58980;"""
        """ingress-zone=CollaborationEdgeZone
Call-ID: 00505696-779a0005-00001bba-00007938@172.16.84.136
CSeq: 105 REGISTER
Contact: <sip:7514c56a-1034-a684-3299-9b956979ee5c@10.15.20.10:5061;transport=tls"""
        ''';orig-hostport=172.16.84.136:58980>;+sip.instance="<urn:uuid:00000000-0000-0000-0000-00505696779a>"'''
        """;+u.sip!devicename.ccm.cisco.com="CSFALICE";+u.sip!model.ccm.cisco.com="503";video"""
        """;x-cisco-mra-ha=AR_SK;x-cisco-reg-id=1;+u.sip!userid.ccm.cisco.com="alice"
From: <sip:1010@ucm-pub.example.com>;tag=00505696779a000700006827-00006484
To: <sip:1010@ucm-pub.example.com>
Max-Forwards: 15
Route: <sip:ucm-pub.example.com:5091;transport=tls;lr>
User-Agent: Cisco-CSF
Supported: replaces,path
"""
        f"""Proxy-Authorization: Bearer token="{TOKEN}"
Expires: 3600
X-TAATag: 4d0c77aa
Content-Type: multipart/mixed; boundary=uniqueBoundary
Content-Length: 1271

"""
    )
    + REGISTER_BODY
)

TEMPLATES = {
    "T1 first REGISTER": T1,
    "T2 challenge": T2,
    "T3 REGISTER with a 2 kB token": T3,
    "T4 new registration": T4,
    "T5 refusal": T5,
    "T6 refresh": T6,
    "T7 unregister": T7,
    "T8 standby keepalive": T8,
    "T9 fallback token": T9,
    "T10 remotecc REFER": T10,
    "T11 reset": T11,
    "T12 REGISTER over the Expressway": T12,
}


@pytest.mark.parametrize("text", TEMPLATES.values(), ids=TEMPLATES.keys())
class TestEveryTemplate:
    def test_comes_back_unchanged_from_a_datagram(self, text: str) -> None:
        assert serialize(parse_message(text.encode())) == text.encode()

    @pytest.mark.parametrize("size", [1, 100, 1460, 100_000])
    def test_comes_back_unchanged_from_a_stream(self, text: str, size: int) -> None:
        data, stream = text.encode(), SipStream()
        got: list[bytes] = []
        for at in range(0, len(data), size):
            stream.receive_data(data[at : at + size])
            message = stream.next_message()
            if isinstance(message, Request | Response):
                got.append(serialize(message))
        assert got == [data]
        assert stream.next_message() is Need.DATA

    def test_has_every_typed_header(self, text: str) -> None:
        message = parse_message(text.encode())
        if isinstance(message, Request):
            validate_request(message)
        assert message.top_via.transport == "TLS"
        assert message.from_.tag
        assert message.to.uri.host
        assert message.call_id
        assert message.cseq.number
        assert message.contacts is not STAR
        assert message.content_length == len(message.body)


def parse_request(text: str) -> Request:
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    return message


def test_the_bodies_have_the_published_lengths() -> None:
    lengths = [len(body.encode()) for body in (REGISTER_BODY, OK_BODY, T10_BODY, T11_BODY)]
    assert lengths == [1271, 381, 448, 326]


def test_what_a_registrar_reads_from_jabber() -> None:
    message = parse_request(T3)
    (contact,) = message.contacts
    assert contact.param("+u.sip!devicename.ccm.cisco.com") == "CSFALICE"
    assert contact.param("+u.sip!model.ccm.cisco.com") == "503"
    assert contact.param("video") == ""
    assert (contact.uri.host, contact.uri.port, contact.uri.param("transport")) == ("192.0.2.10", 62162, "tls")
    assert message.expires == 3600
    assert parse_bearer(message) == BearerToken(TOKEN)
    assert isinstance(parse_bearer(parse_request(T1)), BearerProblem)
    assert "X-cisco-duplicate-reg" in message.headers.get_all("Supported")
    assert len(message.headers.get_all("Reason")) == 1


def test_the_retry_is_the_first_register_with_a_token_in_its_place() -> None:
    first = parse_request(T1)
    headers = first.headers.with_field("CSeq", "2271 REGISTER")
    headers = headers.with_field("Via", "SIP/2.0/TLS 192.0.2.10:62162;branch=z9hG4bK00004a82")
    assert serialize(UCM.authorize(first.replace(headers=headers), TOKEN)) == T3.encode()


def test_what_a_phone_reads_from_ucm() -> None:
    challenge = parse_message(T2.encode())
    assert isinstance(challenge, Response)
    assert UCM.is_challenge(challenge)
    refusal = parse_message(T5.encode())
    assert refusal.headers.get_all("Warning") == ('399 UCM2-PUB "SIP OAuth Registration port Mismatch"',)
    (contact,) = parse_message(T4.encode()).contacts
    assert contact.param("x-cisco-newreg") == ""
    assert parse_request(T9).headers.get("Refer-To") == "<urn:X-cisco-remotecc:token-registration>"


def test_what_ucm_reads_from_an_expressway() -> None:
    message = parse_request(T12)
    assert len(message.headers.get_all("Via")) == 3
    assert message.top_via.param("egress-zone") == "CEOAuthucmpubexamplecom"
    (contact,) = message.contacts
    assert contact.uri.param("orig-hostport") == "172.16.84.136:58980"
    assert contact.param("+u.sip!userid.ccm.cisco.com") == "alice"
