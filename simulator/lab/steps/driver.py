"""What a scenario's steps may ask of a driver. `World` and `Lab` both offer it, so one file runs on either.

The methods are coroutines because the live driver must wait for the network; the World's never do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from simulator.core.events.log import Record
from simulator.core.network.network import Network
from simulator.lab.site.site import Site


class ScenarioDriver(Network, Protocol):
    """A network that a lab's site runs on."""

    @property
    def site(self) -> Site: ...

    async def until(
        self, enough: Callable[[list[Record]], bool], *, since: int, what: str = "expected events"
    ) -> None:
        """Wait until no traffic is on its way and `enough` holds of the records after `since`.

        It gives up when nothing more can come. `what`: what is waited for, in the event that says so.
        """
        ...
