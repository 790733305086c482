"""Other people's asyncio protocols (aiohttp's HTTP) behind our own TLS.

A refused handshake is then as visible on 8443 as on 5091, and its alert leaves. The protocol gets a plaintext
transport, and does not learn of a connection before its handshake is finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from certs.contexts import server_context
from certs.identity import read
from simulator.aio.activity import Activity
from simulator.aio.flow_events import AddressMap, Carrier, FlowEvents
from simulator.aio.listener import bind
from simulator.aio.tcp_connection import Limits, TcpConnection
from simulator.core.actor.flow import Address, FlowEnd, FlowFacts, Listen
from simulator.core.actor.tap import Tap
from simulator.core.events import FlowClosed
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.tls.session import TlsSession

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
        *,
        log: EventLog,
        flows: FlowIds,
        limits: Limits | None = None,
        keylog: str | None = None,
        tap: Tap | None = None,
        shown: AddressMap | None = None,
        activity: Activity | None = None,
    ) -> None:
        """`activity`: of the driver whose actors are its clients, so that it waits for the answers."""
        self.activity = activity or Activity()
        self.name = name
        self.removed = False
        self.carriers: dict[FlowId, Carrier] = {}
        self.pumps: set[TcpConnection] = set()
        self._factory = factory
        self._log = log
        self._flows = flows
        self._limits = replace(limits or Limits(), unsent=_UNSENT)
        self._keylog = keylog
        self._tap = tap
        self._shown = shown
        self._transports: dict[FlowId, PlainTransport] = {}
        self._server: asyncio.Server | None = None
        self._listening = Address("", 0)
        self._empty = asyncio.Event()

    async def start(self, listen: Listen) -> Address:
        """Returns the real address. Raises OSError if it is taken, ValueError for TLS without settings."""
        loop = asyncio.get_running_loop()
        doorway = FlowEvents(
            self,
            self._log,
            self._flows,
            transport=listen.transport,
            listener=listen.name,
            tls=listen.tls,
            tap=self._tap,
            shown=self._shown,
        )
        context = None
        if listen.transport == "tls":
            if listen.tls is None:
                raise ValueError(f"listener {listen.name!r} has no TLS settings")
            context = server_context(listen.tls, self._keylog)

        def accept() -> TcpConnection:
            session = TlsSession.server(context, identify=read) if context is not None else None
            return TcpConnection(
                loop,
                doorway,
                session=session,
                limits=self._limits,
                tap=self._tap,
                activity=self.activity,
            )

        self.removed = False
        self._server, address = await bind(loop, listen.address, accept, backlog=self._limits.backlog)
        self._listening = address
        self.activity.listen(address)
        return address

    async def stop(self) -> None:
        """Close the port and every connection; when it returns the port is free. May be called twice."""
        self.removed = True
        if self._server is not None:
            self._server.close()
            self._server = None
            self.activity.unlisten(self._listening)
        for transport in tuple(self._transports.values()):
            transport.close()
        for pump in tuple(self.pumps):
            pump.close()
        while self.pumps:
            self._empty.clear()
            try:
                async with asyncio.timeout(self._limits.linger):
                    await self._empty.wait()
            except TimeoutError:
                for pump in tuple(self.pumps):
                    pump.abort()

    # --- the Seat of its flows -------------------------------------------------------------------------------

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

    def gone(self, pump: TcpConnection) -> None:
        transport = self._transports.pop(pump.flow, None)
        if transport is not None:
            transport.lost(None)
        self.pumps.discard(pump)
        if not self.pumps:
            self._empty.set()

    def _closed(self, flow: FlowId) -> None:
        """The protocol closed its transport."""
        if self.carriers.pop(flow, None) is not None and self._log.on:
            self._log.emit(self.name, FlowClosed(by="us", clean=True), flow=flow)


class PlainTransport(asyncio.Transport):
    """What a protocol writes to; a TcpConnection does the rest."""

    def __init__(
        self, pump: TcpConnection, facts: FlowFacts, protocol: asyncio.BaseProtocol, closed: Callable[[], None]
    ) -> None:
        super().__init__(
            {
                "peername": (facts.remote.host, facts.remote.port),
                "sockname": (facts.local.host, facts.local.port),
            }
        )
        self._pump = pump
        self._protocol = protocol
        self._closed = closed
        self._lost = False
        self._held: list[bytes] | None = None
        """What arrived while the protocol did not want to read."""

    def deliver(self, data: bytes) -> None:
        if self._held is not None:
            self._held.append(data)
            self._pump.hold_reading()
        elif isinstance(self._protocol, asyncio.Protocol):
            self._protocol.data_received(data)

    def lost(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self._protocol.connection_lost(error)

    # --- asyncio.Transport -----------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if data:
            self._pump.send(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        if not self._pump.over:
            self._pump.close()
            self._closed()

    def abort(self) -> None:
        if not self._pump.over:
            self._pump.abort()
            self._closed()

    def is_closing(self) -> bool:
        return self._pump.over

    def can_write_eof(self) -> bool:
        return False

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def is_reading(self) -> bool:
        return self._held is None

    def pause_reading(self) -> None:
        if self._held is None:
            self._held = []

    def resume_reading(self) -> None:
        held, self._held = self._held, None
        self._pump.resume_reading()
        for data in held or ():
            self.deliver(data)

    def get_write_buffer_size(self) -> int:
        return self._pump.unsent

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The TcpConnection's own limits hold."""
