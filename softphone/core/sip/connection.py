"""One SIP connection of the phone's: framing, client transactions, and a journal entry for every message."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.actor.flow import Effect, FlowFacts, SendData
from simulator.core.events import SipMalformed, SipReceived, SipSent
from simulator.core.events.log import Journal
from simulator.core.events.sip_summary import seen
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import (
    ClientTransactions,
    KeepAlive,
    Need,
    RemoteProtocolError,
    Request,
    Response,
    ResponseArrived,
    SipStream,
    Timers,
    TransactionFailed,
    parse_message,
    reply_to,
    serialize,
)


@dataclass(frozen=True, slots=True)
class Broken:
    """Bytes that are not SIP: the connection is of no use any more."""

    detail: str


Inbound = Request | ResponseArrived | TransactionFailed | KeepAlive | Broken


class SipConnection:
    """`out` is the phone's list of effects, to which everything to be sent is appended."""

    def __init__(
        self, flow: FlowId, facts: FlowFacts, *, out: list[Effect], journal: Journal, timers: Timers
    ) -> None:
        self.flow = flow
        self.facts = facts
        self._out = out
        self._journal = journal
        reliable = facts.transport != "udp"
        self._stream = SipStream(initiator=True) if reliable else None
        self._transactions = ClientTransactions(reliable, timers)

    def send(self, request: Request, now: Instant) -> None:
        """Start a transaction; its end arrives from `receive` or `handle_timeout`."""
        self._transactions.send(request, now)
        self._flush()

    def reply(self, response: Response) -> None:
        """Send an answer to a request of the node."""
        self._put(response)

    def receive(self, data: bytes, now: Instant) -> list[Inbound]:
        """Return what the bytes brought, in order; of keep-alives only the answers, and no stray response."""
        if self._stream is None:
            return self._datagram(data, now)
        arrivals: list[Inbound] = []
        self._stream.receive_data(data)
        while True:
            try:
                message = self._stream.next_message()
            except RemoteProtocolError as error:
                self._malformed(error)
                if self._stream.failure is not None:
                    return [*arrivals, Broken(error.detail)]
                continue
            if message is Need.DATA:
                return arrivals
            if not isinstance(message, KeepAlive):
                arrivals += self._message(message, now)
            elif message.kind == "stun_response":
                arrivals.append(message)

    def handle_timeout(self, now: Instant) -> list[Inbound]:
        """Send what is due again, and return the transactions that have ended."""
        self._transactions.handle_timeout(now)
        self._flush()
        return self._finished()

    def next_timeout(self) -> Instant | None:
        return self._transactions.next_timeout()

    def _datagram(self, data: bytes, now: Instant) -> list[Inbound]:
        if not data.strip(b"\r\n\x00"):
            return []  # a keep-alive
        try:
            message = parse_message(data)
        except RemoteProtocolError as error:
            self._malformed(error)
            return []
        return self._message(message, now)

    def _message(self, message: Request | Response, now: Instant) -> list[Inbound]:
        if self._journal.on:
            self._journal.add(seen(SipReceived, message), flow=self.flow)
        if isinstance(message, Request):
            return [message]
        try:
            self._transactions.receive(message, now)
        except RemoteProtocolError as error:
            self._malformed(error)
        return self._finished()

    def _finished(self) -> list[Inbound]:
        return [
            event
            for event in self._transactions.events()
            if isinstance(event, (ResponseArrived, TransactionFailed))
        ]

    def _malformed(self, error: RemoteProtocolError) -> None:
        self._journal.add(SipMalformed(detail=error.detail, status=error.status_hint), flow=self.flow)
        request, status = error.request, error.status_hint
        if isinstance(request, Request) and status is not None and request.method != "ACK":
            self._put(reply_to(request, status))

    def _flush(self) -> None:
        for request in self._transactions.messages_to_send():
            self._put(request)

    def _put(self, message: Request | Response) -> None:
        if self._journal.on:
            self._journal.add(seen(SipSent, message), flow=self.flow)
        self._out.append(SendData(self.flow, serialize(message)))
