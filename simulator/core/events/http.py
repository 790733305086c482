"""Questions of clients that a node answers over HTTP or DNS: configuration files, UDS, names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from simulator.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigServed(Event):
    """A node answered a request for a configuration file."""

    kind: ClassVar[str] = "config:served"
    path: str
    status: int
    size: int
    source: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFetched(Event):
    """A phone fetched a file, and read it if `problem` is None."""

    kind: ClassVar[str] = "config:fetched"
    url: str
    status: int | None
    problem: str | None = None
    """Typed code of what is wrong (E_...), as in device-config.md."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswered(Event):
    """The side of a client that is no phone: what came back of a request over HTTP."""

    kind: ClassVar[str] = "http:answered"
    method: str
    where: str
    """Host, port and path, without the query: that may hold a code."""
    status: int | None
    """None: no answer came, and `detail` says why."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UdsAnswered(Event):
    """A node answered a request of User Data Services."""

    kind: ClassVar[str] = "uds:answered"
    path: str
    status: int
    user: str | None = None
    """Who asked, once the credentials were good."""
    how: Literal["none", "basic", "bearer", "opaque"] = "none"
    reason: str = ""
    """Why not, if not."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesAnswered(Event):
    """The lab's name server answered a question."""

    kind: ClassVar[str] = "dns:answered"
    name: str
    type: str
    rcode: str
    records: int
