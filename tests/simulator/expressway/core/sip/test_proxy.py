"""REGISTER and everything else through an Expressway-C, hop by hop, in values."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from registrar.core.tokens import ClusterKeys
from simulator.core.actor.flow import Address, FlowEnd
from simulator.core.events import ProxyForwarded, SipMalformed, SipReceived, SipSent, ZoneChanged
from simulator.core.events.log import EventLog
from simulator.core.sip import Request, SipStream, parse_message, parse_via, reply_to
from simulator.core.tls.alerts import TlsRefusal
from simulator.core.tls.settings import Credential
from simulator.expressway.core.refusals import UNAVAILABLE
from simulator.expressway.core.settings import ExpresswaySettings, IngressZone
from simulator.expressway.core.sip.zone import UcmNode

BRANCH = r"z9hG4bK[0-9a-f]{32}[0-9]+\.[0-9a-f]{32}"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


def request(method: str, uri: str, *lines: str, via: str = "10.10.10.1:5091", cseq: int = 101) -> Request:
    text = (
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/TLS {via};branch=z9hG4bKucm{cseq}",
        "From: <sip:10.10.10.1>;tag=1325684972",
        "To: <sip:1010@172.16.84.136>",
        "Call-ID: 6f0a4c80-e811dd7f-2b-10002c0@10.10.10.1",
        f"CSeq: {cseq} {method}",
        *lines,
        "Content-Length: 0",
    )
    message = parse_message("\r\n".join((*text, "", "")).encode())
    assert isinstance(message, Request)
    return message


# --- towards UCM ---------------------------------------------------------------------------------------------


def test_t12_register_behind_an_expressway_e(
    make_bench: Callable[..., Any], keys: ClusterKeys, mint: Callable[..., str]
) -> None:
    """The whole message of sip-wire T12, from its parameters: the edge is a traversal zone here."""
    settings = ExpresswaySettings(ingress=IngressZone(name="UCTraversal", number=1))
    bench = make_bench(keys=keys, settings=settings)
    token = mint(bench, keys)
    edge = bench.phone("10.15.30.10", 7001)
    hop = "SIP/2.0/TLS 10.15.30.10:7001;egress-zone=UCTraversal;branch=z9hG4bK55aa.77;proxy-call-id=8c1d;rport"
    phone = (
        "SIP/2.0/TLS 172.16.84.136:58980;branch=z9hG4bK00007e98;received=203.0.113.8;rport=58980"
        ";ingress-zone=CollaborationEdgeZone"
    )
    sent = bench.register(token=token)
    headers = sent.headers.without("Via").with_first("Via", phone).with_first("Via", hop)
    headers = headers.with_added("X-TAATag", "4d0c").with_added("Content-Type", "multipart/mixed")
    bench.send(edge, sent.replace(headers=headers.with_field("Max-Forwards", "16")))
    forwarded = bench.request(bench.accept())

    own, *rest = forwarded.headers.get_all("Via")
    assert re.fullmatch(
        rf"SIP/2\.0/TLS 10\.15\.20\.10:5061;egress-zone=CEOAuthucmpubexamplecom;branch={BRANCH}"
        rf";proxy-call-id={UUID};rport",
        own,
    )
    assert forwarded.start_line == f"REGISTER sip:{bench.node} SIP/2.0"
    assert [f"{name}: {value.strip()}" for name, value in forwarded.headers.raw_fields()] == [
        f"Via: {own}",
        "Via: SIP/2.0/TLS 10.15.30.10:7001;egress-zone=UCTraversal;branch=z9hG4bK55aa.77;proxy-call-id=8c1d"
        ";received=10.15.30.10;rport=7001;ingress-zone=UCTraversal;ingress-zone-id=1",
        f"Via: {phone}",
        "Call-ID: 00505696-779a0005-00001bba-00007938@172.16.84.136",
        "CSeq: 105 REGISTER",
        "Contact: <sip:7514c56a-1034-a684-3299-9b956979ee5c@10.15.20.10:5061;transport=tls"
        ';orig-hostport=172.16.84.136:58980>;+sip.instance="<urn:uuid:00000000-0000-0000-0000-00505696779a>"'
        ';+u.sip!devicename.ccm.cisco.com="CSFALICE";+u.sip!model.ccm.cisco.com="503";video'
        ';x-cisco-mra-ha=AR_SK;x-cisco-reg-id=1;+u.sip!userid.ccm.cisco.com="alice"',
        f"From: <sip:1010@{bench.node}>;tag=00505696779a000700006827-00006484",
        f"To: <sip:1010@{bench.node}>",
        "Max-Forwards: 15",
        f"Route: <sip:{bench.node}:5091;transport=tls;lr>",
        "User-Agent: Cisco-CSF",
        "Expires: 3600",
        "Supported: replaces,X-cisco-sis-7.0.0",
        f'Proxy-Authorization: Bearer token="{token}"',
        "X-TAATag: 4d0c",
        "Content-Type: multipart/mixed",
        "Content-Length: 0",
    ]
    assert rest


def test_with_sip_path_headers_on_the_contact_is_left_alone(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(path_mode=True)
    phone = bench.phone()
    bench.send(phone, bench.register())
    ucm = bench.accept()
    forwarded = bench.request(ucm)
    assert forwarded.headers.get("Contact") == bench.contact
    assert forwarded.headers.get("Path") == "<sip:10.15.20.10:5061;transport=tls;lr>"
    assert forwarded.headers.get_all("Supported")[-1] == "path"
    bench.send(ucm, bench.accepted(forwarded))
    assert bench.response(phone).status == 200

    uri = "sip:7514c56a-1034-a684-3299-9b956979ee5c@172.16.84.136:58980;transport=tls"
    bench.send(ucm, request("NOTIFY", uri, "Route: <sip:10.15.20.10:5061;transport=tls;lr>"))
    down = bench.request(phone)
    assert down.uri_text == uri
    assert "Route" not in down.headers


def test_one_connection_carries_all_phones(bench: Any) -> None:
    phones = [bench.phone(port=58980 + n) for n in range(3)]
    for number, phone in enumerate(phones):
        bench.send(phone, bench.register(cseq=str(number + 1), branch=f"z9hG4bK{number}"))
    assert len(bench.opened) == 1
    assert bench.opened[0].tls.server_name == bench.node
    assert bench.opened[0].tls.trust == (b"tomcat-ca",)
    assert bench.opened[0].tls.credential is not None
    ucm = bench.accept()
    forwardeds = bench.messages(ucm)
    assert [m.cseq.number for m in forwardeds] == [1, 2, 3]
    for forwarded in reversed(forwardeds):
        bench.send(ucm, bench.accepted(forwarded))
    assert [bench.response(phone).cseq.number for phone in phones] == [1, 2, 3]
    assert len(bench.opened) == 1


def test_the_challenge_and_the_acceptance_pass_end_to_end(bench: Any) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register(cseq="104", token=""))
    ucm = bench.accept()
    first = bench.request(ucm)
    assert "Proxy-Authorization" not in first.headers
    challenge = ("Proxy-Authenticate", 'Bearer realm="ccmsipline"')
    bench.send(ucm, reply_to(first, 407, to_tag="1", extra=(challenge,)))
    answer = bench.response(phone)
    assert (answer.status, answer.headers.get("Proxy-Authenticate")) == (407, challenge[1])
    assert answer.headers.get_all("Via") == (
        "SIP/2.0/TLS 172.16.84.136:58980;branch=z9hG4bK00007e98;received=203.0.113.8;rport=58980"
        ";ingress-zone=CollaborationEdgeZone",
    )

    bench.send(phone, bench.register(cseq="105", branch="z9hG4bK2"))
    second = bench.request(ucm)
    assert second.headers.get("Proxy-Authorization") == f'Bearer token="{bench.token}"'
    assert (
        parse_via(second.headers.get_all("Via")[0]).branch != parse_via(first.headers.get_all("Via")[0]).branch
    )
    bench.send(ucm, bench.accepted(second))
    final = bench.response(phone)
    assert final.status == 200
    assert final.contacts[0].uri.host == "10.15.20.10"
    assert final.contacts[0].uri.param("orig-hostport") == "172.16.84.136:58980"
    assert final.contacts[0].param("x-cisco-newreg") == ""
    assert [name for name, _ in final.headers.raw_fields()][:5] == ["Via", "Call-ID", "CSeq", "Contact", "From"]


@pytest.mark.parametrize(
    ("extra", "host", "status", "warning"),
    [
        pytest.param("", "unknown.example.com", 404, "Policy Response", id="a node that is not configured"),
        pytest.param("", "10.15.20.10:5061", 404, "Policy Response", id="ourselves"),
        pytest.param("Route: <sip:evil.example.net;lr>", None, 404, "Policy Response", id="a Route elsewhere"),
        pytest.param("Route: <sip:tel.example.net:5061>", None, 404, "Policy Response", id="a strict Route"),
        pytest.param("Proxy-Require: sec-agree", None, 420, "Bad Extension", id="an extension is required"),
    ],
)
def test_what_is_not_for_ucm_is_refused_and_opens_nothing(
    bench: Any, extra: str, host: str | None, status: int, warning: str
) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register(extra=extra, host=host or bench.node))
    answer = bench.response(phone)
    assert answer.status == status
    assert answer.headers.get("Warning") == f'399 10.15.20.10:5061 "{warning}"'
    assert answer.headers.get("Server").startswith("TANDBERG/")
    assert answer.to.tag
    assert not bench.opened
    assert bench.expc.load.pending == 0


@pytest.mark.parametrize(
    ("hops", "status"),
    [("0", 483), ("seventy", 400), ("256", 400), ("-1", 400)],
    ids=["used up", "no number", "too large", "negative"],
)
def test_max_forwards_is_checked(bench: Any, hops: str, status: int) -> None:
    phone = bench.phone()
    sent = bench.register()
    bench.send(phone, sent.replace(headers=sent.headers.with_field("Max-Forwards", hops)))
    assert bench.response(phone).status == status
    assert not bench.opened


@pytest.mark.parametrize(
    "route",
    [
        "Route: <sip:10.15.20.10:5061;transport=tls;zone-id=3;directed;lr>",
        "Route: <sip:10.15.20.10:5061;lr>, <sip:ucm-pub.example.com:5091;transport=tls;lr>",
    ],
    ids=["preloaded from the edge configuration", "and already naming the node"],
)
def test_our_own_route_is_taken_off(bench: Any, route: str) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register(extra=route))
    assert bench.request(bench.accept()).headers.get_all("Route") == (
        "<sip:ucm-pub.example.com:5091;transport=tls;lr>",
    )


def test_a_request_that_comes_back_is_a_loop(make_bench: Callable[..., Any]) -> None:
    bench = make_bench()
    phone = bench.phone()
    bench.send(phone, bench.register())
    forwarded = bench.request(bench.accept())
    again = bench.phone("10.15.20.10", 27001)
    bench.send(again, forwarded)
    assert bench.response(again).status == 482


def test_a_foreign_branch_with_our_address_is_no_loop(bench: Any) -> None:
    phone = bench.phone()
    sent = bench.register()
    forged = sent.headers.with_added("Via", "SIP/2.0/TLS 10.15.20.10:5061;branch=z9hG4bKforged.00")
    bench.send(phone, sent.replace(headers=forged))
    assert bench.request(bench.accept()).method == "REGISTER"


def test_a_dialog_is_recorded_and_a_register_is_not(bench: Any) -> None:
    phone, ucm = bench.registered()
    bench.send(phone, request("SUBSCRIBE", f"sip:{bench.node}", "P-Asserted-Identity: <sip:ceo@example.com>"))
    forwarded = bench.request(ucm)
    assert re.fullmatch(
        rf"<sip:proxy-call-id={UUID}@10\.15\.20\.10:5061;transport=tls;lr>",
        forwarded.headers.get("Record-Route"),
    )
    assert re.fullmatch(UUID, forwarded.headers.get("X-TAATag"))
    assert "P-Asserted-Identity" not in forwarded.headers
    bench.send(phone, bench.register(cseq="106", branch="z9hG4bKr"))
    assert "Record-Route" not in bench.request(ucm).headers


@pytest.mark.parametrize("path_mode", [False, True], ids=["Path headers off", "Path headers on"])
def test_a_phone_does_not_put_others_into_ucm_s_way_back(
    make_bench: Callable[..., Any], path_mode: bool
) -> None:
    bench = make_bench(path_mode=path_mode)
    phone = bench.phone()
    bench.send(phone, bench.register(extra="Path: <sip:evil.example.net;lr>"))
    forwarded = bench.request(bench.accept())
    ours = ("<sip:10.15.20.10:5061;transport=tls;lr>",) if path_mode else ()
    assert forwarded.headers.get_all("Path") == ours


def test_a_route_by_our_name_is_ours(bench: Any) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register(extra=f"Route: <sip:{bench.host}:5061;transport=tls;lr>"))
    assert bench.request(bench.accept()).method == "REGISTER"


def test_an_options_by_our_name_is_answered_here(bench: Any) -> None:
    phone = bench.phone()
    bench.send(phone, request("OPTIONS", f"sip:{bench.host}"))
    assert bench.response(phone).status == 200


def test_a_request_to_ucm_s_own_address_reaches_it(bench: Any) -> None:
    phone, ucm = bench.registered()
    bench.send(phone, request("SUBSCRIBE", "sip:1010@10.10.10.1:5091;transport=tls"))
    assert bench.request(ucm).uri_text == "sip:1010@10.10.10.1:5091;transport=tls"


def test_a_node_known_by_its_IPv6_address_alone_is_found_in_brackets(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(nodes={"2001:db8::1": UcmNode(host="2001:db8::1", address=Address("2001:db8::1", 5091))})
    phone = bench.phone()
    bench.send(phone, bench.register(host="[2001:DB8::1]"))
    forwarded = bench.request(bench.accept())
    assert forwarded.headers.get("Route") == "<sip:[2001:db8::1]:5091;transport=tls;lr>"


def test_a_node_configured_by_name_is_known_by_the_address_it_has(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(nodes={"ucm1": UcmNode(host="ucm1", address=Address("ucm1.lab.example", 5091))})
    phone = bench.phone()
    bench.send(phone, bench.register(host="ucm1"))
    ucm = bench.accept(Address("192.0.2.7", 5091))
    bench.messages(ucm)
    bench.send(phone, request("SUBSCRIBE", "sip:1010@192.0.2.7:5091;transport=tls"))
    assert bench.request(ucm).method == "SUBSCRIBE"
    bench.send(phone, request("SUBSCRIBE", "sip:1010@192.0.2.7:5090;transport=tls", cseq=102))
    assert bench.response(phone).status == 404


def test_cancel_and_ack_share_the_branch_of_their_invite(bench: Any) -> None:
    phone, ucm = bench.registered()
    uri = f"sip:2000@{bench.node}"
    bench.send(phone, request("INVITE", uri))
    invite = bench.request(ucm)
    bench.send(ucm, reply_to(invite, 100))
    assert bench.messages(phone) == []
    bench.send(phone, request("CANCEL", uri))
    cancel = bench.request(ucm)
    bench.send(ucm, reply_to(cancel, 200, to_tag="1"), reply_to(invite, 487, to_tag="1"))
    assert [(m.status, m.cseq.method) for m in bench.messages(phone)] == [(200, "CANCEL"), (487, "INVITE")]
    bench.send(phone, request("ACK", uri))
    ack = bench.request(ucm)
    assert {parse_via(m.headers.get_all("Via")[0]).branch for m in (cancel, ack)} == {invite.top_via.branch}
    assert bench.expc.load.pending == 0


def test_an_invite_s_2xx_may_come_again_for_32_seconds(bench: Any) -> None:
    phone, ucm = bench.registered()
    bench.send(phone, request("INVITE", f"sip:2000@{bench.node}"))
    invite = bench.request(ucm)
    assert bench.expc.next_timeout() == bench.now + 180
    answer = reply_to(invite, 200, to_tag="1")
    bench.send(ucm, answer, answer)
    assert [m.status for m in bench.messages(phone)] == [200, 200]
    bench.advance(32)
    bench.send(ucm, answer)
    assert bench.messages(phone) == []
    assert bench.expc.load.pending == 0


@pytest.mark.parametrize("contact", ["*", "", "<tel:+123>"], ids=["a star", "a query", "no SIP address"])
def test_a_register_without_an_address_passes_unchanged(bench: Any, contact: str) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register(contact=contact))
    ucm = bench.accept()
    forwarded = bench.request(ucm)
    assert forwarded.headers.get("Contact") == (contact or None)
    bench.send(ucm, bench.accepted(forwarded))
    assert bench.response(phone).status == 200
    assert bench.expc.load.contacts == 0


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_the_user_of_a_contact_is_the_one_the_token_names(
    make_bench: Callable[..., Any], keys: ClusterKeys, mint: Callable[..., str], user: str
) -> None:
    bench = make_bench(keys=keys)
    phone = bench.phone()
    bench.send(phone, bench.register(token=mint(bench, keys, user=user)))
    assert bench.request(bench.accept()).contacts[0].param("+u.sip!userid.ccm.cisco.com") == user


def test_a_retransmission_goes_no_further(bench: Any) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register(), bench.register())
    assert len(bench.messages(bench.accept())) == 1


# --- towards the phone ---------------------------------------------------------------------------------------


def test_ucm_reaches_the_phone_by_the_rewritten_contact(bench: Any) -> None:
    phone, ucm = bench.registered()
    uri = (
        "sip:7514c56a-1034-a684-3299-9b956979ee5c@10.15.20.10:5061;transport=tls"
        ";orig-hostport=172.16.84.136:58980"
    )
    bench.send(ucm, request("REFER", uri, "Max-Forwards: 70"))
    down = bench.request(phone)
    assert down.uri_text == "sip:7514c56a-1034-a684-3299-9b956979ee5c@172.16.84.136:58980;transport=tls"
    own, previous = down.headers.get_all("Via")
    assert re.fullmatch(
        rf"SIP/2\.0/TLS 10\.15\.20\.10:5061;egress-zone=CollaborationEdgeZone;branch={BRANCH}"
        rf";proxy-call-id={UUID};rport",
        own,
    )
    assert previous == (
        "SIP/2.0/TLS 10.10.10.1:5091;branch=z9hG4bKucm101;received=10.10.10.1;rport=5091"
        ";ingress-zone=CEOAuthucmpubexamplecom"
    )
    bench.send(phone, reply_to(down, 202, to_tag="9"))
    up = bench.response(ucm)
    assert (up.status, up.headers.get_all("Via")) == (202, (previous,))


@pytest.mark.parametrize(
    "uri",
    [
        "sip:7514c56a-1034-a684-3299-9b956979ee5c@10.15.20.10:5061;orig-hostport=172.16.84.136:1",
        "sip:somebody@10.15.20.10:5061;orig-hostport=172.16.84.136:58980",
        "sip:7514c56a-1034-a684-3299-9b956979ee5c@203.0.113.99:5061",
    ],
    ids=["another port", "another user part", "another host"],
)
def test_nothing_goes_to_a_contact_that_was_not_registered(bench: Any, uri: str) -> None:
    phone, ucm = bench.registered()
    bench.send(ucm, request("NOTIFY", uri))
    assert bench.response(ucm).status == 480
    assert bench.messages(phone) == []


def test_a_refused_registration_is_not_reachable(bench: Any) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register())
    ucm = bench.accept()
    bench.send(ucm, reply_to(bench.request(ucm), 403, to_tag="1"))
    assert bench.response(phone).status == 403
    assert bench.expc.load.contacts == 0


def test_unregistering_ends_reachability_and_a_keepalive_does_not(bench: Any) -> None:
    phone, ucm = bench.registered()
    for cseq, contact, expires, reachable in (
        ("201", f"{bench.contact};expires=0;cisco-keep-alive", "0", 1),
        ("202", bench.contact, "0", 0),
    ):
        bench.send(phone, bench.register(cseq=cseq, contact=contact, expires=expires, branch=f"z9hG4bK{cseq}"))
        bench.send(ucm, bench.accepted(bench.request(ucm)))
        assert bench.response(phone).status == 200
        assert bench.expc.load.contacts == reachable


def test_the_phone_s_latest_connection_wins_and_the_old_one_takes_nothing_along(bench: Any) -> None:
    old, ucm = bench.registered()
    new, _ = bench.registered(cseq="106")
    bench.end(old, FlowEnd(by="peer", clean=True))
    uri = "sip:7514c56a-1034-a684-3299-9b956979ee5c@10.15.20.10:5061;orig-hostport=172.16.84.136:58980"
    bench.send(ucm, request("NOTIFY", uri))
    assert bench.request(new).method == "NOTIFY"


def test_a_phone_that_hangs_up_leaves_ucm_an_answer(bench: Any) -> None:
    phone, ucm = bench.registered()
    uri = "sip:7514c56a-1034-a684-3299-9b956979ee5c@10.15.20.10:5061;orig-hostport=172.16.84.136:58980"
    bench.send(ucm, request("NOTIFY", uri))
    bench.end(phone, FlowEnd(by="network", clean=False))
    assert bench.response(ucm).status == 408
    assert (bench.expc.load.phones, bench.expc.load.pending, bench.expc.load.contacts) == (0, 0, 0)


# --- waiting -------------------------------------------------------------------------------------------------


def test_what_ucm_does_not_answer_times_out_after_32_seconds(bench: Any) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register())
    ucm = bench.accept()
    forwarded = bench.request(ucm)
    assert bench.expc.next_timeout() == bench.now + 32
    bench.advance(31.9)
    assert bench.messages(phone) == []
    bench.advance(0.1)
    answer = bench.response(phone)
    assert answer.status == 408
    assert answer.headers.get("Warning") == '399 10.15.20.10:5061 "Request Timeout"'
    assert answer.headers.get_all("Via")[0].startswith("SIP/2.0/TLS 172.16.84.136:58980;branch=z9hG4bK00007e98")
    bench.send(ucm, bench.accepted(forwarded))
    assert bench.messages(phone) == []
    assert bench.expc.next_timeout() is None


def test_an_answer_that_fits_nothing_is_dropped(bench: Any) -> None:
    phone, ucm = bench.registered()
    bench.send(phone, bench.register(cseq="300", branch="z9hG4bK300"))
    forwarded = bench.request(ucm)
    thief = bench.phone("198.51.100.1", 4444)
    bench.send(thief, reply_to(forwarded, 200, to_tag="1"))
    assert bench.messages(phone) == []
    assert bench.messages(thief) == []
    assert bench.log.of(SipMalformed)[-1].detail == "a response to nothing that was forwarded here"
    bench.send(ucm, bench.accepted(forwarded))
    assert bench.response(phone).status == 200


# --- the address, the nodes, the events ----------------------------------------------------------------------


def test_port_0_becomes_the_port_of_the_first_connection(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(address=Address("127.0.0.1", 0))
    (listen,) = bench.expc.listens()
    assert (listen.name, listen.transport, listen.address.port) == ("edge", "tls", 0)
    phone = bench.phone(local=Address("127.0.0.1", 40123))
    bench.send(phone, bench.register())
    forwarded = bench.request(bench.accept())
    assert forwarded.top_via.sent_by == "127.0.0.1:40123"
    assert forwarded.contacts[0].uri.port == 40123


def test_a_node_s_new_port_is_used_and_what_waited_is_answered(bench: Any) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register())
    ucm = bench.accept()
    moved = UcmNode(host=bench.node, address=Address("10.10.10.1", 15091))
    bench.expc.set_node(bench.node, moved)
    bench.run()
    assert bench.closed == [ucm]
    assert bench.response(phone).status == 408
    bench.send(phone, bench.register(cseq="106", branch="z9hG4bK106"))
    assert bench.opened[-1].remote == moved.address
    assert ":15091;" in bench.request(bench.accept()).headers.get("Route")
    bench.expc.set_node(bench.node, None)
    bench.run()
    bench.send(phone, bench.register(cseq="107", branch="z9hG4bK107"))
    assert [m.status for m in bench.messages(phone)] == [408, 404]
    with pytest.raises(KeyError, match="ucm-pub"):
        bench.expc.zone_state(bench.node)


def test_events_tell_the_way_and_never_the_token(bench: Any) -> None:
    bench.registered()
    forwarded = bench.log.of(ProxyForwarded)
    assert [(e.direction, e.start_line) for e in forwarded] == [
        ("inward", f"REGISTER sip:{bench.node} SIP/2.0"),
        ("outward", "SIP/2.0 200 OK"),
    ]
    assert [e.start_line for e in bench.log.of(SipSent)] == [e.start_line for e in forwarded]
    assert len(bench.log.of(SipReceived)) == 2
    text = "".join(map(repr, bench.log))
    assert bench.token not in text
    assert "sha256:" in text


def test_no_token_is_kept_once_the_request_is_on_its_way(bench: Any) -> None:
    """Walks everything the actor holds, but for the streams' read buffers, which the next bytes replace."""
    phone = bench.phone()
    bench.send(phone, bench.register())
    bench.accept()
    reached = False
    seen: set[int] = set()
    todo: list[object] = [bench.expc]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType | SipStream | EventLog):
            continue
        seen.add(id(thing))
        if isinstance(thing, str | bytes | bytearray):
            text = thing if isinstance(thing, str) else thing.decode("latin-1")
            assert bench.token not in text
            reached |= "00505696-779a0005" in text
        elif not callable(thing):
            todo += gc.get_referents(thing)
    assert reached, "the walk did not come to the request that waits for its answer"


