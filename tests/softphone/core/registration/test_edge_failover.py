"""A remote phone that loses its edge, or the node behind it: where it goes, and when (device-config 4.9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.core.actor.flow import Address, FlowEnd
from simulator.core.events import PhoneFailed, PhoneFailedOver, PhoneWarned
from simulator.core.sip import Request, Response, reply_to
from softphone.core.registration.transitions import State
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import EdgeServer

Make = Callable[..., Any]
E1, E2 = "expe1.example.com:5061", "expe2.example.com:5061"
SUB1, SUB2 = "ucm-sub1.lab.example", "ucm-sub2.lab.example"
EDGES = tuple(
    EdgeServer(address=Address(f"expe{n}.example.com", 5061), route=f"<sip:192.0.2.{n};lr>") for n in (1, 2)
)
STUN_REQUEST = b"\x00\x01"


@pytest.fixture
def remote(bench: Make) -> Make:
    return lambda *edges, **more: bench(deployment="mra", edges=edges or EDGES, **more)


def moves(it: Any) -> list[tuple[str, str]]:
    return [(event.old, event.new) for event in it.events(PhoneFailedOver)]


def registers(it: Any) -> list[tuple[str, str]]:
    """(node, Route) of each registration that began."""
    first = [one for one in it.requests() if one.headers.get("Proxy-Authorization") is None]
    return [(one.uri.host, one.headers.get("Route")) for one in first]


def test_stun_goes_out_every_30_seconds_and_only_from_a_registered_remote_phone(
    remote: Make, bench: Make
) -> None:
    it = remote().start().advance(29)
    assert not any(data[:2] == STUN_REQUEST for data in it.raw)
    it.advance(62)
    assert sum(data[:2] == STUN_REQUEST for data in it.raw) == 3
    it.stop()
    sent = len(it.raw)
    it.advance(200)
    assert len(it.raw) == sent
    inside = bench().start().advance(100)
    assert not any(data[:2] == STUN_REQUEST for data in inside.raw)


def test_an_edge_that_does_not_answer_stun_within_3_seconds_is_left(remote: Make) -> None:
    it = remote().start()
    it.deaf.add(E1)
    it.advance(32.9)
    assert it.to == [E1]
    it.advance(0.2)
    assert it.to == [E1, E2]
    assert moves(it) == [(E1, E2)]
    assert it.phone.state == State.REGISTERED
    assert registers(it) == [(SUB1, EDGES[0].route), (SUB1, EDGES[1].route)]
    assert "cisco-alarm:10 " in it.requests()[-1].headers.get("Reason")


def test_a_late_answer_to_stun_does_not_count(remote: Make) -> None:
    it = remote(EDGES[0]).start()
    it.deaf.add(E1)
    it.advance(31)
    it.hear(b"\x01\x01\x00\x00\x21\x12\xa4\x42" + b"somebodyelse")
    it.advance(3)
    assert len(it.to) == 2


def test_a_lost_connection_moves_the_same_node_to_the_next_edge(remote: Make) -> None:
    it = remote().start().advance(20).lose()
    assert (it.to, moves(it)) == ([E1, E2], [(E1, E2)])
    assert registers(it)[-1] == (SUB1, EDGES[1].route)


def test_an_edge_that_is_down_is_not_dialled_for_the_second_node(
    remote: Make, refused_connection: FlowEnd
) -> None:
    it = remote()
    it.down[E1] = refused_connection
    it.start()
    assert it.to == [E1, E2]
    assert it.phone.state == State.REGISTERED


def test_when_every_edge_is_lost_the_phone_waits_and_comes_back(
    remote: Make, refused_connection: FlowEnd
) -> None:
    it = remote().start().advance(20)
    it.down.update({E1: refused_connection, E2: refused_connection})
    it.lose()
    assert it.phone.state == State.BACKING_OFF
    assert [event.code for event in it.events(PhoneFailed)] == ["E_ALL_NODES_FAILED"]
    it.down.clear()
    it.advance(61)
    assert it.phone.state == State.REGISTERED


def test_nothing_leads_back_to_the_first_edge(remote: Make) -> None:
    it = remote().start().advance(20).lose().advance(3000)
    assert it.to == [E1, E2]


@pytest.mark.parametrize("status", [408, 503])
def test_a_node_the_edge_does_not_reach_is_left_by_the_same_edge(remote: Make, status: int) -> None:
    it = remote().start()
    it.ucm.script.append(status)
    it.advance(116)
    assert (it.to, moves(it)) == ([E1, E1], [(SUB1, SUB2)])
    assert registers(it)[-1] == (SUB2, EDGES[0].route)
    assert it.phone.registered_at == SUB2


def test_a_503_that_says_when_to_come_again_is_waited_for(remote: Make) -> None:
    def later(request: Request) -> Response:
        return reply_to(request, 503, to_tag="5", extra=[("Retry-After", "77")])

    it = remote()
    it.ucm.script.append(later)
    it.start()
    assert (it.phone.state, moves(it)) == (State.BACKING_OFF, [])
    it.advance(78)
    assert it.phone.state == State.REGISTERED


@pytest.mark.parametrize("status", [403, 404, 500, 603])
def test_any_other_no_is_final_for_every_node_and_edge(remote: Make, status: int) -> None:
    it = remote()
    it.ucm.script.append(status)
    it.start()
    assert (it.to, it.phone.state) == ([E1], State.BACKING_OFF)


def test_inside_a_503_is_no_reason_to_move(bench: Make) -> None:
    it = bench()
    it.ucm.script.append(503)
    it.start()
    assert (len(it.to), it.phone.state) == (1, State.BACKING_OFF)


def test_a_single_way_that_fails_is_waited_for(remote: Make) -> None:
    it = remote(EDGES[0], failover=False)
    it.ucm.script.append(408)
    it.start()
    assert (it.to, it.phone.state) == ([E1], State.BACKING_OFF)


CALL = frozenset({Behaviour.IN_CALL})


@pytest.mark.parametrize("recovers", [False, True])
@pytest.mark.parametrize("how", ["silent", "lost"])
def test_no_move_in_a_call_and_one_after_it_even_if_the_edge_is_back(
    remote: Make, how: str, recovers: bool
) -> None:
    it = remote(behaviours=CALL).start()
    if how == "silent":
        it.deaf.add(E1)
    else:
        it.lose()
    it.advance(400)
    assert (it.to, moves(it)) == ([E1], [])
    assert [event.code for event in it.events(PhoneWarned)].count("W_FAILOVER_AFTER_CALL") == 1
    if recovers:
        it.deaf.clear()
        it.advance(10)
        assert it.to == [E1]
    it.phone.set_behaviours(frozenset())
    it.advance(1.1)
    assert (it.to, moves(it)) == ([E1, E2], [(E1, E2)])
    assert it.phone.state == State.REGISTERED


def test_a_phone_that_lost_its_edge_in_a_call_can_still_be_stopped(remote: Make) -> None:
    it = remote(behaviours=CALL).start().lose().stop().advance(40)
    assert it.phone.state == State.STOPPED
