"""STUN keep-alives of connections that the Expressway opened: one every 30 s; no answer ends the connection.

UCM only answers an Expressway-C whose name it resolves; registrations through others flap [documented]. That
the traversal connection is kept in the same way is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.actor.flow import SendData
from simulator.core.entropy import Entropy
from simulator.core.events import KeepAliveJudged
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import stun
from simulator.core.sip.stun import StunMessage
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.settings import ExpresswaySettings


@dataclass(slots=True, kw_only=True)
class _Kept:
    zone: str
    unanswered: str
    next: Instant
    """When the next binding request goes out."""
    answer_due: Instant | None = None
    transaction: bytes = b""


class KeepAlives:
    """The connections that are kept, by flow."""

    def __init__(self, *, settings: ExpresswaySettings, entropy: Entropy, out: Outbox) -> None:
        self._interval, self._patience = settings.keep_alive, settings.keep_alive_patience
        self._entropy, self._out = entropy, out
        self._kept: dict[FlowId, _Kept] = {}

    def begin(self, flow: FlowId, *, zone: str, unanswered: str, now: Instant) -> None:
        """Keep a connection that has come up; `unanswered` is what it means if no answer comes."""
        if self._interval is not None:
            self._kept[flow] = _Kept(zone=zone, unanswered=unanswered, next=Instant(now + self._interval))

    def stop(self, flow: FlowId) -> None:
        """Keep a connection no longer: it is gone."""
        self._kept.pop(flow, None)

    def forget(self) -> None:
        """Keep no connection."""
        self._kept.clear()

    def answered(self, flow: FlowId, transaction: bytes) -> None:
        """Take an answer; one that nobody waits for changes nothing."""
        one = self._kept.get(flow)
        if one is not None and one.answer_due is not None and transaction == one.transaction:
            one.answer_due = None

    def next_timeout(self) -> Instant | None:
        """Return the earliest instant of a request or of a missing answer."""
        dues = [due for one in self._kept.values() for due in (one.next, one.answer_due) if due is not None]
        return min(dues, default=None)

    def handle_timeout(self, now: Instant) -> list[tuple[FlowId, str]]:
        """Send what is due, and return the connections to be closed, each with the reason."""
        lost = []
        for flow, one in tuple(self._kept.items()):
            if one.answer_due is not None and one.answer_due <= now:
                del self._kept[flow]
                event = KeepAliveJudged(zone=one.zone, answered=False, detail=one.unanswered)
                self._out.journal.add(event, flow=flow)
                lost.append((flow, one.unanswered))
            elif one.next <= now:
                one.transaction = bytes.fromhex(self._entropy.hex(12))
                self._out.put(SendData(flow, stun.render(StunMessage("request", one.transaction))))
                one.answer_due = Instant(now + self._patience)
                one.next = Instant(now + (self._interval or 0.0))
        return lost
