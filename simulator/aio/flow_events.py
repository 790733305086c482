"""What the flows of one listener or dial have in common: from connection to actor and to the event log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from certs import handshakes
from simulator.aio.activity import Activity
from simulator.aio.tcp_connection import TcpConnection
from simulator.aio.udp import UdpFlow
from simulator.core.actor.flow import Address, FlowEnd, FlowFacts, Transport
from simulator.core.actor.tap import Tap
from simulator.core.events import FlowClosed, FlowOpened, TlsEstablished, TlsFailed
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.tls.facts import TlsFacts
from simulator.core.tls.settings import ClientTls, ServerTls

AddressMap = Callable[[Address], Address]
"""The address that events tell for one on the wire."""


class Carrier(Protocol):
    """A live flow, whatever carries it."""

    flow: FlowId

    @property
    def owner(self) -> object:
        """Who is told what becomes of it."""

    def send(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class Runner(Protocol):
    """An actor's place on its driver, as its doorways use it."""

    name: ActorId
    removed: bool
    carriers: dict[FlowId, Carrier]
    pumps: set[TcpConnection]
    activity: Activity
    """Of the driver: what until_idle waits for."""

    def opened(self, flow: FlowId, facts: FlowFacts) -> None: ...
    def data(self, flow: FlowId, data: bytes) -> None: ...
    def ended(self, flow: FlowId, end: FlowEnd) -> None: ...
    def gone(self, pump: TcpConnection) -> None: ...


class FlowEvents:
    """A `ConnectionOwner` and a `UdpOwner`.

    Accepted connections get their flow id here and reach the actor once they are established; a dialled flow
    has its id from the actor, who is told of any end it comes to.
    """

    __slots__ = ("_dialled", "_flows", "_listener", "_log", "_seat", "_shown", "_tap", "_tls", "_transport")

    def __init__(
        self,
        seat: Runner,
        log: EventLog,
        flows: FlowIds,
        *,
        transport: Transport,
        listener: str | None = None,
        dialled: FlowId | None = None,
        tls: ServerTls | ClientTls | None = None,
        tap: Tap | None = None,
        shown: AddressMap | None = None,
    ) -> None:
        """`tls`: what this end brings to handshakes; the log tells it with their outcome."""
        self._seat = seat
        self._log = log
        self._flows = flows
        self._transport: Transport = transport
        self._listener = listener
        self._dialled = dialled
        self._tap = tap
        self._shown = shown
        self._tls = tls

    # --- TCP and TLS -----------------------------------------------------------------------------------------

    def connected(self, pump: TcpConnection) -> None:
        seat = self._seat
        seat.pumps.add(pump)
        if seat.removed:
            # Accepted by the kernel while the listener was being closed.
            pump.abort()
            return
        self._enter(pump, pump.local, pump.remote)
        if self._dialled is not None:
            if self._transport == "tls" and not seat.activity.knows_peer_of(pump):
                seat.activity.begin(self._dialled, seat.name, f"TLS handshake with {pump.remote}")
            else:
                seat.activity.end(self._dialled)

    def established(self, pump: TcpConnection, tls: TlsFacts | None) -> None:
        flow = pump.flow
        self._seat.activity.end(flow)
        if tls is not None and self._tls is not None and self._log.on:
            self._emit(flow, handshakes.established(self._tls, tls, time.time()))
        self._seat.opened(flow, self._facts(pump.local, pump.remote, tls))

    def received(self, pump: TcpConnection, data: bytes) -> None:
        self._seat.data(pump.flow, data)

    def ended(self, pump: TcpConnection, end: FlowEnd) -> None:
        flow = pump.flow
        self._seat.activity.end(flow)
        if end.refusal is not None and self._tls is not None and self._log.on:
            self._emit(flow, handshakes.failed(self._tls, end.refusal, time.time()))
        self._leave(flow, end)
        if pump.up or self._dialled is not None:
            self._seat.ended(flow, end)

    def gone(self, pump: TcpConnection) -> None:
        self._seat.activity.end(pump.flow)
        self._seat.gone(pump)

    # --- UDP -------------------------------------------------------------------------------------------------

    def opened(self, flow: UdpFlow) -> None:
        self._enter(flow, flow.local, flow.remote)
        self._seat.activity.end(flow.flow)
        self._seat.opened(flow.flow, self._facts(flow.local, flow.remote, None))

    def received_datagram(self, flow: UdpFlow, data: bytes) -> None:
        self._seat.data(flow.flow, data)

    def ended_datagrams(self, flow: UdpFlow, end: FlowEnd) -> None:
        self._leave(flow.flow, end)
        self._seat.ended(flow.flow, end)

    # --- both ------------------------------------------------------------------------------------------------

    def _enter(self, carrier: Carrier, local: Address, remote: Address) -> None:
        flow = self._dialled if self._dialled is not None else self._flows.take()
        carrier.flow = flow
        self._seat.carriers[flow] = carrier
        if self._tap is not None:
            self._tap.opened(flow, self._facts(local, remote, None))
        if self._log.on:
            if self._shown is not None:
                local, remote = self._shown(local), self._shown(remote)
            opened = FlowOpened(
                transport=self._transport, local=str(local), remote=str(remote), listener=self._listener
            )
            self._emit(flow, opened)

    def _leave(self, flow: FlowId, end: FlowEnd) -> None:
        known = self._seat.carriers.pop(flow, None) is not None
        if known and self._log.on:
            self._emit(flow, FlowClosed(by=end.by, clean=end.clean, detail=end.detail))

    def _facts(self, local: Address, remote: Address, tls: TlsFacts | None) -> FlowFacts:
        return FlowFacts(
            transport=self._transport, local=local, remote=remote, tls=tls, listener=self._listener
        )

    def _emit(self, flow: FlowId, event: FlowOpened | FlowClosed | TlsEstablished | TlsFailed) -> None:
        self._log.emit(self._seat.name, event, flow=flow)
