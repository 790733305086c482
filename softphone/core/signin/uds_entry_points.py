"""The ways in that a sign-in has found: straight ones to each server of `_cisco-uds`, or through each edge.

Outside, every edge that SRV names is asked for its configuration before anything else: the phone must know
where else it can go when one is lost. [which edges Jabber asks, and when, is assumed]
"""

from __future__ import annotations

from simulator.core.actor.flow import Address
from softphone.core.settings.profile import EdgeServer
from softphone.core.signin.answers import Equipped
from softphone.core.signin.name_lookup import Target
from softphone.core.signin.route import STRAIGHT, Entrance, Route


class UdsEntryPoints:
    def __init__(self, domain: str) -> None:
        self._domain = domain
        self._found: list[Entrance] = []
        self._edges: tuple[Route, ...] = ()
        self._asked = 0
        self._place = 0

    def forget(self) -> None:
        self._found, self._edges, self._asked, self._place = [], (), 0, 0

    # --- edges ------------------------------------------------------------------------------------------------

    def outside(self, targets: tuple[Target, ...]) -> None:
        edges = (f"https://{Address(one.host, one.port)}" for one in targets)
        self.forget()
        self._edges = tuple(Route(edge=edge, domain=self._domain) for edge in edges)

    @property
    def edge(self) -> Route:
        """The one that is asked now."""
        return self._edges[self._asked]

    def next_edge(self) -> bool:
        """False: all were asked."""
        self._asked = min(self._asked + 1, len(self._edges))
        return self._asked < len(self._edges)

    def add(self, equipped: Equipped) -> None:
        """What the edge that is asked now said."""
        config, cookie = equipped
        way = Route(edge=self.edge.edge, domain=self._domain, cookie=cookie)
        servers = tuple(
            EdgeServer(address=address, route=config.route, base=way.edge, cookie=cookie)
            for address in config.sip
        )
        uds = (f"https://{address}" for address in config.uds)
        self._found += [Entrance(way=way, uds=one, servers=servers) for one in uds]

    # --- ways in ----------------------------------------------------------------------------------------------

    def inside(self, targets: tuple[Target, ...]) -> None:
        self.forget()
        self._found = [Entrance(way=STRAIGHT, uds=f"https://{Address(t.host, t.port)}") for t in targets]

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def entrance(self) -> Entrance:
        """The one in use."""
        return self._found[self._place]

    def next(self) -> bool:
        """False: that was the last."""
        if self._place + 1 >= len(self._found):
            return False
        self._place += 1
        return True

    def turn(self) -> None:
        """The next way, after the last one the first: for a session that goes on."""
        here = self.entrance.way
        for _ in self._found:
            self._place = (self._place + 1) % len(self._found)
            if self.entrance.way != here:
                return

    @property
    def ways(self) -> tuple[Route, ...]:
        """Each once, the one in use first."""
        turned = [*self._found[self._place :], *self._found[: self._place]]
        return tuple(dict.fromkeys(one.way for one in turned))

    @property
    def servers(self) -> tuple[EdgeServer, ...]:
        """Where SIP can go, the way in use first; empty: we are inside."""
        turned = [*self._found[self._place :], *self._found[: self._place]]
        return tuple(dict.fromkeys(server for one in turned for server in one.servers))
