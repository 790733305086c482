"""Time in the memory network: whose deadline comes when, and in which order."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.actor.flow import Effect, FlowEnd, FlowFacts
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.lab.run.world import run_now
from simulator.memory.connections import Hosts
from simulator.memory.network import MemoryNetwork


class Sleeper:
    """An actor that only keeps deadlines, and writes down when it was woken."""

    def __init__(self, name: str, deadlines: list[float], woken: list[tuple[str, float]]) -> None:
        self.name = ActorId(name)
        self.deadlines = deadlines
        self.woken = woken

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None: ...
    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None: ...
    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None: ...

    def next_timeout(self) -> Instant | None:
        return Instant(min(self.deadlines)) if self.deadlines else None

    def handle_timeout(self, now: Instant) -> None:
        self.woken.append((self.name, now))
        self.deadlines = [at for at in self.deadlines if at > now]

    def effects(self) -> list[Effect]:
        return []


def network() -> tuple[MemoryNetwork, ManualClock]:
    clock = ManualClock(0.0)
    log = EventLog(clock)
    nowhere = cast(Hosts, None)
    net = MemoryNetwork(log=log, clock=clock, flows=FlowIds(), hosts=nowhere, real_now=Instant(0.0))
    return net, clock


def scanned(actors: list[list[float]], until: float) -> list[tuple[str, float]]:
    """What is due when, by looking at every actor for every moment."""
    woken = []
    for at in sorted({at for deadlines in actors for at in deadlines if at <= until}):
        woken += [(str(number), at) for number, deadlines in enumerate(actors) if at in deadlines]
    return woken


@given(st.lists(st.lists(st.integers(1, 20).map(float), max_size=6), max_size=8), st.integers(0, 25))
def test_actors_are_woken_in_order_of_time_then_of_their_coming(
    actors: list[list[float]], seconds: int
) -> None:
    net, clock = network()
    woken: list[tuple[str, float]] = []
    for number, deadlines in enumerate(actors):
        run_now(net.join(Sleeper(str(number), list(deadlines), woken)))
    run_now(net.advance(float(seconds)))
    assert woken == scanned(actors, seconds)
    assert clock.now() == seconds


@pytest.mark.parametrize("halves", [2, 3, 10])
def test_time_in_pieces_wakes_the_same_as_time_in_one(halves: int) -> None:
    both = []
    for pieces in (1, halves):
        net, _ = network()
        woken: list[tuple[str, float]] = []
        for number in range(5):
            run_now(
                net.join(Sleeper(str(number), [float(at) for at in range(number + 1, 30, number + 2)], woken))
            )
        for _ in range(pieces):
            run_now(net.advance(30 / pieces))
        both.append(woken)
    assert both[0] == both[1]


def test_who_wakes_another_that_came_earlier_has_it_woken_after_all_of_that_moment() -> None:
    net, _ = network()
    woken: list[tuple[str, float]] = []
    first, last = Sleeper("first", [], woken), Sleeper("last", [5.0], woken)

    class Waker(Sleeper):
        def handle_timeout(self, now: Instant) -> None:
            super().handle_timeout(now)
            first.deadlines.append(now)
            net.run(first)

    for actor in (first, Waker("waker", [5.0], woken), last):
        run_now(net.join(actor))
    run_now(net.advance(10))
    assert [name for name, _ in woken] == ["waker", "last", "first"]


def test_who_wakes_another_that_came_later_has_it_woken_at_once() -> None:
    net, _ = network()
    woken: list[tuple[str, float]] = []
    last = Sleeper("last", [], woken)

    class Waker(Sleeper):
        def handle_timeout(self, now: Instant) -> None:
            super().handle_timeout(now)
            last.deadlines.append(now)
            net.run(last)

    for actor in (Waker("waker", [5.0], woken), Sleeper("between", [5.0], woken), last):
        run_now(net.join(actor))
    run_now(net.advance(10))
    assert [name for name, _ in woken] == ["waker", "between", "last"]


def test_an_actor_that_left_is_not_woken() -> None:
    net, _ = network()
    woken: list[tuple[str, float]] = []
    gone, stays = Sleeper("gone", [5.0], woken), Sleeper("stays", [6.0], woken)
    run_now(net.join(gone))
    run_now(net.join(stays))
    run_now(net.leave(gone))
    run_now(net.advance(10))
    assert woken == [("stays", 6.0)]


def test_a_deadline_taken_back_by_another_actor_of_the_same_moment_does_not_come() -> None:
    net, _ = network()
    woken: list[tuple[str, float]] = []
    other = Sleeper("other", [5.0], woken)

    class Canceller(Sleeper):
        def handle_timeout(self, now: Instant) -> None:
            super().handle_timeout(now)
            other.deadlines.clear()
            net.run(other)

    run_now(net.join(Canceller("canceller", [5.0], woken)))
    run_now(net.join(other))
    run_now(net.advance(10))
    assert [name for name, _ in woken] == ["canceller"]


def test_each_deadline_costs_the_same_however_many_actors_there_are() -> None:
    """Counted in questions, not in seconds: an actor is asked for its deadline only when it was called."""

    class Counting(Sleeper):
        asked = 0

        def next_timeout(self) -> Instant | None:
            Counting.asked += 1
            return super().next_timeout()

    counts = []
    for size in (10, 1000):
        Counting.asked = 0
        net, _ = network()
        for number in range(size):
            run_now(net.join(Counting(str(number), [float(number + 1)], [])))
        run_now(net.advance(size + 1))
        counts.append(Counting.asked / size)
    assert counts[0] == counts[1] == 2
