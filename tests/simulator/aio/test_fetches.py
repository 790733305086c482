"""What an actor on sockets fetches, from a server of a dozen lines and from aiohttp's behind our TLS."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from certs.authority import Authority, IssuedCertificate
from simulator.aio.driver import Driver
from simulator.aio.flow_context import ConnectionLimits, FlowContext
from simulator.aio.http_server import http_protocols
from simulator.aio.protocol_server import ProtocolServer
from simulator.core.actor.flow import Address, Fetch, Fetched, Listen
from simulator.core.events import FlowClosed, FlowFailed, FlowOpened, TlsFailed
from simulator.core.events.log import EventLog
from simulator.core.http.client_connection import BODY_LIMIT
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls, ServerTls

Get = Callable[[Fetch], Awaitable[Fetched]]


class Site:
    """Answers each path with bytes given beforehand, and keeps the requests."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.requests: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(request)
        page = self.pages.get(request.split()[1].decode())
        if page is None:
            await reader.read()
        else:
            writer.write(page)
        writer.close()

    def page(self, path: str, body: bytes, *headers: str, status: str = "200 OK") -> None:
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
        self.pages[path] = "\r\n".join(head).encode() + body

    def url(self, path: str, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    yield site
    server.close()


def getting(driver: Driver, recorder: Any) -> Get:
    async def get(fetch: Fetch) -> Fetched:
        """As an actor called phone, alone on the driver."""
        phone = recorder("phone")
        await driver.join(phone)
        phone.todo.append(fetch)
        driver.run(phone)
        await phone.until(lambda one: one.results)
        await driver.leave(phone)
        result: Fetched = phone.results[fetch.key]
        return result

    return get


@pytest.fixture
def get(driver: Driver, recorder: Any) -> Get:
    return getting(driver, recorder)


async def test_an_answer_of_any_status_is_an_answer(site: Site, get: Get) -> None:
    site.page("/CSFALICE.cnf.xml", b"<device/>", "Content-Type: text/xml")
    site.page("/gone", b"no", status="404 Not Found")
    got = await get(Fetch(key="a", url=site.url("/CSFALICE.cnf.xml"), headers=(("X-One", "1"),)))
    assert (got.status, got.body, got.content_type, got.failure) == (200, b"<device/>", "text/xml", "")
    assert b"X-One: 1" in site.requests[0]
    assert (await get(Fetch(key="b", url=site.url("/gone")))).status == 404


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_body_is_read(site: Site, get: Get, encoding: str) -> None:
    body = gzip.compress(b"<device/>") if encoding == "gzip" else zlib.compress(b"<device/>")
    site.page("/x", body, f"Content-Encoding: {encoding}")
    assert (await get(Fetch(key="a", url=site.url("/x")))).body == b"<device/>"


@pytest.mark.parametrize(
    ("body", "headers", "failure"),
    [
        (b"x" * (BODY_LIMIT + 1), (), f"the body is larger than {BODY_LIMIT} bytes"),
        (
            gzip.compress(bytes(64 * BODY_LIMIT)),
            ("Content-Encoding: gzip",),
            f"the body is larger than {BODY_LIMIT} bytes",
        ),
        (gzip.compress(b"x" * 99)[:-9], ("Content-Encoding: gzip",), "the gzip body ends too early"),
        (b"plain", ("Content-Encoding: gzip",), "the body is no gzip data"),
        (b"x", ("Content-Encoding: br",), "unknown content encoding 'br'"),
    ],
    ids=["too large", "too large when inflated", "cut off", "not compressed", "unknown encoding"],
)
async def test_a_body_that_is_not_taken_is_a_failure(
    site: Site, get: Get, body: bytes, headers: tuple[str, ...], failure: str
) -> None:
    site.page("/x", body, *headers)
    got = await get(Fetch(key="a", url=site.url("/x")))
    assert (got.status, got.failure) == (None, failure)


async def test_a_body_of_exactly_the_limit_is_taken(site: Site, get: Get) -> None:
    site.page("/x", b"x" * BODY_LIMIT)
    assert len((await get(Fetch(key="a", url=site.url("/x")))).body) == BODY_LIMIT


async def test_redirects_are_followed_three_times(site: Site, get: Get) -> None:
    for number in range(4):
        site.page(f"/{number}", b"", f"Location: /{number + 1}", status="302 Found")
    site.page("/4", b"here")
    assert (await get(Fetch(key="a", url=site.url("/1")))).body == b"here"
    assert (await get(Fetch(key="a", url=site.url("/0")))).failure == "more than 3 redirects"


async def test_a_redirect_to_another_scheme_is_not_followed(site: Site, get: Get) -> None:
    site.page("/x", b"", "Location: https://127.0.0.1/x", status="302 Found")
    assert (await get(Fetch(key="a", url=site.url("/x")))).failure == "redirected from http to https"


async def test_a_redirect_to_another_host_takes_no_credentials_along(site: Site, get: Get) -> None:
    site.page("/x", b"", f"Location: {site.url('/y', host='localhost')}", status="302 Found")
    site.page("/y", b"ok")
    fetch = Fetch(key="a", url=site.url("/x"), headers=(("Authorization", "Basic c2VjcmV0"),))
    assert (await get(fetch)).body == b"ok"
    assert [b"Authorization" in request for request in site.requests] == [True, False]


async def test_no_answer_in_time_is_a_failure(site: Site, get: Get) -> None:
    got = await get(Fetch(key="a", url=site.url("/mute"), timeout=0.02))
    assert got.failure == "no answer within 0.02 s"


async def test_chunks_are_joined_and_a_broken_off_answer_is_a_failure(site: Site, get: Get) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    site.pages["/whole"] = head + b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    site.pages["/cut"] = head + b"3\r\none\r\n30\r\ntw"
    site.pages["/short"] = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"
    site.pages["/sip"] = b"SIP/2.0 400 Bad Request\r\n\r\n"
    site.pages["/empty"] = b""
    wanted = {
        "/whole": (b"onetwo", ""),
        "/cut": (b"", "the body ends too early"),
        "/short": (b"", "the body ends too early"),
        "/sip": (b"", "not an HTTP answer: illegal status line"),
        "/empty": (b"", "not an HTTP answer: the connection was closed without one"),
    }
    for path, expected in wanted.items():
        got = await get(Fetch(key="a", url=site.url(path)))
        assert (got.body, got.failure) == expected, path


async def test_no_header_can_smuggle_another_line(site: Site, get: Get) -> None:
    fetch = Fetch(key="a", url=site.url("/x"), headers=(("X-One", "1\r\nX-Two: 2"),))
    assert (await get(fetch)).failure == "a line break or space in the URL or a header"
    assert site.requests == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "nonsense", "http://"])
