"""GET for actors, against a server of a dozen lines and against aiohttp's over TLS."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from certs.authority import Authority, Issued
from certs.contexts import server_context
from simulator.aio.driver import Driver
from simulator.aio.fetch import BODY_LIMIT, Fetcher
from simulator.core.flow import Address, Fetch
from simulator.core.tls.settings import ClientTls, ServerTls


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


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher() as fetcher:
        yield fetcher


async def test_an_answer_of_any_status_is_an_answer(site: Site, fetcher: Fetcher) -> None:
    site.page("/CSFALICE.cnf.xml", b"<device/>", "Content-Type: text/xml")
    site.page("/gone", b"no", status="404 Not Found")
    got = await fetcher.get(Fetch(key="a", url=site.url("/CSFALICE.cnf.xml"), headers=(("X-One", "1"),)))
    assert (got.status, got.body, got.content_type, got.failure) == (200, b"<device/>", "text/xml", "")
    assert b"X-One: 1" in site.requests[0]
    assert (await fetcher.get(Fetch(key="b", url=site.url("/gone")))).status == 404


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_body_is_read(site: Site, fetcher: Fetcher, encoding: str) -> None:
    body = gzip.compress(b"<device/>") if encoding == "gzip" else zlib.compress(b"<device/>")
    site.page("/x", body, f"Content-Encoding: {encoding}")
    assert (await fetcher.get(Fetch(key="a", url=site.url("/x")))).body == b"<device/>"


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
    site: Site, fetcher: Fetcher, body: bytes, headers: tuple[str, ...], failure: str
) -> None:
    site.page("/x", body, *headers)
    got = await fetcher.get(Fetch(key="a", url=site.url("/x")))
    assert (got.status, got.failure) == (None, failure)


async def test_a_body_of_exactly_the_limit_is_taken(site: Site, fetcher: Fetcher) -> None:
    site.page("/x", b"x" * BODY_LIMIT)
    assert len((await fetcher.get(Fetch(key="a", url=site.url("/x")))).body) == BODY_LIMIT


async def test_redirects_are_followed_three_times(site: Site, fetcher: Fetcher) -> None:
    for number in range(4):
        site.page(f"/{number}", b"", f"Location: /{number + 1}", status="302 Found")
    site.page("/4", b"here")
    assert (await fetcher.get(Fetch(key="a", url=site.url("/1")))).body == b"here"
    assert (await fetcher.get(Fetch(key="a", url=site.url("/0")))).failure == "more than 3 redirects"


async def test_a_redirect_to_another_scheme_is_not_followed(site: Site, fetcher: Fetcher) -> None:
    site.page("/x", b"", "Location: https://127.0.0.1/x", status="302 Found")
    assert (await fetcher.get(Fetch(key="a", url=site.url("/x")))).failure == "redirected from http to https"


async def test_a_redirect_to_another_host_takes_no_credentials_along(site: Site, fetcher: Fetcher) -> None:
    site.page("/x", b"", f"Location: {site.url('/y', host='localhost')}", status="302 Found")
    site.page("/y", b"ok")
    fetch = Fetch(key="a", url=site.url("/x"), headers=(("Authorization", "Basic c2VjcmV0"),))
    assert (await fetcher.get(fetch)).body == b"ok"
    assert [b"Authorization" in request for request in site.requests] == [True, False]


async def test_no_answer_in_time_is_a_failure(site: Site, fetcher: Fetcher) -> None:
    got = await fetcher.get(Fetch(key="a", url=site.url("/mute"), timeout=0.02))
    assert got.failure == "no answer within 0.02 s"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "nonsense", "http://"])
async def test_what_is_no_http_url_is_a_failure(fetcher: Fetcher, url: str) -> None:
    assert (await fetcher.get(Fetch(key="a", url=url))).failure.startswith("not an http or https URL")


async def test_the_hook_moves_the_connection_and_not_the_host_header(site: Site) -> None:
    site.page("/x", b"ok")
    table = {Address("ucm.lab", 6970): Address("127.0.0.1", site.port)}
    async with Fetcher(table.__getitem__) as fetcher:
        assert (await fetcher.get(Fetch(key="a", url="http://ucm.lab:6970/x"))).body == b"ok"
        assert "KeyError" in (await fetcher.get(Fetch(key="a", url="http://other.lab/x"))).failure
    assert b"Host: ucm.lab:6970" in site.requests[0]


async def test_https_trusts_whom_it_is_told_to(node: Issued, ca: Authority, stranger: Authority) -> None:
    site = Site()
    site.page("/x", b"ok")
    context = server_context(ServerTls(credential=node.credential))
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=context)
    site.port = server.sockets[0].getsockname()[1]
    table = {Address("ucm", site.port): Address("127.0.0.1", site.port)}
    async with Fetcher(table.__getitem__) as fetcher:
        url = site.url("/x", "https", "ucm")
        good = ClientTls(server_name="ucm", trust=(ca.certificate,))
        bad = ClientTls(server_name="ucm", trust=(stranger.certificate,))
        assert (await fetcher.get(Fetch(key="a", url=url, tls=good))).body == b"ok"
        assert "CERTIFICATE_VERIFY_FAILED" in (await fetcher.get(Fetch(key="a", url=url, tls=bad))).failure
    server.close()


async def test_an_actor_gets_its_answer_through_the_driver(driver: Driver, recorder: Any, site: Site) -> None:
    site.page("/x", b"ok")
    phone = recorder("phone")
    await driver.add(phone)
    phone.todo.append(Fetch(key="config", url=site.url("/x")))
    driver.kick(phone)
    await driver.settle()
    assert phone.results["config"].body == b"ok"


async def test_a_removed_actor_is_told_of_no_answer(driver: Driver, recorder: Any, site: Site) -> None:
    phone = recorder("phone")
    await driver.add(phone)
    phone.todo.append(Fetch(key="config", url=site.url("/mute")))
    driver.kick(phone)
    await driver.remove(phone)
    assert phone.results == {}
