"""aiohttp as the carrier of `HttpService`s: requests become values, values become responses."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from simulator.aio.activity import Activity
from simulator.aio.listener import cannot_listen, literal
from simulator.core.actor.flow import Address
from simulator.core.http.message import Delivery, HttpRequest, HttpResponse, HttpService
from simulator.core.instant import Clock

MAX_BODY = 1 << 20
"""Bytes of a request body; more is answered 413."""
_SHUTDOWN = 2.0

BAD_REQUEST = (HttpProcessingError, web.RequestPayloadError, ConnectionError)
"""What reading a request raises when its bytes are no HTTP, or end too early: the client's fault."""


class _OurFaultsOnly(logging.Filter):
    """aiohttp would print a traceback for each bad request, with what it held: a password, a token in a URL."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, BAD_REQUEST)


logger = logging.getLogger("ucmsim.http")
"""For every aiohttp server of ours."""
logger.addFilter(_OurFaultsOnly())


def http_protocols(
    service: HttpService, clock: Clock, *, max_body: int = MAX_BODY, activity: Activity | None = None
) -> web.Server:
    """A protocol factory: call the result to get an `asyncio.Protocol` that speaks HTTP for `service`.

    `activity` is told of every request until its answer is sent, or held back on purpose.
    A service that raises is a bug: it is logged by aiohttp and answered 500 without a traceback in the page.
    """

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        key = object()
        if activity is not None:
            activity.begin(key, "HTTP", f"answering {request.method} {request.path}")
        try:
            response = await answer(request)
        finally:
            if activity is not None:
                activity.end(key)
        if isinstance(response, web.StreamResponse):
            return response
        assert response.delivery is not None
        return await _deliver(request, response, response.delivery)

    async def answer(request: web.BaseRequest) -> web.StreamResponse | HttpResponse:
        """The answer, or for one that is delivered in a way of its own what the service says."""
        body = bytearray()
        try:
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > max_body:
                    return _refusal(413, "Content Too Large")
        except BAD_REQUEST:
            return _refusal(400, "Bad Request")
        value = request_value(request, bytes(body))
        response = service.handle(value, clock.now())
        if response.delivery is not None:
            return response
        return _response(response.status, response.headers, response.body)

    # A client that hangs up does not cancel the service: a decision is made whole or not at all.
    return web.Server(handle, handler_cancellation=False, access_log=None, debug=False, logger=logger)


def request_value(request: web.BaseRequest, body: bytes) -> HttpRequest:
    """aiohttp's request as a value; the path stays percent-encoded as on the wire."""
    path, _, query = request.raw_path.partition("?")
    if not path.startswith("/"):
        path = urlsplit(path).path or path  # absolute form (RFC 9112 3.2.2), or the "*" of OPTIONS
    return HttpRequest(
        method=request.method,
        path=path,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=tuple(
            (name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))
            for name, value in request.raw_headers
        ),
        body=body,
        source=request.remote or "",
    )


async def _deliver(request: web.BaseRequest, response: HttpResponse, how: Delivery) -> web.StreamResponse:
    """Late, in part, or not at all."""
    await asyncio.sleep(how.delay)
    whole = _response(response.status, response.headers, response.body)
    transport = request.transport
    if transport is None or (how.kept is None and not how.reset):
        return whole
    if how.reset:
        transport.abort()
        return whole
    part = web.StreamResponse(status=response.status, headers=response.headers)
    part.content_length = len(response.body)
    part.force_close()
    await part.prepare(request)
    await part.write(response.body[: how.kept])
    transport.close()
    return part


def _response(status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> web.Response:
    return web.Response(status=status, body=body, headers=headers)


def _refusal(status: int, phrase: str) -> web.Response:
    response = web.Response(status=status, text=f"{status} {phrase}\n")
    response.force_close()
    return response


class HttpServer:
    """One service on one address. `async with`, or `start` and `stop`; port 0 takes any free one."""

    def __init__(
        self, service: HttpService, clock: Clock, address: Address, *, max_body: int = MAX_BODY
    ) -> None:
        self._protocols = http_protocols(service, clock, max_body=max_body)
        self._wanted = address
        self._runner: web.ServerRunner | None = None
        self.address = address
        """Where it listens; with the real port once started."""

    async def start(self) -> Address:
        """Raises OSError naming the address if it cannot be bound, RuntimeError if it runs already."""
        if self._runner is not None:
            raise RuntimeError(f"the server on {self.address} runs already")
        host = await literal(asyncio.get_running_loop(), self._wanted)
        runner = web.ServerRunner(self._protocols, shutdown_timeout=_SHUTDOWN)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, self._wanted.port).start()
        except OSError as error:
            await runner.cleanup()
            raise cannot_listen(self._wanted, error) from error
        self._runner = runner
        host, port = runner.addresses[0][:2]
        self.address = Address(host, port)
        return self.address

    async def stop(self) -> None:
        """Finishes what is being answered, closes the rest. Harmless if it does not run."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