async def test_what_is_no_http_url_is_a_failure(get: Get, url: str) -> None:
    assert (await get(Fetch(key="a", url=url))).failure.startswith("not an http or https URL")


async def test_the_hook_moves_the_connection_and_not_the_host_header(
    site: Site, log: EventLog, clock: Any, flows: FlowIds, recorder: Any
) -> None:
    site.page("/x?y=1", b"ok")
    table = {Address("ucm.lab", 6970): Address("127.0.0.1", site.port)}
    get = getting(Driver(log, clock, flows, resolve=table.__getitem__), recorder)
    assert (await get(Fetch(key="a", url="http://ucm.lab:6970/x?y=1"))).body == b"ok"
    assert "cannot connect" in (await get(Fetch(key="a", url="http://other.lab/x"))).failure
    assert b"Host: ucm.lab:6970" in site.requests[0]
    assert [e.remote for e in log.of(FlowFailed)] == ["other.lab:80"]


class Hello:
    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        return HttpResponse(status=200, body=f"hello {request.path} {request.source}".encode() * 2000)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
async def test_https_trusts_whom_it_is_told_to_and_a_refusal_is_seen_at_both_ends(
    get: Get,
    log: EventLog,
    flows: FlowIds,
    node: IssuedCertificate,
    ca: Authority,
    stranger: Authority,
    clock: Any,
    version: Any,
) -> None:
    tomcat = ServerTls(credential=node.credential, minimum=version, maximum=version)
    server = ProtocolServer(ActorId("ucm"), http_protocols(Hello(), clock), FlowContext(log=log, flows=flows))
    where = await server.start(
        Listen(name="https", transport="tls", address=Address("127.0.0.1", 0), tls=tomcat)
    )
    url = f"https://{where}/config"
    good = ClientTls(server_name="ucm", trust=(ca.certificate,))
    got = await get(Fetch(key="a", url=url, tls=good))
    assert (got.status, got.body) == (200, b"hello /config 127.0.0.1" * 2000)
    for tls in (ClientTls(server_name="ucm", trust=(stranger.certificate,)), None):
        got = await get(Fetch(key="a", url=url, tls=tls))
        assert got.failure == (
            "TLS refused by us: CERTIFICATE_VERIFY_FAILED, alert unknown_ca: "
            "unable to get local issuer certificate"
        )
    await server.stop()
    assert [(e.by, e.alert) for e in log.of(TlsFailed, actor="ucm")] == [("peer", 48)] * 2
    assert [(e.by, e.alert) for e in log.of(TlsFailed, actor="phone")] == [("us", 48)] * 2
    assert len(log.of(FlowOpened)) == len(log.of(FlowClosed)) == 6
    assert await server.start(Listen(name="https", transport="tls", address=where, tls=tomcat)) == where
    await server.stop()


