"""What the SOAP services ask of the lab: services of a node that start and stop, and devices that are reset."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from simulator.core.instant import Instant


class ServiceState(StrEnum):
    """Values as Control Center spells them. [documented]"""

    STARTED = "Started"
    STOPPED = "Stopped"
    STARTING = "Starting"
    STOPPING = "Stopping"
    UNKNOWN = "Unknown"


NOT_ACTIVATED = -1068
"""Reason code of a service that could not be activated. [observed]"""
NO_REASON = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """A service of a node, as `utils service list` shows it."""

    name: str
    """UCM's name, e.g. Cisco CallManager."""
    state: ServiceState
    activated: bool = True
    started_at: Instant | None = None
    """None unless it is started."""


class ServiceRefused(ValueError):
    """A service that does not exist, is not activated, or cannot be stopped; the text says which."""


class ServiceControl(Protocol):
    """Services of the cluster's nodes. `node` is processnode.name. Start, stop and restart begin at once and
    may end later: `services` tells how far they are. They raise ServiceRefused.
    """

    def services(self, node: str, now: Instant) -> tuple[ServiceStatus, ...]:
        """Return the node's services and their states."""
        ...

    def start(self, node: str, service: str, now: Instant) -> None:
        """Begin to start a service."""
        ...

    def stop(self, node: str, service: str, now: Instant) -> None:
        """Begin to stop a service."""
        ...

    def restart(self, node: str, service: str, now: Instant) -> None:
        """Begin to stop a service and start it again."""
        ...


DeviceAction = Literal["reset", "restart", "apply"]


class DeviceControl(Protocol):
    """What AXL does to registered devices."""

    def act(self, device: str, action: DeviceAction, now: Instant) -> int:
        """Ask a registered device to do it; returns how many registrations that reached (0: it is not
        registered).
        """
        ...
