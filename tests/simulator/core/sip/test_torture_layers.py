"""RFC 4475 sections 3.2 to 3.4: transaction layer, application layer and RFC 2543 compatibility.

Syntax is ours to judge here; what is up to an application (420, 415, 401, 483 ...) must reach it unharmed.
"""

from __future__ import annotations

import pytest

from simulator.core.instant import Instant
from simulator.core.sip import (
    ClientTransactions,
    Headers,
    RemoteProtocolError,
    Request,
    Response,
    ServerTransactions,
    SipStream,
    StrayResponse,
    parse_auth,
    parse_message,
    reply_to,
    serialize,
    validate_request,
)


def sdp(address: str) -> str:
    return (
        f"\nv=0\no=mhandley 29739 7272939 IN IP4 {address}\ns=-\nc=IN IP4 {address}\nt=0 0\n"
        "m=audio 49217 RTP/AVP 0 12\nm=video 3227 RTP/AVP 31\na=rtpmap:31 LPC\n"
    )


def wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


BADBRANCH = """OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: sip:caller@example.org;tag=33242
Max-Forwards: 3
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK
Accept: application/sdp
Call-ID: badbranch.sadonfo23i420jv0as0derf3j3n
CSeq: 8 OPTIONS
l: 0

"""

INSUF = """INVITE sip:user@example.com SIP/2.0
CSeq: 193942 INVITE
Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf
Content-Type: application/sdp
l: 152
""" + sdp("192.0.2.95")

UNKSCM = """OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=384
Max-Forwards: 3
Call-ID: unkscm.nasdfasser0q239nwsdfasdkl34
CSeq: 3923423 OPTIONS
Via: SIP/2.0/TCP host9.example.com;branch=z9hG4bKkdjuw39234
Content-Length: 0

"""

NOVELSC = """OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=384
Max-Forwards: 3
Call-ID: novelsc.asdfasser0q239nwsdfasdkl34
CSeq: 3923423 OPTIONS
Via: SIP/2.0/TCP host9.example.com;branch=z9hG4bKkdjuw39234
Content-Length: 0

"""

UNKSM2 = """REGISTER sip:example.com SIP/2.0
To: isbn:2983792873
From: <http://www.example.com>;tag=3234233
Call-ID: unksm2.daksdj@hyphenated-host.example.com
CSeq: 234902 REGISTER
Max-Forwards: 70
Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bKkdjuw
Contact: <name:John_Smith>
l: 0

"""

BEXT01 = """OPTIONS sip:user@example.com SIP/2.0
To: sip:j_user@example.com
From: sip:caller@example.net;tag=242etr
Max-Forwards: 6
Call-ID: bext01.0ha0isndaksdj
Require: nothingSupportsThis, nothingSupportsThisEither
Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis
CSeq: 8 OPTIONS
Via: SIP/2.0/TLS fold-and-staple.example.com;branch=z9hG4bKkdjuw
Content-Length: 0

"""

INVUT = """INVITE sip:user@example.com SIP/2.0
Contact: <sip:caller@host5.example.net>
To: sip:j.user@example.com
From: sip:caller@example.net;tag=8392034
Max-Forwards: 70
Call-ID: invut.0ha0isndaksdjadsfij34n23d
CSeq: 235448 INVITE
Via: SIP/2.0/UDP somehost.example.com;branch=z9hG4bKkdjuw
Content-Type: application/unknownformat
Content-Length: 40

<audio>
 <pcmu port="443"/>
</audio>
"""

REGAUT01 = """REGISTER sip:example.com SIP/2.0
To: sip:j.user@example.com
From: sip:j.user@example.com;tag=87321hj23128
Max-Forwards: 8
Call-ID: regaut01.0ha0isndaksdj
CSeq: 9338 REGISTER
Via: SIP/2.0/TCP 192.0.2.253;branch=z9hG4bKkdjuw
Authorization: NoOneKnowsThisScheme opaque-data=here
Content-Length:0

"""

