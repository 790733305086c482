"""HTTP in the World: a service behind a port, and an actor's request on a connection of its own.

Both are actors of the memory network, so that a refused certificate on 8443 shows as on any other flow.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

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
from simulator.core.http.http1 import (
    HttpProblem,
    RequestReader,
    ResponseReader,
    header,
    render_request,
    render_response,
)
from simulator.core.http.message import HttpResponse, HttpService
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls


class HttpEndpoint:
    """Answers for an `HttpService` on the flows of an endpoint."""

    def __init__(self, name: ActorId, service: HttpService) -> None:
        self._name, self._service = name, service
        self._flows: dict[FlowId, tuple[RequestReader, str]] = {}
        self._effects: list[Effect] = []
        self._late: list[tuple[Instant, FlowId, HttpResponse, bool, bool]] = []

    @property
    def name(self) -> ActorId:
        return self._name

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        self._flows[flow] = RequestReader(), facts.remote.host

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        if flow not in self._flows:
            return
        reader, source = self._flows[flow]
        reader.receive_data(data)
        try:
            while (request := reader.next_request(source)) is not None:
                close = (header(request.headers, "Connection") or "").lower() == "close"
                response = self._service.handle(request, now)
                head = request.method == "HEAD"
                if response.delivery is not None and response.delivery.delay:
                    due = Instant(now + response.delivery.delay)
                    self._late.append((due, flow, response, close, head))
                    continue
                self._answer(flow, response, close=close, head=head)
                if flow not in self._flows:
                    return
        except HttpProblem as problem:
            self._answer(flow, HttpResponse(status=problem.status), close=True)

    def _answer(self, flow: FlowId, response: HttpResponse, *, close: bool, head: bool = False) -> None:
        data, how = render_response(response, close=close, head=head), response.delivery
        if how is not None and (how.reset or how.kept is not None):
            # Here a reset is a connection that closes without an answer.
            unsent = len(response.body) - (how.kept or 0)
            data, close = b"" if how.reset else data[: len(data) - unsent], True
        self._effects.append(SendData(flow, data))
        if close:
            del self._flows[flow]
            self._effects.append(CloseFlow(flow))

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        self._flows.pop(flow, None)

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        """It fetches nothing."""

    def next_timeout(self) -> Instant | None:
        """Only planned delays: no client of the World is slow."""
        return min((late[0] for late in self._late), default=None)

    def handle_timeout(self, now: Instant) -> None:
        due = [late for late in self._late if late[0] <= now]
        self._late = [late for late in self._late if late[0] > now]
        for _, flow, response, close, head in due:
            if flow in self._flows:
                self._answer(flow, response, close=close, head=head)

    def effects(self) -> list[Effect]:
        drained, self._effects = self._effects, []
        return drained


class Exchange:
    """One `Fetch` of the actor `name` over https; `done` is called once. A redirection is an answer."""

    def __init__(
        self, name: ActorId, fetch: Fetch, flow: FlowId, now: Instant, done: Callable[[Fetched], None]
    ) -> None:
        """ValueError for what is no URL, or cannot stand in a request."""
        self._name, self._flow, self._done = name, flow, done
        self._reader = ResponseReader()
        self._due: Instant | None = Instant(now + fetch.timeout)
        self._timeout = fetch.timeout
        self._effects: list[Effect] = []
        url = urlsplit(fetch.url)
        host, port = url.hostname or "", url.port or 443
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        self._request = render_request(fetch.method, target, url.netloc, fetch.headers, fetch.body)
        tls = fetch.tls or ClientTls(server_name=host)
        self._effects.append(OpenFlow(flow=flow, transport="tls", remote=Address(host, port), tls=tls))

    @property
    def name(self) -> ActorId:
        return self._name

    @property
    def over(self) -> bool:
        return self._due is None

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        self._effects.append(SendData(flow, self._request))

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        self._reader.receive_data(data)
        self._look(close=True)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        self._reader.receive_eof()
        self._look(close=False)
        if end.refusal is not None:
            alert = f", alert {end.refusal.alert_name}" if end.refusal.alert_name else ""
            failure = f"TLS refused by {end.refusal.by}: {end.refusal.reason}{alert}: {end.detail}"
        else:
            failure = end.detail or "the connection broke"
        self._finish(Fetched(failure=failure))

    def _look(self, *, close: bool) -> None:
        try:
            response = self._reader.next_response()
        except HttpProblem as problem:
            self._finish(Fetched(failure=f"not an HTTP answer: {problem}"))
            response = None
        if response is not None:
            kind = header(response.headers, "Content-Type") or ""
            self._finish(
                Fetched(status=response.status, headers=response.headers, body=response.body, content_type=kind)
            )
        if self.over and close:
            self._effects.append(CloseFlow(self._flow))

    def _finish(self, result: Fetched) -> None:
        if self._due is not None:
            self._due = None
            self._done(result)

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        """It fetches by itself."""

    def next_timeout(self) -> Instant | None:
        return self._due

    def handle_timeout(self, now: Instant) -> None:
        if self._due is not None and now >= self._due:
            self._effects.append(CloseFlow(self._flow))
            self._finish(Fetched(failure=f"no answer within {self._timeout:g} s"))

    def effects(self) -> list[Effect]:
        drained, self._effects = self._effects, []
        return drained
