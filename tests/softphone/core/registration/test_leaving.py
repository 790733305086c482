"""How a phone leaves: unregistering, stopping at any moment, what comes too late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.core.actor.flow import FlowEnd
from simulator.core.events import (
    PhoneUnregistered,
    PhoneWarned,
)
from simulator.core.sip import Request
from softphone.core.registration.transitions import IllegalInput, State

Make = Callable[..., Any]
SUB1, SUB2 = "ucm-sub1.lab.example", "ucm-sub2.lab.example"
ONE_NODE = {"failover": False}


def header(request: Request, name: str) -> str:
    return request.headers.get(name) or ""


def test_stop_unregisters_with_the_same_Contact_and_closes(bench: Make) -> None:
    it = bench().start().stop()
    assert it.phone.state == State.STOPPED
    _, second, last = it.requests()
    assert header(last, "Expires") == "0"
    assert header(last, "Contact") == header(second, "Contact")
    assert last.call_id == second.call_id
    assert "Proxy-Authorization" in last.headers
    assert it.events(PhoneUnregistered) == [PhoneUnregistered(node=SUB1)]
    assert it.flows == {}
    assert it.phone.next_timeout() is None
    assert it.stop().phone.state == State.STOPPED


def test_an_unregister_that_is_challenged_is_answered(bench: Make) -> None:
    it = bench().start()
    it.ucm.refused = {f"token-{1:020}"}
    it.stop()
    assert header(it.requests()[-1], "Proxy-Authorization")[-2:-1] == "2"
    assert it.events(PhoneUnregistered) != []


NOT_UNREGISTERED: dict[str, Callable[[Any], None]] = {
    "403": lambda it: it.ucm.script.append(403),
    "423": lambda it: it.ucm.script.append(423),
    "a challenge that cannot be answered": lambda it: it.ucm.script.append(401),
}


@pytest.mark.parametrize("prepare", NOT_UNREGISTERED.values(), ids=NOT_UNREGISTERED.keys())
def test_a_phone_stops_even_if_the_node_does_not_let_it_go(bench: Make, prepare: Callable[[Any], None]) -> None:
    it = bench().start()
    prepare(it)
    it.stop()
    assert it.phone.state == State.STOPPED
    assert [e.code for e in it.events(PhoneWarned)] == ["W_NOT_UNREGISTERED"]
    assert it.events(PhoneUnregistered) == []


def test_a_phone_stops_even_if_the_node_is_silent_or_gone(bench: Make) -> None:
    silent = bench().start()
    silent.ucm.script.append(None)
    assert silent.stop().phone.state == State.UNREGISTERING
    assert silent.stop().phone.state == State.UNREGISTERING
    assert silent.advance(33).phone.state == State.STOPPED
    gone = bench().start()
    gone.ucm.script.append(None)
    assert gone.stop().lose().phone.state == State.STOPPED


def test_an_unregister_overtakes_a_refresh_that_is_under_way(bench: Make) -> None:
    it = bench().start()
    it.ucm.script += [None, None]
    it.advance(116)
    assert it.phone.state == State.REFRESHING
    it.stop()
    refresh, unregister = it.requests()[-2:]
    it.hear(it.ucm.grant(refresh))
    assert it.phone.state == State.UNREGISTERING
    it.hear(it.ucm.grant(unregister))
    assert it.phone.state == State.STOPPED


def test_a_stopped_phone_can_start_again(bench: Make) -> None:
    it = bench().start().stop().start()
    assert it.phone.state == State.REGISTERED
    assert it.requests()[0].call_id != it.requests()[-1].call_id
    assert "cisco-alarm:25" in header(it.requests()[-1], "Reason")


@pytest.mark.parametrize("when", ["fetching", "connecting", "registering", "waiting", "idle"])
def test_stop_while_it_is_not_registered_just_stops(bench: Make, when: str) -> None:
    it = bench()
    if when == "fetching":
        it.phone.start(it.now)
    elif when == "connecting":
        it.slow = {f"{SUB1}:5090"}
        it.start()
    elif when == "registering":
        it.ucm.script.append(None)
        it.start()
    elif when == "waiting":
        it.ucm.script.append(403)
        it.start()
    it.stop()
    assert it.phone.state == State.STOPPED
    assert it.flows == {}
    assert it.phone.next_timeout() is None


def test_what_comes_late_is_passed_over(bench: Make) -> None:
    it = bench().start()
    flow = min(it.flows)
    facts = it.facts[flow]
    it.stop()
    it.phone.flow_data(flow, b"SIP/2.0 200 OK\r\n\r\n", it.now)
    it.phone.flow_opened(flow, facts, it.now)
    it.phone.flow_ended(flow, FlowEnd(by="peer", clean=True), it.now)
    it.phone.fetched("config-1", it.events, it.now)
    it.phone.handle_timeout(it.now)
    assert it.phone.state == State.STOPPED
    assert it.phone.effects() == []


def test_a_running_phone_cannot_be_started(bench: Make) -> None:
    it = bench().start()
    with pytest.raises(IllegalInput, match="registered"):
        it.phone.start(it.now)
