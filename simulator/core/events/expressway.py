"""What an Expressway did: zones, discovery, tokens, and requests at its edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from simulator.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyForwarded(Event):
    """An Expressway forwarded a SIP request."""

    kind: ClassVar[str] = "expressway:forwarded"
    direction: Literal["inward", "outward"]
    start_line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneChanged(Event):
    """A neighbour zone (`CEOAuth <node>`), a traversal zone or the tunnel beside it came up or went down."""

    kind: ClassVar[str] = "expressway:zone_changed"
    zone: str
    state: Literal["active", "failed"]
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraversalPeerRefused(Event):
    """An Expressway-E refused the peer of its traversal listener: it is not the expected Expressway-C."""

    kind: ClassVar[str] = "expressway:peer_refused"
    wanted: str
    """TLS verify subject name."""
    offered: tuple[str, ...] = ()
    """Names in the certificate that came."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneConfigured(Event):
    """Discovery made or removed a zone and its search rule of the same name."""

    kind: ClassVar[str] = "expressway:zone_configured"
    zone: str
    what: Literal["created", "removed"]
    address: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UcmQueried(Event):
    """Discovery sent a request to a Unified CM and was answered. status 0: not at all."""

    kind: ClassVar[str] = "expressway:queried"
    function: str
    url: str
    status: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UcmDiscovered(Event):
    """A discover or refresh has ended."""

    kind: ClassVar[str] = "expressway:discovered"
    publisher: str
    discovered: bool
    nodes: tuple[str, ...] = ()
    version: str = ""
    pushed: str = ""
    """What became of our row in the Expressway-C table: added or updated."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeTokenJudged(Event):
    """An Expressway checked a token with the keys it had fetched."""

    kind: ClassVar[str] = "expressway:token_judged"
    accepted: bool
    user: str = ""
    problem: str = ""
    """malformed, key_unknown, signature, undecryptable, expired."""
    detail: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBlocked(Event):
    """An Expressway ignores an address for a while."""

    kind: ClassVar[str] = "expressway:blocked"
    source: str
    seconds: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRequestAnswered(Event):
    """A request at an Expressway's 8443 was answered."""

    kind: ClassVar[str] = "expressway:http"
    method: str
    path: str
    status: int
    source: str = ""
    user: str | None = None
    inside: str = ""
    """The host it was relayed to; empty: answered by the edge."""
    scheme: str = "https"
    """http: relayed without TLS, as configuration files on 6970 are."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAliveJudged(Event):
    """A STUN keep-alive on a zone's connection was answered in time, or was not."""

    kind: ClassVar[str] = "expressway:keep_alive"
    zone: str
    answered: bool
    detail: str = ""