async def test_a_big_request_body_reaches_a_protocol_that_reads_slowly(
    log: EventLog, flows: FlowIds, clock: Any, plain: Any
) -> None:
    class Length:
        def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
            return HttpResponse(status=200, body=str(len(request.body)).encode())

    server = ProtocolServer(ActorId("ucm"), http_protocols(Length(), clock), FlowContext(log=log, flows=flows))
    where = await server.start(Listen(name="axl", transport="tcp", address=Address("127.0.0.1", 0)))
    reader, writer = await plain(where)
    writer.write(b"POST /axl/ HTTP/1.1\r\nHost: ucm\r\nConnection: close\r\nContent-Length: 900000\r\n\r\n")
    writer.write(b"x" * 900_000)
    assert (await reader.read()).endswith(b"\r\n\r\n900000")
    writer.close()
    await server.stop()


async def test_stopping_a_protocol_server_ends_idle_connections(
    log: EventLog, flows: FlowIds, clock: Any, plain: Any
) -> None:
    server = ProtocolServer(
        ActorId("ucm"),
        http_protocols(Hello(), clock),
        FlowContext(log=log, flows=flows, limits=ConnectionLimits(linger=0.05)),
    )
    where = await server.start(Listen(name="axl", transport="tcp", address=Address("127.0.0.1", 0)))
    reader, writer = await plain(where)
    writer.write(b"GET / HTTP/1.1\r\nHost: ucm\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await server.stop()
    await server.stop()
    await reader.read()
    assert [(e.by, e.clean) for e in log.of(FlowClosed)] == [("us", True)]


async def test_an_actor_gets_its_answer_through_the_driver(driver: Driver, recorder: Any, site: Site) -> None:
    site.page("/x", b"ok")
    phone = recorder("phone")
    await driver.join(phone)
    phone.todo.append(Fetch(key="config", url=site.url("/x")))
    driver.run(phone)
    await driver.until_idle()
    assert phone.results["config"].body == b"ok"


async def test_a_removed_actor_is_told_of_no_answer(driver: Driver, recorder: Any, site: Site) -> None:
    phone = recorder("phone")
    await driver.join(phone)
    phone.todo.append(Fetch(key="config", url=site.url("/mute")))
    driver.run(phone)
    await driver.leave(phone)
    assert phone.results == {}
