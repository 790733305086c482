"""UCM's published answers, rebuilt byte for byte from their parameters (sip-wire T2, T4, T5, T7, T11)."""

from __future__ import annotations

import re

import pytest

from registrar.core.register.remotecc import response_body

T2 = """\
SIP/2.0 407 Proxy Authentication Required
Via: SIP/2.0/TLS 192.0.2.10:62162;branch=z9hG4bK00001188
From: <sip:1010@ucm-pub.example.com>;tag=882323451234089000003bdd-00005eff
To: <sip:1010@ucm-pub.example.com>;tag=441122775
Date: Mon, 30 Mar 2020 11:03:31 GMT
Call-ID: 88232345-12340017-00001c0b-00000cfa@192.0.2.10
Server: Cisco-CUCM12.5
CSeq: 2270 REGISTER
Proxy-Authenticate: Bearer realm="ccmsipline"
Content-Length: 0

"""
T4_HEAD = """\
SIP/2.0 200 OK
Via: SIP/2.0/TLS 192.0.2.10:62162;branch=z9hG4bK00004a82
From: <sip:1010@ucm-pub.example.com>;tag=882323451234089000003bdd-00005eff
To: <sip:1010@ucm-pub.example.com>;tag=1915868308
Date: Mon, 30 Mar 2020 11:03:31 GMT
Call-ID: 88232345-12340017-00001c0b-00000cfa@192.0.2.10
Server: Cisco-CUCM12.5
CSeq: 2271 REGISTER
Expires: 120
Contact: <sip:a8ae9f92-4b07-a0d7-d701-29320aed1e2e@192.0.2.10:62162;transport=tls>;+sip.instance="<urn:uuid:00000000-0000-0000-0000-882323451234>";+u.sip!devicename.ccm.cisco.com="CSFALICE";+u.sip!model.ccm.cisco.com="503";video;x-cisco-newreg
Supported: X-cisco-srtp-fallback,X-cisco-sis-9.1.0
Content-Type: application/x-cisco-remotecc-response+xml
Content-Length: 381

"""  # noqa: E501
T4_BODY = """\
<x-cisco-remotecc-response>
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
</x-cisco-remotecc-response>"""
T5 = """\
SIP/2.0 403 Forbidden
Via: SIP/2.0/TLS 192.0.2.50:50347;branch=z9hG4bK00005163
From: <sip:2000@UCM2-PUB>;tag=005056867e66010a00006698-00002a32
To: <sip:2000@UCM2-PUB>;tag=1946377502
Date: Fri, 03 Aug 2018 05:00:18 GMT
Call-ID: 00505686-7e660005-0000216b-0000366f@192.0.2.10
Server: Cisco-CUCM12.5
CSeq: 363 REGISTER
Retry-After: 35
Warning: 399 UCM2-PUB "SIP OAuth Registration port Mismatch"
Content-Length: 0

"""


def wire(text: str) -> str:
    return text.replace("\n", "\r\n")


def tagged(reply: bytes, tag: str) -> str:
    """The reply with its To-tag replaced, after a look at it: plain decimal, below 2**31."""
    text = reply.decode()
    found = re.search(r"^To: .*;tag=(\d+)\r$", text, re.MULTILINE)
    assert found is not None
    assert int(found[1]) < 2**31
    return text.replace(f";tag={found[1]}\r\n", f";tag={tag}\r\n", 1)


def test_the_request_of_the_trace_has_its_published_length(phone):
    assert len(phone.body) == 1271


def test_the_challenge_is_t2_byte_for_byte(bench, phone):
    reply = bench.send(bench.open(), phone.register(branch="z9hG4bK00001188"))
    assert tagged(reply, "441122775") == wire(T2)
    assert len(reply) == len(wire(T2)) + len(tag_of(reply)) - len("441122775")


def test_the_first_200_is_t4_byte_for_byte(bench, phone):
    flow = bench.open()
    bench.send(flow, phone.register())
    reply = bench.register(phone, flow, branch="z9hG4bK00004a82")
    assert tagged(reply, "1915868308") == wire(T4_HEAD) + T4_BODY + "\n\r\n"


