"""Other people's asyncio protocols (aiohttp's HTTP) behind our own TLS.

A refused handshake is then as visible on 8443 as on 5091, and its alert leaves. The protocol gets a plaintext
transport, and does not learn of a connection before its handshake is finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from simulator.aio.accepting import accept_on
from simulator.aio.flow_context import FlowContext
from simulator.aio.flow_events import Carrier, FlowEvents
from simulator.aio.plain_transport import PlainTransport
from simulator.aio.tcp_connection import TcpConnection
from simulator.core.actor.flow import Address, FlowEnd, FlowFacts, Listen
from simulator.core.events import FlowClosed
from simulator.core.ids import ActorId, FlowId

_UNSENT = 64 << 20
"""Bytes a protocol may have unsent: it writes whole bodies, and asks nobody."""


class ProtocolServer:
    """A listener whose connections each get an `asyncio.Protocol` from `factory`. TCP or TLS, by its Listen.

    Emits flow:* and tls:* events under `name`.
    """

    def __init__(
        self,
        name: ActorId,
        factory: Callable[[], asyncio.BaseProtocol],
        context: FlowContext,
    ) -> None:
        """`context`: of the driver whose actors are its clients, so that it waits for the answers."""
        self.activity = context.activity
        self.name = name
        self.removed = False
        self.carriers: dict[FlowId, Carrier] = {}
        self.connections: set[TcpConnection] = set()
        self._factory = factory
        self._log = context.log
        self._context = replace(context, limits=replace(context.limits, unsent=_UNSENT))
        self._transports: dict[FlowId, PlainTransport] = {}
        self._server: asyncio.Server | None = None
        self._listening = Address("", 0)
        self._empty = asyncio.Event()

    async def start(self, listen: Listen) -> Address:
        """Listen; return the real address. OSError if it is taken, ValueError for TLS without settings."""
        flow_events = FlowEvents(
            self, self._context, transport=listen.transport, listener=listen.name, tls=listen.tls
        )
        self.removed = False
        self._server, address = await accept_on(listen, flow_events, self._context)
        self._listening = address
        self.activity.listen(address)
        return address

    def vanish(self) -> None:
        """Close the port and reset every connection, without a word."""
        self._stop_listening()
        for connection in tuple(self.connections):
            connection.reset()

    def _stop_listening(self) -> None:
        self.removed = True
        if self._server is not None:
            self._server.close()
            self._server = None
            self.activity.unlisten(self._listening)

    async def stop(self) -> None:
        """Close the port and every connection; when it returns the port is free. May be called twice."""
        self._stop_listening()
        for transport in tuple(self._transports.values()):
            transport.close()
        for connection in tuple(self.connections):
            connection.close()
        while self.connections:
            self._empty.clear()
            try:
                async with asyncio.timeout(self._context.limits.linger):
                    await self._empty.wait()
            except TimeoutError:
                for connection in tuple(self.connections):
                    connection.abort()

    # --- the Runner of its flows -----------------------------------------------------------------------------

    def opened(self, flow: FlowId, facts: FlowFacts) -> None:
        protocol = self._factory()
        carrier = self.carriers[flow]
        assert isinstance(carrier, TcpConnection)
        transport = PlainTransport(carrier, facts, protocol, lambda: self._closed(flow))
        self._transports[flow] = transport
        protocol.connection_made(transport)

    def data(self, flow: FlowId, data: bytes) -> None:
        transport = self._transports.get(flow)
        if transport is not None:
            transport.deliver(data)

    def ended(self, flow: FlowId, end: FlowEnd) -> None:
        transport = self._transports.pop(flow, None)
        if transport is not None:
            transport.lost(None if end.clean else ConnectionResetError(end.detail))

    def gone(self, connection: TcpConnection) -> None:
        transport = self._transports.pop(connection.flow, None)
        if transport is not None:
            transport.lost(None)
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    def _closed(self, flow: FlowId) -> None:
        """The protocol closed its transport."""
        if self.carriers.pop(flow, None) is not None and self._log.on:
            self._log.emit(self.name, FlowClosed(by="us", clean=True), flow=flow)
