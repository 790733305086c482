"""The actor: streams, datagrams, other methods, restarts, resets, timers. Bytes in, effects out, no sockets."""

from __future__ import annotations

import re

import pytest

from registrar.core.cluster.directory import User
from registrar.core.cluster.ports import NodePorts
from simulator.core.events import (
    BindingChanged,
    PeerJudged,
    RegistrarAccepted,
    ServiceStarted,
    ServiceStopped,
    SipMalformed,
    SipReceived,
    SipSent,
)
from simulator.core.tls.settings import ClientAuth


def statuses(reply: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"(?:^|\n)SIP/2\.0 (\d{3}) ", reply)]


# --- listeners -----------------------------------------------------------------------------------------------


def test_the_listeners_have_their_certificates_and_client_authentication(bench):
    listens = {listen.name: listen for listen in bench.ucm.listens()}
    assert {name: (str(each.address), each.transport) for name, each in listens.items()} == {
        "sip-udp": ("192.0.2.1:5060", "udp"),
        "sip-tcp": ("192.0.2.1:5060", "tcp"),
        "sips": ("192.0.2.1:5061", "tls"),
        "oauth": ("192.0.2.1:5090", "tls"),
        "mra": ("192.0.2.1:5091", "tls"),
    }
    oauth, mra, sips = listens["oauth"].tls, listens["mra"].tls, listens["sips"].tls
    assert oauth.credential is mra.credential is bench.snapshot.tomcat
    assert sips.credential is bench.snapshot.callmanager
    assert (oauth.client_auth, mra.client_auth, sips.client_auth) == (
        ClientAuth.NONE,
        ClientAuth.REQUIRED,
        ClientAuth.REQUIRED,
    )
    assert (mra.trust, sips.trust) == ((b"tomcat-trust",), (b"capf",))


def test_the_policy_can_ask_phones_for_certificates_and_forgo_them_on_5061(bench_of):
    ucm = bench_of(request_client_certificate=True, lsc_in_handshake=False).ucm
    auth = {listen.name: listen.tls.client_auth for listen in ucm.listens() if listen.tls}
    assert (auth["oauth"], auth["sips"]) == (ClientAuth.OPTIONAL, ClientAuth.OPTIONAL)


# --- streams -------------------------------------------------------------------------------------------------


def test_pipelined_requests_in_one_chunk_are_answered_in_order(bench, phone):
    data = phone.register() + phone.register(token=bench.token()) + phone.register(token=bench.token())
    assert statuses(bench.send(bench.open(), data)) == [407, 200, 200]


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_requests_cut_anywhere_get_the_same_answers(bench, phone, size):
    data = phone.register() + phone.register(token=bench.token())
    flow = bench.open()
    reply = b"".join(bench.send(flow, data[at : at + size]) for at in range(0, len(data), size))
    assert statuses(reply) == [407, 200]


def test_a_ping_gets_a_pong_and_a_pong_nothing(bench, phone):
    flow = bench.open()
    assert bench.send(flow, b"\r\n\r\n") == b"\r\n"
    reply = bench.send(flow, b"\r\n" + phone.register())
    assert statuses(reply) == [407]


def test_a_broken_request_is_answered_and_the_stream_goes_on(bench, phone):
    flow = bench.open()
    broken = phone.register().replace(b"User-Agent: ", b"User-Agent ")
    assert statuses(bench.send(flow, broken + phone.register())) == [400, 407]
    assert bench.closed == []
    assert bench.events(SipMalformed)[0].status == 400


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="http"),
        pytest.param(b"\x16\x03\x01\x02\x00\n\n", id="a TLS hello"),
        pytest.param(b"REGISTER sip:x SIP/2.0\r\nVia: x\nTo: y\r\n\r\n", id="a bare LF"),
        pytest.param(b"A" * 70_000, id="an endless line"),
        pytest.param(b"SIP/2.0 abc\r\n\r\n", id="a broken status line"),
    ],
)
def test_what_cannot_be_answered_closes_the_flow_and_is_reported(bench, garbage):
    flow = bench.open()
    assert bench.send(flow, garbage) == b""
    assert bench.closed == [flow]
    assert bench.events(SipMalformed)[0].detail
    assert bench.send(flow, garbage) == b""


