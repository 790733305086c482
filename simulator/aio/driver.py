"""The asyncio driver: actors on real sockets. It owns listeners, flows and timers, and decides nothing.

Network time is real time: connect, handshake, idle and linger limits follow the loop's clock, actors' deadlines
follow the lab's, which may be moved ahead with `advance`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from certs.contexts import server_context
from certs.identity import read
from simulator.aio.actor_runner import ActorRunner
from simulator.aio.clock import ShiftClock
from simulator.aio.dial import Resolve
from simulator.aio.flow_events import AddressMap, FlowEvents
from simulator.aio.http_client import Fetcher
from simulator.aio.listener import bind, cannot_listen, literal
from simulator.aio.tcp_connection import Limits, TcpConnection
from simulator.aio.udp import UdpSocket
from simulator.core.actor.flow import Actor, Address, Listen
from simulator.core.actor.tap import Tap
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Clock, Instant
from simulator.core.tls.session import TlsSession

_QUIET_PASSES = 4
"""Passes of the loop without a stir after which loopback traffic has come to rest."""
_MOST_REPEATS = 100
_SETTLE = 1.0
"""Seconds of real time after which `until_idle` stops waiting for unfinished handshakes and fetches."""


class Driver:
    """Make, use and close it inside one running loop."""

    def __init__(
        self,
        log: EventLog,
        clock: Clock,
        flows: FlowIds,
        resolve: Resolve | None = None,
        keylog: str | None = None,
        *,
        limits: Limits | None = None,
        tap: Tap | None = None,
        shown: AddressMap | None = None,
    ) -> None:
        """`resolve` maps what actors dial to what the sockets use; OSError and LookupError mean "no such host".

        `keylog`: a file for the TLS secrets of every session, both roles. `tap`: is told of every byte.
        `shown`: the addresses events tell for those on the wire, where `resolve` maps them.
        """
        self._log = log
        self._clock = clock
        self._flows = flows
        self._resolve = resolve
        self._keylog = keylog
        self._tap = tap
        self._shown = shown
        self._limits = limits or Limits()
        self._seats: dict[ActorId, ActorRunner] = {}
        self._servers: dict[ActorId, list[asyncio.Server]] = {}
        self._stirs = 0
        self._awaiting_stir = False
        self._stirred = asyncio.Event()
        self._fetcher = Fetcher(
            log,
            flows,
            limits=self._limits,
            resolve=resolve,
            keylog=keylog,
            tap=tap,
            shown=shown,
            on_activity=self._stir,
        )

    async def add(self, actor: Actor, listens: Iterable[Listen] = ()) -> dict[str, Address]:
        """Seat an actor and bind its ports; returns the real address of each Listen by name.

        Raises OSError naming the address if a port cannot be bound, ssl.SSLError or ValueError if TLS settings
        cannot be used, ValueError if an actor of this name is seated already. Nothing is left open then.
        """
        if actor.name in self._seats:
            raise ValueError(f"an actor named {actor.name!r} is on this driver already")
        seat = ActorRunner(
            actor,
            log=self._log,
            clock=self._clock,
            flows=self._flows,
            limits=self._limits,
            resolve=self._resolve,
            keylog=self._keylog,
            tap=self._tap,
            shown=self._shown,
            fetch=self._fetcher.get,
            on_activity=self._stir,
        )
        self._seats[actor.name] = seat
        self._servers[actor.name] = []
        try:
            addresses = {listen.name: await self._listen(seat, listen) for listen in listens}
        except BaseException:
            await self.remove(actor)
            raise
        seat.follow()
        return addresses

    async def remove(self, actor: Actor) -> None:
        """Close the actor's ports and flows, in an orderly way; when it returns the ports are free again.

        The actor is not called any more. One that is not seated is ignored.
        """
        seat = self._seats.pop(actor.name, None)
        if seat is None:
            return
        for server in self._servers.pop(actor.name):
            server.close()
        await seat.leave()

    def drop(self, actor: Actor) -> None:
        """The actor vanishes: its connections are reset without a word, and it is not called any more."""
        seat = self._seats.pop(actor.name, None)
        if seat is None:
            return
        for server in self._servers.pop(actor.name):
            server.close()
        seat.vanish()

    async def close(self, *, abruptly: bool = False) -> None:
        """Remove every actor. The driver may be used again.

        `abruptly`: connections are reset instead of closed in an orderly way, so nobody is waited for.
        """
        if abruptly:
            for seat in self._seats.values():
                seat.vanish()
        await asyncio.gather(*(self.remove(seat.actor) for seat in tuple(self._seats.values())))

    def run(self, actor: Actor) -> None:
        """Carry out an actor's effects and set its timer, after somebody else has called it."""
        seat = self._seats.get(actor.name)
        if seat is not None:
            seat.follow()

    # --- time ------------------------------------------------------------------------------------------------

    async def advance(self, seconds: float) -> None:
        """Move the clock ahead, from deadline to deadline: each actor is woken at its time, in order.

        Between two deadlines loopback traffic comes to rest (`until_idle`). What depends on hosts elsewhere, on
        name servers or on a peer that keeps silent is not waited for beyond a second. Needs a ShiftClock.
        """
        clock = self._clock
        if not isinstance(clock, ShiftClock):
            raise TypeError(f"only a ShiftClock can be advanced, not {type(clock).__name__}")
        target = clock.now() + seconds
        for seat in self._seats.values():
            seat.hold()
        try:
            await self._walk(clock, Instant(target))
        finally:
            for seat in self._seats.values():
                seat.rearm()
        await self.until_idle()

    async def _walk(self, clock: ShiftClock, target: Instant) -> None:
        fired: tuple[ActorId, Instant] | None = None
        repeats = 0
        await self.until_idle()
        while due := self._due(target):
            deadline, seat = min(due, key=lambda entry: entry[0])
            repeats = repeats + 1 if fired == (seat.name, deadline) else 0
            fired = seat.name, deadline
            if repeats > _MOST_REPEATS:
                raise RuntimeError(f"actor {seat.name}: handle_timeout does not clear its deadline {deadline}")
            clock.advance_to(deadline)
            seat.handle_timeout(clock.now())
            await self.until_idle()
        clock.advance_to(target)

    def _due(self, target: Instant) -> list[tuple[Instant, ActorRunner]]:
        return [
            (deadline, seat)
            for seat in self._seats.values()
            if (deadline := seat.actor.next_timeout()) is not None and deadline <= target
        ]

    async def until_idle(self) -> None:
        """Let traffic between the actors of this driver come to rest, timers aside."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _SETTLE
        quiet = 0
        while quiet < _QUIET_PASSES and loop.time() < give_up:
            before = self._stirs
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._stirs == before else 0
            if quiet == _QUIET_PASSES and any(seat.busy for seat in self._seats.values()):
                quiet = 0
                await self._stir_or(give_up)
        if loop.time() >= give_up:
            for seat in self._seats.values():
                seat.wait_no_more()

    async def _stir_or(self, give_up: float) -> None:
        self._stirred.clear()
        self._awaiting_stir = True
        try:
            async with asyncio.timeout_at(give_up):
                await self._stirred.wait()
        except TimeoutError:
            return
        finally:
            self._awaiting_stir = False

    def _stir(self) -> None:
        self._stirs += 1
        if self._awaiting_stir:
            self._stirred.set()

    # --- what seats need -------------------------------------------------------------------------------------

    async def _listen(self, seat: ActorRunner, listen: Listen) -> Address:
        loop = asyncio.get_running_loop()
        limits = self._limits
        doorway = FlowEvents(
            seat,
            self._log,
            self._flows,
            transport=listen.transport,
            listener=listen.name,
            tls=listen.tls,
            tap=self._tap,
            shown=self._shown,
        )
        if listen.transport == "udp":
            host = await literal(loop, listen.address)
            try:
                _, sock = await loop.create_datagram_endpoint(
                    lambda: UdpSocket(doorway, most_flows=limits.udp_flows, tap=self._tap),
                    local_addr=(host, listen.address.port),
                )
            except OSError as error:
                raise cannot_listen(listen.address, error) from error
            seat.sockets.add(sock)
            return sock.local
        context = None
        if listen.transport == "tls":
            if listen.tls is None:
                raise ValueError(f"listener {listen.name!r} has no TLS settings")
            context = server_context(listen.tls, self._keylog)

        def accept() -> TcpConnection:
            session = TlsSession.server(context, identify=read) if context is not None else None
            return TcpConnection(loop, doorway, session=session, limits=limits, tap=self._tap)

        server, address = await bind(loop, listen.address, accept, backlog=limits.backlog)
        self._servers[seat.name].append(server)
        return address
