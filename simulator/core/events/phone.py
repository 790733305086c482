"""The phone's life."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simulator.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneStateChanged(Event):
    """A phone's registration went from one state to another."""

    kind: ClassVar[str] = "phone:state_changed"
    old: str
    new: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePortDecided(Event):
    """A phone chose node and port from its configuration file."""

    kind: ClassVar[str] = "phone:port_decided"
    row: int
    """Row of the port-decision table, device-config.md section 5."""
    node: str
    port: int
    transport: str
    element: str
    """The cnf.xml element the port came from, e.g. sipOAuthPort."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneWarned(Event):
    """A phone noticed something odd and went on."""

    kind: ClassVar[str] = "phone:warned"
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRegistered(Event):
    """A phone's registration was accepted."""

    kind: ClassVar[str] = "phone:registered"
    node: str
    port: int
    expires: int
    refreshed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRefused(Event):
    """A phone reported the registrar's final answer, a refusal."""

    kind: ClassVar[str] = "phone:refused"
    node: str
    port: int
    status: int
    phrase: str
    warning: str | None = None
    retry_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneUnregistered(Event):
    """A phone ended its registration."""

    kind: ClassVar[str] = "phone:unregistered"
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFailed(Event):
    """A phone gave up for now: `code` is a typed error (E_...), `detail` says where and what."""

    kind: ClassVar[str] = "phone:failed"
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFailedOver(Event):
    """A phone moved to another node."""

    kind: ClassVar[str] = "phone:failed_over"
    old: str
    new: str
    why: str = ""