def test_a_stream_that_lost_its_framing_is_answered_once_and_closed(bench, phone):
    flow = bench.open()
    request = phone.register()
    broken = re.sub(rb"Content-Length: \d+\r\n", b"Content-Length: many\r\n", request)
    assert statuses(bench.send(flow, broken)) == [400]
    assert bench.closed == [flow]


@pytest.mark.parametrize("missing", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_a_request_without_what_an_answer_must_copy_closes_the_flow(bench, phone, missing):
    flow = bench.open()
    assert bench.send(flow, phone.register(drop=missing)) == b""
    assert bench.closed == [flow]
    assert missing.lower() in bench.events(SipMalformed)[-1].detail.lower()


def test_a_broken_via_cannot_be_answered(bench, phone):
    flow = bench.open()
    assert bench.send(flow, phone.register().replace(b"Via: SIP/2.0/TLS 192", b"Via: SIP/2.0 192")) == b""
    assert bench.closed == [flow]


def test_an_options_with_a_broken_via_cannot_be_answered_either(bench, phone):
    flow = bench.open()
    request = phone.register(method="OPTIONS").replace(b"Via: SIP/2.0/TLS 192", b"Via: SIP/2.0 192")
    assert bench.send(flow, request) == b""
    assert bench.closed == [flow]


def test_requests_behind_one_that_closed_the_flow_are_not_looked_at(bench, phone):
    flow = bench.open()
    assert bench.send(flow, phone.register(drop="Via") + phone.register()) == b""
    assert bench.ucm.counts["challenged"] == 0


def test_a_stream_that_ends_inside_a_message_is_reported(bench, phone):
    flow = bench.open()
    bench.send(flow, phone.register()[:100])
    bench.drop(flow)
    assert "ended inside" in bench.events(SipMalformed)[0].detail


def test_data_for_a_flow_that_is_gone_is_ignored(bench, phone):
    flow = bench.open()
    bench.drop(flow)
    bench.drop(flow)
    assert bench.send(flow, phone.register()) == b""


# --- datagrams -----------------------------------------------------------------------------------------------


@pytest.fixture
def plain(phone_of):
    made = phone_of(name="CSFPLAIN", dn="1040")
    made.transport = "udp"
    return made


def test_a_retransmitted_datagram_gets_the_same_answer_and_one_decision(bench, plain):
    flow = bench.open("sip-udp")
    request = plain.register()
    first = bench.send(flow, request)
    assert statuses(first) == [100, 200]
    again = bench.send(flow, request)
    assert statuses(again) == [200]
    assert first.endswith(again)
    assert bench.ucm.counts["registered"] == 1


def test_after_timer_j_the_transaction_is_gone(bench, plain):
    flow = bench.open("sip-udp")
    request = plain.register(expires=100)
    bench.send(flow, request)
    assert bench.ucm.next_timeout() == bench.now + 32
    bench.advance(32)
    assert statuses(bench.send(flow, request)) == [100, 500]


def test_a_deadline_of_a_flow_that_is_gone_does_nothing(bench, plain):
    flow = bench.open("sip-udp")
    bench.send(flow, plain.register())
    bench.drop(flow)
    before = bench.sent[flow]
    bench.advance(33)
    assert bench.sent[flow] == before


def test_a_refresh_over_udp_is_a_new_transaction(bench, plain):
    flow = bench.open("sip-udp")
    bench.send(flow, plain.register())
    assert statuses(bench.send(flow, plain.register())) == [100, 200]
    assert bench.ucm.counts["refreshed"] == 1


@pytest.mark.parametrize("port", ["sip-tcp", "sips", "oauth", "mra"])
@pytest.mark.parametrize("cut", [5, 200, -1], ids=["half a request line", "half a header", "all but a byte"])
def test_half_a_message_holds_no_connection_for_more_than_a_minute(bench, phone, peer_of, port, cut):
    tls_peer = peer_of("expc.example.com") if port == "mra" else None
    other, flow = bench.open(port, tls_peer=tls_peer), bench.open(port, tls_peer=tls_peer)
    bench.send(flow, phone.register()[:cut])
    bench.advance(59)
    assert bench.closed == []
    bench.advance(1)
    assert bench.closed == [flow]
    (event,) = bench.events(SipMalformed)
    assert (event.detail, event.status) == ("a message did not come whole within 60 s", None)
    assert statuses(bench.send(other, phone.register(method="OPTIONS"))) == [200]
    bench.advance(3600)
    assert bench.closed == [flow]


def test_a_message_that_comes_in_pieces_within_a_minute_is_answered(bench, phone):
    flow, data = bench.open("oauth"), phone.register(method="OPTIONS")
    for part in range(8):
        bench.advance(8)
        last = bench.send(flow, data[part * len(data) // 8 : (part + 1) * len(data) // 8])
    assert statuses(last) == [200]
    bench.advance(3600)
    assert bench.closed == []


@pytest.mark.parametrize("data", [b"\r\n\r\n", b"\0\0\0\0", b"\r\n"])
def test_keep_alive_datagrams_are_not_answered(bench, data):
    assert bench.send(bench.open("sip-udp"), data) == b""
    assert bench.events(SipMalformed) == []


def test_a_broken_datagram_is_answered_if_it_can_be(bench, plain):
    flow = bench.open("sip-udp")
    broken = plain.register().replace(b"User-Agent: ", b"User-Agent ")
    assert statuses(bench.send(flow, broken)) == [400]
    assert bench.send(flow, b"rubbish") == b""
    assert bench.send(flow, plain.register(drop="Via")) == b""
    assert bench.send(flow, plain.register(drop="Call-ID")) == b""
    assert bench.send(flow, plain.register(method="OPTIONS", drop="Call-ID")) == b""
    assert bench.closed == []
    assert [event.status for event in bench.events(SipMalformed)] == [400, None, None, None, None]
    assert len(bench.ucm._connections[flow].server) == 0


def test_a_datagram_that_breaks_a_rule_is_answered_within_its_transaction(bench, plain):
    flow = bench.open("sip-udp")
    request = plain.register(method="OPTIONS").replace(b"Max-Forwards: 70", b"Max-Forwards: many")
    assert statuses(bench.send(flow, request)) == [400]
    assert statuses(bench.send(flow, request)) == [400]
    assert len(bench.events(SipMalformed)) == 1


# --- other methods -------------------------------------------------------------------------------------------


def test_options_is_answered_with_what_is_allowed(bench, phone):
    reply = bench.send(bench.open(), phone.register(method="OPTIONS"))
    assert statuses(reply) == [200]
    assert b"\r\nAllow: REGISTER, OPTIONS, REFER\r\n" in reply


@pytest.mark.parametrize(
    ("refer_to", "status"),
    [
        ("cid:1234567890@192.0.2.10", 202),
        ("<cid:1234567890@192.0.2.10>", 202),
        ("<urn:X-cisco-remotecc:token-registration>", 202),
        ("<sip:1020@ucm-pub>", 405),
        ("", 405),
    ],
)
def test_a_phones_refer_is_accepted_without_a_token(bench, phone, refer_to, status):
    phone.extra = f"Refer-To: {refer_to}\r\n" if refer_to else ""
    reply = bench.send(bench.open(), phone.register(method="REFER"))
    assert statuses(reply) == [status]
    if status == 202:
        assert b"\r\nContact: <sip:192.0.2.1:5090;transport=tls>\r\n" in reply
        assert b"\r\nServer:" not in reply


def test_a_throttled_node_sends_refers_away(bench_of, phone):
    bench = bench_of(throttled=True)
    phone.extra = "Refer-To: <urn:X-cisco-remotecc:token-registration>\r\n"
    reply = bench.send(bench.open(), phone.register(method="REFER"))
    assert statuses(reply) == [503]
    assert b"\r\nRetry-After: 35\r\n" in reply


@pytest.mark.parametrize(
    ("method", "to", "status"),
    [
        ("INVITE", None, 405),
        ("SUBSCRIBE", None, 405),
        ("FROBNICATE", None, 405),
        ("CANCEL", None, 481),
        ("BYE", "<sip:1010@ucm-pub>;tag=1", 481),
        ("OPTIONS", "<sip:1010@ucm-pub>;tag=1", 481),
    ],
)
def test_calls_are_not_made_here(bench, phone, method, to, status):
    assert statuses(bench.send(bench.open(), phone.register(method=method, to=to))) == [status]


@pytest.mark.parametrize("listener", ["oauth", "sip-udp"])
def test_an_ack_is_never_answered(bench, phone, listener):
    flow = bench.open(listener)
    assert bench.send(flow, phone.register(method="ACK")) == b""
    assert bench.send(flow, phone.register(method="ACK").replace(b"User-Agent: ", b"User-Agent ")) == b""


# --- the Expressway-C table ----------------------------------------------------------------------------------


def test_a_known_expressway_is_judged_once_and_admitted(bench, phone, peer_of):
    flow = bench.open("mra", tls_peer=peer_of("other", "expc.example.com"))
    assert bench.closed == []
    (judged,) = bench.events(PeerJudged)
    assert (judged.trusted, judged.matched, judged.table) == (True, "expc.example.com", ("expc.example.com",))
    assert statuses(bench.send(flow, phone.register())) == [407]


def test_a_row_removed_counts_for_the_next_connection(bench, phone, peer_of):
    flow = bench.open("mra", tls_peer=peer_of("expc.example.com"))
    bench.directory.remove_expressway("expc")
    assert statuses(bench.send(flow, phone.register())) == [407]
    late = bench.open("mra", tls_peer=peer_of("expc.example.com"))
    assert bench.closed == [late]
    assert [event.trusted for event in bench.events(PeerJudged)] == [True, False]


# --- the service's life --------------------------------------------------------------------------------------


def test_stopping_closes_connections_and_loses_registrations(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    bench.ucm.stop(bench.now)
    bench.ucm.stop(bench.now)
    bench.drained()
    assert bench.closed == [flow]
    assert bench.bindings.all() == ()
    (lost,) = [event for event in bench.events(BindingChanged) if event.what == "lost"]
    assert lost.cause == 15
    assert len(bench.events(ServiceStopped)) == 1
    assert bench.ucm.next_timeout() is None
    assert bench.ucm.name == "ucm-pub"


def test_stopping_has_nothing_to_close_on_udp(bench, plain):
    bench.send(bench.open("sip-udp"), plain.register())
    bench.ucm.stop(bench.now)
    bench.drained()
    assert bench.closed == []
    assert bench.ucm.next_timeout() is None


def test_a_stopped_service_takes_no_connections(bench):
    bench.ucm.stop(bench.now)
    flow = bench.open()
    assert bench.closed == [flow]


def test_the_switch_counts_after_a_restart_only(bench_of, phone):
    bench = bench_of(oauth_mode=False)
    flow = bench.open()
    assert b"port Mismatch" in bench.send(flow, phone.register())
    bench.restart(sip_oauth_mode=True, ports=NodePorts(oauth=15090))
    assert bench.closed == [flow]
    assert statuses(bench.send(bench.open(), phone.register())) == [407]
    assert [listen.address.port for listen in bench.ucm.listens()] == [5060, 5060, 5061, 15090, 5091]
    assert [event.detail[:18] for event in bench.events(ServiceStarted)] == [
        "SIP OAuth mode off",
        "SIP OAuth mode on,",
    ]


def test_after_a_restart_a_refresh_gets_newreg_so_the_phone_notices(bench, phone):
    bench.register(phone, bench.open())
    bench.restart()
    assert b";x-cisco-newreg\r\n" in bench.register(phone, bench.open())


def test_other_nodes_registrations_survive_a_restart(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    (binding,) = bench.bindings.all()
    binding.node = "ucm-sub"
    bench.ucm.stop(bench.now)
    assert bench.bindings.all() == (binding,)


def test_a_registration_moves_here_from_another_node(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    bench.bindings.all()[0].node = "ucm-sub"
    assert b";x-cisco-newreg" in bench.register(phone, flow)
    assert [binding.node for binding in bench.bindings.all()] == ["ucm-pub"]


@pytest.mark.parametrize(("lose", "left"), [(False, 1), (True, 0)])
def test_what_a_lost_connection_does_to_the_registration_is_a_policy(bench_of, phone, phone_of, lose, left):
    bench = bench_of(lose_binding_with_connection=lose)
    bench.directory.put_user(User(id="bob"))
    flow, other = bench.open(), bench.open(host="192.0.2.11")
    bench.register(phone, flow)
    bob = phone_of(name="CSFBOB", dn="1020", host="192.0.2.11")
    bench.send(other, bob.register(token=bench.token("bob")))
    bench.drop(flow, clean=False)
    assert len(bench.bindings.of("CSFALICE")) == left
    assert len(bench.bindings.of("CSFBOB")) == 1
    lost = [event.cause for event in bench.events(BindingChanged) if event.what == "lost"]
    assert lost == ([6] if lose else [])


# --- reset ---------------------------------------------------------------------------------------------------


def test_a_reset_is_a_notify_over_the_phones_connection(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    assert bench.ucm.notify_reset("CSFALICE", "reset", bench.now) == 1
    request = bench.drained()[flow].decode()
    head, _, body = request.partition("\r\n\r\n")
    zero = "00000000-0000-0000-0000-000000000000"
    assert len(body) == 326
    assert body == (
        f"action=reset\r\nRegisterCallId={{{phone.call_id}}}\r\nConfigVersionStamp={{{zero}}}\r\n"
        f"DialplanVersionStamp={{{zero}}}\r\nSoftkeyVersionStamp={{{zero}}}\r\n"
        f"FeatureControlVersionStamp={{{zero}}}\r\n"
    )
    shape = [
        rf"NOTIFY sip:{phone.contact_user}@192\.0\.2\.10:62162;transport=tls SIP/2\.0",
        r"Via: SIP/2\.0/TLS 192\.0\.2\.1:5090;branch=z9hG4bK[0-9a-f]{12}",
        r"From: <sip:1010@192\.0\.2\.1>;tag=\d+",
        r"To: <sip:1010@192\.0\.2\.10>",
        r"Call-ID: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{8}@192\.0\.2\.1",
        r"CSeq: 101 NOTIFY",
        r"Max-Forwards: 70",
        r"Date: Mon, 30 Mar 2020 11:03:31 GMT",
        r"User-Agent: Cisco-CUCM12\.5",
        r"Event: service-control",
        r"Subscription-State: active",
        r"Contact: <sip:1010@192\.0\.2\.1:5090;transport=tls>",
        r"Content-Type: text/plain",
        r"Content-Length: 326",
    ]
    assert re.fullmatch("\r\n".join(shape), head)
    sent = bench.events(SipSent)[-1]
    assert (sent.method, sent.cseq, sent.status) == ("NOTIFY", 101, None)
    assert f"Call-ID: {sent.call_id}" in head


def answer(request: bytes, status: str) -> bytes:
    lines = request.decode().split("\r\n")
    kept = [line for line in lines if line.startswith(("Via", "From", "To", "Call-ID", "CSeq"))]
    return "\r\n".join([f"SIP/2.0 {status}", *kept, "Content-Length: 0", "", ""]).encode()


def test_the_phones_answer_ends_the_transaction(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    bench.ucm.notify_reset("CSFALICE", "restart", bench.now)
    notify = bench.drained()[flow]
    assert bench.send(flow, answer(notify, "200 OK")) == b""
    assert bench.events(SipReceived)[-1].status == 200
    assert bench.ucm._connections[flow].client.next_timeout() is None


def test_over_udp_the_notify_is_retransmitted_until_answered(bench, plain):
    flow = bench.open("sip-udp")
    bench.send(flow, plain.register())
    bench.ucm.notify_reset("CSFPLAIN", "reset", bench.now)
    notify = bench.drained()[flow]
    bench.advance(0.5)
    assert bench.sent[flow].endswith(notify + notify)
    bench.send(flow, answer(notify, "200 OK"))
    before = len(bench.sent[flow])
    bench.advance(10)
    assert len(bench.sent[flow]) == before
    assert bench.ucm.notify_reset("CSFPLAIN", "restart", bench.now) == 1


def test_a_phone_that_is_not_here_cannot_be_reset(bench, phone):
    assert bench.ucm.notify_reset("CSFALICE", "reset", bench.now) == 0
    flow = bench.open()
    bench.register(phone, flow)
    bench.drop(flow)
    assert bench.ucm.notify_reset("CSFALICE", "reset", bench.now) == 0


def test_behind_an_expressway_with_path_the_notify_is_routed(bench, phone, peer_of):
    flow = bench.open("mra", host="10.15.20.10", tls_peer=peer_of("expc.example.com"))
    phone.extra = "Path: <sip:10.15.20.10:5061;transport=tls;lr>\r\n"
    bench.register(phone, flow)
    bench.ucm.notify_reset("CSFALICE", "reset", bench.now)
    assert b"\r\nRoute: <sip:10.15.20.10:5061;transport=tls;lr>\r\n" in bench.drained()[flow]


@pytest.mark.parametrize("listener", ["oauth", "sip-udp"])
def test_a_response_to_nothing_is_reported_and_ignored(bench, phone, listener):
    flow = bench.open(listener)
    stray = answer(phone.register(), "200 OK")
    assert bench.send(flow, stray) == b""
    assert bench.events(SipReceived)[-1].status == 200


def test_a_broken_response_to_a_notify_is_reported(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    bench.ucm.notify_reset("CSFALICE", "reset", bench.now)
    notify = bench.drained()[flow]
    bench.send(flow, answer(notify, "200 OK").replace(b"CSeq: 101 NOTIFY", b"CSeq: one"))
    assert bench.events(SipMalformed)[-1].detail


# --- events --------------------------------------------------------------------------------------------------


def test_each_event_names_what_led_to_it(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    received, decided, bound, sent = bench.log.records()[-4:]
    assert isinstance(received.event, SipReceived)
    assert isinstance(decided.event, RegistrarAccepted)
    assert isinstance(bound.event, BindingChanged)
    assert isinstance(sent.event, SipSent)
    assert (decided.cause, bound.cause, sent.cause) == (received.seq, decided.seq, decided.seq)
    assert {record.flow for record in (received, decided, bound, sent)} == {flow}
    assert (sent.event.status, sent.event.method, sent.event.cseq) == (200, "REGISTER", phone.cseq)
    assert sent.event.text == bench.sent[flow].decode()


def test_with_no_reader_nothing_is_made_and_everything_works(bench_of, phone, plain, peer_of):
    bench = bench_of(keep=False)
    assert statuses(bench.send(bench.open("sip-udp"), plain.register())) == [100, 200]
    flow = bench.open()
    assert statuses(bench.send(flow, phone.register() + phone.register(token=bench.token()))) == [407, 200]
    bench.ucm.notify_reset("CSFALICE", "reset", bench.now)
    notify = bench.drained()[flow]
    bench.send(flow, answer(notify, "200 OK"))
    bench.advance(120)
    bench.register(phone, flow)
    bench.open("mra", tls_peer=peer_of("x"))
    bench.ucm.stop(bench.now)
    assert bench.log.last_seq == 0


def test_the_same_seed_gives_the_same_bytes(bench_of, phone_of):
    def run() -> bytes:
        bench = bench_of()
        phone = phone_of()
        flow = bench.open()
        bench.send(flow, phone.register())
        bench.register(phone, flow)
        return bench.sent[flow]

    assert run() == run()


def test_tags_never_repeat(bench, phone):
    flow = bench.open()
    tags = {re.search(rb"To: .*;tag=(\d+)", bench.send(flow, phone.register()))[1] for _ in range(500)}
    assert len(tags) == 500
