"""What the Internet may send: an answer or a closed connection, nothing proxied, and the others served on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.core.actor.flow import Address, FlowEnd
from simulator.core.events import SipMalformed
from simulator.core.sip import serialize
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.expressway.core.sip.zone import UcmNode


def head(*lines: str) -> bytes:
    return "\r\n".join((*lines, "", "")).encode()


GOOD = (
    "REGISTER sip:ucm-pub.example.com SIP/2.0",
    "Via: SIP/2.0/TLS 172.16.84.136:58980;branch=z9hG4bK1",
    "From: <sip:1010@ucm-pub.example.com>;tag=1",
    "To: <sip:1010@ucm-pub.example.com>",
    "Call-ID: a@172.16.84.136",
    "CSeq: 1 REGISTER",
    "Contact: <sip:u@172.16.84.136:58980>",
    "Content-Length: 0",
)


def but(name: str, *instead: str) -> bytes:
    """GOOD with the line that begins with `name` replaced."""
    return head(*(new for line in GOOD for new in (instead if line.startswith(name) else (line,))))


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(but("Via"), 400, id="no Via"),
        pytest.param(but("Via", "Via: nonsense"), 400, id="a Via that is none"),
        pytest.param(but("Via", GOOD[1] + ", broken"), 400, id="a broken second Via"),
        pytest.param(but("From"), 400, id="no From"),
        pytest.param(but("Call-ID"), 400, id="no Call-ID"),
        pytest.param(but("CSeq", "CSeq: 1 INVITE"), 400, id="a CSeq of another method"),
        pytest.param(but("Contact", "Contact: <sip:"), 400, id="a broken Contact"),
        pytest.param(but("Contact", GOOD[6], "Contact: *"), 400, id="a star beside a Contact"),
        pytest.param(but("Contact", GOOD[6], "Route: <<>"), 400, id="a broken Route"),
        pytest.param(but("REGISTER", "REGISTER tel:+123 SIP/2.0"), 416, id="another URI scheme"),
        pytest.param(but("REGISTER", "REGISTER sip:ucm-pub.example.com SIP/3.0"), 505, id="another version"),
        pytest.param(but("CSeq", "CSeq: 1 REGISTER", "no colon"), 400, id="a header line without a colon"),
    ],
)
def test_a_broken_request_gets_its_answer_and_goes_nowhere(bench: Any, data: bytes, status: int) -> None:
    phone = bench.phone()
    bench.send(phone, data)
    assert bench.response(phone).status == status
    assert bench.log.of(SipMalformed)[-1].status == status
    assert bench.opened == []
    bench.send(phone, head(*GOOD))
    assert bench.request(bench.accept()).method == "REGISTER"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="HTTP"),
        pytest.param(b"\x16\x03\x01" + b"\0" * 200 + b"\r\n\r\n", id="binary"),
        pytest.param(head(*GOOD[:-1]), id="no Content-Length on a stream"),
        pytest.param(but("Content-Length", "Content-Length: 99999999"), id="a body over the limit"),
        pytest.param(b"REGISTER sip:x SIP/2.0\r\nX: " + b"a" * 20_000, id="a line without end"),
        pytest.param(b"REGISTER sip:x SIP/2.0\r\n" + b"X: y\r\n" * 300, id="header lines without end"),
    ],
)
def test_what_cannot_be_framed_ends_the_connection(bench: Any, data: bytes) -> None:
    other = bench.phone("203.0.113.9")
    phone = bench.phone()
    bench.send(phone, data)
    assert bench.closed == [phone] or bench.log.of(SipMalformed)
    assert bench.opened == []
    bench.send(phone, head(*GOOD))
    bench.send(other, head(*GOOD))
    assert bench.closed[:1] in ([], [phone])
    assert len(bench.opened) == 1


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(b"X: y\r\n" * 300, id="300 header lines"),
        pytest.param(b"X: " + b"a" * 20_000, id="a line of 20 kB"),
    ],
)
def test_a_header_over_the_limits_is_answered_with_513_before_the_connection_ends(
    bench: Any, more: bytes
) -> None:
    phone = bench.phone()
    bench.send(phone, head(*GOOD[:-1])[:-2] + more)
    answer = bench.response(phone)
    assert (answer.status, answer.call_id) == (513, "a@172.16.84.136")
    assert bench.closed == [phone]
    assert bench.opened == []


def test_a_dead_stream_is_closed_and_forgotten(bench: Any) -> None:
    phone, ucm = bench.registered()
    bench.send(phone, b"REGISTER sip:x SIP/2.0\r\nX: " + b"a" * 20_000)
    assert bench.closed == [phone]
    assert (bench.expc.load.phones, bench.expc.load.contacts) == (0, 0)
    bench.send(phone, head(*GOOD))
    bench.end(phone, FlowEnd(by="us", clean=True))
    assert bench.messages(ucm) == []


@pytest.mark.parametrize("part", [head(*GOOD)[:60], head(*GOOD)[:-4]], ids=["in a header", "before its end"])
def test_a_connection_that_ends_inside_a_message_is_told(bench: Any, part: bytes) -> None:
    phone = bench.phone()
    bench.send(phone, part)
    assert bench.log.of(SipMalformed) == []
    bench.end(phone, FlowEnd(by="peer", clean=True))
    (event,) = bench.log.of(SipMalformed)
    assert event.detail == "the stream ended inside the header of a message"


@pytest.mark.parametrize(
    ("part", "detail"),
    [
        pytest.param(b"", "no message came within 60 s", id="nothing at all"),
        pytest.param(head(*GOOD)[:9], "a message did not come whole within 60 s", id="half a request line"),
        pytest.param(head(*GOOD)[:-2], "a message did not come whole within 60 s", id="half a message"),
        pytest.param(
            but("Content-Length", "Content-Length: 1"),
            "a message did not come whole within 60 s",
            id="a Content-Length that promises more than comes",
        ),
    ],
)
def test_a_slow_phone_is_let_go_after_a_minute(bench: Any, part: bytes, detail: str) -> None:
    phone = bench.phone()
    bench.advance(10)
    other = bench.phone("203.0.113.9")
    bench.send(other, head(*GOOD))
    if part:
        bench.send(phone, part)
    bench.advance(49.9)
    assert bench.closed == []
    bench.advance(0.1 if not part else 10)
    assert bench.closed == [phone]
    assert bench.log.of(SipMalformed)[-1].detail == detail
    assert bench.expc.load.phones == 1


def test_a_phone_that_sends_a_byte_now_and_then_gains_no_time(bench: Any) -> None:
    phone, data = bench.phone(), head(*GOOD)
    for at in range(13):
        bench.send(phone, data[at : at + 1])
        bench.advance(5)
    assert bench.closed == [phone]
    assert bench.opened == []


def test_a_registered_phone_may_be_quiet_for_as_long_as_it_likes(bench: Any) -> None:
    bench.registered()
    bench.advance(30 * 60)
    assert bench.closed == []


def test_half_a_message_of_ucm_s_brings_its_zone_down(bench: Any) -> None:
    _, ucm = bench.registered()
    bench.send(ucm, b"NOTIFY sip:x SIP/2.0\r\n")
    bench.advance(60)
    assert bench.closed == [ucm]
    assert bench.expc.zone_state(bench.node).detail == "closed by us: a message did not come whole within 60 s"


def test_half_a_message_of_a_zone_that_was_closed_meanwhile_is_forgotten(bench: Any) -> None:
    _, ucm = bench.registered()
    bench.send(ucm, b"NOTIFY sip:x SIP/2.0\r\n")
    bench.expc.restart()
    bench.run()
    bench.advance(60)
    assert bench.closed == [ucm]
    assert bench.log.of(SipMalformed) == []


def test_ucm_sending_garbage_brings_its_zone_down(bench: Any) -> None:
    phone, ucm = bench.registered()
    bench.send(phone, bench.register(cseq="106", branch="z9hG4bK106"))
    bench.send(ucm, b"\0" * 20_000)
    assert bench.closed == [ucm]
    assert bench.response(phone).status == 408
    assert bench.expc.zone_state(bench.node).detail.startswith("closed by us, unreadable SIP: ")


def test_a_ping_is_answered(bench: Any) -> None:
    phone = bench.phone()
    bench.send(phone, b"\r\n\r\n")
    assert bench.raw[phone] == b"\r\n"


def test_an_ack_out_of_the_blue_opens_nothing_and_gets_no_answer(bench: Any) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register().replace(method="ACK"))
    sent = bench.register()
    ack = sent.replace(method="ACK", headers=sent.headers.with_field("CSeq", "105 ACK"))
    bench.send(phone, ack, ack.replace(uri="sip:elsewhere.example.net"))
    assert bench.messages(phone) == []
    assert bench.opened == []


def test_unanswered_requests_of_one_phone_are_bounded(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(settings=ExpresswaySettings(pending_per_flow=2, pending=3))
    greedy, other, late = bench.phone(), bench.phone(port=2), bench.phone(port=3)
    for number in range(4):
        bench.send(greedy, bench.register(branch=f"z9hG4bK{number}"))
    assert [m.status for m in bench.messages(greedy)] == [503, 503]
    bench.send(other, bench.register())
    bench.send(late, bench.register())
    assert bench.messages(other) == []
    assert bench.response(late).status == 503
    bench.advance(32)
    assert bench.expc.load.pending == 0
    bench.send(late, bench.register(branch="z9hG4bKlate"))
    assert bench.expc.load.pending == 1


def test_connections_are_bounded(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(settings=ExpresswaySettings(flows=2))
    first, _, third = (bench.phone(port=n) for n in (1, 2, 3))
    assert bench.closed == [third]
    bench.end(first, FlowEnd(by="peer", clean=True))
    bench.phone(port=4)
    assert bench.closed == [third]
    assert bench.expc.load.phones == 2


def test_contacts_of_one_connection_are_bounded(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(settings=ExpresswaySettings(contacts_per_flow=3))
    contacts = ", ".join(f"<sip:u{n}@172.16.84.136:58980>" for n in range(10))
    bench.registered(contact=contacts)
    assert bench.expc.load.contacts == 3


def test_a_zone_whose_address_is_our_own_listener_ends_as_a_loop(make_bench: Callable[..., Any]) -> None:
    bench = make_bench(
        nodes={"ucm-pub.example.com": UcmNode(host="ucm-pub.example.com", address=Address("10.15.20.10", 5061))}
    )
    phone = bench.phone()
    bench.send(phone, bench.register())
    ucm = bench.accept()
    back = bench.phone("10.15.20.10", 27001)
    bench.send(back, *bench.messages(ucm))
    bench.send(ucm, *bench.messages(back))
    assert bench.response(phone).status == 482
    assert bench.expc.load.pending == 0


@given(
    mutations=st.lists(
        st.tuples(st.integers(0, 700), st.binary(max_size=6), st.integers(0, 12)), min_size=1, max_size=4
    ),
    cut=st.integers(1, 400),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_arrives_the_actor_keeps_serving(
    make_bench: Callable[..., Any], mutations: list[tuple[int, bytes, int]], cut: int
) -> None:
    bench = make_bench(keep=200)
    phone = bench.phone()
    data = serialize(bench.register())
    for place, new, drop in mutations:
        data = data[:place] + new + data[place + drop :]
    bench.send(phone, *(data[i : i + cut] for i in range(0, len(data), cut)))
    if bench.opened:
        ucm = bench.accept()
        for message in bench.messages(ucm):
            answer = serialize(bench.accepted(message))
            for place, new, drop in mutations:
                answer = answer[:place] + new + answer[place + drop :]
            bench.send(ucm, answer)
    assert bench.token not in "".join(map(repr, bench.log))
    bench.advance(200)
    assert bench.expc.load.pending == 0
    bench.advance(10)  # past the back-off of a zone that was closed for half a message
    other = bench.phone("203.0.113.77")
    bench.send(other, bench.register(cseq="900", branch="z9hG4bKother"))
    ucm = bench.opened[-1].flow if bench.expc.zone_state(bench.node).state == "active" else bench.accept()
    assert any(m.cseq.number == 900 for m in bench.messages(ucm) if m.headers.get("CSeq") == "900 REGISTER")
