"""A wire tap: told of every byte that a network moves, as it is on the wire, TLS still encrypted.

Both networks call the tap they were given; without one they only ask whether it is None.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from simulator.core.actor.flow import FlowFacts
from simulator.core.ids import FlowId


class WireEnd(Enum):
    """A mark of TCP at the end of one direction. After a FIN the other direction may go on."""

    FIN_SENT = "fin sent"
    FIN_RECEIVED = "fin received"
    RESET_SENT = "reset sent"
    RESET_RECEIVED = "reset received"


class Tap(Protocol):
    """Told at the moment it happens; must not raise and must not call back into the driver.

    The two ends of a connection inside one lab are two flows: both tell what they sent and what they received.
    """

    def opened(self, flow: FlowId, facts: FlowFacts) -> None:
        """TCP is up, or the first datagram is on its way. Addresses are the wire's; `facts.tls` is None."""
        ...

    def sent(self, flow: FlowId, data: bytes) -> None:
        """A piece of the stream, or one whole datagram."""
        ...

    def received(self, flow: FlowId, data: bytes) -> None:
        """A piece of the stream, or one whole datagram."""
        ...

    def ended(self, flow: FlowId, how: WireEnd) -> None:
        """One direction ends with a FIN, or both with a reset."""
        ...
