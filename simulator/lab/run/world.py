"""The discrete-event driver: a lab without sockets and asyncio, exact and repeatable.

Its coroutines never wait, so `run_now` can finish them on the spot.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from simulator.core.actor.flow import Actor, Address
from simulator.core.actor.tap import Tap
from simulator.core.events.log import Record
from simulator.core.instant import Instant, ManualClock
from simulator.core.network.endpoint import Endpoint
from simulator.lab.config.lab import LabConfig
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.environment.pki import Pki
from simulator.lab.site.site import build_site
from simulator.lab.steps.service_actions import start_lab
from simulator.memory.network import MemoryNetwork

EPOCH = Instant(1_798_790_400.0)
"""Fri, 01 Jan 2027 08:00:00 GMT: the World always begins at the same moment, so traces can be compared."""

T = TypeVar("T")


class World:
    """A lab in memory, a `simulator.lab.steps.driver.ScenarioDriver`: it runs as soon as it is made."""

    def __init__(
        self,
        config: LabConfig,
        *,
        real_now: Instant,
        epoch: Instant = EPOCH,
        keylog: str | None = None,
        tap: Tap | None = None,
        pki: Pki | None = None,
    ) -> None:
        """`real_now`: the machine's time, for the validity of certificates only; `pki`: where they come from.

        `keylog`: a file for the TLS secrets; `tap`: is told of every byte.
        """
        clock = ManualClock(epoch)
        context = LabContext.create(config, clock=clock, real_now=real_now, addressing="documentation", pki=pki)
        self._network = MemoryNetwork(
            log=context.log,
            clock=clock,
            flows=context.flows,
            hosts=context.plan,
            real_now=real_now,
            keylog=keylog,
            tap=tap,
            handshake=config.handshake_timeout,
        )
        self.site = build_site(context, run=self._network.run)
        run_now(start_lab(self))

    def shut_down(self) -> None:
        """End the World: its database is closed."""
        self.site.ucm.close()

    # --- ScenarioDriver ---------------------------------------------------------------------------------------

    async def open(self, *endpoints: Endpoint) -> tuple[Address, ...]:
        addresses = await self._network.open(*endpoints)
        for endpoint, address in zip(endpoints, addresses, strict=True):
            self.site.addresses.bound(endpoint.owner, {endpoint.listen.name: address})
        return addresses

    async def close(self, *endpoints: Endpoint) -> None:
        await self._network.close(*endpoints)

    async def join(self, actor: Actor) -> None:
        await self._network.join(actor)

    async def leave(self, actor: Actor) -> None:
        await self._network.leave(actor)

    async def drop(self, actor: Actor) -> None:
        await self._network.drop(actor)

    def run(self, actor: Actor) -> None:
        self._network.run(actor)

    async def until_idle(self) -> None:
        await self._network.until_idle()

    async def advance(self, seconds: float) -> None:
        await self._network.advance(seconds)

    async def until(
        self, enough: Callable[[list[Record]], bool], *, since: int, what: str = "expected events"
    ) -> None:
        await self._network.until_idle()


def run_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits, and return its result. RuntimeError if it waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine waited in the World, where nothing ever waits")
