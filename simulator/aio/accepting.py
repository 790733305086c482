"""Accepting connections, in plain or behind our own TLS."""

from __future__ import annotations

import asyncio

from certs.contexts import server_context
from certs.identity import read
from simulator.aio.flow_context import FlowContext
from simulator.aio.flow_events import FlowEvents
from simulator.aio.listener import bind
from simulator.aio.tcp_connection import TcpConnection
from simulator.core.actor.flow import Address, Listen
from simulator.core.tls.session import TlsSession


async def accept_on(
    listen: Listen, flow_events: FlowEvents, context: FlowContext
) -> tuple[asyncio.Server, Address]:
    """Listen for TCP or TLS; return the server and the real address.

    Raises OSError naming the address that cannot be bound, ValueError for TLS without settings, and
    ssl.SSLError for settings that cannot be used.
    """
    loop = asyncio.get_running_loop()
    tls = None
    if listen.transport == "tls":
        if listen.tls is None:
            raise ValueError(f"listener {listen.name!r} has no TLS settings")
        tls = server_context(listen.tls, context.keylog)

    def accept() -> TcpConnection:
        session = None if tls is None else TlsSession.server(tls, identify=read)
        return TcpConnection(loop, flow_events, context, session=session)

    server, address = await bind(loop, listen.address, accept, backlog=context.limits.backlog)
    context.activity.listen(address)
    return server, address
