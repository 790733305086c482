"""RFC 4475 section 3.1.1: messages that look wrong and are right."""

from __future__ import annotations

import pytest

from simulator.core.sip import (
    KeepAlive,
    Need,
    Request,
    Response,
    SipStream,
    SipUri,
    parse_message,
    serialize,
    validate_request,
)


def sdp(address: str) -> str:
    return (
        f"\nv=0\no=mhandley 29739 7272939 IN IP4 {address}\ns=-\nc=IN IP4 {address}\nt=0 0\n"
        "m=audio 49217 RTP/AVP 0 12\nm=video 3227 RTP/AVP 31\na=rtpmap:31 LPC\n"
    )


def wire(text: str) -> bytes:
    """The RFC's printed form on the wire: every line ends in CRLF; \\udcXX is the byte XX."""
    return text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")


def wide(word: str, times: int) -> str:
    return word * times


WSINV = r"""INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\""       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : 150
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \"\"" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33
""" + sdp("192.0.2.3").replace("c=IN IP4 192.0.2.3", "c=IN IP4 192.0.2.4")

INTMETH = (
    "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    ":&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\n"
    "Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\n"
    'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" '
    "<sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\n"
    "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"работающий\""
    ";tag=_token~1'+`*%!-.\n"
    "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\n"
    "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\n"
    "Max-Forwards: 255\n"
    "extensionHeader-!.%*+_`'~:\ufeff大停電\n"
    "Content-Length: 0\n\n"
)

ESC01 = """INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0
To: sip:%75se%72@example.com
From: <sip:I%20have%20spaces@example.net>;tag=938
Max-Forwards: 87
i: esc01.239409asdfakjkn23onasd0-3234
CSeq: 234234 INVITE
Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw
C: application/sdp
Contact:
  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>
Content-Length: 150
""" + sdp("192.0.2.1")

ESCNULL = """REGISTER sip:example.com SIP/2.0
To: sip:null-%00-null@example.com
From: sip:null-%00-null@example.com;tag=839923423
Max-Forwards: 70
Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd
CSeq: 14398234 REGISTER
Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw
Contact: <sip:%00@host5.example.com>
Contact: <sip:%00%00@host5.example.com>
L:0

"""

ESC02 = """RE%47IST%45R sip:registrar.example.com SIP/2.0
To: "%Z%45" <sip:resource@example.com>
From: "%Z%45" <sip:resource@example.com>;tag=f232jadfj23
Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf
Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234
CSeq: 29344 RE%47IST%45R
Max-Forwards: 70
Contact: <sip:alias1@host1.example.com>
C%6Fntact: <sip:alias2@host2.example.com>
Contact: <sip:alias3@host3.example.com>
l: 0

"""

LWSDISP = """OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: caller<sip:caller@example.com>;tag=323
Max-Forwards: 70
Call-ID: lwsdisp.1234abcd@funky.example.com
CSeq: 60 OPTIONS
Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw
l: 0

"""

