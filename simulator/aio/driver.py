"""The asyncio driver: actors on real sockets. It owns listeners, flows and timers, and decides nothing.

Network time is real time: connect, handshake, idle and linger limits follow the loop's clock, actors' deadlines
follow the lab's, which may be moved ahead with `advance`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from simulator.aio.accepting import accept_on
from simulator.aio.activity import Activity
from simulator.aio.actor_runner import ActorRunner
from simulator.aio.clock import ShiftClock
from simulator.aio.clock_walk import ClockWalk
from simulator.aio.delays import Delays
from simulator.aio.flow_context import AddressMap, ConnectionLimits, FlowContext, Resolve
from simulator.aio.flow_events import FlowEvents
from simulator.aio.http_server import http_protocols
from simulator.aio.listener import cannot_listen, literal
from simulator.aio.open_endpoint import OpenEndpoint, TerminalCarrier
from simulator.aio.patience import Patience
from simulator.aio.protocol_server import ProtocolServer
from simulator.aio.udp import UdpSocket
from simulator.core.actor.flow import Actor, Address, Listen
from simulator.core.actor.tap import Tap
from simulator.core.events import PatienceEnded
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Clock, Instant
from simulator.core.network.endpoint import Endpoint, HttpHandler, TerminalHandler


class Driver:
    """A `simulator.core.network.network.Network` of sockets. Make, use and close it inside one running loop."""

    def __init__(
        self,
        log: EventLog,
        clock: Clock,
        flows: FlowIds,
        resolve: Resolve | None = None,
        keylog: str | None = None,
        *,
        limits: ConnectionLimits | None = None,
        tap: Tap | None = None,
        address_map: AddressMap | None = None,
        terminals: TerminalCarrier | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`resolve` maps what actors dial to what the sockets use; OSError and LookupError mean "no such host".

        `keylog`: a file for the TLS secrets of every session, both roles. `tap`: is told of every byte.
        `address_map`: the addresses events tell for those on the wire, where `resolve` maps them.
        `terminals`: makes the server for an endpoint with a `TerminalHandler`.
        `patience`: how long `until_idle` waits for what does not move; None: as the environment says.
        """
        self._log = log
        self._clock = clock
        self._terminals = terminals
        self.patience = patience or Patience.from_environment()
        self._runners: dict[int, ActorRunner] = {}
        """By the `id` of the actor, in the order they came."""
        self._opened: dict[tuple[ActorId, str], OpenEndpoint] = {}
        self.activity = Activity()
        """What `until_idle` waits for."""
        self._context = FlowContext(
            log=log,
            flows=flows,
            activity=self.activity,
            limits=limits or ConnectionLimits(),
            resolve=resolve,
            keylog=keylog,
            tap=tap,
            address_map=address_map,
        )
        self._walk: ClockWalk | None = None
        """While the clock is moved ahead."""
        self._advancing = asyncio.Lock()
        self._delays = Delays()

    # --- endpoints and actors --------------------------------------------------------------------------------

    async def open(self, *endpoints: Endpoint) -> tuple[Address, ...]:
        """See `Network.open`. Also raises ssl.SSLError for TLS settings that cannot be used."""
        addresses: list[Address] = []
        runners: dict[int, ActorRunner] = {}
        for number, endpoint in enumerate(endpoints):
            try:
                opened = await self._open_one(endpoint)
            except BaseException:
                await self.close(*endpoints[:number])
                raise
            self._opened[endpoint.key] = opened
            addresses.append(opened.address)
            if opened.runner is not None:
                runners[id(opened.runner)] = opened.runner
        for runner in runners.values():
            runner.follow()
        return tuple(addresses)

    async def close(self, *endpoints: Endpoint) -> None:
        keys = [endpoint.key for endpoint in endpoints if endpoint.key in self._opened]
        for runner in dict.fromkeys(self._opened[key].runner for key in keys):
            if runner is not None:
                runner.follow()
        closed = [self._opened.pop(key) for key in keys]
        for one in closed:
            self._stop_listening(one)
        staying = {one.runner for one in self._opened.values()}
        leaving = dict.fromkeys(
            one.runner
            for one in closed
            if one.runner is not None and not one.runner.joined and one.runner not in staying
        )
        for runner in leaving:
            self._runners.pop(runner.key, None)
        await asyncio.gather(
            *(runner.leave() for runner in leaving),
            *(one.stop() for one in closed if one.runner not in leaving),
        )

    async def join(self, actor: Actor) -> None:
        runner = self._runner_of(actor)
        if runner.joined:
            raise ValueError(f"{actor.name} is on this driver already")
        runner.joined = True
        runner.follow()

    async def leave(self, actor: Actor) -> None:
        runner = self._take(id(actor))
        if runner is not None:
            await runner.leave()

    async def drop(self, actor: Actor) -> None:
        runner = self._take(id(actor))
        if runner is not None:
            runner.vanish()

    async def shut_down(self, *, abruptly: bool = False) -> None:
        """Close every endpoint and let every actor leave. The driver may be used again.

        `abruptly`: connections are reset instead of closed in an orderly way, and not waited for.
        """
        runners = [runner for key in tuple(self._runners) if (runner := self._take(key)) is not None]
        rest, self._opened = list(self._opened.values()), {}
        if abruptly:
            for runner in runners:
                runner.vanish()
            for one in rest:
                if isinstance(one.server, ProtocolServer):
                    one.server.vanish()
        self._delays.end_all()
        await asyncio.gather(*(runner.leave() for runner in runners))
        await asyncio.gather(*(one.stop() for one in rest))

    def run(self, actor: Actor) -> None:
        runner = self._runners.get(id(actor))
        if runner is not None:
            runner.follow()

    def _runner_of(self, actor: Actor) -> ActorRunner:
        runner = self._runners.get(id(actor))
        if runner is None:
            runner = self._runners[id(actor)] = ActorRunner(actor, self._context, self._clock)
            if self._walk is not None:
                self._walk.add(runner)
        return runner

    def _take(self, key: int) -> ActorRunner | None:
        """The runner of an actor, which is no longer this driver's, with its ports closed."""
        runner = self._runners.pop(key, None)
        if runner is None:
            return None
        for place in [place for place, one in self._opened.items() if one.runner is runner]:
            self._stop_listening(self._opened.pop(place))
        return runner

    def _stop_listening(self, one: OpenEndpoint) -> None:
        if isinstance(one.server, asyncio.Server):
            self.activity.unlisten(one.address)
            one.server.close()

    async def _open_one(self, endpoint: Endpoint) -> OpenEndpoint:
        if endpoint.key in self._opened:
            raise ValueError(f"{endpoint.owner} has an open endpoint named {endpoint.listen.name!r}")
        match endpoint.handler:
            case HttpHandler(service=service, max_body=max_body):
                protocols = http_protocols(
                    service, self._clock, max_body=max_body, activity=self.activity, delay=self._delay
                )
                server = ProtocolServer(endpoint.owner, protocols, self._context)
                return OpenEndpoint(address=await server.start(endpoint.listen), server=server)
            case TerminalHandler(service=terminal):
                if self._terminals is None:
                    raise ValueError(f"{endpoint.listen.name!r}: this driver serves no terminals")
                shell = self._terminals(terminal, self._clock, endpoint.listen.address)
                return OpenEndpoint(address=await shell.start(), terminal=shell)
            case actor:
                return await self._listen(actor, endpoint.listen)

    async def _delay(self, seconds: float) -> None:
        """Wait so long by the lab's clock."""
        over = self._delays.until(Instant(self._clock.now() + seconds))
        self._runner_of(self._delays).follow()
        await over

    # --- time ------------------------------------------------------------------------------------------------

    async def advance(self, seconds: float) -> None:
        """Move the clock ahead, from deadline to deadline: each actor is woken at its time, in order.

        Between two deadlines traffic comes to rest (`until_idle`). The clock stands still meanwhile.
        Raises TypeError if the driver's clock is no ShiftClock.
        """
        clock = self._clock
        if not isinstance(clock, ShiftClock):
            raise TypeError(f"only a ShiftClock can be advanced, not {type(clock).__name__}")
        async with self._advancing:
            self._walk = ClockWalk(clock, self.until_idle)
            try:
                await self._walk.run(tuple(self._runners.values()), seconds)
            finally:
                self._walk = None
        for terminal in [one.terminal for one in self._opened.values()]:
            if terminal is not None:
                terminal.run()
        await self.until_idle()

    async def until_idle(self) -> None:
        """Let traffic between the actors of this driver come to rest, timers aside.

        With other hosts it waits for what an actor began. If nothing of that moves until patience ends, the
        event `lab:patience_ended` says what is still under way; that is not waited for again.
        """
        began = asyncio.get_running_loop().time()
        if given_up := await self.activity.until_idle(self.patience):
            self.patience_ended("traffic to come to rest", began, given_up)

    def patience_ended(self, waited_for: str, began: float, under_way: Sequence[str]) -> None:
        """Put on record that something was waited for in vain, since `began` on the loop's clock."""
        seconds = round(asyncio.get_running_loop().time() - began, 1)
        event = PatienceEnded(waited_for=waited_for, seconds=seconds, under_way=tuple(under_way))
        if self._log.on:
            self._log.emit(ActorId("lab"), event)

    # --- listeners of actors ---------------------------------------------------------------------------------

    async def _listen(self, actor: Actor, listen: Listen) -> OpenEndpoint:
        is_new = id(actor) not in self._runners
        runner = self._runner_of(actor)
        flow_events = FlowEvents(
            runner, self._context, transport=listen.transport, listener=listen.name, tls=listen.tls
        )
        server: asyncio.Server | UdpSocket
        try:
            if listen.transport == "udp":
                server = await self._bind_udp(runner, flow_events, listen.address)
                address = server.local
            else:
                server, address = await accept_on(listen, flow_events, self._context)
        except BaseException:
            if is_new:
                del self._runners[id(actor)]
            raise
        return OpenEndpoint(address=address, server=server, runner=runner, flow_events=flow_events)

    async def _bind_udp(self, runner: ActorRunner, owner: FlowEvents, address: Address) -> UdpSocket:
        loop = asyncio.get_running_loop()
        host = await literal(loop, address)
        try:
            _, sock = await loop.create_datagram_endpoint(
                lambda: UdpSocket(owner, self._context),
                local_addr=(host, address.port),
            )
        except OSError as error:
            raise cannot_listen(address, error) from error
        runner.sockets.add(sock)
        sock.closed.add_done_callback(lambda _: runner.sockets.discard(sock))
        return sock
