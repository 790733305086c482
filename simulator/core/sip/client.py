"""Client transactions for everything but INVITE (RFC 3261 17.1.2, figure 6), many of them on one flow.

Trying --1xx--> Proceeding --final--> Completed --timer K--> gone
Timer E retransmits (unreliable transports only); timer F, or the transport, gives up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from simulator.core.instant import Instant
from simulator.core.sip.errors import MalformedMessage
from simulator.core.sip.message import Request, Response
from simulator.core.sip.timing import Deadlines, IllegalInput, Timers


class ClientKey(NamedTuple):
    """What matches a response with its request (RFC 3261 17.1.3)."""

    branch: str
    method: str


class ClientState(Enum):
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class ClientInput(Enum):
    PROVISIONAL = "1xx"
    FINAL = "2xx-6xx"
    TIMER_E = "timer E"
    TIMER_F = "timer F"
    TIMER_K = "timer K"
    TRANSPORT_ERROR = "transport error"


_S, _I = ClientState, ClientInput
TRANSITIONS: Final[Mapping[tuple[ClientState, ClientInput], ClientState]] = MappingProxyType(
    {
        (_S.TRYING, _I.PROVISIONAL): _S.PROCEEDING,
        (_S.TRYING, _I.FINAL): _S.COMPLETED,
        (_S.TRYING, _I.TIMER_E): _S.TRYING,
        (_S.TRYING, _I.TIMER_F): _S.TERMINATED,
        (_S.TRYING, _I.TRANSPORT_ERROR): _S.TERMINATED,
        (_S.PROCEEDING, _I.PROVISIONAL): _S.PROCEEDING,
        (_S.PROCEEDING, _I.FINAL): _S.COMPLETED,
        (_S.PROCEEDING, _I.TIMER_E): _S.PROCEEDING,
        (_S.PROCEEDING, _I.TIMER_F): _S.TERMINATED,
        (_S.PROCEEDING, _I.TRANSPORT_ERROR): _S.TERMINATED,
        (_S.COMPLETED, _I.PROVISIONAL): _S.COMPLETED,
        (_S.COMPLETED, _I.FINAL): _S.COMPLETED,
        (_S.COMPLETED, _I.TIMER_K): _S.TERMINATED,
        (_S.COMPLETED, _I.TRANSPORT_ERROR): _S.TERMINATED,
    }
)
_OPEN = (ClientState.TRYING, ClientState.PROCEEDING)


@dataclass(frozen=True, slots=True)
class ResponseArrived:
    """A response that the user of the transaction has to see; retransmissions are not reported."""

    key: ClientKey
    request: Request
    response: Response


@dataclass(frozen=True, slots=True)
class StrayResponse:
    """A response that belongs to no open transaction."""

    response: Response


@dataclass(frozen=True, slots=True)
class TransactionFailed:
    """No final response will come: timer F has fired, or the transport has failed."""

    key: ClientKey
    request: Request
    cause: Literal["timer F", "transport error"]


ClientEvent = ResponseArrived | StrayResponse | TransactionFailed


@dataclass(slots=True)
class _Transaction:
    key: ClientKey
    request: Request
    interval: float
    state: ClientState = ClientState.TRYING


class ClientTransactions:
    """Run the client transactions of one flow.

    Call `send` and `receive`, then drain `messages_to_send` and `events`; `next_timeout` says when to call
    `handle_timeout`. On a reliable transport nothing is retransmitted and finished transactions end at once.
    """

    def __init__(self, reliable: bool, timers: Timers = Timers()) -> None:  # noqa: B008  (frozen)
        self._reliable = reliable
        self._timers = timers
        self._open: dict[ClientKey, _Transaction] = {}
        self._deadlines: Deadlines[tuple[_Transaction, ClientInput]] = Deadlines()
        self._outgoing: list[Request] = []
        self._events: list[ClientEvent] = []

    def send(self, request: Request, now: Instant) -> ClientKey:
        """Start a transaction. Raises ValueError if the top Via's branch is absent or in use."""
        branch = request.top_via.branch
        if not branch:
            raise ValueError("a request needs a branch in its top Via")
        key = ClientKey(branch, request.method)
        if key in self._open:
            raise ValueError(f"branch {branch} is in use")
        transaction = _Transaction(key, request, self._timers.t1)
        self._open[key] = transaction
        self._outgoing.append(request)
        self._arm(transaction, ClientInput.TIMER_F, Instant(now + self._timers.f))
        if not self._reliable:
            self._arm(transaction, ClientInput.TIMER_E, Instant(now + transaction.interval))
        return key

    def receive(self, response: Response, now: Instant) -> None:
        """Match a response with its transaction. Raises RemoteProtocolError if its Via or CSeq is broken."""
        branch = response.top_via.branch
        if branch is None:
            raise MalformedMessage("response without a branch in its top Via", status_hint=None)
        transaction = self._open.get(ClientKey(branch, response.cseq.method))
        if transaction is None:
            self._events.append(StrayResponse(response))
            return
        was = transaction.state
        final = response.status >= 200
        self._step(transaction, ClientInput.FINAL if final else ClientInput.PROVISIONAL)
        if was is ClientState.COMPLETED:
            return
        self._events.append(ResponseArrived(transaction.key, transaction.request, response))
        if final:
            # Timer K: T4 on unreliable transports, zero on reliable ones.
            if self._reliable:
                self._step(transaction, ClientInput.TIMER_K)
            else:
                self._arm(transaction, ClientInput.TIMER_K, Instant(now + self._timers.t4))

    def transport_failed(self) -> None:
        """Fail every open transaction, because the flow is gone (RFC 3261 17.1.4)."""
        for transaction in tuple(self._open.values()):
            unanswered = transaction.state in _OPEN
            self._step(transaction, ClientInput.TRANSPORT_ERROR)
            if unanswered:
                self._events.append(TransactionFailed(transaction.key, transaction.request, "transport error"))

    def next_timeout(self) -> Instant | None:
        while (first := self._deadlines.first()) is not None:
            at, (transaction, timer) = first
            if (transaction.state, timer) in TRANSITIONS:
                return at
            self._deadlines.drop_first()
        return None

    def handle_timeout(self, now: Instant) -> None:
        while (at := self.next_timeout()) is not None and at <= now:
            first = self._deadlines.first()
            assert first is not None
            transaction, timer = first[1]
            self._deadlines.drop_first()
            self._step(transaction, timer)
            if timer is ClientInput.TIMER_E:
                self._outgoing.append(transaction.request)
                self._arm(transaction, timer, Instant(at + self._next_interval(transaction)))
            elif timer is ClientInput.TIMER_F:
                self._events.append(TransactionFailed(transaction.key, transaction.request, "timer F"))

    def messages_to_send(self) -> list[Request]:
        """Drain the messages to send."""
        out, self._outgoing = self._outgoing, []
        return out

    def events(self) -> list[ClientEvent]:
        """Drain what happened, in order."""
        out, self._events = self._events, []
        return out

    def __len__(self) -> int:
        """Count the transactions that have not ended."""
        return len(self._open)

    def _next_interval(self, transaction: _Transaction) -> float:
        # 17.1.2.2: MIN(2*interval, T2) while trying, T2 once a provisional response came.
        if transaction.state is ClientState.PROCEEDING:
            transaction.interval = self._timers.t2
        else:
            transaction.interval = min(2 * transaction.interval, self._timers.t2)
        return transaction.interval

    def _arm(self, transaction: _Transaction, timer: ClientInput, at: Instant) -> None:
        self._deadlines.add(at, (transaction, timer))

    def _step(self, transaction: _Transaction, event: ClientInput) -> None:
        state = TRANSITIONS.get((transaction.state, event))
        if state is None:
            raise IllegalInput(transaction.state, event)
        transaction.state = state
        if state is ClientState.TERMINATED:
            del self._open[transaction.key]
