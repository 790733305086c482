"""Runs one actor on a driver: calls it, carries out what it asks for, and keeps its one timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulator.aio.dials import Dials
from simulator.aio.flow_context import FlowContext
from simulator.aio.flow_events import Carrier, FlowEvents
from simulator.aio.tcp_connection import TcpConnection
from simulator.aio.udp import UdpSocket
from simulator.core import redact
from simulator.core.actor.deadlines import DeadlineQueue
from simulator.core.actor.flow import (
    Actor,
    CloseFlow,
    Effect,
    Fetch,
    FlowEnd,
    FlowFacts,
    OpenFlow,
    SendData,
    fetching,
)
from simulator.core.events import ActorFailed, FlowClosed
from simulator.core.http.fetches import ActorWithFetches
from simulator.core.ids import FlowId
from simulator.core.instant import Clock, Instant

_EARLY = 0.001
"""Seconds a timer may fire before its deadline: the loop's clock and ours do not tick together."""


class ActorRunner:
    """Runs one actor on sockets. An exception of the actor ends the flow it was about, nothing else."""

    def __init__(
        self,
        actor: Actor,
        context: FlowContext,
        clock: Clock,
    ) -> None:
        self.actor = actor
        self.key = id(actor)
        """What its driver knows the actor by."""
        self.name = actor.name
        self.removed = False
        self.joined = False
        """It stays though it may listen nowhere."""
        self.carriers: dict[FlowId, Carrier] = {}
        self.connections: set[TcpConnection] = set()
        self.sockets: set[UdpSocket] = set()
        self.activity = context.activity
        self._loop = asyncio.get_running_loop()
        self._context = context
        self._log = context.log
        self._clock = clock
        self._dials = Dials(self, context)
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = Instant(0.0)
        self._walk: DeadlineQueue[ActorRunner] | None = None
        """Where its deadlines go while somebody else moves the clock."""
        self._gone = asyncio.Event()

    # --- calls into the actor --------------------------------------------------------------------------------

    def opened(self, flow: FlowId, facts: FlowFacts) -> None:
        """Tell the actor that a flow is open."""
        if isinstance(self.actor, ActorWithFetches) and self.actor.is_fetching_on(flow):
            self._await_answer(flow)
        self._call("flow_opened", self.actor.flow_opened, flow, flow, facts)

    def data(self, flow: FlowId, data: bytes) -> None:
        """Give the actor what arrived on a flow: plaintext, or one datagram."""
        # The hot path: `_call` written out.
        if self.removed:
            return
        try:
            self.actor.flow_data(flow, data, self._clock.now())
        except Exception as error:
            self._failed("flow_data", error, flow)
        self.follow()

    def ended(self, flow: FlowId, end: FlowEnd) -> None:
        """Tell the actor that a flow has ended, or never began."""
        self._call("flow_ended", self.actor.flow_ended, flow, flow, end)

    def handle_timeout(self, now: Instant) -> None:
        """Wake the actor with `now`, or with its deadline if the clock is not quite there: never early."""
        deadline = self.actor.next_timeout()
        if self.removed or deadline is None:
            return
        try:
            self.actor.handle_timeout(max(now, deadline))
        except Exception as error:
            self._failed("handle_timeout", error, None)
        self.follow()

    def follow(self) -> None:
        """Carry out what the actor wants done, and set its timer. Due after each call into the actor."""
        self.activity.move()
        try:
            effects = self.actor.effects()
            if effects:
                self._carry_out(effects)
            deadline = self.actor.next_timeout()
        except Exception as error:
            self._failed("effects", error, None)
            return
        if self._walk is not None:
            self._walk.set(self, deadline)
        elif deadline is not None and (self._timer is None or deadline < self._deadline):
            self._set_timer(deadline)

    def _call(self, during: str, method: Callable[..., None], flow: FlowId | None, *args: object) -> None:
        if self.removed:
            return
        try:
            method(*args, self._clock.now())
        except Exception as error:
            self._failed(during, error, flow)
        self.follow()

    def _failed(self, during: str, error: Exception, flow: FlowId | None) -> None:
        """Loudly: to the loop's exception handler and the event log. The actor loses the flow, not its life."""
        self._loop.call_exception_handler(
            {"message": f"actor {self.name} failed in {during}", "exception": error}
        )
        if self._log.on:
            text = redact.text(f"{type(error).__name__}: {error}")
            self._log.emit(self.name, ActorFailed(during=during, error=text), flow=flow)
        if flow is None:
            return
        carrier = self.carriers.pop(flow, None)
        if carrier is None:
            return
        end = FlowEnd(by="us", clean=False, detail=f"fault of the simulator in {during}")
        carrier.close()
        if self._log.on:
            self._log.emit(self.name, FlowClosed(by="us", clean=False, detail=end.detail), flow=flow)
        if during != "flow_ended":
            self._call("flow_ended", self.actor.flow_ended, flow, flow, end)

    # --- effects ---------------------------------------------------------------------------------------------

    def _carry_out(self, effects: list[Effect]) -> None:
        if len(effects) == 1 and type(effects[0]) is SendData:
            carrier = self.carriers.get(effects[0].flow)
            if carrier is not None:
                carrier.send(effects[0].data)
            return
        unsent: dict[FlowId, list[bytes]] = {}
        for effect in effects:
            if isinstance(effect, SendData):
                unsent.setdefault(effect.flow, []).append(effect.data)
            elif isinstance(effect, CloseFlow):
                self._send(effect.flow, unsent.pop(effect.flow, []))
                self._close(effect.flow, reset=effect.reset)
            elif isinstance(effect, OpenFlow):
                self._dials.open(effect)
            else:
                self._fetch(effect)
        for flow, pieces in unsent.items():
            self._send(flow, pieces)

    def _send(self, flow: FlowId, pieces: list[bytes]) -> None:
        carrier = self.carriers.get(flow)
        if carrier is None:
            return
        if isinstance(carrier, TcpConnection):
            carrier.send(b"".join(pieces))
        else:
            for datagram in pieces:
                carrier.send(datagram)

    def _close(self, flow: FlowId, *, reset: bool = False) -> None:
        self._dials.give_up(flow)
        self.activity.end(flow)
        carrier = self.carriers.pop(flow, None)
        if carrier is None:
            return
        if reset and isinstance(carrier, TcpConnection):
            carrier.reset()
            closed = FlowClosed(by="us", clean=False, detail="reset")
        else:
            carrier.close()
            closed = FlowClosed(by="us", clean=True)
        if self._log.on:
            self._log.emit(self.name, closed, flow=flow)

    def _fetch(self, effect: Fetch) -> None:
        """From the first fetch on, the actor is run together with its exchanges."""
        if not isinstance(self.actor, ActorWithFetches):
            self.actor = ActorWithFetches(fetching(self.actor), self._context.flows)
        self.actor.fetch(effect, self._clock.now())
        self._carry_out(self.actor.effects())

    def _await_answer(self, flow: FlowId) -> None:
        """What another host answers nobody else knows to be under way."""
        carrier = self.carriers.get(flow)
        if isinstance(carrier, TcpConnection) and not self.activity.knows_peer_of(carrier):
            self.activity.begin(flow, self.name, f"waiting for an answer from {carrier.remote}")

    # --- the timer -------------------------------------------------------------------------------------------

    def hold(self, walk: DeadlineQueue[ActorRunner]) -> None:
        """Set no timer until `rearm`: put deadlines into `walk`, by which the actor is woken instead."""
        self._walk = walk
        walk.set(self, None if self.removed else self.actor.next_timeout())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def rearm(self) -> None:
        """Set the timer by the clock as it is now."""
        self._walk = None
        deadline = None if self.removed else self.actor.next_timeout()
        if deadline is not None:
            self._set_timer(deadline)

    def _set_timer(self, deadline: Instant) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._deadline = deadline
        wait = max(0.0, deadline - self._clock.now())
        self._timer = self._loop.call_later(wait, self._fire)

    def _fire(self) -> None:
        self._timer = None
        deadline = self.actor.next_timeout()
        if self.removed or deadline is None:
            return
        now = self._clock.now()
        if deadline - now > _EARLY:
            # Moved while the timer ran: a timer is not restarted for a later deadline, only looked at again.
            self._set_timer(deadline)
        else:
            self.handle_timeout(now)

    # --- the end ---------------------------------------------------------------------------------------------

    def gone(self, connection: TcpConnection) -> None:
        """Forget a connection whose socket is closed."""
        self.connections.discard(connection)
        self._gone.set()

    def vanish(self) -> None:
        """Reset every connection of the actor, which is told nothing and not called any more."""
        self._stop()
        self.carriers.clear()
        for connection in tuple(self.connections):
            connection.reset()
        for sock in tuple(self.sockets):
            sock.close()

    def _stop(self) -> None:
        """Neither call the actor nor wait for it any more."""
        self.removed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._walk is not None:
            self._walk.set(self, None)
        self._dials.give_up_all()

    async def leave(self) -> None:
        """Close everything the actor has, in an orderly way, at the latest after the linger time."""
        self._stop()
        await self._dials.given_up()
        for flow in tuple(self.carriers):
            self._close(flow)
        for connection in tuple(self.connections):
            connection.close()
        sockets = tuple(self.sockets)
        for sock in sockets:
            sock.close()
        await asyncio.gather(*(sock.closed for sock in sockets))
        await self._until_gone(lambda: set(self.connections))

    async def close_accepted(self, accepted_by: FlowEvents) -> None:
        """Close the flows that one listener accepted, and tell the actor of those it knew."""
        for flow in [flow for flow, carrier in self.carriers.items() if carrier.owner is accepted_by]:
            carrier = self.carriers[flow]
            self._close(flow)
            if not isinstance(carrier, TcpConnection) or carrier.up:
                self.ended(flow, FlowEnd(by="us", clean=True, detail="the listener was closed"))
        await self._until_gone(
            lambda: {connection for connection in self.connections if connection.owner is accepted_by}
        )

    async def _until_gone(self, left: Callable[[], set[TcpConnection]]) -> None:
        """Wait until none of these connections is left; abort those that take longer than the linger time."""
        give_up = self._loop.time() + self._context.limits.linger
        while connections := left():
            self._gone.clear()
            try:
                async with asyncio.timeout_at(give_up):
                    await self._gone.wait()
            except TimeoutError:
                for connection in connections:
                    connection.abort()
                give_up = self._loop.time() + self._context.limits.linger
