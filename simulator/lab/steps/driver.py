"""What a scenario's steps may ask of a driver. `World` and `Lab` both offer it, so one file runs on either.

The methods are coroutines because the live driver must wait for the network; the World's never do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from simulator.core.actor.flow import Actor
from simulator.core.events.log import Record
from simulator.lab.site.site import Site


class ScenarioDriver(Protocol):
    @property
    def site(self) -> Site: ...

    def run(self, actor: Actor) -> None:
        """Carry out the effects of a call that was made into `actor` from outside."""
        ...

    async def until_idle(self) -> None:
        """Until nothing is in flight any more."""
        ...

    async def advance(self, seconds: float) -> None:
        """Let time pass, deadline by deadline."""
        ...

    async def until(self, enough: Callable[[list[Record]], bool], *, since: int) -> None:
        """Until `enough` holds of the records after `since`, or until nothing more can come."""
        ...

    async def open_node(self, name: str) -> None:
        """Open the listeners of this node's CallManager service, as its snapshot says."""
        ...

    async def close_node(self, name: str) -> None:
        """Close its listeners and every connection on them."""
        ...

    async def open_expressway(self, name: str) -> None:
        """Open the listeners of this Expressway pair."""
        ...

    async def close_expressway(self, name: str) -> None:
        """Close its listeners and every connection of it."""
        ...

    async def open_tomcat(self, name: str) -> None:
        """The node's web server on 8443, with the Tomcat certificate of now; a driver may have none."""
        ...

    async def close_tomcat(self, name: str) -> None: ...

    async def open_tftp(self, name: str) -> None:
        """The node's configuration files on 6970."""
        ...

    async def close_tftp(self, name: str) -> None: ...

    async def drop_phone(self, device: str) -> None:
        """The phone's connections vanish: no unregister, no close_notify."""
        ...

    async def join(self, actor: Actor) -> None:
        """One more client, which listens nowhere."""
        ...

    async def drop(self, actor: Actor) -> None:
        """The client's connections vanish, as a phone's do; it is not run any more."""
        ...
