"""How the sign-in reaches the servers inside: straight, or through an Expressway that relays for it.

What lies inside is always called by its own URL; only `Route.url` knows what is dialled for it. The first
segment of a relayed path is the base64 of `<domain>/<protocol>/<host>/<port>` [assumed], without padding
[observed: device-config 4.8].
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from softphone.core.settings.profile import EdgeServer

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    edge: str = ""
    """`https://host:port` of the Expressway; empty: straight."""
    domain: str = ""
    cookie: str = field(default="", repr=False)
    """What the edge knows the client by, as the Cookie header says it."""

    def url(self, inside: str) -> str:
        """What is dialled for a URL of the inside."""
        if not self.edge:
            return inside
        parts = urlsplit(inside)
        port = parts.port or _PORTS[parts.scheme]
        place = encode(f"{self.domain}/{parts.scheme}/{parts.hostname}/{port}")
        query = f"?{parts.query}" if parts.query else ""
        return f"{self.edge}/{place}{parts.path}{query}"

    def asking(self, what: str) -> str:
        """URL of the edge's own get_edge_config or get_edge_sso."""
        return f"{self.edge}/{encode(self.domain)}/{what}"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("Cookie", self.cookie),) if self.cookie else ()


STRAIGHT = Route()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A User Data Service to begin with, and the way there."""

    way: Route
    uds: str
    """`https://host:port`, as it is called inside."""
    servers: tuple[EdgeServer, ...] = ()
    """Where SIP goes if this is a way through an edge."""


def encode(text: str) -> str:
    return b64encode(text.encode()).decode().rstrip("=")
