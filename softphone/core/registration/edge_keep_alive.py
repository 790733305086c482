"""STUN keep-alives of a remote phone: is its Expressway still there?

Every 30 s, with 3 s for the answer; then the registration moves to another edge. [documented for Jabber 14 and
X14: sip-wire 4, device-config 4.9]
"""

from __future__ import annotations

from simulator.core.actor.flow import Effect, SendData
from simulator.core.entropy import Entropy
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import stun
from simulator.core.sip.stun import StunMessage

INTERVAL = 30.0
PATIENCE = 3.0
"""Seconds."""
CALL_CHECK = 1.0
"""Seconds between two looks whether the call is over that a failover waits for. [assumed]"""


class EdgeWatch:
    def __init__(self, entropy: Entropy, out: list[Effect]) -> None:
        self._entropy, self._out = entropy, out
        self._asked: bytes | None = None
        self.next = Instant(0.0)
        """When to ask again, if this time it is answered."""
        self.queued = ""
        """Why the phone leaves its edge as soon as its call is over; empty: it does not."""

    def ask(self, flow: FlowId, now: Instant) -> None:
        self.next = Instant(now + INTERVAL)
        self._asked = bytes.fromhex(self._entropy.hex(12))
        self._out.append(SendData(flow, stun.render(StunMessage("request", self._asked))))

    def answered(self, transaction: bytes) -> bool:
        """Is this the answer that is awaited?"""
        if transaction != self._asked:
            return False
        self._asked = None
        return True

    def forget(self) -> None:
        self._asked, self.queued = None, ""
