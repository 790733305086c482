"""Where the flows of one listener, or one dialled flow, are told of: the actor's runner and the event log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from certs import handshakes
from simulator.aio.activity import Activity
from simulator.aio.flow_context import FlowContext
from simulator.aio.tcp_connection import TcpConnection
from simulator.aio.udp import UdpFlow
from simulator.core.actor.flow import Address, FlowEnd, FlowFacts, Transport
from simulator.core.events import FlowClosed, FlowOpened, TlsEstablished, TlsFailed
from simulator.core.ids import ActorId, FlowId
from simulator.core.tls.facts import TlsFacts
from simulator.core.tls.settings import ClientTls, ServerTls


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
    """Who has the flows: the runner of an actor, or a server of protocols."""

    name: ActorId
    removed: bool
    carriers: dict[FlowId, Carrier]
    connections: set[TcpConnection]
    activity: Activity
    """Of the driver: what until_idle waits for."""

    def opened(self, flow: FlowId, facts: FlowFacts) -> None: ...
    def data(self, flow: FlowId, data: bytes) -> None: ...
    def ended(self, flow: FlowId, end: FlowEnd) -> None: ...
    def gone(self, connection: TcpConnection) -> None: ...


class FlowEvents:
    """Tells of the flows of one listener, or of one dialled flow: a `ConnectionOwner` and a `UdpOwner`.

    Accepted connections get their flow id here and reach the actor once they are established; a dialled flow
    has its id from the actor, who is told of any end it comes to.
    """

    __slots__ = (
        "_address_map",
        "_dialled",
        "_flows",
        "_listener",
        "_log",
        "_runner",
        "_tap",
        "_tls",
        "_transport",
        "deliver",
    )

    def __init__(
        self,
        runner: Runner,
        context: FlowContext,
        *,
        transport: Transport,
        listener: str | None = None,
        dialled: FlowId | None = None,
        tls: ServerTls | ClientTls | None = None,
    ) -> None:
        """`tls`: what this end brings to handshakes; the log tells it with their outcome."""
        self.deliver: Callable[[FlowId, bytes], None] = runner.data
        self._runner = runner
        self._log = context.log
        self._flows = context.flows
        self._tap = context.tap
        self._address_map = context.address_map
        self._transport: Transport = transport
        self._listener = listener
        self._dialled = dialled
        self._tls = tls

    # --- TCP and TLS -----------------------------------------------------------------------------------------

    def connected(self, connection: TcpConnection) -> None:
        runner = self._runner
        runner.connections.add(connection)
        if runner.removed:
            # Accepted by the kernel while the listener was being closed.
            connection.abort()
            return
        self._enter(connection, connection.local, connection.remote)
        if self._dialled is not None:
            if self._transport == "tls" and not runner.activity.knows_peer_of(connection):
                runner.activity.begin(self._dialled, runner.name, f"TLS handshake with {connection.remote}")
            else:
                runner.activity.end(self._dialled)

    def established(self, connection: TcpConnection, tls: TlsFacts | None) -> None:
        flow = connection.flow
        self._runner.activity.end(flow)
        if tls is not None and self._tls is not None and self._log.on:
            self._emit(flow, handshakes.established(self._tls, tls, time.time()))
        self._runner.opened(flow, self._facts(connection.local, connection.remote, tls))

    def ended(self, connection: TcpConnection, end: FlowEnd) -> None:
        flow = connection.flow
        self._runner.activity.end(flow)
        if end.refusal is not None and self._tls is not None and self._log.on:
            self._emit(flow, handshakes.failed(self._tls, end.refusal, time.time()))
        self._leave(flow, end)
        if connection.up or self._dialled is not None:
            self._runner.ended(flow, end)

    def gone(self, connection: TcpConnection) -> None:
        self._runner.activity.end(connection.flow)
        self._runner.gone(connection)

    # --- UDP -------------------------------------------------------------------------------------------------

    def opened(self, flow: UdpFlow) -> None:
        self._enter(flow, flow.local, flow.remote)
        self._runner.activity.end(flow.flow)
        self._runner.opened(flow.flow, self._facts(flow.local, flow.remote, None))

    def received_datagram(self, flow: UdpFlow, data: bytes) -> None:
        self._runner.data(flow.flow, data)

    def ended_datagrams(self, flow: UdpFlow, end: FlowEnd) -> None:
        self._leave(flow.flow, end)
        self._runner.ended(flow.flow, end)

    # --- both ------------------------------------------------------------------------------------------------

    def _enter(self, carrier: Carrier, local: Address, remote: Address) -> None:
        flow = self._dialled if self._dialled is not None else self._flows.take()
        carrier.flow = flow
        self._runner.carriers[flow] = carrier
        if self._tap is not None:
            self._tap.opened(flow, self._facts(local, remote, None))
        if self._log.on:
            if self._address_map is not None:
                local, remote = self._address_map(local), self._address_map(remote)
            opened = FlowOpened(
                transport=self._transport, local=str(local), remote=str(remote), listener=self._listener
            )
            self._emit(flow, opened)

    def _leave(self, flow: FlowId, end: FlowEnd) -> None:
        known = self._runner.carriers.pop(flow, None) is not None
        if known and self._log.on:
            self._emit(flow, FlowClosed(by=end.by, clean=end.clean, detail=end.detail))

    def _facts(self, local: Address, remote: Address, tls: TlsFacts | None) -> FlowFacts:
        return FlowFacts(
            transport=self._transport, local=local, remote=remote, tls=tls, listener=self._listener
        )

    def _emit(self, flow: FlowId, event: FlowOpened | FlowClosed | TlsEstablished | TlsFailed) -> None:
        self._log.emit(self._runner.name, event, flow=flow)
