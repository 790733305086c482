"""The HTTPS server of an Expressway's 8443: connections, whole requests, rates, and answers.

What a request gets is decided behind it (`service`): take requests from `next_request` and give each its
`answer`, at once or later. Slow clients are answered 408.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from simulator.core.actor.flow import CloseFlow, FlowFacts, SendData
from simulator.core.events import EdgeRequestAnswered
from simulator.core.events.sip_summary import printable
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.http.problem import HttpProblem
from simulator.core.http.server_connection import ServerConnection
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import PartialMessages
from simulator.expressway.core.mra_https import messages
from simulator.expressway.core.mra_https.messages import MraAnswer, MraRequest
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.own_address import OwnAddress
from simulator.expressway.core.rate_limiter import RateLimiter

PATIENCE = 20.0
"""Seconds in which a request must have come whole, and for which an idle connection is kept."""
_AHEAD = 64 << 10
"""Bytes a client may send ahead while its request awaits the answer."""
_MOST_FLOWS = 10_000
_MOST_AT_ONCE = 32
"""Requests of one client that are read in one go. The rest waits for a timer that is due at once: others have
their turn first.
"""


@dataclass(slots=True, kw_only=True)
class _Client:
    source: str
    https: int
    """The port by which it came in."""
    connection: ServerConnection
    busy: bool = False
    """A request of this client awaits its answer."""


class HttpsServer:
    """`host`: the name by which clients reach it; `own`: the SIP address beside it."""

    def __init__(self, *, host: str, own: OwnAddress, out: Outbox, limiter: RateLimiter) -> None:
        self._host, self._own = host, own
        self._out, self._limiter = out, limiter
        self._clients: dict[FlowId, _Client] = {}
        self._idle = PartialMessages(PATIENCE)
        """Clients whose next request is awaited."""
        self._unread: dict[FlowId, Instant] = {}
        """Clients of whom more has come than is read in one go, and since when."""
        self._queue: deque[tuple[int, MraRequest]] = deque()
        self._waiting: dict[int, tuple[FlowId, HttpRequest]] = {}
        self._asked = 0

    def __contains__(self, flow: FlowId) -> bool:
        return flow in self._clients

    def forget(self) -> None:
        """Forget every connection: the Expressway was switched off, and nobody closed them."""
        for flow in tuple(self._clients):
            self.ended(flow)
        self._waiting.clear()
        self._queue.clear()

    # --- flows ------------------------------------------------------------------------------------------------

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        """Take a client's connection, unless its source is blocked or there are too many."""
        source = facts.remote.host
        if self._limiter.is_blocked(source, now) or len(self._clients) >= _MOST_FLOWS:
            self._out.put(CloseFlow(flow))
            return
        connection = ServerConnection(source=source)
        self._clients[flow] = _Client(source=source, https=facts.local.port, connection=connection)
        self._idle.wait(flow, now)

    def data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        """Read what a client sent."""
        client = self._clients[flow]
        client.connection.receive_data(data)
        waits = client.busy or flow in self._unread
        if waits and client.connection.buffered > _AHEAD:
            self._drop(flow)
        elif not waits:
            self._read(flow, now)

    def ended(self, flow: FlowId) -> None:
        """Do without a connection that is gone."""
        self._clients.pop(flow, None)
        self._unread.pop(flow, None)
        self._idle.over(flow)

    def next_timeout(self) -> Instant | None:
        if self._unread:
            return next(iter(self._unread.values()))
        return self._idle.next_timeout()

    def handle_timeout(self, now: Instant) -> None:
        """Read on, answer 408 to clients that are too slow, and close idle connections."""
        unread, self._unread = self._unread, {}
        for flow in unread:
            self._read(flow, now)
        for flow in self._idle.take_overdue(now):
            if self._clients[flow].connection.busy:
                self._send(flow, messages.plain(408), close=True)
            else:
                self._drop(flow)

    # --- requests ---------------------------------------------------------------------------------------------

    def next_request(self) -> tuple[int, MraRequest] | None:
        """Take the next request and the number under which it is to be answered; None if none waits."""
        return self._queue.popleft() if self._queue else None

    def answer(self, number: int, answer: MraAnswer, now: Instant) -> None:
        """Send the answer to a request, unless its client has left, and read the client's next request."""
        flow, request = self._waiting.pop(number, (None, None))
        client = None if flow is None else self._clients.get(flow)
        if flow is None or request is None or client is None:
            return
        client.busy = False
        if answer.expired:
            self._limiter.count_expired(client.source, now)
        self._reply(flow, request, answer, close=self._limiter.is_blocked(client.source, now))
        self._read(flow, now)

    def _read(self, flow: FlowId, now: Instant) -> None:
        """Read requests until one has to wait for its answer, or there were many."""
        for _ in range(_MOST_AT_ONCE):
            client = self._clients.get(flow)
            if client is None or client.busy:
                return
            try:
                request = client.connection.next_request()
            except HttpProblem as problem:
                self._send(flow, messages.plain(problem.status), close=True)
                return
            if request is None:
                self._idle.wait(flow, now)
                if client.connection.expecting is not None:
                    self._out.put(SendData(flow, client.connection.send_continue()))
                return
            self._idle.over(flow)
            self._take(flow, client, request, now)
        if flow in self._clients:
            self._unread[flow] = now

    def _take(self, flow: FlowId, client: _Client, request: HttpRequest, now: Instant) -> None:
        if not self._limiter.admit(client.source, now):
            response = messages.plain(429, ("Retry-After", "10"))
            self._reply(flow, request, MraAnswer(response=response, detail="rate limit"))
            return
        self._asked += 1
        client.busy = True
        self._waiting[self._asked] = flow, request
        asked = MraRequest(request=request, host=self._host, https=client.https, sip=self._own.outer.port)
        self._queue.append((self._asked, asked))

    # --- answers ----------------------------------------------------------------------------------------------

    def _reply(self, flow: FlowId, request: HttpRequest, answer: MraAnswer, *, close: bool = False) -> None:
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
        self._send(flow, answer.response, close=close or not request.lasting)

    def _send(self, flow: FlowId, response: HttpResponse, *, close: bool) -> None:
        self._out.put(SendData(flow, self._clients[flow].connection.send_response(response, close=close)))
        if close:
            self._drop(flow)

    def _drop(self, flow: FlowId) -> None:
        self.ended(flow)
        self._out.put(CloseFlow(flow))
