"""An HTTP service on a port of its own, as a lab on sockets carries it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from simulator.aio.driver import Driver
from simulator.core.actor.flow import Address, Listen
from simulator.core.events.log import EventLog
from simulator.core.http.message import HttpService
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Clock
from simulator.core.network.endpoint import MAX_BODY, Endpoint, HttpHandler


@asynccontextmanager
async def served(service: HttpService, clock: Clock, *, max_body: int = MAX_BODY) -> AsyncIterator[Address]:
    """Serve until the end of the block; gives the address, with a free port of 127.0.0.1."""
    driver = Driver(EventLog(clock, keep=0), clock, FlowIds())
    listen = Listen(name="http", transport="tcp", address=Address("127.0.0.1", 0))
    handler = HttpHandler(service=service, max_body=max_body)
    try:
        (address,) = await driver.open(Endpoint(owner=ActorId("node"), listen=listen, handler=handler))
        yield address
    finally:
        await driver.shut_down()
