"""STUN on a zone's connection: every 30 s, and an end if nobody answers within 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.core.actor.flow import CloseFlow, SendData
from simulator.core.events import KeepAliveJudged, ZoneChanged
from simulator.core.instant import Instant
from simulator.core.sip import KeepAlive, Need, SipStream, stun
from simulator.core.sip.stun import StunMessage


@pytest.fixture
def up(make_bench: Callable[..., Any]) -> tuple[Any, Any]:
    """A bench whose zone is connected, and the flow to UCM."""
    bench = make_bench(keep_alive=30.0)
    bench.send(bench.phone(), bench.register())
    ucm = bench.accept()
    bench.expc.effects()
    return bench, ucm


def later(bench: Any, seconds: float) -> Instant:
    return Instant(bench.now + seconds)


def test_a_binding_goes_out_every_30_s_and_its_answer_keeps_the_connection(up: tuple[Any, Any]) -> None:
    bench, ucm = up
    for number in (1, 2, 3):
        now = later(bench, 30.0 * number)
        bench.expc.handle_timeout(now)
        sent = [e.data for e in bench.expc.effects() if isinstance(e, SendData) and e.flow == ucm]
        ask = next(data for data in sent if data[:2] == b"\0\1")
        reply = stun.render(StunMessage("response", stun.parse(ask).transaction))
        bench.expc.flow_data(ucm, reply[:7], now)
        bench.expc.flow_data(ucm, reply[7:], now)
        bench.expc.handle_timeout(Instant(now + 3.0))
        assert not [e for e in bench.expc.effects() if isinstance(e, CloseFlow)]


def test_an_answer_to_something_else_does_not_count(up: tuple[Any, Any]) -> None:
    bench, ucm = up
    bench.expc.handle_timeout(later(bench, 30.0))
    bench.expc.flow_data(ucm, stun.render(StunMessage("response", bytes(12))), later(bench, 30.5))
    bench.expc.handle_timeout(later(bench, 33.0))
    assert CloseFlow(ucm) in bench.expc.effects()
    events = [record.event for record in bench.log.records()]
    assert any(isinstance(e, KeepAliveJudged) and not e.answered for e in events)
    assert any(isinstance(e, ZoneChanged) and e.state == "failed" and "STUN" in e.detail for e in events)


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_stream_tells_a_binding_from_a_message_whatever_the_pieces(cut: int) -> None:
    stream, data = SipStream(), stun.render(StunMessage("request", b"t" * 12))
    stream.receive_data(data[:cut])
    assert stream.next_message() is Need.DATA
    stream.receive_data(data[cut:] + b"\r\n\r\n")
    assert stream.next_message() == KeepAlive("stun_request", b"t" * 12)
    assert stream.next_message() == KeepAlive("ping")
