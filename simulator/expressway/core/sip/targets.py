"""What lies on the inner side of an Expressway's relay: zones that requests go to and come from."""

from __future__ import annotations

from typing import Protocol

from simulator.core.actor.flow import Effect
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.expressway.core.sip.forwarding import IncomingRequest
from simulator.expressway.core.sip.zone import Zone


class Inside(Protocol):
    """An Expressway-C's zones to its UCM nodes, or the one traversal zone of an Expressway-E."""

    def of(self, flow: FlowId) -> Zone | None:
        """The zone whose connection this is."""
        ...

    def zone_for(self, arrival: IncomingRequest) -> Zone | None:
        """Where a phone's request goes; None: nowhere."""
        ...

    def usable(self, zone: Zone, now: Instant) -> bool:
        """May a request be sent there at this moment?"""
        ...

    def reach(self, zone: Zone) -> tuple[FlowId, Effect | None]:
        """The connection of a usable zone, and what opens it if it is not there."""
        ...


class Losses(Protocol):
    """Who is told that a zone's connection is gone, or never came up."""

    def lost(self, zone: Zone, flow: FlowId, detail: str, now: Instant) -> None: ...