MULTI01 = """INVITE sip:user@company.com SIP/2.0
Contact: <sip:caller@host25.example.net>
Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdjuw
Max-Forwards: 70
CSeq: 5 INVITE
Call-ID: multi01.98asdh@192.0.2.1
CSeq: 59 INVITE
Call-ID: multi01.98asdh@192.0.2.2
From: sip:caller@example.com;tag=3413415
To: sip:user@example.com
To: sip:other@example.net
From: sip:caller@example.net;tag=2923420123
Content-Type: application/sdp
l: 154
Contact: <sip:caller@host36.example.net>
Max-Forwards: 5
""" + sdp("192.0.2.25")

MCL01 = """OPTIONS sip:user@example.com SIP/2.0
Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bK293423
To: sip:user@example.com
From: sip:other@example.net;tag=3923942
Call-ID: mcl01.fhn2323orihawfdoa3o4r52o3irsdf
CSeq: 15932 OPTIONS
Content-Length: 13
Max-Forwards: 60
Content-Length: 5
Content-Type: text/plain

There's no way to know how many octets are supposed to be here.

"""

BCAST = """SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923
Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23
Call-ID: bcast.0384840201234ksdfak3j2erwedfsASdf
CSeq: 35 INVITE
From: sip:user@example.com;tag=11141343
To: sip:user@example.edu;tag=2229
Content-Length: 154
Content-Type: application/sdp
Contact: <sip:user@host28.example.com>
""" + sdp("192.0.2.198")

ZEROMF = """OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=3ghsd41
Call-ID: zeromf.jfasdlfnm2o2l43r5u0asdfas
CSeq: 39234321 OPTIONS
Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw2349i
Max-Forwards: 0
Content-Length: 0

"""

CPARAM01 = """REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bKkdjuw
Max-Forwards: 70
From: sip:watson@example.com;tag=DkfVgjkrtMwaerKKpe
To: sip:watson@example.com
Call-ID: cparam01.70710@saturn.example.com
CSeq: 2 REGISTER
Contact: sip:+19725552222@gw1.example.net;unknownparam
l: 0

"""

CPARAM02 = """REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bKkdjuw
Max-Forwards: 70
From: sip:watson@example.com;tag=838293
To: sip:watson@example.com
Call-ID: cparam02.70710@saturn.example.com
CSeq: 3 REGISTER
Contact: <sip:+19725552222@gw1.example.net;unknownparam>
l: 0

"""

REGESCRT = """REGISTER sip:example.com SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=8
Max-Forwards: 70
Call-ID: regescrt.k345asrl3fdbv@192.0.2.1
CSeq: 14398234 REGISTER
Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw
M: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>
L:0

"""

SDP01 = """INVITE sip:user@example.com SIP/2.0
To: sip:j_user@example.com
Contact: <sip:caller@host15.example.net>
From: sip:caller@example.net;tag=234
Max-Forwards: 5
Call-ID: sdp01.ndaksdj9342dasdd
Accept: text/nobodyKnowsThis
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw
Content-Length: 150
Content-Type: application/sdp
""" + sdp("192.0.2.5")

INV2543 = """INVITE sip:UserB@example.com SIP/2.0
Via: SIP/2.0/UDP iftgw.example.com
From: <sip:+13035551111@ift.client.example.net;user=phone>
Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>
To: sip:+16505552222@ss1.example.net;user=phone
Call-ID: inv2543.1717@ift.client.example.com
CSeq: 56 INVITE
Content-Type: application/sdp

v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.5
s=-
c=IN IP4 192.0.2.5
t=0 0
m=audio 49217 RTP/AVP 0
"""

GOOD_SYNTAX = {
    "3.2.1 missing transaction identifier (badbranch)": BADBRANCH,
    "3.3.4 unknown URI schemes in header fields (unksm2)": UNKSM2,
    "3.3.5 unknown options in Require and Proxy-Require (bext01)": BEXT01,
    "3.3.6 unknown Content-Type (invut)": INVUT,
    "3.3.7 unknown authorization scheme (regaut01)": REGAUT01,
    "3.3.11 Max-Forwards of zero (zeromf)": ZEROMF,
    "3.3.12 REGISTER with a contact header parameter (cparam01)": CPARAM01,
    "3.3.13 REGISTER with a contact URI parameter (cparam02)": CPARAM02,
    "3.3.14 REGISTER with a URL escaped header (regescrt)": REGESCRT,
    "3.3.15 unacceptable Accept offering (sdp01)": SDP01,
    "3.4.1 INVITE with RFC 2543 syntax (inv2543)": INV2543,
}