_LONG_NAME = wide("amazinglylongcallername", 5)
_VIA_NAMES = (
    ["Via:", "v:", "V:", "Via:", "ViA:", "VIa:", "VIA:", "via:", "viA:", "vIa:", "vIA:"]
    + ["V : ", "v : ", "V  :", "v  :", "Via :", "Via  :"]
    + ["Via:"] * 16
)
LONGREQ = (
    "INVITE sip:user@example.com SIP/2.0\n"
    f'To: "I have a user name of {wide("extreme", 10)} proportion"'
    f"<sip:user@example.com:6000;unknownparam1=very{wide('long', 20)}value"
    f";longparam{wide('name', 25)}=shortvalue"
    f";very{wide('long', 25)}ParameterNameWithNoValue>\n"
    f"F: sip:{_LONG_NAME}@example.net;tag=12{wide('982', 50)}424"
    f";unknownheaderparam{wide('name', 20)}=unknowheaderparam{wide('value', 15)}"
    f";unknownValueless{wide('paramname', 10)}\n"
    f"Call-ID: longreq.one{wide('really', 20)}longcallid\n"
    "CSeq: 3882340 INVITE\n"
    f"Unknown-{wide('Long', 20)}-Name: unknown-{wide('long', 20)}-value"
    f"; unknown-{wide('long', 20)}-parameter-name = unknown-{wide('long', 20)}-parameter-value\n"
    + "".join(f"{name} SIP/2.0/TCP sip{33 - i}.example.com\n" for i, name in enumerate(_VIA_NAMES))
    + f"Via: SIP/2.0/TCP host.example.com;received=192.0.2.5;branch=very{wide('long', 50)}branchvalue\n"
    "Max-Forwards: 70\n"
    f"Contact: <sip:{_LONG_NAME}@host5.example.net>\n"
    "Content-Type: application/sdp\n"
    "l: 150\n" + sdp("192.0.2.1")
)

DBLREQ = """REGISTER sip:example.com SIP/2.0
To: sip:j.user@example.com
From: sip:j.user@example.com;tag=43251j3j324
Max-Forwards: 8
I: dblreq.0ha0isndaksdj99sdfafnl3lk233412
Contact: sip:j.user@host.example.com
CSeq: 8 REGISTER
Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492
Content-Length: 0


INVITE sip:joe@example.com SIP/2.0
t: sip:joe@example.com
From: sip:caller@example.net;tag=141334
Max-Forwards: 8
Call-ID: dblreq.0ha0isnda977644900765@192.0.2.15
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw380234
Content-Type: application/sdp
Content-Length: 150
""" + sdp("192.0.2.15").replace("m=video", "m =video")

SEMIURI = """OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0
To: sip:j_user@example.com
From: sip:caller@example.org;tag=33242
Max-Forwards: 3
Call-ID: semiuri.0ha0isndaksdj
CSeq: 8 OPTIONS
Accept: application/sdp, application/pkcs7-mime,
        multipart/mixed, multipart/signed,
        message/sip, message/sipfrag
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw
l: 0

"""

TRANSPORTS = """OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: <sip:caller@example.com>;tag=323
Max-Forwards: 70
Call-ID:  transports.kijh4akdnaqjkwendsasfdj
Accept: application/sdp
CSeq: 60 OPTIONS
Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw
Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf
Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj
Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en
Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee
l: 0

"""

# 3.1.1.11 carries 252 bytes of DER here; the bytes below are ours, as binary and as full of CR, LF and NUL.
_BINARY = "0\udc82\x01\x00\udcff\udcfe\x0b\x0c\x1b\x85" + "".join(
    chr(b) if b < 128 else chr(0xDC00 + b) for b in range(11, 251) if b not in (10, 13)
)
_MULTIPART = (
    "\n--7a9cbec02ceef655\nContent-Type: text/plain\nContent-Transfer-Encoding: binary\n\nHello\n"
    "--7a9cbec02ceef655\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: binary\n\n"
    f"{_BINARY}\n--7a9cbec02ceef655--\n"
)
MPART01 = f"""MESSAGE sip:kumiko@example.org SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-;rport
Max-Forwards: 70
Route: <sip:127.0.0.1:5080>
Identity: r5mwreLuyDRYBi/0TiPwEsY3rEVsk/G2WxhgTV1PF7hHuLIK0YWVKZhKv9Mj8UeXqkMVbnVq37CD+813gvYjcBUa
 ZngQmXc9WNZSDNGCzA+fWl9MEUHWIZo1CeJebdY/XlgKeTa0Olvq0rt70Q5jiSfbqMJmQFteeivUhkMWYUA=
Contact: <sip:fluffy@127.0.0.1:5070>
To: <sip:kumiko@example.org>
From: <sip:fluffy@example.com>;tag=2fb0dcc9
Call-ID: 3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA..
CSeq: 1 MESSAGE
Content-Transfer-Encoding: binary
Content-Type: multipart/mixed;boundary=7a9cbec02ceef655
Date: Sat, 15 Oct 2005 04:44:56 GMT
User-Agent: SIPimp.org/0.2.5 (curses)
Content-Length: {len(wire(_MULTIPART)) - 2}
{_MULTIPART}"""