def test_the_same_seed_gives_the_same_bytes(make_bench: Callable[..., Any]) -> None:
    def trace(seed: int) -> dict[Any, bytes]:
        bench = make_bench(seed=seed)
        bench.registered()
        return dict(bench.raw)

    assert trace(7) == trace(7)
    assert trace(7) != trace(8)


# --- zones that fail -----------------------------------------------------------------------------------------

REFUSED_BY_US = TlsRefusal(
    by="us", alert=48, reason="CERTIFICATE_VERIFY_FAILED", detail="unable to get local issuer certificate"
)
REFUSED_BY_UCM = TlsRefusal(by="peer", alert=48, reason="TLSV1_ALERT_UNKNOWN_CA")


@pytest.mark.parametrize(
    ("end", "up", "detail"),
    [
        pytest.param(
            FlowEnd(by="us", clean=False, refusal=REFUSED_BY_US),
            False,
            "we refused UCM's certificate (alert 48 unknown_ca): CERTIFICATE_VERIFY_FAILED: unable to get local"
            " issuer certificate",
            id="we do not trust Tomcat's issuer",
        ),
        pytest.param(
            FlowEnd(by="peer", clean=False, refusal=REFUSED_BY_UCM),
            False,
            "UCM refused the handshake (alert 48 unknown_ca): TLSV1_ALERT_UNKNOWN_CA",
            id="UCM does not trust our issuer, TLS 1.2",
        ),
        pytest.param(
            FlowEnd(by="peer", clean=False, refusal=REFUSED_BY_UCM),
            True,
            "UCM refused the handshake (alert 48 unknown_ca): TLSV1_ALERT_UNKNOWN_CA",
            id="UCM does not trust our issuer, TLS 1.3: after our handshake",
        ),
        pytest.param(
            FlowEnd(by="peer", clean=True),
            True,
            "closed by UCM after the handshake, before any SIP: is our certificate's name in its table?",
            id="our name is not in UCM's table",
        ),
        pytest.param(
            FlowEnd(by="network", clean=False, detail="connection refused"),
            False,
            "no connection to 10.10.10.1:5091: connection refused",
            id="nobody listens",
        ),
        pytest.param(
            FlowEnd(by="network", clean=False, detail="cannot connect to 10.10.10.1:5091: connection refused"),
            False,
            "cannot connect to 10.10.10.1:5091: connection refused",
            id="nobody listens, as a real socket has it",
        ),
    ],
)
def test_a_zone_that_fails_answers_408_and_says_why(bench: Any, end: FlowEnd, up: bool, detail: str) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register())
    if up:
        bench.accept()
    bench.end(bench.opened[-1].flow, end)
    answer = bench.response(phone)
    assert answer.status == 408
    assert answer.headers.get("Warning") == '399 10.15.20.10:5061 "Request Timeout"'
    status = bench.expc.zone_state(bench.node)
    assert (status.zone, status.state, status.detail) == (f"CEOAuth {bench.node}", "failed", detail)
    last = bench.log.of(ZoneChanged)[-1]
    assert (last.zone, last.state, last.detail) == (f"CEOAuth {bench.node}", "failed", detail)

    bench.send(phone, bench.register(cseq="106", branch="z9hG4bK106"))
    assert bench.response(phone).status == 408
    assert len(bench.opened) == 1
    bench.advance(5.0)
    bench.send(phone, bench.register(cseq="107", branch="z9hG4bK107"))
    assert len(bench.opened) == 2
    ucm = bench.accept()
    forwarded = bench.request(ucm)
    assert forwarded.cseq.number == 107
    bench.send(ucm, bench.accepted(forwarded))
    assert bench.response(phone).status == 200


