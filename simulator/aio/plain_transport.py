"""A transport for other people's asyncio protocols: they see plaintext, whatever the connection carries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from simulator.aio.tcp_connection import TcpConnection
from simulator.core.actor.flow import FlowFacts


class PlainTransport(asyncio.Transport):
    """What a protocol writes to; a TcpConnection does the rest."""

    def __init__(
        self,
        connection: TcpConnection,
        facts: FlowFacts,
        protocol: asyncio.BaseProtocol,
        closed: Callable[[], None],
    ) -> None:
        super().__init__(
            {
                "peername": (facts.remote.host, facts.remote.port),
                "sockname": (facts.local.host, facts.local.port),
            }
        )
        self._connection = connection
        self._protocol = protocol
        self._closed = closed
        self._lost = False
        self.received = 0
        """Bytes that have come, as plaintext."""
        self._held: list[bytes] | None = None
        """What arrived while the protocol did not want to read."""

    def deliver(self, data: bytes) -> None:
        self.received += len(data)
        self._pass_on(data)

    def _pass_on(self, data: bytes) -> None:
        if self._held is not None:
            self._held.append(data)
            self._connection.hold_reading()
        elif isinstance(self._protocol, asyncio.Protocol):
            self._protocol.data_received(data)

    def lost(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self._protocol.connection_lost(error)

    # --- asyncio.Transport -----------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if data:
            self._connection.send(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        if not self._connection.over:
            self._connection.close()
            self._closed()

    def abort(self) -> None:
        if not self._connection.over:
            self._connection.abort()
            self._closed()

    def reset(self) -> None:
        """Drop the connection with a TCP reset."""
        if not self._connection.over:
            self._connection.reset()
            self._closed()

    def is_closing(self) -> bool:
        return self._connection.over

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
        self._connection.resume_reading()
        for data in held or ():
            self._pass_on(data)

    def get_write_buffer_size(self) -> int:
        return self._connection.unsent

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The TcpConnection's own limits hold."""
