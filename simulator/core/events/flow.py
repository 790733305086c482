"""Connections and datagram flows, as the drivers saw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from simulator.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowOpened(Event):
    """TCP connected, or a first datagram was seen, before any TLS. The two ends mirror local and remote."""

    kind: ClassVar[str] = "flow:opened"
    transport: str
    local: str
    remote: str
    listener: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowClosed(Event):
    """A flow ended."""

    kind: ClassVar[str] = "flow:closed"
    by: Literal["us", "peer", "network"]
    clean: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFailed(Event):
    """No connection came about: refused, unreachable, timed out."""

    kind: ClassVar[str] = "flow:failed"
    transport: str
    remote: str
    detail: str
