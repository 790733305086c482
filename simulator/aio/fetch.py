"""GET for actors: bounded in time, size and redirects; every failure is a sentence, never an exception."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from certs.contexts import client_context
from simulator.core.flow import Address, Fetch, Fetched

Resolve = Callable[[Address], Address]

BODY_LIMIT = 1 << 20
"""Bytes a body may have, counted after decompression."""
REDIRECT_LIMIT = 3
_REDIRECTS = (301, 302, 303, 307, 308)


class FetchRefused(Exception):
    """The answer came, but is not one we take."""


class Fetcher:
    def __init__(self, resolve: Resolve | None = None, keylog: str | None = None) -> None:
        self._resolve = resolve
        self._keylog = keylog
        # No pooled connections: a service that is stopped must not find its port held by an idle client.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()

    async def get(self, fetch: Fetch) -> Fetched:
        try:
            async with asyncio.timeout(fetch.timeout):
                return await self._follow(fetch)
        except TimeoutError:
            return Fetched(failure=f"no answer within {fetch.timeout:g} s")
        except FetchRefused as error:
            return Fetched(failure=str(error))
        except (aiohttp.ClientError, OSError, LookupError, ValueError) as error:
            return Fetched(failure=f"{type(error).__name__}: {error}")

    async def _follow(self, fetch: Fetch) -> Fetched:
        url = URL(fetch.url)
        headers = dict(fetch.headers)
        for _ in range(REDIRECT_LIMIT + 1):
            if url.scheme not in ("http", "https") or url.host is None:
                raise FetchRefused(f"not an http or https URL: {url.scheme or 'no scheme'}")
            result = await self._once(fetch, url, headers)
            if isinstance(result, Fetched):
                return result
            if result.scheme != url.scheme:
                raise FetchRefused(f"redirected from {url.scheme} to {result.scheme}")
            if (result.host, result.port) != (url.host, url.port):
                headers = {k: v for k, v in headers.items() if k.lower() not in ("authorization", "cookie")}
            url = result
        raise FetchRefused(f"more than {REDIRECT_LIMIT} redirects")

    async def _once(self, fetch: Fetch, url: URL, headers: dict[str, str]) -> Fetched | URL:
        """The answer, or where it says to look."""
        assert url.host is not None
        assert url.port is not None
        target = url
        if self._resolve is not None:
            there = self._resolve(Address(url.host, url.port))
            target = url.with_host(there.host).with_port(there.port)
        host = {"Host": url.host_port_subcomponent or url.host, "Accept-Encoding": "gzip, deflate"}
        context = client_context(fetch.tls, self._keylog) if fetch.tls is not None else True
        name = (fetch.tls.server_name if fetch.tls is not None else "") or url.host
        async with self._session.get(
            target,
            headers={**host, **headers},
            allow_redirects=False,
            ssl=context,
            server_hostname=name if url.scheme == "https" else None,
        ) as response:
            if response.status in _REDIRECTS and "Location" in response.headers:
                return url.join(URL(response.headers["Location"]))
            return Fetched(
                status=response.status,
                body=await _body(response),
                content_type=response.headers.get("Content-Type", ""),
            )


async def _body(response: aiohttp.ClientResponse) -> bytes:
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("identity", "gzip", "deflate"):
        raise FetchRefused(f"unknown content encoding {encoding!r}")
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding != "identity" else None
    body = bytearray()
    async for chunk in response.content.iter_any():
        room = BODY_LIMIT - len(body) + 1
        try:
            body += inflate.decompress(chunk, room) if inflate else chunk[:room]
        except zlib.error as error:
            raise FetchRefused(f"the body is no {encoding} data") from error
        if len(body) > BODY_LIMIT:
            raise FetchRefused(f"the body is larger than {BODY_LIMIT} bytes")
    if inflate is not None and not inflate.eof:
        raise FetchRefused(f"the {encoding} body ends too early")
    return bytes(body)
