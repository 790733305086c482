"""What the lab itself did: steps, faults, services, and a fault of the simulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simulator.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LabBuilt(Event):
    """The first event of a lab: its actors by kind, so that a stored run is read without the lab's file."""

    kind: ClassVar[str] = "lab:built"
    phones: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    """Of the cluster, the publisher first."""
    expressways: tuple[str, ...] = ()
    """An Expressway-E stands before its Expressway-C."""
    name_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken(Event):
    """A scenario's step began."""

    kind: ClassVar[str] = "scenario:step_taken"
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultInjected(Event):
    """The lab did something wrong because it was told to."""

    kind: ClassVar[str] = "fault:injected"
    fault: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatienceEnded(Event):
    """The lab stopped waiting for something that is still under way: the run proves nothing.

    The machine was too slow, or a peer outside the lab kept silent.
    """

    kind: ClassVar[str] = "lab:patience_ended"
    waited_for: str
    seconds: float
    """Real time it waited."""
    under_way: tuple[str, ...]
    """What it waited for in vain: connections, handshakes, data on the way, each with whose it is."""

    def __str__(self) -> str:
        """Say it in one sentence."""
        return f"waited {self.seconds:g} s for {self.waited_for}; still under way: {'; '.join(self.under_way)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStarted(Event):
    """A service started and loaded its configuration, which it keeps until it starts again."""

    kind: ClassVar[str] = "service:started"
    service: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStopped(Event):
    """A service stopped."""

    kind: ClassVar[str] = "service:stopped"
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorFailed(Event):
    """An actor raised: a fault of the simulator, not of what it tests. The flow it was about is closed."""

    kind: ClassVar[str] = "actor:failed"
    during: str
    """The call it happened in: flow_data, handle_timeout ..."""
    error: str
