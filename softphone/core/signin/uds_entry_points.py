"""The routes to User Data Services that a sign-in has found: direct ones, or through each Expressway.

Outside, every edge that SRV names is asked for its configuration before anything else: the phone must know
where else it can go when one is lost. [which edges Jabber asks, and when, is assumed]

Servers inside are always called by their own URL; only `Route.url` knows what is dialled for it. The first
segment of a relayed path is the base64 of `<domain>/<protocol>/<host>/<port>` [assumed], without padding
[observed: device-config 4.8].
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from simulator.core.actor.flow import Address
from softphone.core.settings.profile import EdgeServer
from softphone.core.signin.answers import EdgeAnswer
from softphone.core.signin.name_lookup import SrvTarget

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How a client reaches the servers inside."""

    edge: str = ""
    """`https://host:port` of the Expressway; empty: direct."""
    domain: str = ""
    cookie: str = field(default="", repr=False)
    """The Cookie header by which the edge knows the client."""

    def url(self, inside: str) -> str:
        """Return the URL to dial for a URL of a server inside."""
        if not self.edge:
            return inside
        parts = urlsplit(inside)
        port = parts.port or _PORTS[parts.scheme]
        place = encode(f"{self.domain}/{parts.scheme}/{parts.hostname}/{port}")
        query = f"?{parts.query}" if parts.query else ""
        return f"{self.edge}/{place}{parts.path}{query}"

    def asking(self, what: str) -> str:
        """Return the URL of the edge's own get_edge_config or get_edge_sso."""
        return f"{self.edge}/{encode(self.domain)}/{what}"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("Cookie", self.cookie),) if self.cookie else ()


DIRECT = Route()


@dataclass(frozen=True, slots=True, kw_only=True)
class UdsEntryPoint:
    """A User Data Service to begin with, and the route to it."""

    route: Route
    uds: str
    """`https://host:port`, as it is called inside."""
    servers: tuple[EdgeServer, ...] = ()
    """Where SIP goes if the route leads through an edge."""


class UdsEntryPoints:
    """The entry points in order, which of them is in use, and which edge is being asked."""

    def __init__(self, domain: str) -> None:
        self._domain = domain
        self._found: list[UdsEntryPoint] = []
        self._edges: tuple[Route, ...] = ()
        self._asked = 0
        self._place = 0

    def forget(self) -> None:
        """Drop everything that was found."""
        self._found, self._edges, self._asked, self._place = [], (), 0, 0

    # --- edges ------------------------------------------------------------------------------------------------

    def outside(self, targets: tuple[SrvTarget, ...]) -> None:
        """Begin with the Expressways of `_collab-edge`."""
        edges = (f"https://{Address(one.host, one.port)}" for one in targets)
        self.forget()
        self._edges = tuple(Route(edge=edge, domain=self._domain) for edge in edges)

    @property
    def edge(self) -> Route:
        """The route through the edge that is being asked."""
        return self._edges[self._asked]

    def next_edge(self) -> bool:
        """Ask the next edge; False if all were asked."""
        self._asked = min(self._asked + 1, len(self._edges))
        return self._asked < len(self._edges)

    def add(self, answer: EdgeAnswer) -> None:
        """Add the entry points behind the edge that is being asked."""
        config, cookie = answer
        route = Route(edge=self.edge.edge, domain=self._domain, cookie=cookie)
        servers = tuple(
            EdgeServer(address=address, route=config.route, base=route.edge, cookie=cookie)
            for address in config.sip
        )
        uds = (f"https://{address}" for address in config.uds)
        self._found += [UdsEntryPoint(route=route, uds=one, servers=servers) for one in uds]

    # --- entry points -----------------------------------------------------------------------------------------

    def inside(self, targets: tuple[SrvTarget, ...]) -> None:
        """Begin with the servers of `_cisco-uds`."""
        self.forget()
        self._found = [UdsEntryPoint(route=DIRECT, uds=f"https://{Address(t.host, t.port)}") for t in targets]

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def current(self) -> UdsEntryPoint:
        """The entry point in use."""
        return self._found[self._place]

    def next(self) -> bool:
        """Use the next entry point; False if that was the last."""
        if self._place + 1 >= len(self._found):
            return False
        self._place += 1
        return True

    def turn(self) -> None:
        """Use an entry point by the next route, after the last route the first: for a session that goes on."""
        here = self.current.route
        for _ in self._found:
            self._place = (self._place + 1) % len(self._found)
            if self.current.route != here:
                return

    @property
    def routes(self) -> tuple[Route, ...]:
        """Each route once, the one in use first."""
        return tuple(dict.fromkeys(one.route for one in self._turned()))

    @property
    def servers(self) -> tuple[EdgeServer, ...]:
        """Where SIP can go, the route in use first; empty if the phone is inside."""
        return tuple(dict.fromkeys(server for one in self._turned() for server in one.servers))

    def _turned(self) -> list[UdsEntryPoint]:
        return [*self._found[self._place :], *self._found[: self._place]]


def encode(text: str) -> str:
    """Return `text` in base64 without padding."""
    return b64encode(text.encode()).decode().rstrip("=")
