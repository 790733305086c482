"""RFC 4475 section 3.1.2: messages that are wrong, and what may be done about each.

`status` is the answer we give. Where the RFC leaves a choice the row says so; a response that is wrong is
discarded, which here means that it raises without a status.
"""

from __future__ import annotations

import pytest

from simulator.core.sip import (
    Need,
    RemoteProtocolError,
    Request,
    SipStream,
    parse_message,
    reply_to,
    validate_request,
)


def sdp(address: str, *, time: str = "t=0 0") -> str:
    return (
        f"\nv=0\no=mhandley 29739 7272939 IN IP4 {address}\ns=-\nc=IN IP4 {address}\n{time}\n"
        "m=audio 49217 RTP/AVP 0 12\nm=video 3227 RTP/AVP 31\na=rtpmap:31 LPC\n"
    )


def wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


BADINV01 = """INVITE sip:user@example.com SIP/2.0
To: sip:j.user@example.com
From: sip:caller@example.net;tag=134161461246
Max-Forwards: 7
Call-ID: badinv01.0ha0isndaksdjasdf3234nas
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;;,;,,
Contact: "Joe" <sip:joe@example.org>;;;;
Content-Length: 152
Content-Type: application/sdp
""" + sdp("192.0.2.15")

CLERR = """INVITE sip:user@example.com SIP/2.0
Max-Forwards: 80
To: sip:j.user@example.com
From: sip:caller@example.net;tag=93942939o2
Contact: <sip:caller@hungry.example.net>
Call-ID: clerr.0ha0isndaksdjweiafasdk3
CSeq: 8 INVITE
Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bK-39234-23523
Content-Type: application/sdp
Content-Length: 9999
""" + sdp("192.0.2.155")

NCL = """INVITE sip:user@example.com SIP/2.0
Max-Forwards: 254
To: sip:j.user@example.com
From: sip:caller@example.net;tag=32394234
Call-ID: ncl.0ha0isndaksdj2193423r542w35
CSeq: 0 INVITE
Via: SIP/2.0/UDP 192.0.2.53;branch=z9hG4bKkdjuw
Contact: <sip:caller@example53.example.net>
Content-Type: application/sdp
Content-Length: -999
""" + sdp("192.0.2.53")

SCALAR02 = f"""REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bK342sdfoi3
To: <sip:user@example.com>
From: <sip:user@example.com>;tag=239232jh3
CSeq: 36893488147419103232 REGISTER
Call-ID: scalar02.23o0pd9vanlq3wnrlnewofjas9ui32
Max-Forwards: 300
Expires: 1{"0" * 100}
Contact: <sip:user@host129.example.com>
  ;expires=280297596632815
Content-Length: 0

"""

SCALARLG = """SIP/2.0 503 Service Unavailable
Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129
To: <sip:user@example.com>
From: <sip:other@example.net>;tag=2easdjfejw
CSeq: 9292394834772304023312 OPTIONS
Call-ID: scalarlg.noase0of0234hn2qofoaf0232aewf2394r
Retry-After: 949302838503028349304023988
Warning: 1812 overture "In Progress"
Content-Length: 0

"""

QUOTBAL = """INVITE sip:user@example.com SIP/2.0
To: "Mr. J. User <sip:j.user@example.com>
From: sip:caller@example.net;tag=93334
Max-Forwards: 10
Call-ID: quotbal.aksdj
Contact: <sip:caller@host59.example.net>
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.59:5050;branch=z9hG4bKkdjuw39234
Content-Type: application/sdp
Content-Length: 152
""" + sdp("192.0.2.15")

LTGTRURI = """INVITE <sip:user@example.com> SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=39291
Max-Forwards: 23
Call-ID: ltgtruri.1@192.0.2.5
CSeq: 1 INVITE
Via: SIP/2.0/UDP 192.0.2.5
Contact: <sip:caller@host5.example.net>
Content-Type: application/sdp
Content-Length: 159
""" + sdp("192.0.2.5", time="t=3149328700 0")

LWSRURI = """INVITE sip:user@example.com; lr SIP/2.0
To: sip:user@example.com;tag=3xfe-9921883-z9f
From: sip:caller@example.net;tag=231413434
Max-Forwards: 5
Call-ID: lwsruri.asdfasdoeoi2323-asdfwrn23-asd834rk423
CSeq: 2130706432 INVITE
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKkdjuw2395
Contact: <sip:caller@host1.example.net>
Content-Type: application/sdp
Content-Length: 159
""" + sdp("192.0.2.1", time="t=3149328700 0")

LWSSTART = """INVITE  sip:user@example.com  SIP/2.0
Max-Forwards: 8
To: sip:user@example.com
From: sip:caller@example.net;tag=8814
Call-ID: lwsstart.dfknq234oi243099adsdfnawe3@example.com
CSeq: 1893884 INVITE
Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw3923
Contact: <sip:caller@host1.example.net>
Content-Type: application/sdp
Content-Length: 150
""" + sdp("192.0.2.1")

