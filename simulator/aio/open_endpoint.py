"""An endpoint that is open on a driver: what listens there, and how it is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from simulator.aio.actor_runner import ActorRunner
from simulator.aio.flow_events import FlowEvents
from simulator.aio.protocol_server import ProtocolServer
from simulator.aio.udp import UdpSocket
from simulator.core.actor.flow import Address
from simulator.core.instant import Clock
from simulator.core.network.endpoint import TerminalService


class TerminalServer(Protocol):
    """Carries a terminal service on one address, e.g. over SSH."""

    async def start(self) -> Address:
        """Listen; return the real address. OSError names the address that cannot be bound."""
        ...

    async def stop(self) -> None:
        """Close the port and end every session. Harmless if it does not run."""
        ...

    def run(self) -> None:
        """Do in each session what is due after the clock was moved."""
        ...


TerminalCarrier = Callable[[TerminalService, Clock, Address], TerminalServer]
"""Makes the server for a terminal service: given the lab's clock and the address to listen on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEndpoint:
    """An open endpoint."""

    address: Address
    server: asyncio.Server | UdpSocket | ProtocolServer | None = None
    terminal: TerminalServer | None = None
    runner: ActorRunner | None = None
    """Of the actor that answers, if one does."""
    flow_events: FlowEvents | None = None

    async def stop(self) -> None:
        """Close the port and what was accepted there; the runner goes on."""
        match self.server:
            case asyncio.Server() as server:
                server.close()
            case UdpSocket() as sock:
                sock.close()
                await sock.closed
            case ProtocolServer() as protocols:
                await protocols.stop()
        if self.terminal is not None:
            await self.terminal.stop()
        if self.runner is not None and self.flow_events is not None:
            await self.runner.close_accepted(self.flow_events)
