"""Opens flows: resolves, connects and shakes hands within one timeout; a failure is one clear sentence."""

from __future__ import annotations

import asyncio
import os
import socket

from certs.contexts import client_context
from certs.identity import read
from simulator.aio.flow_context import FlowContext
from simulator.aio.flow_events import FlowEvents
from simulator.aio.tcp_connection import TcpConnection
from simulator.aio.udp import UdpSocket
from simulator.core.actor.flow import OpenFlow
from simulator.core.tls.session import TlsSession


class DialFailed(Exception):
    """No connection came about; the text says why, for a person."""


async def dial(
    effect: OpenFlow,
    flow_events: FlowEvents,
    context: FlowContext,
) -> UdpSocket | None:
    """Connect; `flow_events` tells the rest. Returns the socket of a UDP flow. Raises DialFailed."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        session = _session(effect, context.keylog)
        there = context.resolve(effect.remote) if context.resolve else effect.remote
        async with asyncio.timeout(effect.timeout):
            if effect.transport == "udp":
                _, sock = await loop.create_datagram_endpoint(
                    lambda: UdpSocket(flow_events, context, connected=True),
                    remote_addr=(there.host, there.port),
                )
                return sock
            await loop.create_connection(
                lambda: TcpConnection(
                    loop,
                    flow_events,
                    context,
                    session=session,
                    handshake=max(0.0, effect.timeout - (loop.time() - started)),
                ),
                there.host,
                there.port,
            )
    except TimeoutError:
        raise DialFailed(f"no connection to {effect.remote} within {effect.timeout:g} s") from None
    except OSError as error:
        raise DialFailed(f"cannot connect to {effect.remote}: {_why(error)}") from error
    except (LookupError, ValueError) as error:
        reason = error.args[0] if error.args else error
        raise DialFailed(f"cannot connect to {effect.remote}: {reason}") from error
    return None


def _why(error: OSError) -> str:
    """The system's own sentence: asyncio's strerror repeats the address instead."""
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno).lower()


def _session(effect: OpenFlow, keylog: str | None) -> TlsSession | None:
    if effect.transport != "tls":
        return None
    if effect.tls is None:
        raise ValueError("a TLS flow without TLS settings")
    return TlsSession.client(client_context(effect.tls, keylog), effect.tls.server_name, identify=read)
