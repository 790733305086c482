"""aiohttp as the carrier of `HttpService`s: requests become values, values become responses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError

from simulator.aio.activity import Activity
from simulator.aio.plain_transport import PlainTransport
from simulator.core.http.message import Delivery, HttpRequest, HttpResponse, HttpService, refusal
from simulator.core.http.server_connection import FRAMING_LIMIT
from simulator.core.instant import Clock
from simulator.core.network.endpoint import MAX_BODY

_CONTINUE = "100-continue"

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
    service: HttpService,
    clock: Clock,
    *,
    max_body: int = MAX_BODY,
    activity: Activity | None = None,
    delay: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> web.Server:
    """A protocol factory: call the result to get an `asyncio.Protocol` that speaks HTTP for `service`.

    `activity` is told of every request until its answer is sent, or held back on purpose. `delay` waits so many
    seconds by the lab's clock before an answer that is to be late.
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
        await delay(response.delivery.delay)
        return await _deliver(request, response, response.delivery)

    async def answer(request: web.BaseRequest) -> web.StreamResponse | HttpResponse:
        """The answer, or for one that is delivered in a way of its own what the service says."""
        refused = _refused(request, max_body)
        if refused is not None:
            return refused
        if is_expecting(request):
            final = refusal(service, request_value(request, b""), clock.now())
            if final is not None:
                return _answer(final, close=True)
            send_continue(request)
        before, body = _received(request), bytearray()
        try:
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > max_body or _received(request) - before > max_body + FRAMING_LIMIT:
                    return _refusal(413)
        except BAD_REQUEST:
            return _refusal(400)
        value = request_value(request, bytes(body))
        response = service.handle(value, clock.now())
        return _answer(response)

    # A client that hangs up does not cancel the service: a decision is made whole or not at all.
    return web.Server(
        handle,
        handler_cancellation=False,
        access_log=None,
        debug=False,
        logger=logger,
        lingering_time=0.0,  # our connection reads away what a client still sends of a body that was refused
    )


def speaks_http1(request: web.BaseRequest) -> bool:
    """Tell whether a request is HTTP/1.1 or 1.0; answer one that is not 505, and close its connection.

    aiohttp would answer in the version it was asked in, which it does not speak (RFC 9110 15.6.6).
    """
    if request.version in (HttpVersion10, HttpVersion11):
        return True
    if request.transport is not None:
        request.transport.write(b"HTTP/1.1 505 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        request.transport.close()
    return False


def is_expecting(request: web.BaseRequest) -> bool:
    """Tell whether the client waits for a word before it sends the body (RFC 9110 10.1.1)."""
    return (
        request.version >= HttpVersion11
        and request.headers.get("Expect", "").lower() == _CONTINUE
        and request.body_exists
        and not request.content.total_bytes
    )


def send_continue(request: web.BaseRequest) -> None:
    """Tell the client to go on with its body. Of aiohttp's servers only `web.Application` does so by itself."""
    assert request.transport is not None
    request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _refused(request: web.BaseRequest, max_body: int) -> web.Response | None:
    """What the head alone decides, beside what aiohttp refuses by itself."""
    if not speaks_http1(request):
        return _refusal(505)
    if request.version < HttpVersion11 and "Transfer-Encoding" in request.headers:
        return _refusal(400)  # RFC 9112 6.1
    expect = request.headers.get("Expect", _CONTINUE).lower()
    if request.version >= HttpVersion11 and expect != _CONTINUE:
        return _refusal(417)
    if (request.content_length or 0) > max_body:
        return _refusal(413)
    return None


def _received(request: web.BaseRequest) -> int:
    """Bytes that have come on its connection, where our own transport counts them."""
    return request.transport.received if isinstance(request.transport, PlainTransport) else 0


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
    """In part, or not at all."""
    whole = _response(response.status, response.headers, response.body)
    transport = request.transport
    if transport is None or (how.kept is None and not how.reset):
        return whole
    if how.reset:
        if isinstance(transport, PlainTransport):
            transport.reset()
        else:
            transport.abort()
        return whole
    part = web.StreamResponse(status=response.status, headers=response.headers)
    part.content_length = len(response.body)
    part.force_close()
    await part.prepare(request)
    await part.write(response.body[: how.kept])
    transport.close()
    return part


def _answer(response: HttpResponse, *, close: bool = False) -> web.StreamResponse | HttpResponse:
    if response.delivery is not None:
        return response
    answer = _response(response.status, response.headers, response.body)
    if close:
        answer.force_close()
    return answer


def _response(status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> web.Response:
    return web.Response(status=status, body=body, headers=headers)


def _refusal(status: int) -> web.Response:
    response = web.Response(status=status, text=f"{status} {HTTPStatus(status).phrase}\n")
    response.force_close()
    return response
