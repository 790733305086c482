"""Binding: one socket for one Listen, on the first address its host has, port 0 included."""

from __future__ import annotations

import asyncio
import os
import socket
from asyncio.trsock import TransportSocket
from collections.abc import Callable

from simulator.core.actor.flow import Address


async def bind(
    loop: asyncio.AbstractEventLoop,
    address: Address,
    factory: Callable[[], asyncio.BaseProtocol],
    *,
    backlog: int,
) -> tuple[asyncio.Server, Address]:
    """Listen for TCP; return the server and the real address. OSError names what cannot be bound.

    One socket only: a name with several addresses would get a different port for each when the port is 0.
    """
    host = await literal(loop, address)
    try:
        server = await loop.create_server(factory, host, address.port, reuse_address=True, backlog=backlog)
    except OSError as error:
        raise cannot_listen(address, error) from error
    return server, name(server.sockets[0])


def cannot_listen(address: Address, error: OSError) -> OSError:
    """Return a bind error with the address named once: asyncio's own text repeats it."""
    why = os.strerror(error.errno) if error.errno else str(error)
    return OSError(error.errno, f"cannot listen on {address}: {why}")


async def literal(loop: asyncio.AbstractEventLoop, address: Address) -> str:
    """Return the host as an IP address; if it is a name, the system's resolver is asked."""
    try:
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise OSError(error.errno, f"cannot resolve {address.host!r}: {error.strerror or error}") from error
    return str(found[0][4][0])


def name(sock: socket.socket | TransportSocket) -> Address:
    """Return the address a socket is bound to."""
    host, port = sock.getsockname()[:2]
    return Address(host, port)
