"""A network without sockets: discrete events, exact and repeatable, with real TLS over memory.

Every hop takes `LATENCY` of the world's time. Events happen in order of time, then in order of their making.
Actors cannot tell it from `simulator.aio.driver`, which emits the same flow and TLS events.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from heapq import heapify, heappop, heappush

from simulator.core.actor.deadlines import DeadlineQueue
from simulator.core.actor.flow import Actor, Address, CloseFlow, Fetch, Fetched, Listen, OpenFlow, SendData
from simulator.core.actor.tap import Tap
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.memory.connections import Environment, Wire
from simulator.memory.http import Exchange

LATENCY = 0.001
"""Seconds a hop takes."""


class MemoryNet:
    """Runs actors. Call `run(actor)` after any call into one from outside."""

    def __init__(
        self,
        *,
        log: EventLog,
        clock: ManualClock,
        flows: FlowIds,
        surroundings: Environment,
        real_now: Instant,
        keylog: str | None = None,
        tap: Tap | None = None,
        handshake: float = 10.0,
    ) -> None:
        """`real_now`: the machine's time, by which certificates are judged.

        `handshake`: seconds in which an accepted connection must have finished its TLS handshake.
        """
        self._log, self._clock, self._flows, self._around = log, clock, flows, surroundings
        self._actors: dict[int, Actor] = {}
        """By number: they are numbered as they come."""
        self._numbers: dict[int, int] = {}
        """An actor's `id` -> its number."""
        self._added = 0
        self._deadlines: DeadlineQueue[int] = DeadlineQueue()
        """By an actor's number, for those that have one: only a call can change it."""
        self._woken = 0
        self._waking: list[int] = []
        """Numbers of the actors yet to be woken at this moment; a heap."""
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        """(when, number, what happens then); a heap."""
        self._made = 0
        self._wire = Wire(
            log=log,
            clock=clock,
            flows=flows,
            surroundings=surroundings,
            real_now=real_now,
            keylog=keylog,
            tap=tap,
            handshake=handshake,
            later=self._later,
            run=self.run,
        )

    # --- set up -------------------------------------------------------------------------------------------

    def add(self, actor: Actor, listens: tuple[Listen, ...] = ()) -> dict[str, Address]:
        """Returns the address of each listener, by its name. Raises OSError if a port is taken."""
        self._number(actor)
        addresses: dict[str, Address] = {}
        for listen in listens:
            host = listen.address.host
            address = Address(host, listen.address.port or self._wire.ephemeral_port(host))
            key = (host, address.port, listen.transport == "udp")
            if key in self._wire.listeners:
                raise OSError(f"{address} is already in use")
            self._wire.listeners[key] = (actor, listen)
            addresses[listen.name] = address
        self.run(actor)
        return addresses

    def close_listeners(self, actor: Actor) -> None:
        """Close the actor's listeners and every flow of the actor, in an orderly way."""
        listeners = self._wire.listeners
        for key in [key for key, (owner, _) in listeners.items() if owner is actor]:
            del listeners[key]
        self._wire.close_all(actor)
        self.run(actor)

    def leave(self, actor: Actor) -> None:
        """The same, and the actor is not run any more until it is added again."""
        self.close_listeners(actor)
        self._remove(actor)

    def drop(self, actor: Actor) -> None:
        """The actor's connections vanish; their peers see a reset. The actor is not run any more."""
        self._remove(actor)
        self._wire.drop_all(actor)

    def _number(self, actor: Actor) -> None:
        if id(actor) not in self._numbers:
            self._added += 1
            self._numbers[id(actor)] = self._added
            self._actors[self._added] = actor

    def _remove(self, actor: Actor) -> None:
        number = self._numbers.pop(id(actor), None)
        if number is not None:
            del self._actors[number]
            self._deadlines.set(number, None)

    # --- time ---------------------------------------------------------------------------------------------

    def run(self, actor: Actor) -> None:
        """Carry out what the actor wants done."""
        for effect in actor.effects():
            match effect:
                case SendData():
                    self._wire.send(effect)
                case OpenFlow():
                    self._wire.open(actor, effect)
                case CloseFlow():
                    self._wire.close(effect.flow)
                case Fetch():
                    self._fetch(actor, effect)
        number = self._numbers.get(id(actor))
        if number is None:
            return
        due = actor.next_timeout()
        self._deadlines.set(number, due)
        if self._waking and number > self._woken and due is not None and due <= self._clock.now():
            heappush(self._waking, number)

    def until_idle(self) -> None:
        """Until nothing is in flight. Timers fire only if they fall due on the way."""
        while self._queue:
            self._step(self._queue[0][0])

    def advance(self, seconds: float) -> None:
        """Let time pass, settling at each deadline; the clock then stands exactly at the end."""
        target = self._clock.now() + seconds
        while (coming := self._next()) is not None and coming <= target:
            self._step(coming)
        self._clock.set(Instant(target))
        self.until_idle()

    def _next(self) -> float | None:
        """When the next thing happens."""
        coming = [self._queue[0][0]] if self._queue else []
        if (overdue := self._wire.next_deadline()) is not None:
            coming.append(overdue)
        if (first := self._deadlines.first()) is not None:
            coming.append(first[0])
        return min(coming, default=None)

    def _step(self, at: float) -> None:
        """Everything that is due at `at`: timers first, then one happening."""
        if at > self._clock.now():
            self._clock.set(Instant(at))
        now = self._clock.now()
        self._wire.give_up(now)
        self._wake(now)
        if self._queue and self._queue[0][0] <= now:
            heappop(self._queue)[2]()

    def _wake(self, now: Instant) -> None:
        """Call every actor whose deadline has come, once, in the order in which they were added."""
        self._waking = self._deadlines.due(now)
        heapify(self._waking)
        self._woken = 0
        while self._waking:
            number = heappop(self._waking)
            due = self._deadlines.at(number)
            if number == self._woken or due is None or due > now:
                continue
            self._woken = number
            actor = self._actors[number]
            actor.handle_timeout(now)
            self.run(actor)

    def _later(self, do: Callable[[], None], *, hops: int = 1) -> None:
        self._made += 1
        heappush(self._queue, (self._clock.now() + hops * LATENCY, self._made, do))

    # --- HTTP -------------------------------------------------------------------------------------------------

    def _fetch(self, actor: Actor, effect: Fetch) -> None:
        if effect.url.startswith("https:"):
            self._exchange(actor, effect)
            return

        def arrive() -> None:
            source = self._around.bind_address(actor)
            result = self._around.fetch(effect.url, effect.headers, source, self._clock.now())

            self._later(partial(self._fetched, actor, effect.key, result))

        self._later(arrive)

    def _exchange(self, actor: Actor, effect: Fetch) -> None:
        """Over TLS like any other connection of the actor."""

        def done(result: Fetched) -> None:
            self._remove(exchange)
            # A hop later: the actor may be in the middle of asking for more.
            self._later(partial(self._fetched, actor, effect.key, result))

        try:
            exchange = Exchange(actor.name, effect, self._flows.take(), self._clock.now(), done)
        except ValueError as error:
            failed = Fetched(failure=f"not a request that can be sent: {error}")
            self._later(partial(self._fetched, actor, effect.key, failed))
            return
        self._number(exchange)
        self.run(exchange)

    def _fetched(self, actor: Actor, key: str, result: Fetched) -> None:
        actor.fetched(key, result, self._clock.now())
        self.run(actor)