TRWS = """OPTIONS sip:remote-target@example.com SIP/2.0\x20\x20
Via: SIP/2.0/TCP host1.examle.com;branch=z9hG4bK299342093
To: <sip:remote-target@example.com>
From: <sip:local-resource@example.com>;tag=329429089
Call-ID: trws.oicu34958239neffasdhr2345r
Accept: application/sdp
CSeq: 238923 OPTIONS
Max-Forwards: 70
Content-Length: 0

"""

ESCRURI = """INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=341518
Max-Forwards: 7
Contact: <sip:caller@host39923.example.net>
Call-ID: escruri.23940-asdfhj-aje3br-234q098w-fawerh2q-h4n5
CSeq: 149209342 INVITE
Via: SIP/2.0/UDP host-of-the-hour.example.com;branch=z9hG4bKkdjuw
Content-Type: application/sdp
Content-Length: 150
""" + sdp("192.0.2.1")

BADDATE = """INVITE sip:user@example.com SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=2234923
Max-Forwards: 70
Call-ID: baddate.239423mnsadf3j23lj42--sedfnm234
CSeq: 1392934 INVITE
Via: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw
Date: Fri, 01 Jan 2010 16:00:00 EST
Contact: <sip:caller@host5.example.net>
Content-Type: application/sdp
Content-Length: 150
""" + sdp("192.0.2.5")

REGBADCT = """REGISTER sip:example.com SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=998332
Max-Forwards: 70
Call-ID: regbadct.k345asrl3fdbv@10.0.0.1
CSeq: 1 REGISTER
Via: SIP/2.0/UDP 135.180.130.133:5060;branch=z9hG4bKkdjuw
Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E
l: 0

"""

BADASPEC = """OPTIONS sip:user@example.org SIP/2.0
Via: SIP/2.0/UDP host4.example.com:5060;branch=z9hG4bKkdju43234
Max-Forwards: 70
From: "Bell, Alexander" <sip:a.g.bell@example.com>;tag=433423
To: "Watson, Thomas" < sip:t.watson@example.org >
Call-ID: badaspec.sdf0234n2nds0a099u23h3hnnw009cdkne3
Accept: application/sdp
CSeq: 3923239 OPTIONS
l: 0

"""

BADDN = """OPTIONS sip:t.watson@example.org SIP/2.0
Via:     SIP/2.0/UDP c.example.com:5060;branch=z9hG4bKkdjuw
Max-Forwards:      70
From:    Bell, Alexander <sip:a.g.bell@example.com>;tag=43
To:      Watson, Thomas <sip:t.watson@example.org>
Call-ID: baddn.31415@c.example.com
Accept: application/sdp
CSeq:    3923239 OPTIONS
l: 0

"""

BADVERS = """OPTIONS sip:t.watson@example.org SIP/7.0
Via:     SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw
Max-Forwards:     70
From:    A. Bell <sip:a.g.bell@example.com>;tag=qweoiqpe
To:      T. Watson <sip:t.watson@example.org>
Call-ID: badvers.31417@c.example.com
CSeq:    1 OPTIONS
l: 0

"""

MISMATCH01 = """OPTIONS sip:user@example.com SIP/2.0
To: sip:j.user@example.com
From: sip:caller@example.net;tag=34525
Max-Forwards: 6
Call-ID: mismatch01.dj0234sxdfl3
CSeq: 8 INVITE
Via: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw
l: 0

"""

MISMATCH02 = """NEWMETHOD sip:user@example.com SIP/2.0
To: sip:j.user@example.com
From: sip:caller@example.net;tag=34525
Max-Forwards: 6
Call-ID: mismatch02.dj0234sxdfl3
CSeq: 8 INVITE
Contact: <sip:caller@host.example.net>
Via: SIP/2.0/UDP host.example.net;branch=z9hG4bKkdjuw
Content-Type: application/sdp
l: 138

v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.1
c=IN IP4 192.0.2.1
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
"""

BIGCODE = """SIP/2.0 4294967301 better not break the receiver
Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe
Call-ID: bigcode.asdof3uj203asdnf3429uasdhfas3ehjasdfas9i
CSeq: 353494 INVITE
From: <sip:user@example.com>;tag=39ansfi3
To: <sip:user@example.edu>;tag=902jndnke3
Content-Length: 0
Contact: <sip:user@host105.example.com>

"""

