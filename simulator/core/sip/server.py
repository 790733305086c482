"""Server transactions for everything but INVITE (RFC 3261 17.2.2, figure 8), many of them on one flow.

Trying --respond 1xx--> Proceeding --respond final--> Completed --timer J--> gone
A retransmitted request is answered with the last response, whatever the user of the transaction does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, Generic, NamedTuple, TypeVar

from simulator.core.instant import Instant
from simulator.core.sip.message import Request
from simulator.core.sip.timing import Deadlines, IllegalInput, Timers

MAGIC_COOKIE: Final = "z9hG4bK"
"""8.1.1.7: a branch that begins so is unique in space and time."""


class ServerKey(NamedTuple):
    """What identifies a request, so that a retransmission is recognised (RFC 3261 17.2.3)."""

    branch: str
    sent_by: str
    method: str


class ServerState(Enum):
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class ServerInput(Enum):
    REQUEST = "retransmitted request"
    PROVISIONAL = "respond 1xx"
    FINAL = "respond 2xx-6xx"
    TIMER_J = "timer J"
    TRANSPORT_ERROR = "transport error"


_S, _I = ServerState, ServerInput
TRANSITIONS: Final[Mapping[tuple[ServerState, ServerInput], ServerState]] = MappingProxyType(
    {
        (_S.TRYING, _I.REQUEST): _S.TRYING,
        (_S.TRYING, _I.PROVISIONAL): _S.PROCEEDING,
        (_S.TRYING, _I.FINAL): _S.COMPLETED,
        (_S.TRYING, _I.TRANSPORT_ERROR): _S.TERMINATED,
        (_S.PROCEEDING, _I.REQUEST): _S.PROCEEDING,
        (_S.PROCEEDING, _I.PROVISIONAL): _S.PROCEEDING,
        (_S.PROCEEDING, _I.FINAL): _S.COMPLETED,
        (_S.PROCEEDING, _I.TRANSPORT_ERROR): _S.TERMINATED,
        (_S.COMPLETED, _I.REQUEST): _S.COMPLETED,
        (_S.COMPLETED, _I.TIMER_J): _S.TERMINATED,
        (_S.COMPLETED, _I.TRANSPORT_ERROR): _S.TERMINATED,
    }
)


Answer = TypeVar("Answer")
"""A response as the user of the transactions has it, e.g. its bytes: it is kept and given back, never read."""


@dataclass(slots=True)
class _Transaction(Generic[Answer]):
    key: ServerKey
    state: ServerState = ServerState.TRYING
    last: Answer | None = None


class ServerTransactions(Generic[Answer]):
    """Keeps the server transactions of one flow.

    Call `receive` for each request and `respond` once it is decided, then drain `messages_to_send`;
    `next_timeout` says when to call `handle_timeout`. On a reliable transport a transaction ends with its final
    response."""

    def __init__(self, reliable: bool, timers: Timers = Timers()) -> None:  # noqa: B008  (frozen)
        self._reliable = reliable
        self._timers = timers
        self._open: dict[ServerKey, _Transaction[Answer]] = {}
        self._deadlines: Deadlines[_Transaction[Answer]] = Deadlines()
        self._outgoing: list[Answer] = []

    def receive(self, request: Request, now: Instant) -> ServerKey | None:
        """The key to respond with, or None: a retransmission (which got its answer again, if there is one), or
        an ACK, which is never answered. Raises RemoteProtocolError if the request cannot be matched."""
        if request.method == "ACK":
            return None
        key = server_key(request)
        transaction = self._open.get(key)
        if transaction is not None:
            self._step(transaction, ServerInput.REQUEST)
            if transaction.last is not None:
                self._outgoing.append(transaction.last)
            return None
        self._open[key] = _Transaction(key)
        return key

    def respond(self, key: ServerKey, status: int, response: Answer, now: Instant) -> None:
        """Send a response of `status`. Raises ValueError if the transaction is gone, IllegalInput if it was
        answered."""
        transaction = self._open.get(key)
        if transaction is None:
            raise ValueError(f"no open transaction {key.method} {key.branch}")
        final = status >= 200
        self._step(transaction, ServerInput.FINAL if final else ServerInput.PROVISIONAL)
        transaction.last = response
        self._outgoing.append(response)
        if final:
            # Timer J: 64*T1 on unreliable transports, zero on reliable ones.
            if self._reliable:
                self._step(transaction, ServerInput.TIMER_J)
            else:
                self._deadlines.add(Instant(now + self._timers.f), transaction)

    def transport_failed(self) -> None:
        """End every transaction, because the flow is gone and nobody is left to answer."""
        for transaction in tuple(self._open.values()):
            self._step(transaction, ServerInput.TRANSPORT_ERROR)

    def next_timeout(self) -> Instant | None:
        while (first := self._deadlines.first()) is not None:
            if first[1].state is ServerState.COMPLETED:
                return first[0]
            self._deadlines.drop_first()
        return None

    def handle_timeout(self, now: Instant) -> None:
        while (at := self.next_timeout()) is not None and at <= now:
            first = self._deadlines.first()
            assert first is not None
            self._deadlines.drop_first()
            self._step(first[1], ServerInput.TIMER_J)

    def messages_to_send(self) -> list[Answer]:
        """Drain the messages to send."""
        out, self._outgoing = self._outgoing, []
        return out

    def __len__(self) -> int:
        """Count the transactions that have not ended."""
        return len(self._open)

    def _step(self, transaction: _Transaction[Answer], event: ServerInput) -> None:
        state = TRANSITIONS.get((transaction.state, event))
        if state is None:
            raise IllegalInput(transaction.state, event)
        transaction.state = state
        if state is ServerState.TERMINATED:
            del self._open[transaction.key]


def server_key(request: Request) -> ServerKey:
    """Return the key of a request's transaction. Raises RemoteProtocolError if Via (or, for an RFC 2543 client,
    what else identifies it) is broken.
    """
    via = request.top_via
    branch = via.branch or ""
    if not branch.startswith(MAGIC_COOKIE) or len(branch) == len(MAGIC_COOKIE):
        # 17.2.3: without the cookie, or with nothing else (RFC 4475 3.2.1), these identify the request.
        branch = "\n".join(
            (request.uri_text, request.from_.tag or "", request.call_id, str(request.cseq), str(via))
        )
    return ServerKey(branch, via.sent_by, request.method)
