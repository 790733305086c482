"""What an Expressway-C puts out: effects for its driver, and SIP messages as events and bytes."""

from __future__ import annotations

from typing import Literal

from simulator.core.actor.flow import Effect, SendData
from simulator.core.events import ProxyForwarded, SipSent
from simulator.core.events.log import Journal
from simulator.core.events.sip_summary import printable, seen
from simulator.core.ids import FlowId
from simulator.core.sip import Request, Response, serialize


class Outbox:
    """Effects in order, until the driver asks for them."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._effects: list[Effect] = []

    def put(self, effect: Effect) -> None:
        """Add an effect."""
        self._effects.append(effect)

    def drain(self) -> list[Effect]:
        """Return the effects since the last call."""
        drained, self._effects = self._effects, []
        return drained

    def transmit(self, flow: FlowId, message: Request | Response) -> None:
        """Send a SIP message over `flow`, and report it."""
        if self.journal.on:
            self.journal.add(seen(SipSent, message), flow=flow)
        self._effects.append(SendData(flow, serialize(message)))

    def note_forwarded(
        self, direction: Literal["inward", "outward"], message: Request | Response, flow: FlowId, cause: int
    ) -> None:
        """Report that a message was forwarded; `cause` is the seq of its sip:received."""
        if self.journal.on:
            event = ProxyForwarded(direction=direction, start_line=printable(message.start_line))
            self.journal.add(event, flow=flow, cause=cause or None)
