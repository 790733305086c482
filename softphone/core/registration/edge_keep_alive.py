"""STUN keep-alives of a remote phone: is its Expressway still there?

One goes out every 30 s; without an answer within 3 s the registration moves to another edge. [documented for
Jabber 14 and X14: sip-wire 4, device-config 4.9]
"""

from __future__ import annotations

from simulator.core.actor.flow import SendData
from simulator.core.entropy import Entropy
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import stun
from simulator.core.sip.stun import StunMessage

INTERVAL = 30.0
"""Seconds from one binding request to the next."""
PATIENCE = 3.0
"""Seconds for the answer."""
CALL_CHECK = 1.0
"""Seconds after which a phone with a postponed move looks again whether its call is over. [assumed]"""


class EdgeKeepAlive:
    """The binding requests of one connection; `next` is when the next one goes out if this one is answered."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._transaction: bytes | None = None
        self.next = Instant(0.0)

    def request(self, flow: FlowId, now: Instant) -> SendData:
        """Return a binding request to send over `flow` now."""
        self.next = Instant(now + INTERVAL)
        self._transaction = bytes.fromhex(self._entropy.hex(12))
        return SendData(flow, stun.render(StunMessage("request", self._transaction)))

    def answers(self, transaction: bytes) -> bool:
        """Take an answer, and return whether it is the one that is awaited."""
        if transaction != self._transaction:
            return False
        self._transaction = None
        return True

    def forget(self) -> None:
        """Await no answer any longer: the connection is gone."""
        self._transaction = None
