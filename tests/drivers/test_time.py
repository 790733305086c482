"""Timers of actors: never early, in order, and the clock stands where it was told to."""

from __future__ import annotations

from simulator.core.instant import Instant
from tests.drivers.bench import Bench, Talker


def at(bench: Bench, seconds: float) -> Instant:
    return Instant(bench.clock.now() + seconds)


async def test_actors_are_woken_in_the_order_of_their_deadlines(bench: Bench) -> None:
    order: list[tuple[str, Instant]] = []
    first = at(bench, 0)
    wanted = {"late": (30.0,), "early": (10.0, 40.0), "middle": (20.0,)}
    for name, waits in wanted.items():
        actor = Talker(name)
        actor.deadlines = [Instant(first + wait) for wait in waits]
        actor.on_wake = lambda now, name=name: order.append((name, now))  # type: ignore[misc]
        await bench.network.join(actor)
    await bench.network.advance(100)
    assert [name for name, _ in order] == ["early", "middle", "late", "early"]
    for (_, now), due in zip(order, (10, 20, 30, 40), strict=True):
        assert 0 <= now - (first + due) < 5, "at its time, not at the end of the walk"


async def test_equal_deadlines_fire_in_the_order_of_joining(bench: Bench) -> None:
    order: list[str] = []
    due = at(bench, 10)
    for name in ("one", "two", "three"):
        actor = Talker(name)
        actor.deadlines = [due]
        actor.on_wake = lambda now, name=name: order.append(name)  # type: ignore[misc]
        await bench.network.join(actor)
    await bench.network.advance(20)
    assert order == ["one", "two", "three"]


async def test_no_actor_is_woken_early(bench: Bench) -> None:
    actor = Talker("phone")
    due = at(bench, 60)
    actor.deadlines = [due]
    await bench.network.join(actor)
    await bench.network.advance(30)
    assert actor.woken == []
    await bench.network.advance(30)
    assert len(actor.woken) == 1
    assert actor.woken[0] >= due


async def test_the_clock_has_moved_by_what_was_asked(bench: Bench) -> None:
    before = bench.clock.now()
    await bench.network.advance(1000)
    assert bench.clock.now() - before >= 1000


async def test_a_deadline_set_by_a_timer_fires_in_the_same_advance(bench: Bench) -> None:
    actor = Talker("phone")
    start = at(bench, 0)
    actor.deadlines = [Instant(start + 10)]

    def again(now: Instant) -> None:
        if len(actor.woken) < 4:
            actor.deadlines.append(Instant(now + 10))

    actor.on_wake = again
    await bench.network.join(actor)
    await bench.network.advance(35)
    assert len(actor.woken) == 3


async def test_a_deadline_that_goes_away_does_not_fire(bench: Bench) -> None:
    actor = Talker("phone")
    actor.deadlines = [at(bench, 10)]
    await bench.network.join(actor)
    actor.deadlines.clear()
    bench.network.run(actor)
    await bench.network.advance(20)
    assert actor.woken == []


async def test_a_deadline_moved_ahead_fires_when_it_is_due_now(bench: Bench) -> None:
    actor = Talker("phone")
    actor.deadlines = [at(bench, 1000)]
    await bench.network.join(actor)
    actor.deadlines = [at(bench, 10)]
    bench.network.run(actor)
    await bench.network.advance(20)
    assert len(actor.woken) == 1


async def test_what_a_timer_says_is_answered_before_the_next_timer(bench: Bench) -> None:
    node, phone = Talker("ucm", reply=bytes.upper), Talker("phone")
    _, address = await bench.serve(node)
    await bench.network.join(phone)
    flow = await bench.connect(phone, address)
    heard: list[bytes] = []
    phone.deadlines = [at(bench, 10), at(bench, 20)]

    def speak(now: Instant) -> None:
        heard.append(phone.heard[flow])
        bench.say(phone, flow, b"x")

    phone.on_wake = speak
    bench.network.run(phone)
    await bench.network.advance(30)
    assert heard == [b"", b"X"]


async def test_an_actor_that_left_is_not_woken(bench: Bench) -> None:
    one, two = Talker("one"), Talker("two")
    for actor in (one, two):
        actor.deadlines = [at(bench, 10)]
        await bench.network.join(actor)
    await bench.network.leave(one)
    await bench.network.drop(two)
    await bench.network.advance(20)
    assert one.woken == two.woken == []
