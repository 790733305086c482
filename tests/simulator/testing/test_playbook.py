"""The playbook against a small actor: what it accepts, and what it says when the actor does something else."""

from __future__ import annotations

import pytest

from simulator.core.actor.flow import (
    Address,
    CloseFlow,
    Effect,
    Fetch,
    Fetched,
    FlowEnd,
    FlowFacts,
    OpenFlow,
    SendData,
)
from simulator.core.events import PhoneWarned
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.testing import Mismatch, Playbook

SERVER = Address("server.example", 7)


class Greeter:
    """Greets whoever it connects to, asks for help when it is answered, and pings every 30 s."""

    name = ActorId("greeter")

    def __init__(self, flows: FlowIds, log: EventLog) -> None:
        self._flows, self._journal = flows, log.journal(self.name)
        self._out: list[Effect] = []
        self._due: Instant | None = None
        self._flow: FlowId | None = None

    def start(self, now: Instant) -> None:
        self._flow = self._flows.take()
        self._out.append(OpenFlow(flow=self._flow, transport="tcp", remote=SERVER))

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        self._due = None if facts.listener else Instant(now + 30)
        self._out.append(SendData(flow, b"HELLO\r\nfrom greeter\r\n"))

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        self._journal.add(PhoneWarned(code="W_HEARD", detail=data.decode()))
        self._out += [Fetch(key="help", url="http://help.example/"), CloseFlow(flow)]
        self._due = None

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        self._journal.add(PhoneWarned(code="W_LOST", detail=end.detail))

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        self._journal.add(PhoneWarned(code="W_HELP", detail=result.failure or result.body.decode()))

    def next_timeout(self) -> Instant | None:
        return self._due

    def handle_timeout(self, now: Instant) -> None:
        assert self._flow is not None
        self._due = Instant(now + 30)
        self._out.append(SendData(self._flow, f"PING {now:g}".encode()))

    def effects(self) -> list[Effect]:
        drained, self._out = self._out, []
        return drained


@pytest.fixture
def greeter() -> Greeter:
    return Greeter(FlowIds(), EventLog(ManualClock(Instant(1_000.0))))


@pytest.fixture
def play() -> Playbook:
    flows, clock = FlowIds(), ManualClock(Instant(1_000.0))
    log = EventLog(clock)
    return Playbook(Greeter(flows, log), flows=flows, clock=clock, log=log)


def started(play: Playbook) -> Playbook:
    greeter = play.actor
    assert isinstance(greeter, Greeter)
    return play.does(greeter.start).opens("server.example:7").connected().sends("^HELLO")


def test_a_whole_conversation_passes(play: Playbook) -> None:
    started(play).receives(b"hi").fetches("http://help.example/").closes().fetched(b"help")
    play.reports(PhoneWarned, code="W_HEARD", detail="hi").reports(PhoneWarned, code="W_HELP").quiet()


def test_timers_go_off_at_their_own_instants(play: Playbook) -> None:
    started(play).advances(65).sends(b"PING 1030").sends(b"PING 1060").quiet()
    assert play.now == 1_065


def test_flows_are_spoken_of_by_name(play: Playbook) -> None:
    play.accepted("door", name="first").sends("HELLO").accepted("door", name="second").sends("HELLO")
    play.on("first").lost("went away").reports(PhoneWarned, code="W_LOST", detail="went away")
    play.on("second").receives(lambda sent: sent[:5]).reports(PhoneWarned, code="W_HEARD", detail="HELLO")


def test_a_fetch_without_an_answer_has_its_reason(play: Playbook) -> None:
    started(play).receives(b"hi").fetches().closes().fetched(status=None, failure="no route")
    play.reports(PhoneWarned, code="W_HELP", detail="no route")


def test_bytes_that_differ_are_shown_from_the_first_line_that_differs(play: Playbook) -> None:
    greeter = play.actor
    assert isinstance(greeter, Greeter)
    play.does(greeter.start).opens().connected()
    with pytest.raises(Mismatch) as caught:
        play.sends(b"HELLO\r\nfrom somebody\r\n")
    text = str(caught.value)
    assert text.startswith("greeter is expected to send 'HELLO\\r\\nfrom somebody\\r\\n' on flow 1\n")
    assert "line 2 is 'from greeter\\r', expected was 'from somebody\\r'" in text
    assert "0.000  opens flow 1: tcp to server.example:7" in text


def test_another_address_is_the_nearest_miss(play: Playbook) -> None:
    greeter = play.actor
    assert isinstance(greeter, Greeter)
    with pytest.raises(Mismatch, match=r"remote is server\.example:7, not server\.example:8"):
        play.does(greeter.start).opens("server.example:8")


def test_an_effect_that_comes_too_early_is_named_as_not_the_next(play: Playbook) -> None:
    with pytest.raises(Mismatch, match="that is the one, but not the next"):
        started(play).receives(b"hi").closes()


def test_an_effect_that_nobody_expected_stops_the_next_step(play: Playbook) -> None:
    greeter = play.actor
    assert isinstance(greeter, Greeter)
    with pytest.raises(Mismatch, match="do nothing more before 5 s pass\n  it opens flow 1"):
        play.does(greeter.start).advances(5)


def test_an_actor_that_does_nothing_is_said_to_do_nothing(play: Playbook) -> None:
    with pytest.raises(Mismatch, match="expected to send text matching 'BYE' on flow 1\n  it does nothing"):
        started(play).sends("BYE")


def test_an_actor_that_goes_on_is_not_quiet(play: Playbook) -> None:
    with pytest.raises(Mismatch, match="do nothing more\n  it sends on flow 1: 'PING 1030'"):
        started(play).advances(30).quiet()


def test_an_event_with_other_fields_is_the_nearest_miss(play: Playbook) -> None:
    started(play).receives(b"hi").fetches().closes()
    with pytest.raises(Mismatch, match="nearest: one with detail is 'hi'"):
        play.reports(PhoneWarned, code="W_HEARD", detail="ho")


def test_a_step_that_makes_no_sense_is_the_test_s_own_mistake(greeter: Greeter) -> None:
    play = Playbook(greeter)
    for step in (play.connected, play.fetched, lambda: play.reports(PhoneWarned)):
        with pytest.raises(ValueError, match=r"flow|fetch|log"):
            step()
