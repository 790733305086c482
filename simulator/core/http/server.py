"""An `HttpService` as an actor: HTTP over flows, for networks without an HTTP engine of their own."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.actor.flow import CloseFlow, Effect, FlowEnd, FlowFacts, SendData
from simulator.core.http.message import HttpResponse, HttpService, refusal
from simulator.core.http.problem import HttpProblem
from simulator.core.http.server_connection import BODY_LIMIT, ServerConnection
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class _Late:
    """An answer that is to be sent at `due`."""

    due: Instant
    flow: FlowId
    response: HttpResponse
    close: bool


class HttpServer:
    """Answer the requests on the flows of an endpoint, each before the next of its connection."""

    def __init__(self, name: ActorId, service: HttpService, *, max_body: int = BODY_LIMIT) -> None:
        """`name`: whose events its flows are. `max_body`: octets; a request with more is answered 413."""
        self.name = name
        self._service, self._max_body = service, max_body
        self._connections: dict[FlowId, ServerConnection] = {}
        self._late: dict[FlowId, _Late] = {}
        """Connections whose answer is delayed: what their client sends meanwhile waits."""
        self._effects: list[Effect] = []

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        self._connections[flow] = ServerConnection(source=facts.remote.host, body_limit=self._max_body)

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        connection = self._connections.get(flow)
        if connection is not None:
            connection.receive_data(data)
            self._serve(flow, connection, now)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        self._connections.pop(flow, None)
        self._late.pop(flow, None)

    def next_timeout(self) -> Instant | None:
        """When the next planned delay is over. No client is timed out: those of a simulation are not slow."""
        return min((late.due for late in self._late.values()), default=None)

    def handle_timeout(self, now: Instant) -> None:
        for late in [late for late in self._late.values() if late.due <= now]:
            del self._late[late.flow]
            self._answer(late.flow, late.response, close=late.close)
            if late.flow in self._connections:
                self._serve(late.flow, self._connections[late.flow], now)

    def effects(self) -> list[Effect]:
        drained, self._effects = self._effects, []
        return drained

    def _serve(self, flow: FlowId, connection: ServerConnection, now: Instant) -> None:
        """Answer what is whole, as long as the connection lasts and no answer is delayed."""
        try:
            while flow in self._connections and flow not in self._late:
                request = connection.next_request()
                if request is None:
                    self._continue(flow, connection, now)
                    return
                response, close = self._service.handle(request, now), not request.lasting
                if response.delivery is not None and response.delivery.delay:
                    due = Instant(now + response.delivery.delay)
                    self._late[flow] = _Late(due=due, flow=flow, response=response, close=close)
                else:
                    self._answer(flow, response, close=close)
        except HttpProblem as problem:
            self._answer(flow, HttpResponse(status=problem.status), close=True)

    def _continue(self, flow: FlowId, connection: ServerConnection, now: Instant) -> None:
        head = connection.expecting
        if head is None:
            return
        refused = refusal(self._service, head, now)
        if refused is None:
            self._effects.append(SendData(flow, connection.send_continue()))
        else:
            self._answer(flow, refused, close=True)

    def _answer(self, flow: FlowId, response: HttpResponse, *, close: bool) -> None:
        data, how = self._connections[flow].send_response(response, close=close), response.delivery
        if how is not None and (how.reset or how.kept is not None):
            unsent = len(response.body) - (how.kept or 0)
            data, close = b"" if how.reset else data[: len(data) - max(0, unsent)], True
        if data:
            self._effects.append(SendData(flow, data))
        if close:
            del self._connections[flow]
            self._effects.append(CloseFlow(flow, reset=how is not None and how.reset))
