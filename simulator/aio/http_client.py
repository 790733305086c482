"""HTTP requests for actors over our own connections, so that a refused certificate shows as on any other flow.

Bounded in time, size and redirects. Every failure is a sentence in the result, never an exception. One
connection for each request: a service that is stopped does not find its port held by an idle client.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import zlib
from urllib.parse import SplitResult, urljoin, urlsplit

from simulator.aio.activity import Activity
from simulator.aio.dial import DialFailed, Resolve, dial
from simulator.aio.flow_events import AddressMap, Carrier, FlowEvents
from simulator.aio.tcp_connection import Limits, TcpConnection
from simulator.core.actor.flow import Address, Fetch, Fetched, FlowEnd, FlowFacts, OpenFlow
from simulator.core.actor.tap import Tap
from simulator.core.events import FlowClosed, FlowFailed
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.tls.settings import ClientTls

BODY_LIMIT = 1 << 20
"""Bytes a body may have, counted after decompression."""
REDIRECT_LIMIT = 3
_HEAD_LIMIT = 1 << 16
_REDIRECTS = (301, 302, 303, 307, 308)
_PORTS = {"http": 80, "https": 443}
_OURS = ("host", "connection", "accept-encoding", "content-length", "transfer-encoding")
_SECRET = ("authorization", "cookie")


class FetchRefused(Exception):
    """No answer came, or one that we do not take; the text says why."""


class Fetcher:
    def __init__(
        self,
        log: EventLog,
        flows: FlowIds,
        *,
        limits: Limits,
        resolve: Resolve | None = None,
        keylog: str | None = None,
        tap: Tap | None = None,
        shown: AddressMap | None = None,
        activity: Activity | None = None,
    ) -> None:
        self._log = log
        self._flows = flows
        self._limits = limits
        self._resolve = resolve
        self._keylog = keylog
        self._tap = tap
        self._shown = shown
        self._activity = activity or Activity()

    async def get(self, actor: ActorId, fetch: Fetch) -> Fetched:
        try:
            async with asyncio.timeout(fetch.timeout):
                return await self._follow(actor, fetch)
        except TimeoutError:
            return Fetched(failure=f"no answer within {fetch.timeout:g} s")
        except (FetchRefused, DialFailed) as error:
            return Fetched(failure=str(error))
        except (http.client.HTTPException, ValueError) as error:
            return Fetched(failure=f"not an HTTP answer: {type(error).__name__}")

    async def _follow(self, actor: ActorId, fetch: Fetch) -> Fetched:
        url = _parsed(fetch.url)
        headers = [(name, value) for name, value in fetch.headers if name.lower() not in _OURS]
        for _ in range(REDIRECT_LIMIT + 1):
            answer = _answer(await self._exchange(actor, fetch, url, headers), fetch.method)
            location = answer.getheader("Location")
            if answer.status not in _REDIRECTS or location is None or not _follows(fetch):
                return Fetched(
                    status=answer.status,
                    headers=tuple(answer.getheaders()),
                    body=_body(answer),
                    content_type=answer.getheader("Content-Type", ""),
                )
            there = _parsed(urljoin(url.geturl(), location))
            if there.scheme != url.scheme:
                raise FetchRefused(f"redirected from {url.scheme} to {there.scheme}")
            if there.netloc != url.netloc:
                headers = [(name, value) for name, value in headers if name.lower() not in _SECRET]
            url = there
        raise FetchRefused(f"more than {REDIRECT_LIMIT} redirects")

    async def _exchange(
        self, actor: ActorId, fetch: Fetch, url: SplitResult, headers: list[tuple[str, str]]
    ) -> bytes:
        """One request, and the bytes that came back."""
        assert url.hostname is not None
        tls = None
        if url.scheme == "https":
            tls = fetch.tls or ClientTls(server_name=url.hostname)
        exchange = _Exchange(actor, _request(fetch, url, headers), self._log, self._activity)
        opened = OpenFlow(
            flow=self._flows.take(),
            transport="tls" if tls else "tcp",
            remote=Address(url.hostname, url.port or _PORTS[url.scheme]),
            tls=tls,
            timeout=fetch.timeout,
        )
        doorway = FlowEvents(
            exchange,
            self._log,
            self._flows,
            transport=opened.transport,
            dialled=opened.flow,
            tls=opened.tls,
            tap=self._tap,
            shown=self._shown,
        )
        self._activity.begin(opened, actor, f"connecting to {opened.remote}")
        try:
            await dial(
                opened,
                doorway,
                limits=self._limits,
                resolve=self._resolve,
                keylog=self._keylog,
                tap=self._tap,
                activity=self._activity,
            )
            if any(self._activity.knows_peer_of(pump) for pump in exchange.pumps):
                self._activity.end(opened)
            return await exchange.answered
        except DialFailed as error:
            if self._log.on:
                failed = FlowFailed(transport=opened.transport, remote=str(opened.remote), detail=str(error))
                self._log.emit(actor, failed, flow=opened.flow)
            raise
        finally:
            await exchange.leave()
            self._activity.end(opened)


class _Exchange:
    """The `Seat` of one request: an answer is whole when its length says so, or when the server closes."""

    def __init__(self, name: ActorId, request: bytes, log: EventLog, activity: Activity) -> None:
        self.name = name
        self.removed = False
        self.carriers: dict[FlowId, Carrier] = {}
        self.pumps: set[TcpConnection] = set()
        self.activity = activity
        self.answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._request = request
        self._log = log
        self._received = bytearray()
        self._whole: int | None = None
        self._gone = asyncio.Event()

    def opened(self, flow: FlowId, facts: FlowFacts) -> None:
        self.activity.move()
        self.carriers[flow].send(self._request)

    def data(self, flow: FlowId, data: bytes) -> None:
        self.activity.move()
        self._received += data
        if self._whole is None:
            self._whole = _whole_length(self._received)
        if self._whole is not None and len(self._received) >= self._whole:
            self._finish(None)
        elif len(self._received) > BODY_LIMIT + _HEAD_LIMIT:
            self._finish(f"the body is larger than {BODY_LIMIT} bytes")

    def ended(self, flow: FlowId, end: FlowEnd) -> None:
        self.activity.move()
        if end.refusal is not None:
            alert = f", alert {end.refusal.alert_name}" if end.refusal.alert_name else ""
            self._finish(f"TLS refused by {end.by}: {end.refusal.reason}{alert}: {end.detail}")
        else:
            self._finish(None if end.clean else f"the connection broke: {end.detail}")

    def gone(self, pump: TcpConnection) -> None:
        self.pumps.discard(pump)
        if not self.pumps:
            self._gone.set()

    def _finish(self, failure: str | None) -> None:
        if self.removed or self.answered.done():
            return
        if failure is None:
            self.answered.set_result(bytes(self._received))
        else:
            self.answered.set_exception(FetchRefused(failure))

    async def leave(self) -> None:
        """Close the connection; one whose server does not follow at once is dropped."""
        self.removed = True
        if self.answered.done() and not self.answered.cancelled():
            # Nobody may be left to look at it, if time ran out at the same moment.
            self.answered.exception()
        for flow in tuple(self.carriers):
            self.carriers.pop(flow).close()
            if self._log.on:
                self._log.emit(self.name, FlowClosed(by="us", clean=True), flow=flow)
        if not self.pumps:
            return
        try:
            async with asyncio.timeout(0.2):
                await self._gone.wait()
        except TimeoutError:
            for pump in tuple(self.pumps):
                pump.abort()
            await self._gone.wait()


def _parsed(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        ok = url.scheme in _PORTS and bool(url.hostname) and url.port != 0
    except ValueError:
        ok = False
    if not ok:
        raise FetchRefused("not an http or https URL")
    return url


def _follows(fetch: Fetch) -> bool:
    """A body is not sent twice: what a POST is redirected to is for its actor to decide."""
    return fetch.redirects and fetch.method == "GET"


def _request(fetch: Fetch, url: SplitResult, headers: list[tuple[str, str]]) -> bytes:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    host = url.netloc.rpartition("@")[2]
    lines = [
        f"{fetch.method} {target} HTTP/1.1",
        f"Host: {host}",
        "Connection: close",
        "Accept-Encoding: gzip, deflate",
        *(f"{name}: {value}" for name, value in headers),
        *((f"Content-Length: {len(fetch.body)}",) if fetch.body or fetch.method == "POST" else ()),
    ]
    if any(set(line) & {"\r", "\n", "\0"} for line in lines) or " " in target:
        raise FetchRefused("a line break or space in the URL or a header")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + fetch.body


def _whole_length(received: bytearray) -> int | None:
    """How many bytes the answer has, if its head is there and tells."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    for line in bytes(received[:end]).split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and value.strip().isdigit():
            return end + 4 + int(value)
    return None


class _Received:
    """What `http.client` takes for a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_args: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def _answer(data: bytes, method: str) -> http.client.HTTPResponse:
    answer = http.client.HTTPResponse(_Received(data), method=method)  # type: ignore[arg-type]
    answer.begin()
    return answer


def _body(answer: http.client.HTTPResponse) -> bytes:
    encoding = (answer.getheader("Content-Encoding") or "identity").lower()
    if encoding not in ("identity", "gzip", "deflate"):
        raise FetchRefused(f"unknown content encoding {encoding!r}")
    try:
        body = answer.read()
    except http.client.IncompleteRead:
        raise FetchRefused("the body ends too early") from None
    if encoding != "identity":
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            body = inflate.decompress(body, BODY_LIMIT + 1)
        except zlib.error as error:
            raise FetchRefused(f"the body is no {encoding} data") from error
        if len(body) <= BODY_LIMIT and not inflate.eof:
            raise FetchRefused(f"the {encoding} body ends too early")
    if len(body) > BODY_LIMIT:
        raise FetchRefused(f"the body is larger than {BODY_LIMIT} bytes")
    return body
