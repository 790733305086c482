"""The control API's server: its routes. Requests that change something are carried out one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from simulator.aio.http_server import logger
from simulator.aio.listener import cannot_listen, literal
from simulator.core.actor.flow import Address
from simulator.lab.control.acting import ActingPages
from simulator.lab.control.answers import guard, json_of
from simulator.lab.control.expressways import ExpresswayPages
from simulator.lab.control.reading import ReadingPages
from simulator.lab.run.live import Lab

BODY_LIMIT = 256 * 1024


class ControlServer:
    def __init__(self, lab: Lab, endpoints: Callable[[], Mapping[str, object]]) -> None:
        self._lab = lab
        self._endpoints = endpoints
        self._runner: web.AppRunner | None = None
        self._turn = asyncio.Lock()

    async def start(self, host: str, port: int) -> Address:
        """Listen; port 0 takes any free one. Raises OSError naming the address if it cannot be bound."""
        wanted = Address(host, port)
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=[guard, self._in_turn])
        app.add_routes(
            [
                *ReadingPages(self._lab, self._endpoints).routes(),
                *ActingPages(self._lab, self._endpoints).routes(),
                *ExpresswayPages(self._lab, json_of).routes(),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, logger=logger)
        await self._runner.setup()
        site = web.TCPSite(self._runner, await literal(asyncio.get_running_loop(), wanted), port)
        try:
            await site.start()
        except OSError as error:
            raise cannot_listen(wanted, error) from error
        name = self._runner.addresses[0]
        return Address(str(name[0]), int(name[1]))

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _in_turn(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Let requests that change something wait for one another: none meets a lab that is half reset."""
        if request.method == "GET":
            return await handler(request)
        async with self._turn:
            return await handler(request)
