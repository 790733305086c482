"""aiohttp as a carrier: the request is what stood on the wire, and a service's fault shows no traceback."""

from __future__ import annotations

import asyncio
import logging

import pytest

from simulator.core.actor.flow import Address
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import ManualClock
from tests.serving import served


class Echo:
    """Remembers requests and answers what it is told."""

    def __init__(self) -> None:
        self.seen: list[HttpRequest] = []
        self.times: list[float] = []

    def handle(self, request: HttpRequest, now: float) -> HttpResponse:
        self.seen.append(request)
        self.times.append(now)
        if request.path == "/boom":
            raise ValueError("the secret of the service")
        return HttpResponse(status=201, headers=(("X-Twice", "1"), ("X-Twice", "2")), body=b"made")


async def exchange(server: Address, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(data)
    reply = await reader.read()
    writer.close()
    await writer.wait_closed()
    return reply


async def test_the_request_arrives_as_it_was_written():
    echo = Echo()
    async with served(echo, ManualClock(5.0)) as server:
        reply = await exchange(
            server,
            b"POST /a%2Fb/../c?x=1&x=&y=%20 HTTP/1.1\r\nHost: h\r\nX-Odd: \xff\r\nConnection: close\r\n"
            b"Content-Length: 3\r\n\r\nabc",
        )
    request = echo.seen[0]
    assert (request.method, request.path, request.body) == ("POST", "/a%2Fb/../c", b"abc")
    assert request.query == (("x", "1"), ("x", ""), ("y", " "))
    assert ("X-Odd", "\udcff") in request.headers
    assert request.source == "127.0.0.1"
    assert echo.times == [5.0]
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 201 ")
    assert head.count(b"X-Twice: ") == 2
    assert body == b"made"


@pytest.mark.parametrize(
    ("target", "path"), [("http://h/abs?q=1", "/abs"), ("//double", "//double"), ("/", "/")]
)
async def test_every_form_of_target_gives_a_path(target, path):
    echo = Echo()
    async with served(echo, ManualClock(0.0)) as server:
        await exchange(server, f"GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
    assert echo.seen[0].path == path


async def test_a_body_over_the_cap_is_413_and_closes():
    echo = Echo()
    async with served(echo, ManualClock(0.0), max_body=10) as server:
        reply = await exchange(server, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n12345678901")
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert echo.seen == []


async def test_a_fault_of_the_service_is_a_bare_500_and_logged(caplog):
    with caplog.at_level(logging.CRITICAL + 1):
        async with served(Echo(), ManualClock(0.0)) as server:
            reply = await exchange(server, b"GET /boom HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in reply
    assert b"Traceback" not in reply


async def test_bad_http_is_400_and_never_reaches_the_service():
    echo = Echo()
    async with served(echo, ManualClock(0.0)) as server:
        reply = await exchange(server, b"NONSENSE\r\n\r\n")
    assert reply.startswith(b"HTTP/1.")
    assert b" 400 " in reply.splitlines()[0]
    assert echo.seen == []


@pytest.mark.parametrize(
    "data",
    [
        b"GET /?access_token=top-secret\x00 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer top-secret" + b"x" * 10_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\ntop-secret\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\ntop-secret",
    ],
    ids=["a NUL in the path", "a header that is too long", "a chunk that is none", "a body that is no gzip"],
)
async def test_what_a_client_gets_wrong_is_400_and_reaches_no_log(caplog, data):
    async with served(Echo(), ManualClock(0.0)) as server:
        reply = await exchange(server, data)
    assert b" 400 " in reply.splitlines()[0]
    assert "top-secret" not in caplog.text
    assert caplog.records == []


async def test_a_body_over_the_cap_is_refused_by_its_length_alone():
    echo = Echo()
    async with served(echo, ManualClock(0.0), max_body=10) as server:
        reply = await exchange(server, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert echo.seen == []


async def test_requests_sent_ahead_are_answered_one_for_each_turn_of_the_loop():
    turn, turns = 0, []

    class Counting(Echo):
        def handle(self, request: HttpRequest, now: float) -> HttpResponse:
            turns.append(turn)
            return super().handle(request, now)

    last = b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    async with served(Counting(), ManualClock(0.0)) as server:
        sent = asyncio.ensure_future(exchange(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 100 + last))
        while not sent.done():
            turn += 1
            await asyncio.sleep(0)
    assert len(turns) == 101
    assert len(set(turns)) == 101, "no connection keeps the others waiting for more than one request"
