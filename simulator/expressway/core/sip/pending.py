"""Requests that were forwarded and not answered yet: where each answer goes back to, and until when.

Keyed by the branch we pushed and the method, so that CANCEL shares its INVITE's branch (RFC 3261 9.1). Holds no
header but those an answer copies: never a credential.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import NewType

from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import Headers, Request
from simulator.expressway.core.sip.phone_flows import ContactKey

TIMER_F = 32.0
"""Seconds a non-INVITE request may stay unanswered (RFC 3261 17.1.2.2, 64*T1)."""
TIMER_C = 180.0
"""Seconds an INVITE may stay unanswered in a proxy (RFC 3261 16.6.11)."""

TransactionKey = NewType("TransactionKey", tuple[str, str])
_COPIED = ("Via", "From", "To", "Call-ID", "CSeq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A REGISTER on its way: the contacts that a 2xx binds to the phone's flow, and those it unbinds."""

    bound: tuple[ContactKey, ...] = ()
    unbound: tuple[ContactKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One request that awaits its answer."""

    key: TransactionKey
    origin: FlowId
    """Where the request came from and the answer goes to."""
    target: FlowId
    """Where the request went: the only flow an answer is taken from."""
    request: Request
    """The request as far as an answer copies it."""
    deadline: Instant
    registration: Registration | None = None
    answered: bool = False
    """An INVITE with its 2xx: kept for 32 s because that answer may come again (RFC 3261 16.7.5)."""


def answerable(request: Request) -> Request:
    """Return the request reduced to what RFC 3261 8.2.6.2 copies into an answer."""
    fields = tuple((name, value) for name in _COPIED for value in request.headers.get_all(name))
    return Request(request.method, request.uri_text, Headers(fields))


class PendingTable:
    """The caller of `add` bounds it: `len` and `asked` tell how much is waiting."""

    def __init__(self) -> None:
        # One queue a waiting time: each is ordered by deadline without being sorted.
        self._short: OrderedDict[TransactionKey, Pending] = OrderedDict()
        self._long: OrderedDict[TransactionKey, Pending] = OrderedDict()
        self._by_flow: dict[FlowId, set[TransactionKey]] = {}
        self._asked: dict[FlowId, int] = {}

    def __len__(self) -> int:
        return len(self._short) + len(self._long)

    def __contains__(self, key: TransactionKey) -> bool:
        return key in self._short or key in self._long

    def get(self, key: TransactionKey) -> Pending | None:
        """Return the request of that key."""
        return self._short.get(key) or self._long.get(key)

    def asked(self, origin: FlowId) -> int:
        """Return how many requests that came over `origin` are waiting."""
        return self._asked.get(origin, 0)

    def add(self, pending: Pending) -> None:
        """Wait for the answer to `pending`, in place of what had its key."""
        self.pop(pending.key)
        waits_long = pending.key[1] == "INVITE" and not pending.answered
        (self._long if waits_long else self._short)[pending.key] = pending
        for flow in {pending.origin, pending.target}:
            self._by_flow.setdefault(flow, set()).add(pending.key)
        self._asked[pending.origin] = self._asked.get(pending.origin, 0) + 1

    def pop(self, key: TransactionKey) -> Pending | None:
        """Take the request of that key out of the table."""
        pending = self._short.pop(key, None) or self._long.pop(key, None)
        if pending is None:
            return None
        for flow in {pending.origin, pending.target}:
            keys = self._by_flow[flow]
            keys.discard(key)
            if not keys:
                del self._by_flow[flow]
        self._asked[pending.origin] -= 1
        if not self._asked[pending.origin]:
            del self._asked[pending.origin]
        return pending

    def pop_flow(self, flow: FlowId) -> list[Pending]:
        """Take out everything that came from `flow` or went to it, oldest first."""
        keys = self._by_flow.get(flow, set())
        found = sorted((p for key in keys if (p := self.get(key))), key=lambda p: (p.deadline, p.key))
        for pending in found:
            self.pop(pending.key)
        return found

    def pop_overdue(self, now: Instant) -> list[Pending]:
        """Take out everything that has waited too long."""
        overdue: list[Pending] = []
        for queue in (self._short, self._long):
            while queue and (first := next(iter(queue.values()))).deadline <= now:
                self.pop(first.key)
                overdue.append(first)
        return overdue

    def next_deadline(self) -> Instant | None:
        """Return the earliest deadline."""
        firsts = [next(iter(queue.values())).deadline for queue in (self._short, self._long) if queue]
        return min(firsts, default=None)
