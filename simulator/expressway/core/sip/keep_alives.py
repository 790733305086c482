"""STUN keep-alives of connections that we opened: one every 30 s; one that is not answered ends its connection.

UCM only answers an Expressway-C whose name it resolves; registrations of others flap [documented]. That the
traversal connection is kept in the same way is assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from simulator.core.actor.flow import SendData
from simulator.core.entropy import Entropy
from simulator.core.events import KeepAliveJudged
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import stun
from simulator.core.sip.stun import StunMessage
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.settings import ExpresswaySettings


class Pinged(Protocol):
    """A connection that is kept."""

    flow: FlowId | None
    next_ping: Instant | None
    pong_due: Instant | None
    transaction: bytes

    @property
    def title(self) -> str: ...

    @property
    def unanswered(self) -> str:
        """What it means if no answer comes."""
        ...


class KeepAlives:
    """`pinged`: every connection that may be up."""

    def __init__(
        self,
        pinged: Callable[[], Iterable[Pinged]],
        *,
        settings: ExpresswaySettings,
        entropy: Entropy,
        out: Outbox,
    ) -> None:
        self._pinged, self._settings, self._entropy, self._out = pinged, settings, entropy, out

    def begin(self, one: Pinged, now: Instant) -> None:
        """Its connection is up."""
        if self._settings.keep_alive is not None:
            one.next_ping = Instant(now + self._settings.keep_alive)

    def answered(self, flow: FlowId, transaction: bytes) -> None:
        for one in self._pinged():
            if one.flow == flow and one.pong_due is not None and transaction == one.transaction:
                one.pong_due = None

    def next_timeout(self) -> Instant | None:
        dues = [due for one in self._pinged() for due in (one.next_ping, one.pong_due) if due is not None]
        return min(dues, default=None)

    def handle_timeout(self, now: Instant) -> list[Pinged]:
        """Sends what is due; returns whose connection is given up."""
        lost = []
        for one in self._pinged():
            if one.pong_due is not None and one.pong_due <= now:
                one.pong_due = one.next_ping = None
                self._out.journal.add(
                    KeepAliveJudged(zone=one.title, answered=False, detail=one.unanswered), flow=one.flow
                )
                lost.append(one)
            elif one.next_ping is not None and one.next_ping <= now and one.flow is not None:
                one.transaction = bytes.fromhex(self._entropy.hex(12))
                self._out.put(SendData(one.flow, stun.render(StunMessage("request", one.transaction))))
                one.pong_due = Instant(now + self._settings.keep_alive_patience)
                one.next_ping = Instant(now + (self._settings.keep_alive or 0.0))
        return lost