UNREASON = """SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое
Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923
Call-ID: unreason.1234ksdfak3j2erwedfsASdf
CSeq: 35 INVITE
From: sip:user@example.com;tag=11141343
To: sip:user@example.edu;tag=2229
Content-Length: 154
Content-Type: application/sdp
Contact: <sip:user@host198.example.com>
""" + sdp("192.0.2.198")

NOREASON = """SIP/2.0 100\x20
Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe
Call-ID: noreason.asndj203insdf99223ndf
CSeq: 35 INVITE
From: <sip:user@example.com>;tag=39ansfi3
To: <sip:user@example.edu>;tag=902jndnke3
Content-Length: 0
Contact: <sip:user@host105.example.com>

"""

VALID = {
    "3.1.1.1 a short tortuous INVITE (wsinv)": WSINV,
    "3.1.1.2 a wide range of valid characters (intmeth)": INTMETH,
    "3.1.1.3 valid use of the % escaping mechanism (esc01)": ESC01,
    "3.1.1.4 escaped nulls in URIs (escnull)": ESCNULL,
    "3.1.1.5 use of % when it is not an escape (esc02)": ESC02,
    "3.1.1.6 no LWS between display name and < (lwsdisp)": LWSDISP,
    "3.1.1.7 long values in header fields (longreq)": LONGREQ,
    "3.1.1.9 semicolon-separated parameters in the user part (semiuri)": SEMIURI,
    "3.1.1.10 varied and unknown transport types (transports)": TRANSPORTS,
    "3.1.1.11 multipart MIME message (mpart01)": MPART01,
    "3.1.1.12 unusual reason phrase (unreason)": UNREASON,
    "3.1.1.13 empty reason phrase (noreason)": NOREASON,
}


def read(text: str) -> Request | Response:
    return parse_message(wire(text))


def request(text: str) -> Request:
    message = read(text)
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
class TestEveryValidMessage:
    def test_is_accepted(self, text: str) -> None:
        message = read(text)
        if isinstance(message, Request):
            validate_request(message)
        assert message.from_.tag is not None
        assert message.top_via.host
        assert message.content_length == len(message.body)

    def test_comes_back_byte_by_byte(self, text: str) -> None:
        assert serialize(read(text)) == wire(text)

    def test_is_the_same_on_a_stream(self, text: str) -> None:
        stream = SipStream()
        for byte in wire(text):
            assert stream.next_message() is Need.DATA
            stream.receive_data(bytes((byte,)))
        assert stream.next_message() == read(text)
        assert stream.next_message() is Need.DATA


def test_wsinv_reads_through_folding_and_white_space() -> None:
    message = request(WSINV)
    assert message.uri.params == (("unknownparam", None),)
    assert message.to.tag == "1918181833n"
    assert message.from_.display == 'J Rosenberg \\"'
    assert message.from_.tag == "98asjd8"
    assert message.cseq == (9, "INVITE")
    assert message.headers.get("Max-Forwards") == "0068"
    assert message.headers.get("Subject") == ""
    assert message.headers.get("newfangledheader") == "newfangled value continued newfangled value"
    assert message.headers.get("UnknownHeaderWithUnusualValue") == ";;,,;;,;"
    assert message.headers.count("via") == 2
    assert message.headers.get_all("via") == (
        "SIP  /   2.0 /UDP 192.0.2.2;branch=390skdjuw",
        "SIP  / 2.0  / TCP     spindle.example.com   ; branch  =   z9hG4bK9ikj8",
        "SIP  /    2.0   / UDP  192.168.255.111   ; branch= z9hG4bK30239",
    )
    assert message.top_via == ("UDP", "192.0.2.2", None, (("branch", "390skdjuw"),))
    (contact,) = message.contacts
    assert contact.display == 'Quoted string ""'
    assert [contact.param(name) for name in ("newparam", "secondparam", "q")] == ["newvalue", "", "0.33"]
    (route,) = message.headers.get_all("Route")
    assert route == "<sip:services.example.com;lr;unknownwith=value;unknown-no-value>"


