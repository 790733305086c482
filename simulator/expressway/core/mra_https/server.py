"""The door of Expressway-E's 8443: connections, whole requests, rates, and the answers on their way.

What a request is worth is decided behind it (`edge_service`). Slow clients are answered 408.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.core.actor.flow import CloseFlow, FlowFacts, SendData
from simulator.core.events import EdgeRequestAnswered
from simulator.core.events.sip_summary import printable
from simulator.core.http.http1 import HttpProblem, RequestReader, render_response
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import PartialMessages
from simulator.expressway.core.mra_https import answers
from simulator.expressway.core.mra_https.query import Ask, EdgeAnswer, EdgeQuery
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.rate_limiter import RateLimiter

PATIENCE = 20.0
"""Seconds in which a request must have come whole, and for which an idle connection is kept."""
_AHEAD = 64 << 10
"""Bytes a client may send ahead while a request of it is under way inside."""
_MOST_FLOWS = 10_000


@dataclass(slots=True, kw_only=True)
class _Client:
    source: str
    https: int
    """The port it came in by."""
    reader: RequestReader = field(default_factory=RequestReader)
    busy: bool = False
    """A request of it is under way inside."""
    looked_at: bool = False


class HttpsServer:
    """`sip`: the edge's SIP port of the moment; `strike`: an expired token came from this source."""

    def __init__(
        self,
        *,
        host: str,
        sip: Callable[[], int],
        ask: Ask,
        out: Outbox,
        guard: RateLimiter,
        strike: Callable[[str, Instant], None],
    ) -> None:
        self._host, self._sip, self._ask = host, sip, ask
        self._out, self._guard, self._strike = out, guard, strike
        self._clients: dict[FlowId, _Client] = {}
        self._idle = PartialMessages(PATIENCE)
        """Clients whose next request is awaited."""
        self._waiting: dict[int, tuple[FlowId, HttpRequest]] = {}
        self._asked = 0

    def __contains__(self, flow: FlowId) -> bool:
        return flow in self._clients

    def forget(self) -> None:
        """The connections are gone without a word: we were switched off."""
        for flow in tuple(self._clients):
            self.ended(flow)
        self._waiting.clear()

    # --- flows ------------------------------------------------------------------------------------------------

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        source = facts.remote.host
        if self._guard.blocked(source, now) or len(self._clients) >= _MOST_FLOWS:
            self._out.put(CloseFlow(flow))
            return
        self._clients[flow] = _Client(source=source, https=facts.local.port)
        self._idle.wait(flow, now)

    def data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        client = self._clients[flow]
        client.reader.receive_data(data)
        if client.busy and client.reader.buffered > _AHEAD:
            self._drop(flow)
        else:
            self._look(flow, now)

    def ended(self, flow: FlowId) -> None:
        self._clients.pop(flow, None)
        self._idle.over(flow)

    def next_timeout(self) -> Instant | None:
        return self._idle.next_timeout()

    def handle_timeout(self, now: Instant) -> None:
        for flow in self._idle.take_overdue(now):
            if self._clients[flow].reader.busy:
                self._send(flow, answers.plain(408), close=True)
            else:
                self._drop(flow)

    # --- requests ---------------------------------------------------------------------------------------------

    def _look(self, flow: FlowId, now: Instant) -> None:
        client = self._clients.get(flow)
        if client is None or client.looked_at:
            return  # An answer that came at once: whoever asks is looking already.
        client.looked_at = True
        while flow in self._clients and not client.busy:
            try:
                request = client.reader.next_request(client.source)
            except HttpProblem as problem:
                self._send(flow, answers.plain(problem.status), close=True)
                return
            if request is None:
                self._idle.wait(flow, now)
                break
            self._idle.over(flow)
            self._take(flow, client, request, now)
        client.looked_at = False

    def _take(self, flow: FlowId, client: _Client, request: HttpRequest, now: Instant) -> None:
        if not self._guard.admit(client.source, now):
            response = answers.plain(429, ("Retry-After", "10"))
            self._reply(flow, request, EdgeAnswer(response=response, detail="rate limit"))
            return
        self._asked += 1
        client.busy = True
        self._waiting[self._asked] = flow, request
        query = EdgeQuery(request=request, host=self._host, https=client.https, sip=self._sip())
        self._ask(self._asked, query, now)

    def answer(self, number: int, answer: EdgeAnswer, now: Instant) -> None:
        """What became of a request; nothing if its client left meanwhile."""
        flow, request = self._waiting.pop(number, (None, None))
        client = None if flow is None else self._clients.get(flow)
        if flow is None or request is None or client is None:
            return
        client.busy = False
        if answer.expired:
            self._strike(client.source, now)
        self._reply(flow, request, answer, close=self._guard.blocked(client.source, now))
        self._look(flow, now)

    # --- answers ----------------------------------------------------------------------------------------------

    def _reply(self, flow: FlowId, request: HttpRequest, answer: EdgeAnswer, *, close: bool = False) -> None:
        self._out.journal.add(
            EdgeRequestAnswered(
                method=request.method[:16],
                path=printable(request.path[:200]) if answer.path is None else answer.path,
                status=answer.response.status,
                source=request.source,
                user=answer.user,
                inside=answer.inside,
                scheme=answer.scheme,
                detail=answer.detail,
            ),
            flow=flow,
        )
        close = close or not request.lasting
        self._send(flow, answer.response, close=close, head=request.method == "HEAD")

    def _send(self, flow: FlowId, response: HttpResponse, *, close: bool, head: bool = False) -> None:
        self._out.put(SendData(flow, render_response(response, close=close, head=head)))
        if close:
            self._drop(flow)

    def _drop(self, flow: FlowId) -> None:
        self.ended(flow)
        self._out.put(CloseFlow(flow))