def test_challenge_and_200_carry_different_tags(bench, phone):
    flow = bench.open()
    challenge = bench.send(flow, phone.register())
    accepted = bench.register(phone, flow)
    assert tag_of(challenge) != tag_of(accepted)


def test_a_refreshs_200_is_t4_without_newreg_and_body(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    phone.alarm = None
    reply = bench.register(phone, flow, branch="z9hG4bK00004a82")
    expected = wire(T4_HEAD).replace(";x-cisco-newreg", "")
    expected = expected.replace("Content-Type: application/x-cisco-remotecc-response+xml\r\n", "")
    assert tagged(reply, "1915868308") == expected.replace("Content-Length: 381", "Content-Length: 0")


def test_an_unregistrations_200_has_expires_0_and_no_contact(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    reply = bench.register(phone, flow, expires=0, branch="z9hG4bK00004a82")
    kept = [
        line
        for line in wire(T4_HEAD).split("\r\n")
        if not line.startswith(("Contact", "Supported", "Content-"))
    ]
    expected = "\r\n".join([*kept[:-2], "Content-Length: 0", "", ""]).replace("Expires: 120", "Expires: 0")
    assert tagged(reply, "1915868308") == expected


def test_the_refusal_is_t5_byte_for_byte(bench_of):
    bench = bench_of(oauth_mode=False, start=1_533_272_418.0)
    bench.restart(name="UCM2-PUB")
    request = (
        "REGISTER sip:UCM2-PUB SIP/2.0\r\n"
        "Via: SIP/2.0/TLS 192.0.2.50:50347;branch=z9hG4bK00005163\r\n"
        "From: <sip:2000@UCM2-PUB>;tag=005056867e66010a00006698-00002a32\r\n"
        "To: <sip:2000@UCM2-PUB>\r\n"
        "Call-ID: 00505686-7e660005-0000216b-0000366f@192.0.2.10\r\n"
        "CSeq: 363 REGISTER\r\n"
        "Content-Length: 0\r\n\r\n"
    )
    reply = bench.send(bench.open(host="192.0.2.50", port=50347), request.encode())
    assert tagged(reply, "1946377502") == wire(T5)


@pytest.mark.parametrize(
    ("offered", "length"),
    [
        pytest.param({"ix", "bfcp", "coaching"}, 381, id="a phone that offers ix and bfcp gets both"),
        pytest.param({"coaching"}, 367, id="a phone that offers neither gets neither"),
        pytest.param({"ix"}, 373, id="a phone that offers ix gets ix"),
    ],
)
def test_the_200_body_is_an_intersection(offered, length):
    assert len(response_body(frozenset(offered))) == length


def test_trying_has_no_server_and_no_tag(bench_of, phone):
    bench = bench_of(trying="always")
    replies = bench.send(bench.open(), phone.register(branch="z9hG4bK00001188")).decode()
    lines = [
        line for line in wire(T2).split("\r\n")[:-2] if not line.startswith(("Server", "Proxy-", "SIP/2.0"))
    ]
    trying = "\r\n".join(["SIP/2.0 100 Trying", *lines, "", ""]).replace(";tag=441122775", "")
    assert replies.startswith(trying)
    assert replies[len(trying) :].startswith("SIP/2.0 407 ")


@pytest.mark.parametrize(
    ("listener", "trying", "expected"),
    [
        ("oauth", "plain", False),
        ("sip-tcp", "plain", True),
        ("sip-udp", "plain", True),
        ("sip-tcp", "never", False),
        ("oauth", "always", True),
    ],
)
def test_trying_follows_the_policy(bench_of, phone, listener, trying, expected):
    phone.transport = listener.removeprefix("sip-") if listener != "oauth" else "tls"
    bench = bench_of(trying=trying)
    reply = bench.send(bench.open(listener), phone.register())
    assert reply.startswith(b"SIP/2.0 100 Trying\r\n") is expected


@pytest.mark.parametrize(
    ("version", "supported"),
    [
        ("11.5", "X-cisco-srtp-fallback,X-cisco-sis-8.0.0"),
        ("12.0", "X-cisco-srtp-fallback,X-cisco-sis-9.0.0"),
        ("14.0", "X-cisco-srtp-fallback,X-cisco-sis-10.0.0"),
        ("15.0", "X-cisco-srtp-fallback,X-cisco-sis-10.1.0"),
    ],
)
def test_server_and_sis_level_follow_the_version(bench_of, phone, version, supported):
    bench = bench_of(version=version)
    reply = bench.register(phone, bench.open()).decode()
    assert f"\r\nServer: Cisco-CUCM{version}\r\n" in reply
    assert f"\r\nSupported: {supported}\r\n" in reply


def test_a_third_party_phone_gets_the_sis_level_alone_and_no_body(bench, phone):
    phone.supported = "path"
    phone.body = ""
    reply = bench.register(phone, bench.open()).decode()
    assert "\r\nSupported: X-cisco-sis-9.1.0\r\n" in reply
    assert reply.endswith("Content-Length: 0\r\n\r\n")


def test_a_phone_that_offers_high_availability_is_told_it_is_supported(bench, phone):
    phone.contact_params = ";x-cisco-mra-ha=AR_SK;x-cisco-reg-id=1"
    reply = bench.register(phone, bench.open()).decode()
    assert "\r\nSupported: X-cisco-srtp-fallback,X-cisco-sis-9.1.0,X-cisco-supports-AR_SK\r\n" in reply


def test_session_id_and_path_are_answered_in_kind(bench, phone):
    phone.extra = "Session-ID: 1234567890abcdef1234567890abcdef;remote=0\r\nPath: <sip:192.0.2.9:5061;lr>\r\n"
    reply = bench.register(phone, bench.open()).decode()
    assert re.search(r"\r\nSession-ID: [0-9a-f]{32};remote=1234567890abcdef1234567890abcdef\r\n", reply)
    assert "\r\nPath: <sip:192.0.2.9:5061;lr>\r\n" in reply


def test_received_is_added_when_the_source_is_another_host(bench, phone):
    flow = bench.open(host="203.0.113.8")
    reply = bench.send(flow, phone.register(branch="z9hG4bK1")).decode()
    assert "Via: SIP/2.0/TLS 192.0.2.10:62162;branch=z9hG4bK1;received=203.0.113.8\r\n" in reply


def test_received_goes_to_the_top_element_of_a_list_and_further_vias_are_echoed(bench, phone):
    flow = bench.open(host="203.0.113.8")
    request = phone.register(branch="z9hG4bK1;rport").replace(
        b";rport\r\n", b";rport, SIP/2.0/TCP h2;branch=z9hG4bK2\r\nVia: SIP/2.0/TCP h3;branch=z9hG4bK3\r\n"
    )
    reply = bench.send(flow, request).decode()
    assert (
        "Via: SIP/2.0/TLS 192.0.2.10:62162;branch=z9hG4bK1;rport;received=203.0.113.8, "
        "SIP/2.0/TCP h2;branch=z9hG4bK2\r\nVia: SIP/2.0/TCP h3;branch=z9hG4bK3\r\nFrom: "
    ) in reply


def test_a_to_tag_of_the_client_is_kept(bench, phone):
    reply = bench.send(bench.open(), phone.register(to="<sip:1010@ucm-pub.example.com>;tag=mine")).decode()
    assert "\r\nTo: <sip:1010@ucm-pub.example.com>;tag=mine\r\n" in reply


def test_a_user_part_that_looks_like_a_tag_is_none(bench, phone):
    reply = bench.send(bench.open(), phone.register(to="<sip:tag=1@ucm-pub.example.com>")).decode()
    assert re.search(r"\r\nTo: <sip:tag=1@ucm-pub.example.com>;tag=\d+\r\n", reply)


def tag_of(reply: bytes) -> str:
    found = re.search(rb"^To: .*;tag=(\d+)\r$", reply, re.MULTILINE)
    assert found is not None
    return found[1].decode()
