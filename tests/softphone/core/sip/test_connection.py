"""Bytes on the phone's connections, and the phone over UDP, TCP and MRA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.core.actor.flow import Address
from simulator.core.events import (
    PhoneRegistered,
    SipMalformed,
    SipReceived,
)
from simulator.core.sip import Request, reply_to, serialize
from softphone.core.registration.transitions import State
from softphone.core.settings.profile import EdgeServer

Make = Callable[..., Any]
SUB1, SUB2 = "ucm-sub1.lab.example", "ucm-sub2.lab.example"
ONE_NODE = {"failover": False}


def header(request: Request, name: str) -> str:
    return request.headers.get(name) or ""


def test_what_follows_a_refusal_on_the_same_connection_is_passed_over(bench: Make) -> None:
    it = bench(**ONE_NODE)
    options = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"
    it.ucm.script.append(lambda r: serialize(reply_to(r, 403)) + options)
    it.start()
    assert it.phone.state == State.BACKING_OFF
    assert len(it.sent) == 1


def test_a_phone_that_nobody_watches_does_the_same(bench: Make) -> None:
    it = bench(keep=0).start()
    assert (it.phone.registered_at, it.phone.name, list(it.log)) == (SUB1, "CSFADA", [])
    it.hear(b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n").advance(300).stop()
    assert it.phone.state == State.STOPPED


def test_keep_alives_are_ignored(bench: Make) -> None:
    it = bench().start().hear(b"\r\n\r\n").hear(b"\r\n")
    assert it.phone.state == State.REGISTERED
    assert len(it.raw) == 2


def test_a_message_in_pieces_is_put_together(bench: Make) -> None:
    it = bench()
    it.ucm.script.append(None)
    it.start()
    for byte in serialize(it.ucm.grant(it.requests()[0])):
        it.phone.flow_data(min(it.flows), bytes([byte]), it.now)
    assert it.phone.state == State.REGISTERED


def test_a_stray_answer_is_ignored(bench: Make) -> None:
    it = bench().start()
    it.hear(it.ucm.grant(it.requests()[0]))
    assert it.phone.state == State.REGISTERED
    assert len(it.events(PhoneRegistered)) == 1


def test_an_answer_with_a_broken_Via_is_noted(bench: Make) -> None:
    it = bench().start()
    it.hear(b"SIP/2.0 200 OK\r\nVia: x\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n")
    assert len(it.events(SipMalformed)) == 1
    assert it.phone.state == State.REGISTERED


def test_an_answer_with_a_broken_CSeq_is_noted(bench: Make) -> None:
    it = bench().start()
    it.hear(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nCSeq: x\r\nContent-Length: 0\r\n\r\n")
    assert it.events(SipReceived)[-1].cseq == 0
    assert len(it.events(SipMalformed)) == 1


def test_a_broken_request_is_answered_400_and_the_stream_goes_on(bench: Make) -> None:
    it = bench().start()
    it.hear(b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\n: x\r\nContent-Length: 0\r\n\r\n")
    assert it.sent[-1].status == 400
    assert it.phone.state == State.REGISTERED


def test_bytes_that_are_no_SIP_end_the_connection(bench: Make) -> None:
    it = bench(**ONE_NODE).start().advance(20)
    it.hear(b"\x16\x03\x01\x02\x00\x01\x00\n\r\n")
    assert it.events(SipMalformed) != []
    assert it.to == [f"{SUB1}:5090"] * 2
    assert it.phone.state == State.REGISTERED


def plain(cnf: Make, transport: str) -> bytes:
    edits = (("<sipOAuthMode>1", "<sipOAuthMode>0"), ("SecurityMode>3", "SecurityMode>1"))
    return cnf(*edits, ("LayerProtocol>3", f"LayerProtocol>{transport}"))  # type: ignore[no-any-return]


def test_row_7_over_UDP_requests_are_repeated_until_they_are_answered(bench: Make, cnf: Make) -> None:
    it = bench(config=plain(cnf, "2"), **ONE_NODE)
    it.ucm.bearer = False
    it.ucm.script += [None, None]
    it.start()
    assert (it.opened[0].transport, it.opened[0].tls, it.to) == ("udp", None, [f"{SUB1}:5060"])
    it.advance(0.6)
    assert it.raw[0] == it.raw[1]
    it.advance(1.0)
    assert it.phone.state == State.REGISTERED
    assert it.hear(b"\r\n\r\n").hear(b"\x00").hear(b"garbage").phone.state == State.REGISTERED
    assert len(it.events(SipMalformed)) == 1
    assert header(it.requests()[0], "Contact").partition(">")[0].endswith(";transport=udp")


def test_row_6_over_TCP_without_a_token(bench: Make, cnf: Make) -> None:
    it = bench(config=plain(cnf, "1"), **ONE_NODE)
    it.ucm.bearer = False
    it.start()
    assert it.phone.state == State.REGISTERED
    assert header(it.requests()[0], "Via").startswith("SIP/2.0/TCP 192.0.2.10:62162;")


def test_over_MRA_the_phone_connects_to_the_edge_and_names_the_node(bench: Make) -> None:
    it = bench(
        deployment="mra",
        edges=(
            EdgeServer(
                address=Address("expe.example.com", 5061), route="<sip:192.0.2.100:5061;transport=tls;lr>"
            ),
        ),
    ).start()
    assert it.phone.state == State.REGISTERED
    assert it.to == ["expe.example.com:5061"]
    assert it.opened[0].tls.server_name == "expe.example.com"
    assert it.requests()[0].uri_text == f"sip:{SUB1}"
    assert header(it.requests()[0], "Route") == "<sip:192.0.2.100:5061;transport=tls;lr>"
    assert it.phone.decision.port == 5091
    it.advance(1000)
    assert it.to == ["expe.example.com:5061"]


def test_a_takeover_says_so_in_its_alarm(bench: Make) -> None:
    it = bench(takeover=True).start()
    assert "cisco-alarm:111 Name=CSFADA" in header(it.requests()[0], "Reason")
    assert "Last=Application-Requested-Destroy" in header(it.requests()[0], "Reason")
