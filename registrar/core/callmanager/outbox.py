"""What goes out on a CallManager's connections: answers, requests, retransmissions and their deadlines."""

from __future__ import annotations

from heapq import heappop, heappush

from registrar.core.callmanager import events
from registrar.core.callmanager.connection import CallManagerFlow
from registrar.core.callmanager.replies import status_of
from simulator.core.actor.flow import CloseFlow, Effect, SendData
from simulator.core.events.log import Journal
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import (
    ClientTransactions,
    Request,
    Response,
    ServerKey,
    serialize,
    stun,
)


class Outbox:
    """Collects effects. A deadline in the heap counts only while its connection still names it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._effects: list[Effect] = []
        self._deadlines: list[tuple[Instant, FlowId]] = []

    def effects(self) -> list[Effect]:
        """Return what was collected since the last call, and forget it."""
        out, self._effects = self._effects, []
        return out

    def close(self, flow: FlowId) -> None:
        """Close `flow` once what was collected before has been sent."""
        self._effects.append(CloseFlow(flow))

    def pong(self, flow: FlowId) -> None:
        """Answer a keep-alive ping (RFC 5626 3.5.1)."""
        self._effects.append(SendData(flow, b"\r\n"))

    def stun(self, flow: FlowId, transaction: bytes) -> None:
        """Answer a STUN binding request on a stream (RFC 5626 3.5.2)."""
        self._effects.append(SendData(flow, stun.render(stun.StunMessage("response", transaction))))

    def answer(
        self,
        connection: CallManagerFlow,
        data: bytes,
        request: Request,
        key: ServerKey | None,
        now: Instant,
        cause: int,
    ) -> None:
        """Send a response; on UDP (`key`) within its transaction, which repeats these bytes if it must."""
        flow = connection.peer.flow
        if self._journal.on:
            events.report_sent(self._journal, data, request, flow, cause)
        if key is None or connection.server is None:
            self._effects.append(SendData(flow, data))
            return
        connection.server.respond(key, status_of(data), data, now)
        self.flush(connection)

    def request(self, connection: CallManagerFlow, request: Request, now: Instant) -> None:
        """Send a request of the node's own, and repeat it on UDP until it is answered (RFC 3261 17.1.2)."""
        if connection.client is None:
            connection.client = ClientTransactions(reliable=connection.server is None)
        connection.client.send(request, now)
        self.flush(connection)

    def answered(self, connection: CallManagerFlow, response: Response, now: Instant) -> None:
        """Take a response that came. Raises RemoteProtocolError if it cannot be matched to any request."""
        if connection.client is None:
            return
        try:
            connection.client.receive(response, now)
        finally:
            self.flush(connection)

    def flush(self, connection: CallManagerFlow) -> None:
        """Collect what the connection's transactions want sent, and note their next deadline."""
        flow = connection.peer.flow
        if connection.server is not None:
            for data in connection.server.messages_to_send():
                self._effects.append(SendData(flow, data))
        if connection.client is not None:
            for request in connection.client.messages_to_send():
                rendered = serialize(request)
                if self._journal.on:
                    events.report_sent(self._journal, rendered, request, flow, 0)
                self._effects.append(SendData(flow, rendered))
            connection.client.events()
        due = connection.next_timeout()
        if due is not None and (connection.queued is None or due < connection.queued):
            connection.queued = due
            heappush(self._deadlines, (due, flow))

    def next_timeout(self) -> Instant | None:
        """Return when `handle_timeout` has something to do; None: never."""
        return self._deadlines[0][0] if self._deadlines else None

    def handle_timeout(self, connections: dict[FlowId, CallManagerFlow], now: Instant) -> None:
        """Let the transactions of the node's `connections` do what is due by `now`."""
        while self._deadlines and self._deadlines[0][0] <= now:
            at, flow = heappop(self._deadlines)
            connection = connections.get(flow)
            if connection is None or connection.queued != at:
                continue
            connection.queued = None
            connection.handle_timeout(now)
            self.flush(connection)

    def forget_timers(self) -> None:
        """Drop every noted deadline: the service stops, and its connections end."""
        self._deadlines.clear()
