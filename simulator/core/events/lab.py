"""What the lab itself did: steps, faults, services, and a fault of the simulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simulator.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken(Event):
    kind: ClassVar[str] = "scenario:step_taken"
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultInjected(Event):
    kind: ClassVar[str] = "fault:injected"
    fault: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStarted(Event):
    """A service loaded what it knows (architecture: "what a service knows is what it loaded")."""

    kind: ClassVar[str] = "service:started"
    service: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStopped(Event):
    kind: ClassVar[str] = "service:stopped"
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorFailed(Event):
    """An actor raised: a fault of the simulator, not of what it tests. The flow it was about is closed."""

    kind: ClassVar[str] = "actor:failed"
    during: str
    """The call it happened in: flow_data, handle_timeout ..."""
    error: str
