"""The configuration file server on a real port: `ConfigService` behind aiohttp (UCM's HTTP 6970)."""

from __future__ import annotations

from simulator.aio.http_server import HttpServer
from simulator.core.actor.flow import Address
from simulator.core.http.message import HttpService
from simulator.core.instant import Clock

_MAX_BODY = 4096
"""Nobody sends this server a body."""


def config_server(service: HttpService, clock: Clock, *, host: str = "127.0.0.1", port: int = 0) -> HttpServer:
    """A server to `start` and `stop`, or to use in `async with`; `address` tells its port."""
    return HttpServer(service, clock, Address(host, port), max_body=_MAX_BODY)
