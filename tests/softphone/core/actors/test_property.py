"""Whatever UCM, the network and the user do, in whatever order: the phone never raises or loses track."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.core.actor.flow import FlowEnd
from simulator.core.sip import UCM, Headers, Request, reply_to
from softphone.core.registration.transitions import IllegalInput, State
from softphone.core.settings.behaviours import Behaviour

Make = Callable[..., Any]
SUB1, SUB2 = "ucm-sub1.lab.example", "ucm-sub2.lab.example"
HELD = {State.REGISTERED, State.REFRESHING, State.UNREGISTERING}
REFUSED = FlowEnd(by="network", clean=False, detail="refused")


def notify(body: bytes) -> Request:
    fields = [
        ("Via", "SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK1"),
        ("From", "<sip:a>;tag=1"),
        ("To", "<sip:b>"),
        ("Call-ID", "c"),
        ("CSeq", "1 NOTIFY"),
        ("Event", "service-control"),
        ("Content-Length", str(len(body))),
    ]
    return Request("NOTIFY", "sip:b", Headers(fields), body)


answers = st.one_of(
    st.none(),
    st.sampled_from([100, 183, 200, 202, 302, 401, 403, 404, 407, 423, 486, 503, 603]),
    st.sampled_from(["challenge", "too brief", "retry"]),
    st.binary(max_size=60),
)
steps = st.one_of(
    st.tuples(st.just("advance"), st.sampled_from([0.0, 1.0, 33.0, 116.0, 121.0, 500.0, 4000.0])),
    st.tuples(st.just("answer"), answers),
    st.tuples(st.just("lose"), st.integers(0, 3)),
    st.tuples(st.just("hear"), st.sampled_from([b"\r\n\r\n", b"action=reset", b"action=restart", b"\x00\r\n"])),
    st.tuples(st.just("down"), st.sets(st.sampled_from([SUB1, SUB2]))),
    st.tuples(st.just("config"), st.sampled_from(["good", "bad", 404, 401, b"", b"<a/>"])),
    st.tuples(st.just("behave"), st.sets(st.sampled_from(Behaviour), max_size=3)),
    st.tuples(st.just("start"), st.none()),
    st.tuples(st.just("stop"), st.none()),
)


def rule(answer: Any) -> Any:
    if answer == "challenge":
        return lambda r: reply_to(r, 407, extra=[UCM.challenge()])
    if answer == "too brief":
        return lambda r: reply_to(r, 423, extra=[("Min-Expires", "7200")])
    if answer == "retry":
        return lambda r: reply_to(r, 503, extra=[("Retry-After", "5")])
    return (lambda r: answer) if isinstance(answer, bytes) else answer


def take(it: Any, good: bytes, step: str, value: Any) -> None:
    match step:
        case "advance":
            it.advance(value)
        case "answer":
            it.ucm.script.append(rule(value))
        case "lose" if it.flows:
            it.lose(sorted(it.flows)[value % len(it.flows)])
        case "hear" if it.flows:
            data = notify(value) if value.startswith(b"action") else value
            it.hear(data)
        case "down":
            it.down = dict.fromkeys(value, REFUSED)
        case "config":
            it.config = {"good": good, "bad": good.replace(b">5090<", b">x<")}.get(value, value)
        case "behave":
            it.phone.set_behaviours(frozenset(value))
        case "start":
            if it.phone.state in (State.IDLE, State.STOPPED, State.FAILED, State.BACKING_OFF):
                it.start()
            else:
                with pytest.raises(IllegalInput):
                    it.start()
        case "stop":
            it.stop()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choices=st.lists(steps, max_size=25))
def test_the_phone_keeps_its_head(bench: Make, cnf: Make, choices: list[tuple[str, Any]]) -> None:
    it = bench(config=cnf()).start()
    for step, value in choices:
        take(it, cnf(), step, value)
        state = it.phone.state
        assert (it.phone.registered_at is not None) == (state in HELD)
        due = it.phone.next_timeout()
        assert due is None or due >= it.now
        if state in (State.IDLE, State.FAILED, State.STOPPED, State.BACKING_OFF):
            assert it.flows == {}
        if state in (State.IDLE, State.FAILED, State.STOPPED):
            assert due is None
        if state is State.BACKING_OFF:
            assert due is not None
    it.ucm.script.clear()
    it.stop().advance(40)
    assert it.phone.state is State.STOPPED
    assert it.flows == {}
