"""STUN on a zone's connection: every 30 s, and an end if nobody answers within 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.core.events import KeepAliveJudged, ZoneChanged
from simulator.core.sip import KeepAlive, Need, SipStream, parse_message, serialize, stun
from simulator.core.sip.stun import StunMessage
from simulator.testing import Playbook


def is_binding_request(data: bytes) -> bool:
    return data[:2] == b"\0\1"


def answer(request: bytes) -> bytes:
    return stun.render(StunMessage("response", stun.parse(request).transaction))


@pytest.fixture
def zone(make_bench: Callable[..., Any]) -> Playbook:
    """An Expressway-C over whose zone a phone has registered; the steps speak of the zone's connection."""
    bench = make_bench(keep_alive=30.0)
    play = Playbook(bench.expc, flows=bench.ids, clock=bench.clock, log=bench.log)
    play.accepted("edge", name="phone").receives(serialize(bench.register()))
    play.opens("10.10.10.1:5091", name="zone").connected().sends(f"^REGISTER sip:{bench.node}")
    play.receives(lambda sent: serialize(bench.accepted(parse_message(sent))))
    return play.on("phone").sends(r"^SIP/2\.0 200 ").on("zone")


def test_a_binding_goes_out_every_30_s_and_its_answer_keeps_the_connection(zone: Playbook) -> None:
    for seconds in (30, 27, 27):
        zone.advances(seconds).sends(is_binding_request)
        zone.receives(lambda asked: answer(asked)[:7]).receives(lambda asked: answer(asked)[7:])
        zone.advances(3).quiet()


def test_an_answer_to_something_else_does_not_count(zone: Playbook) -> None:
    zone.advances(30).sends(is_binding_request).receives(answer(stun.render(StunMessage("request", bytes(12)))))
    zone.advances(3).closes()
    zone.reports(KeepAliveJudged, answered=False).reports(ZoneChanged, state="failed")


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_stream_tells_a_binding_from_a_message_whatever_the_pieces(cut: int) -> None:
    stream, data = SipStream(), stun.render(StunMessage("request", b"t" * 12))
    stream.receive_data(data[:cut])
    assert stream.next_message() is Need.DATA
    stream.receive_data(data[cut:] + b"\r\n\r\n")
    assert stream.next_message() == KeepAlive("stun_request", b"t" * 12)
    assert stream.next_message() == KeepAlive("ping")
