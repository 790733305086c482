"""Actors' deadlines on a clock that runs, and on one that is moved ahead."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulator.aio.clock import RealClock, ShiftClock
from simulator.aio.driver import Driver
from simulator.core.actor.flow import Address, Effect, Listen, SendData
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowIds
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls


async def test_a_deadline_wakes_its_actor_and_not_before(
    driver: Driver, recorder: Any, clock: ShiftClock
) -> None:
    phone = recorder("phone")
    await driver.join(phone)
    deadline = Instant(clock.now() + 0.02)
    phone.deadlines.append(deadline)
    driver.run(phone)
    await phone.until(lambda r: r.woken)
    assert phone.woken[0] >= deadline
    assert len(phone.woken) == 1


async def test_an_earlier_deadline_overtakes_and_a_later_one_waits(
    driver: Driver, recorder: Any, clock: ShiftClock
) -> None:
    phone = recorder("phone")
    await driver.join(phone)
    start = clock.now()
    for seconds in (500.0, 0.03, 0.01):
        phone.deadlines.append(Instant(start + seconds))
        driver.run(phone)
    phone.deadlines.remove(start + 0.01)
    await phone.until(lambda r: r.woken)
    assert phone.woken[0] >= start + 0.03
    assert phone.deadlines == [start + 500]


async def test_advance_walks_from_deadline_to_deadline_in_order(
    driver: Driver, recorder: Any, clock: ShiftClock
) -> None:
    one, two = recorder("one"), recorder("two")
    await driver.join(one)
    await driver.join(two)
    start = clock.now()
    one.deadlines += [Instant(start + 3600), Instant(start + 60)]
    two.deadlines += [Instant(start + 1800), Instant(start + 99_999)]
    await driver.advance(7200)
    assert [round(at - start) for at in one.woken] == [60, 3600]
    assert [round(at - start) for at in two.woken] == [1800]
    assert clock.now() >= start + 7200


async def test_what_a_deadline_sends_is_answered_before_the_next_one(
    driver: Driver, recorder: Any, flows: FlowIds, clock: ShiftClock
) -> None:
    server, phone = recorder("ucm", echo=True), recorder("phone")
    listen = Listen(name="sip", transport="tcp", address=Address("127.0.0.1", 0))
    ports = await server.serve(driver, [listen])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip"])
    await driver.until_idle()
    assert flow in phone.facts
    answered: list[int] = []

    def keepalive() -> list[Effect]:
        if len(answered) == len(phone.woken):
            return []
        answered.append(len(phone.heard.get(flow, b"")))
        return [SendData(flow, b".")]

    phone.effects = keepalive
    start = clock.now()
    phone.deadlines += [Instant(start + 60 * n) for n in range(1, 6)]
    await driver.advance(600)
    assert answered == [0, 1, 2, 3, 4], "each keep-alive was answered before the next was due"
    assert phone.heard[flow] == b"....."


async def test_timers_follow_a_clock_that_was_moved(driver: Driver, recorder: Any, clock: ShiftClock) -> None:
    phone = recorder("phone")
    await driver.join(phone)
    phone.deadlines.append(Instant(clock.now() + 1000.01))
    driver.run(phone)
    await driver.advance(1000)
    await phone.until(lambda r: r.woken)


async def test_a_deadline_that_never_clears_is_called_a_fault(driver: Driver, recorder: Any) -> None:
    phone = recorder("phone")
    await driver.join(phone)
    phone.next_timeout = lambda: Instant(1.0)
    with pytest.raises(RuntimeError, match="actor phone: handle_timeout does not clear its deadline"):
        await driver.advance(1)


async def test_a_real_clock_cannot_be_advanced() -> None:
    clock = RealClock()
    with pytest.raises(TypeError, match="RealClock"):
        await Driver(EventLog(clock), clock, FlowIds()).advance(1)


async def test_deadlines_of_an_advance_come_at_their_instants_however_long_the_work_takes(
    driver: Driver, recorder: Any, flows: FlowIds, clock: ShiftClock
) -> None:
    server, phone = recorder("ucm", echo=True), recorder("phone")
    listen = Listen(name="sip", transport="tcp", address=Address("127.0.0.1", 0))
    ports = await server.serve(driver, [listen])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip"])
    await driver.until_idle()
    start = clock.now()
    shown: list[float] = []

    class Busy(type(phone)):  # type: ignore[misc]
        def handle_timeout(self, now: Instant) -> None:
            super().handle_timeout(now)
            self.todo.append(SendData(flow, b"x" * 1_000_000))

        def flow_data(self, flow: Any, data: bytes, now: Instant) -> None:
            shown.append(now)

    phone.__class__ = Busy
    clock.stop()
    deadlines = [Instant(start + 0.001 * n) for n in range(1, 6)]
    phone.deadlines += deadlines
    await driver.advance(1)
    assert phone.woken == deadlines, "a megabyte to and fro takes longer than a millisecond"
    assert sorted(set(shown)) == deadlines


async def test_who_comes_while_the_clock_is_moved_is_woken_on_the_way(
    driver: Driver, recorder: Any, clock: ShiftClock
) -> None:
    first, late = recorder("first"), recorder("late")
    await driver.join(first)
    start = clock.now()
    late.deadlines.append(Instant(start + 20))
    joining: list[Any] = []

    class Inviting(type(first)):  # type: ignore[misc]
        def handle_timeout(self, now: Instant) -> None:
            super().handle_timeout(now)
            joining.append(asyncio.get_running_loop().create_task(driver.join(late)))

    first.__class__ = Inviting
    first.deadlines += [Instant(start + 10), Instant(start + 15)]
    await driver.advance(30)
    assert late.woken == [start + 20]


async def test_who_leaves_is_not_woken_any_more(driver: Driver, recorder: Any, clock: ShiftClock) -> None:
    first, gone = recorder("first"), recorder("gone")
    await driver.join(first)
    await driver.join(gone)
    start = clock.now()
    dropping: list[Any] = []

    class Dropping(type(first)):  # type: ignore[misc]
        def handle_timeout(self, now: Instant) -> None:
            super().handle_timeout(now)
            dropping.append(asyncio.get_running_loop().create_task(driver.drop(gone)))

    first.__class__ = Dropping
    first.deadlines.append(Instant(start + 10))
    gone.deadlines.append(Instant(start + 20))
    await driver.advance(30)
    assert gone.woken == []


async def test_two_who_move_the_clock_do_so_one_after_the_other(
    driver: Driver, recorder: Any, clock: ShiftClock
) -> None:
    phone = recorder("phone")
    await driver.join(phone)
    start = clock.now()
    phone.deadlines += [Instant(start + 60 * n) for n in range(1, 5)]
    await asyncio.gather(driver.advance(120), driver.advance(125))
    assert [round(at - start) for at in phone.woken] == [60, 120, 180, 240]
    assert clock.now() >= start + 245


async def test_a_handshake_inside_that_never_ends_is_not_waited_for(
    driver: Driver, recorder: Any, plain: Any, ca: Any, flows: FlowIds
) -> None:
    deaf, phone = recorder("deaf"), recorder("phone")
    listen = Listen(name="sip", transport="tcp", address=Address("127.0.0.1", 0))
    ports = await deaf.serve(driver, [listen])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip"], ClientTls(server_name="ucm", trust=(ca.certificate,)))
    await driver.until_idle()
    assert flow not in phone.facts
    assert flow not in phone.ends
    assert not driver.activity.is_under_way, "neither has sent what the other has yet to receive"


def test_a_clock_that_was_stopped_stands_still_and_then_runs_on() -> None:
    clock = ShiftClock(1_585_566_211.0)
    clock.stop()
    stopped = clock.now()
    assert clock.now() == stopped
    clock.advance_to(Instant(stopped + 60))
    assert clock.now() == stopped + 60
    clock.advance(40)
    assert clock.now() == stopped + 100
    clock.advance_to(Instant(stopped))
    assert clock.now() == stopped + 100
    clock.start()
    assert stopped + 100 <= clock.now() < stopped + 160


def test_a_shift_clock_starts_where_it_is_told_and_only_goes_ahead() -> None:
    clock = ShiftClock(1_585_566_211.0)
    assert 0 <= clock.now() - 1_585_566_211.0 < 5
    clock.advance(86_400)
    assert clock.now() >= 1_585_652_611.0
    before = clock.now()
    clock.advance_to(Instant(before - 10))
    assert clock.now() >= before
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(-1)


def test_a_real_clock_tells_posix_seconds() -> None:
    assert RealClock().now() > 1_700_000_000
