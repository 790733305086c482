"""The inner side of an Expressway's proxy: zones to which phones' requests go and from which UCM's come."""

from __future__ import annotations

from typing import Protocol

from simulator.core.actor.flow import Address, Effect, FlowEnd
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.expressway.core.sip.forwarding import IncomingRequest
from simulator.expressway.core.sip.zone import Zone


class TargetZones(Protocol):
    """An Expressway-C's zones to its UCM nodes, or the one traversal zone of an Expressway-E."""

    def of(self, flow: FlowId) -> Zone | None:
        """Return the zone whose connection `flow` is."""
        ...

    def zone_for(self, arrival: IncomingRequest) -> Zone | None:
        """Return the zone to which a phone's request goes; None if it goes nowhere."""
        ...

    def usable(self, zone: Zone, now: Instant) -> bool:
        """Whether a request may be sent to `zone` at this moment."""
        ...

    def reach(self, zone: Zone) -> tuple[FlowId, Effect | None]:
        """Return the connection of a usable zone, and the effect that opens it where there is none."""
        ...

    def lost(self, zone: Zone, flow: FlowId, detail: str, now: Instant) -> None:
        """Take note that the zone's connection is gone or never came up, and report it."""
        ...


class Uplink(Protocol):
    """The traversal connection of an Expressway-C, over which phones reach it."""

    title: str
    unanswered: str
    """What it means if STUN is not answered."""

    @property
    def flow(self) -> FlowId | None: ...

    def opened(self, remote: Address, now: Instant) -> None:
        """Take note that the connection is up."""
        ...

    def lost(self, detail: str, now: Instant) -> None:
        """Take note that the connection is gone or never came up, and report it."""
        ...

    def describe(self, end: FlowEnd) -> str:
        """Say why the connection is gone, from the end that the driver reported."""
        ...
