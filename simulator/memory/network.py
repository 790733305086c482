"""A network without sockets: discrete events, exact and repeatable, with real TLS over memory.

Every hop takes `LATENCY` of the world's time. Events happen in order of time, then in order of their making.
Actors cannot tell it from `simulator.aio.driver`, which emits the same flow and TLS events.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from heapq import heapify, heappop, heappush

from simulator.core.actor.deadlines import DeadlineQueue
from simulator.core.actor.flow import (
    Actor,
    Address,
    CloseFlow,
    Fetch,
    Fetched,
    FetchingActor,
    OpenFlow,
    SendData,
    fetching,
)
from simulator.core.actor.tap import Tap
from simulator.core.events.log import EventLog
from simulator.core.http.exchange import HttpExchange
from simulator.core.http.server import HttpServer
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.core.network.endpoint import Endpoint, HttpHandler, TerminalHandler
from simulator.memory.connections import Hosts, MemoryConnections

LATENCY = 0.001
"""Seconds a hop takes."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """An open endpoint, and the actor that answers there."""

    endpoint: Endpoint
    actor: Actor
    place: tuple[str, int, bool]
    """Host, port, whether UDP."""
    address: Address


class MemoryNetwork:
    """A `simulator.core.network.network.Network` whose coroutines never wait.

    An exception of an actor is not caught: it ends the test or run that met it, at the moment it happens.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        clock: ManualClock,
        flows: FlowIds,
        hosts: Hosts,
        real_now: Instant,
        keylog: str | None = None,
        tap: Tap | None = None,
        handshake: float = 10.0,
    ) -> None:
        """`real_now`: the machine's time, by which certificates are judged.

        `handshake`: seconds in which an accepted connection must have finished its TLS handshake.
        """
        self._log, self._clock, self._flows = log, clock, flows
        self._actors: dict[int, Actor] = {}
        """By number: they are numbered as they come."""
        self._numbers: dict[int, int] = {}
        """An actor's `id` -> its number."""
        self._joined: set[int] = set()
        """Those that stay though they listen nowhere, by `id`."""
        self._open: dict[tuple[ActorId, str], _Opened] = {}
        self._added = 0
        self._deadlines: DeadlineQueue[int] = DeadlineQueue()
        """By an actor's number, for those that have one: only a call can change it."""
        self._woken = 0
        self._waking: list[int] = []
        """Numbers of the actors yet to be woken at this moment; a heap."""
        self._exchanges: dict[HttpExchange, tuple[FetchingActor, str]] = {}
        """HTTP requests under way: who is to hear of the answer, and under which key."""
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        """(when, number, what happens then); a heap."""
        self._made = 0
        self._connections = MemoryConnections(
            log=log,
            clock=clock,
            flows=flows,
            hosts=hosts,
            real_now=real_now,
            keylog=keylog,
            tap=tap,
            handshake=handshake,
            later=self._later,
            run=self.run,
        )

    # --- endpoints and actors -----------------------------------------------------------------------------

    async def open(self, *endpoints: Endpoint) -> tuple[Address, ...]:
        """See `Network.open`. ValueError also for a terminal, which needs sockets."""
        connections = self._connections
        opened: list[_Opened] = []
        for endpoint in endpoints:
            listen = endpoint.listen
            host = listen.address.host
            address = Address(host, listen.address.port or connections.ephemeral_port(host))
            place = (host, address.port, listen.transport == "udp")
            if place in connections.listeners or any(one.place == place for one in opened):
                raise OSError(errno.EADDRINUSE, f"cannot listen on {address}: {os.strerror(errno.EADDRINUSE)}")
            if endpoint.key in self._open or any(one.endpoint.key == endpoint.key for one in opened):
                raise ValueError(f"{endpoint.owner} has an open endpoint named {listen.name!r}")
            if listen.transport == "tls" and listen.tls is None:
                raise ValueError(f"listener {listen.name!r} has no TLS settings")
            opened.append(_Opened(endpoint, self._actor_of(endpoint), place, address))
        for one in opened:
            connections.listeners[one.place] = one.actor, one.endpoint.listen
            self._open[one.endpoint.key] = one
            self._number(one.actor)
        for actor in {id(one.actor): one.actor for one in opened}.values():
            self.run(actor)
        return tuple(one.address for one in opened)

    async def close(self, *endpoints: Endpoint) -> None:
        closed = [self._open[endpoint.key] for endpoint in endpoints if endpoint.key in self._open]
        for actor in {id(one.actor): one.actor for one in closed}.values():
            self.run(actor)
        for one in closed:
            del self._open[one.endpoint.key], self._connections.listeners[one.place]
        for actor in {id(one.actor): one.actor for one in closed}.values():
            if id(actor) in self._joined or any(one.actor is actor for one in self._open.values()):
                self._connections.close_accepted(actor, {one.endpoint.listen.name for one in closed})
                self.run(actor)
            else:
                self._leave(actor)

    async def join(self, actor: Actor) -> None:
        if id(actor) in self._joined:
            raise ValueError(f"{actor.name} is on this network already")
        self._joined.add(id(actor))
        self._number(actor)
        self.run(actor)

    async def leave(self, actor: Actor) -> None:
        self._close_ports(actor)
        self._leave(actor)

    async def drop(self, actor: Actor) -> None:
        self._close_ports(actor)
        self._remove(actor)
        self._give_up_exchanges(actor)
        self._connections.drop_all(actor)

    def _number(self, actor: Actor) -> None:
        if id(actor) not in self._numbers:
            self._added += 1
            self._numbers[id(actor)] = self._added
            self._actors[self._added] = actor

    def _actor_of(self, endpoint: Endpoint) -> Actor:
        match endpoint.handler:
            case HttpHandler(service=service, max_body=max_body):
                return HttpServer(endpoint.owner, service, max_body=max_body)
            case TerminalHandler():
                raise ValueError(f"{endpoint.listen.name!r}: a terminal needs a network with sockets")
            case actor:
                return actor

    def _close_ports(self, actor: Actor) -> None:
        for key in [key for key, one in self._open.items() if one.actor is actor]:
            del self._connections.listeners[self._open.pop(key).place]

    def _leave(self, actor: Actor) -> None:
        self._remove(actor)
        self._give_up_exchanges(actor)
        self._connections.close_all(actor)

    def _remove(self, actor: Actor) -> None:
        self._joined.discard(id(actor))
        number = self._numbers.pop(id(actor), None)
        if number is not None:
            del self._actors[number]
            self._deadlines.set(number, None)

    # --- time ---------------------------------------------------------------------------------------------

    def run(self, actor: Actor) -> None:
        number = self._numbers.get(id(actor))
        if number is None:
            return
        for effect in actor.effects():
            match effect:
                case SendData():
                    self._connections.send(effect)
                case OpenFlow():
                    self._connections.open(actor, effect)
                case CloseFlow():
                    self._connections.close(effect.flow, reset=effect.reset)
                case Fetch():
                    self._fetch(actor, effect)
        if isinstance(actor, HttpExchange) and actor.result is not None:
            self._answered(actor)
            return
        due = actor.next_timeout()
        self._deadlines.set(number, due)
        if self._waking and number > self._woken and due is not None and due <= self._clock.now():
            heappush(self._waking, number)

    async def until_idle(self) -> None:
        """Go on until nothing is in flight. Timers fire only if they fall due on the way."""
        while self._queue:
            self._step(self._queue[0][0])

    async def advance(self, seconds: float) -> None:
        """Let time pass, from deadline to deadline; the clock then stands exactly at the end."""
        target = self._clock.now() + seconds
        while (coming := self._next()) is not None and coming <= target:
            self._step(coming)
        self._clock.set(Instant(target))
        await self.until_idle()

    def _next(self) -> float | None:
        """When the next thing happens."""
        coming = [self._queue[0][0]] if self._queue else []
        if (overdue := self._connections.next_deadline()) is not None:
            coming.append(overdue)
        if (first := self._deadlines.first()) is not None:
            coming.append(first[0])
        return min(coming, default=None)

    def _step(self, at: float) -> None:
        """Everything that is due at `at`: timers first, then one happening."""
        if at > self._clock.now():
            self._clock.set(Instant(at))
        now = self._clock.now()
        self._connections.give_up(now)
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
        """The exchange is an actor beside the one that asked, of the same name."""
        exchange = HttpExchange(actor.name, effect, self._flows, self._clock.now())
        self._exchanges[exchange] = fetching(actor), effect.key
        self._number(exchange)
        self.run(exchange)

    def _answered(self, exchange: HttpExchange) -> None:
        actor, key = self._exchanges.pop(exchange)
        self._remove(exchange)
        assert exchange.result is not None
        # A hop later: the actor may be in the middle of asking for more.
        self._later(partial(self._fetched, actor, key, exchange.result))

    def _give_up_exchanges(self, actor: Actor) -> None:
        for exchange in [one for one, (asker, _) in self._exchanges.items() if asker is actor]:
            del self._exchanges[exchange]
            self._remove(exchange)
            self._connections.drop_all(exchange)

    def _fetched(self, actor: FetchingActor, key: str, result: Fetched) -> None:
        if id(actor) in self._numbers:
            actor.fetched(key, result, self._clock.now())
            self.run(actor)
