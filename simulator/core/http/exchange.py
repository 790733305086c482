"""One `Fetch` as an actor: it dials, asks, follows redirections, and holds what came of it.

Every network runs it beside the actor that asked, under that actor's name: a file fetched over plain HTTP and a
refused certificate on 8443 are flows, events and packets like any other. Each request has its own connection:
a service that is stopped does not find its port held by an idle client.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, urljoin, urlsplit

from simulator.core.actor.flow import (
    Address,
    CloseFlow,
    Effect,
    Fetch,
    Fetched,
    FlowEnd,
    FlowFacts,
    OpenFlow,
    SendData,
)
from simulator.core.http.client_connection import ClientConnection
from simulator.core.http.message import HttpResponse, header
from simulator.core.http.problem import HttpProblem
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls

REDIRECT_LIMIT = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_PORTS = {"http": 80, "https": 443}
_SECRET = ("authorization", "cookie")
"""Fields that do not follow a redirection to another host (RFC 9110 15.4)."""
_DIALLING = 1.0
"""Seconds that the flow may take longer than the whole: so the exchange's own end is the one that is told."""


class HttpExchange:
    """Carries out one Fetch. Once `result` is set it is over, and its last effects close what it opened."""

    def __init__(self, name: ActorId, fetch: Fetch, flows: FlowIds, now: Instant) -> None:
        """Begin at `now`. A URL or header that cannot be sent is a `result` at once."""
        self.name = name
        self.result: Fetched | None = None
        """The answer, or a failure as one sentence; None while it is awaited."""
        self._fetch, self._flows = fetch, flows
        self._due = Instant(now + fetch.timeout)
        self._headers = fetch.headers
        self._followed = 0
        self._effects: list[Effect] = []
        self._flow: FlowId | None = None
        self._opened = False
        self._url: SplitResult
        self._connection: ClientConnection
        with self._problem_is_result():
            self._ask(fetch.url, now)

    # --- the actor --------------------------------------------------------------------------------------------

    @property
    def flow(self) -> FlowId | None:
        """The flow it has now: another one after each redirection, None when it is over."""
        return self._flow

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        if flow == self._flow:
            self._opened = True
            self._effects.append(SendData(flow, self._connection.request))

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        if flow == self._flow:
            with self._problem_is_result():
                self._take(self._connection.receive_data(data), now)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        if flow != self._flow:
            return
        self._flow = None
        if end.refusal is not None:
            alert = f", alert {end.refusal.alert_name}" if end.refusal.alert_name else ""
            self._fail(f"TLS refused by {end.refusal.by}: {end.refusal.reason}{alert}: {end.detail}")
        elif not self._opened:
            self._fail(end.detail)
        elif end.clean:
            with self._problem_is_result():
                self._take(self._connection.receive_eof(), now)
        else:
            self._fail(f"the connection broke: {end.detail}")

    def next_timeout(self) -> Instant | None:
        return self._due if self.result is None else None

    def handle_timeout(self, now: Instant) -> None:
        if self.result is None and now >= self._due:
            self._fail(f"no answer within {self._fetch.timeout:g} s")

    def effects(self) -> list[Effect]:
        drained, self._effects = self._effects, []
        return drained

    # --- the exchange -----------------------------------------------------------------------------------------

    def _ask(self, text: str, now: Instant) -> None:
        """Begin the request for this URL. Raises HttpProblem if it cannot be sent."""
        fetch, url = self._fetch, _parsed(text)
        assert url.hostname is not None
        self._connection = ClientConnection(
            fetch.method,
            (url.path or "/") + (f"?{url.query}" if url.query else ""),
            url.netloc.rpartition("@")[2],
            self._headers,
            fetch.body,
        )
        self._url, self._opened = url, False
        self._flow = self._flows.take()
        tls = (fetch.tls or ClientTls(server_name=url.hostname)) if url.scheme == "https" else None
        self._effects.append(
            OpenFlow(
                flow=self._flow,
                transport="tls" if tls else "tcp",
                remote=Address(url.hostname, url.port or _PORTS[url.scheme]),
                tls=tls,
                timeout=self._due - now + _DIALLING,
            )
        )

    def _take(self, response: HttpResponse | None, now: Instant) -> None:
        if response is None:
            return
        location = header(response.headers, "Location")
        # A body is not sent twice: what a POST is redirected to is for the actor to decide.
        follows = self._fetch.redirects and self._fetch.method == "GET"
        if response.status in _REDIRECTS and location is not None and follows:
            self._redirect(location, now)
            return
        self._close()
        self.result = Fetched(
            status=response.status,
            headers=response.headers,
            body=response.body,
            content_type=header(response.headers, "Content-Type") or "",
        )

    def _redirect(self, location: str, now: Instant) -> None:
        self._followed += 1
        if self._followed > REDIRECT_LIMIT:
            raise HttpProblem(502, f"more than {REDIRECT_LIMIT} redirects")
        there = _parsed(location, self._url)
        if there.scheme != self._url.scheme:
            raise HttpProblem(502, f"redirected from {self._url.scheme} to {there.scheme}")
        if there.netloc != self._url.netloc:
            self._headers = tuple((n, v) for n, v in self._headers if n.lower() not in _SECRET)
        self._close()
        self._ask(there.geturl(), now)

    @contextmanager
    def _problem_is_result(self) -> Iterator[None]:
        try:
            yield
        except HttpProblem as problem:
            self._fail(str(problem))

    def _fail(self, why: str) -> None:
        self._close()
        self.result = Fetched(failure=why)

    def _close(self) -> None:
        if self._flow is not None:
            self._effects.append(CloseFlow(self._flow))
            self._flow = None


def _parsed(text: str, base: SplitResult | None = None) -> SplitResult:
    """Read a URL, which may be relative to `base`. Raises HttpProblem for what is no http or https URL."""
    try:
        url = urlsplit(text if base is None else urljoin(base.geturl(), text))
        ok = url.scheme in _PORTS and bool(url.hostname) and url.port != 0
    except ValueError:
        ok = False
    if not ok:
        raise HttpProblem(400, "not an http or https URL")
    return url