def test_intmeth_keeps_every_unusual_character() -> None:
    message = request(INTMETH)
    assert message.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert message.uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert message.uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert message.uri.host == "example.com"
    assert message.to.display == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert message.from_.display == "token1~` token2'+_ token3*%!.-"
    assert message.from_.param("fromparam''~+*_!.-%") == "работающий"
    assert message.from_.tag == "_token~1'+`*%!-."
    assert message.call_id == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    assert message.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"


def test_esc01_unescapes_only_what_is_an_escape() -> None:
    message = request(ESC01)
    assert message.uri.unescaped_user == "sips:user@example.com"
    assert message.to.uri.equivalent(SipUri.parse("sip:user@example.com"))
    (contact,) = message.contacts
    assert contact.uri.unescaped_user == "caller"
    # lr and name=value%41: %25%34%31 is an escaped percent sign and "41", not an escaped "A".
    assert contact.uri.equivalent(SipUri.parse("sip:caller@host5.example.net;lr;name=value%2541"))
    assert not contact.uri.equivalent(SipUri.parse("sip:caller@host5.example.net;lr;name=valueA"))


def test_escnull_keeps_two_contacts_apart() -> None:
    one, two = request(ESCNULL).contacts
    assert (one.uri.unescaped_user, two.uri.unescaped_user) == ("\0", "\0\0")
    assert not one.uri.equivalent(two.uri)


def test_esc02_is_neither_a_register_nor_has_three_contacts() -> None:
    message = request(ESC02)
    assert message.method == "RE%47IST%45R"
    assert message.to.display == "%Z%45"
    assert [contact.uri.user for contact in message.contacts] == ["alias1", "alias3"]
    assert message.headers.get("C%6Fntact") == "<sip:alias2@host2.example.com>"


def test_lwsdisp_has_a_display_name() -> None:
    assert request(LWSDISP).from_.display == "caller"


def test_longreq_has_34_vias() -> None:
    message = request(LONGREQ)
    assert message.headers.count("Via") == 34
    assert message.top_via.host == "sip33.example.com"


def test_semiuri_keeps_the_semicolon_in_the_user_part() -> None:
    message = request(SEMIURI)
    assert message.uri.unescaped_user == "user;par=u@example.net"
    assert len(message.headers.get_all("Accept")) == 6


def test_a_response_may_say_anything_or_nothing() -> None:
    unusual, empty = read(UNREASON), read(NOREASON)
    assert isinstance(unusual, Response)
    assert isinstance(empty, Response)
    assert unusual.reason == "= 2**3 * 5**2 но сто девяносто девять - простое"
    assert (empty.status, empty.reason) == (100, "")


def test_3_1_1_8_a_second_request_in_a_datagram_is_ignored() -> None:
    message = request(DBLREQ)
    validate_request(message)
    assert (message.method, message.body) == ("REGISTER", b"")


def test_3_1_1_8_on_a_stream_the_second_request_is_another_message() -> None:
    stream = SipStream()
    stream.receive_data(wire(DBLREQ))
    first, between, second = stream.next_message(), stream.next_message(), stream.next_message()
    assert isinstance(first, Request)
    assert between == KeepAlive("pong")
    assert isinstance(second, Request)
    assert (first.method, second.method) == ("REGISTER", "INVITE")
    assert len(second.body) == 150