REFUSED = {
    "3.1.2.1 extraneous header field separators (badinv01)": (BADINV01, 400, "Via"),
    "3.1.2.2 Content-Length larger than the message (clerr)": (CLERR, 400, "Content-Length"),
    "3.1.2.3 negative Content-Length (ncl)": (NCL, 400, "Content-Length"),
    "3.1.2.4 scalar fields with overlarge values (scalar02)": (SCALAR02, 400, "CSeq"),
    "3.1.2.6 unterminated quoted string in a display name (quotbal)": (QUOTBAL, 400, "address"),
    "3.1.2.7 <> around the Request-URI; ignoring them is allowed (ltgtruri)": (LTGTRURI, 400, "URI"),
    "3.1.2.8 white space inside the Request-URI (lwsruri)": (LWSRURI, 400, "URI"),
    "3.1.2.9 several SP in the request line; ignoring them is allowed (lwsstart)": (LWSSTART, 400, "URI"),
    "3.1.2.10 SP at the end of the request line; ignoring them is allowed (trws)": (TRWS, 400, "request line"),
    "3.1.2.11 escaped headers in the Request-URI; ignoring them is allowed (escruri)": (
        ESCRURI,
        400,
        "header fields",
    ),
    "3.1.2.14 spaces within addr-spec; ignoring them is allowed (badaspec)": (BADASPEC, 400, "address"),
    "3.1.2.15 non-token characters in a display name; inferring quotes is allowed (baddn)": (
        BADDN,
        400,
        "address",
    ),
    "3.1.2.16 unknown protocol version (badvers)": (BADVERS, 505, "SIP/7.0"),
    "3.1.2.17 start line and CSeq method differ (mismatch01)": (MISMATCH01, 400, "CSeq"),
    "3.1.2.18 unknown method and CSeq method differ; 501 or 400 (mismatch02)": (MISMATCH02, 400, "CSeq"),
}


@pytest.mark.parametrize(("text", "status", "names"), REFUSED.values(), ids=REFUSED.keys())
class TestEveryInvalidRequest:
    def test_is_refused_and_can_be_answered(self, text: str, status: int, names: str) -> None:
        with pytest.raises(RemoteProtocolError) as caught:
            validate_request(_request(wire(text)))
        assert caught.value.status_hint == status
        assert names in caught.value.detail
        assert caught.value.request is not None
        answer = reply_to(caught.value.request, status)
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            assert answer.headers.get(name) == caught.value.request.headers.get(name) is not None

    def test_ends_the_same_however_it_is_cut(self, text: str, status: int, names: str) -> None:
        outcomes = []
        for size in (1, 7, 10_000):
            stream = SipStream()
            data = wire(text)
            result: object = Need.DATA
            try:
                for at in range(0, len(data), size):
                    stream.receive_data(data[at : at + size])
                    result = stream.next_message()
                    if result is not Need.DATA:
                        break
            except RemoteProtocolError as error:
                result = (error.detail, error.status_hint, error.request)
            outcomes.append(result)
        assert outcomes[0] == outcomes[1] == outcomes[2]


def _request(data: bytes) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def test_3_1_2_2_on_a_stream_the_missing_bytes_are_awaited() -> None:
    stream = SipStream()
    stream.receive_data(wire(CLERR))
    assert stream.next_message() is Need.DATA


def test_3_1_2_3_on_a_stream_the_framing_is_lost() -> None:
    stream = SipStream()
    stream.receive_data(wire(NCL))
    with pytest.raises(RemoteProtocolError, match="Content-Length"):
        stream.next_message()
    with pytest.raises(RemoteProtocolError, match="dead"):
        stream.next_message()


def test_3_1_2_4_names_every_overlarge_scalar() -> None:
    message = _request(wire(SCALAR02))
    assert message.expires == 2**32 - 1
    (contact,) = message.contacts
    assert contact.param("expires") == "280297596632815"
    small_cseq = wire(SCALAR02).replace(b"36893488147419103232", b"1")
    with pytest.raises(RemoteProtocolError, match="Max-Forwards is over 255"):
        validate_request(_request(small_cseq))


def test_3_1_2_5_a_response_with_overlarge_scalars_cannot_be_matched() -> None:
    message = parse_message(wire(SCALARLG))
    with pytest.raises(RemoteProtocolError, match="CSeq"):
        _ = message.cseq


def test_3_1_2_12_a_date_in_another_zone_is_let_pass() -> None:
    """The RFC allows rejecting it, and advises against that where the Date does not matter."""
    message = _request(wire(BADDATE))
    validate_request(message)
    assert message.headers.get("Date") == "Fri, 01 Jan 2010 16:00:00 EST"


def test_3_1_2_13_a_contact_with_a_question_mark_outside_of_brackets_is_refused() -> None:
    message = _request(wire(REGBADCT))
    validate_request(message)  # an element that does not look at Contact has no reason to complain
    with pytest.raises(RemoteProtocolError, match="bad parameter") as caught:
        _ = message.contacts
    assert caught.value.status_hint == 400


def test_3_1_2_19_an_overlarge_status_is_no_response() -> None:
    with pytest.raises(RemoteProtocolError, match="status line") as caught:
        parse_message(wire(BIGCODE))
    assert caught.value.status_hint is None