def test_the_answer_of_a_zone_that_is_down_can_be_the_rfc_s(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(settings=ExpresswaySettings(unreachable=UNAVAILABLE))
    phone = bench.phone()
    bench.send(phone, bench.register())
    bench.end(bench.opened[-1].flow, FlowEnd(by="network", clean=False))
    answer = bench.response(phone)
    assert answer.status == 503
    assert answer.headers.get("Warning") == '399 10.15.20.10:5061 "Service Unavailable"'


def test_a_restart_closes_the_zones_and_the_next_request_opens_them_anew(bench: Any) -> None:
    phone, ucm = bench.registered()
    bench.expc.set_credential(Credential(b"new chain", b"new key"))
    assert bench.closed == []
    bench.expc.restart()
    bench.run()
    assert bench.closed == [ucm]
    assert bench.expc.zone_state(bench.node).state == "idle"
    bench.send(phone, bench.register(cseq="106", branch="z9hG4bK106"))
    assert bench.opened[-1].tls.credential == Credential(b"new chain", b"new key")
    assert bench.expc.listens()[0].tls.credential.chain == b"new chain"


def test_a_connection_that_worked_is_opened_again_at_once(bench: Any) -> None:
    phone, ucm = bench.registered()
    bench.end(ucm, FlowEnd(by="peer", clean=True))
    assert bench.expc.zone_state(bench.node).detail == "lost, closed by UCM"
    bench.send(phone, bench.register(cseq="106", branch="z9hG4bK106"))
    assert len(bench.opened) == 2
    assert bench.request(bench.accept()).cseq.number == 106


def test_new_trust_is_tried_without_waiting(bench: Any) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register())
    bench.end(bench.opened[-1].flow, FlowEnd(by="us", clean=False, refusal=REFUSED_BY_US))
    bench.expc.set_trust((b"tomcat-ca", b"another"))
    bench.send(phone, bench.register(cseq="106", branch="z9hG4bK106"))
    assert bench.opened[-1].tls.trust == (b"tomcat-ca", b"another")
