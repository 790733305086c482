"""What all flows of one driver share: where they are told of, their limits, and how addresses are mapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.aio.activity import Activity
from simulator.core.actor.flow import Address
from simulator.core.actor.tap import Tap
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowIds

AddressMap = Callable[[Address], Address]
"""The address that events tell for one on the wire."""
Resolve = Callable[[Address], Address]
"""What the sockets use for an address that an actor dials. OSError and LookupError mean "no such host"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """Seconds of real time and bytes, for each connection."""

    handshake: float = 10.0
    """Until an accepted connection must have finished its TLS handshake."""
    idle: float | None = None
    """Until a connection that says nothing is closed; None: never."""
    linger: float = 2.0
    """Until a connection that we closed, and whose peer makes no progress, is reset."""
    unsent: int = 1 << 20
    """Bytes that may wait for a peer that does not read, before the connection is reset."""
    backlog: int = 1024
    udp_flows: int = 4096
    """Remote addresses that one UDP listener remembers; the one silent for longest is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowContext:
    """What everything that makes or carries flows is given."""

    log: EventLog
    flows: FlowIds
    activity: Activity = field(default_factory=Activity)
    """What `until_idle` of the driver waits for."""
    limits: ConnectionLimits = ConnectionLimits()
    resolve: Resolve | None = None
    """None: what is dialled is what the sockets use."""
    keylog: str | None = None
    """A file for the TLS secrets of every session, both roles."""
    tap: Tap | None = None
    """Told of every byte on the wire."""
    address_map: AddressMap | None = None
    """For events, where `resolve` maps addresses; None: they tell the wire's."""