REFUSED = {
    "3.3.1 missing required header fields (insuf)": (INSUF, 400),
    "3.3.2 Request-URI with an unknown scheme (unkscm)": (UNKSCM, 416),
    "3.3.3 Request-URI with a known but atypical scheme (novelsc)": (NOVELSC, 416),
    "3.3.8 multiple values in single-value header fields (multi01)": (MULTI01, 400),
    "3.3.9 multiple Content-Length values (mcl01)": (MCL01, 400),
}


def request(text: str) -> Request:
    message = parse_message(wire(text))
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize("text", GOOD_SYNTAX.values(), ids=GOOD_SYNTAX.keys())
def test_reaches_the_application(text: str) -> None:
    message = request(text)
    validate_request(message)
    assert parse_message(serialize(message)).headers.get("call-id") == message.call_id


@pytest.mark.parametrize(("text", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_is_refused_and_can_be_answered(text: str, status: int) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        validate_request(request(text))
    assert caught.value.status_hint == status
    assert caught.value.request is not None
    assert reply_to(caught.value.request, status).headers.get("CSeq")


def test_badbranch_is_matched_the_old_way_so_that_two_clients_do_not_meet() -> None:
    server: ServerTransactions[Response] = ServerTransactions(reliable=False)
    now = Instant(0.0)
    one = server.receive(request(BADBRANCH), now)
    assert one is not None
    assert server.receive(request(BADBRANCH), now) is None
    other = server.receive(request(BADBRANCH.replace("badbranch.", "another.")), now)
    assert other not in (None, one)


def test_unknown_scheme_is_kept_as_it_is() -> None:
    uri = request(UNKSCM).uri
    assert (uri.scheme, uri.opaque, uri.is_sip) == ("nobodyknowsthisscheme", "totallyopaquecontent", False)
    assert str(request(NOVELSC).uri) == "soap.beep://192.0.2.103:3002"


def test_unksm2_shows_its_schemes() -> None:
    message = request(UNKSM2)
    (contact,) = message.contacts
    schemes = [message.to.uri.scheme, message.from_.uri.scheme, contact.uri.scheme]
    assert schemes == ["isbn", "http", "name"]


def test_bext01_lists_its_options() -> None:
    headers = request(BEXT01).headers
    assert headers.get_all("require") == ("nothingSupportsThis", "nothingSupportsThisEither")
    assert len(headers.get_all("Proxy-Require")) == 2


def test_regaut01_has_a_readable_unknown_scheme() -> None:
    auth = parse_auth(request(REGAUT01).headers.single("Authorization"))
    assert (auth.scheme, auth.param("opaque-data")) == ("NoOneKnowsThisScheme", "here")


def test_mcl01_kills_a_stream() -> None:
    stream = SipStream()
    stream.receive_data(wire(MCL01))
    with pytest.raises(RemoteProtocolError) as caught:
        stream.next_message()
    assert stream.failure is caught.value
    assert caught.value.request is not None


def test_bcast_is_a_response_to_nobody() -> None:
    message = parse_message(wire(BCAST))
    assert isinstance(message, Response)
    assert len(message.headers.get_all("Via")) == 2
    client = ClientTransactions(reliable=False)
    client.receive(message, Instant(0.0))
    assert client.events() == [StrayResponse(message)]


def test_cparam_tells_header_and_uri_parameters_apart() -> None:
    (header_param,) = request(CPARAM01).contacts
    (uri_param,) = request(CPARAM02).contacts
    assert (header_param.param("unknownparam"), header_param.uri.params) == ("", ())
    assert (uri_param.params, uri_param.uri.param("unknownparam")) == ((), "")


def test_regescrt_keeps_the_escaped_header() -> None:
    (contact,) = request(REGESCRT).contacts
    assert contact.uri.headers == (("Route", "%3Csip:sip.example.com%3E"),)


def test_inv2543_has_a_body_without_a_length() -> None:
    message = request(INV2543)
    assert message.content_length is None
    assert message.body[:3] == b"v=0"
    assert message.body[-11:] == b"RTP/AVP 0\r\n"
    assert message.from_.tag is None
    assert message.headers == Headers(message.headers.raw_fields())
