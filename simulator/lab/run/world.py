"""The discrete-event driver: the same actors with no sockets and no asyncio, exactly.

Its coroutines never wait, so `run_now` can finish them on the spot.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from simulator.core.actor.flow import Actor, Address
from simulator.core.actor.tap import Tap
from simulator.core.events.log import Record
from simulator.core.ids import ActorId
from simulator.core.instant import Instant, ManualClock
from simulator.lab.config.lab import LabConfig
from simulator.lab.site.pki import Pki
from simulator.lab.site.site import Site
from simulator.memory.http import HttpEndpoint
from simulator.memory.network import MemoryNet

EPOCH = Instant(1_798_790_400.0)
"""Fri, 01 Jan 2027 08:00:00 GMT: the World always begins at the same moment, so traces can be compared."""

T = TypeVar("T")


class World:
    """A `simulator.lab.steps.driver.ScenarioDriver`."""

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
        self.site = Site(config, clock=clock, real_now=real_now, addressing="documentation", pki=pki)
        self._net = MemoryNet(
            log=self.site.log,
            clock=clock,
            flows=self.site.flows,
            surroundings=self.site,
            real_now=real_now,
            keylog=keylog,
            tap=tap,
            handshake=config.handshake_timeout,
        )
        self.site.touched = self._net.run
        self._tomcats: dict[str, HttpEndpoint] = {}
        self._file_doors: dict[str, list[HttpEndpoint]] = {}
        for name, node in self.site.nodes.items():
            self.site.bound(name, self._net.add(node, node.listens()))
            self._tomcats[name] = self._tomcat(name)
            self._file_doors[name] = self._files(name)
        for name, edge in self.site.edges.items():
            self.site.bound(name, self._net.add(edge, edge.listens()))
        for name, expressway in self.site.expressways.items():
            self.site.presume_discovered(name)
            self.site.bound(name, self._net.add(expressway, expressway.listens()))
        for nameserver in self.site.nameservers.values():
            self._net.add(nameserver, nameserver.listens())
        self.site.make_phones()
        for phone in self.site.phones.values():
            self._net.add(phone)
        if self.site.edges:
            self._net.until_idle()  # the traversal zones come up first

    def close(self) -> None:
        """The end of it: its database is closed."""
        self.site.ucm.close()

    def run(self, actor: Actor) -> None:
        self._net.run(actor)

    async def until_idle(self) -> None:
        self._net.until_idle()

    async def advance(self, seconds: float) -> None:
        self._net.advance(seconds)

    async def until(self, enough: Callable[[list[Record]], bool], *, since: int) -> None:
        self._net.until_idle()

    async def open_node(self, name: str) -> None:
        node = self.site.load_node(name)
        self.site.bound(name, self._net.add(node, node.listens()))

    async def close_node(self, name: str) -> None:
        node = self.site.stop_node(name)
        self._net.close_listeners(node)

    async def open_expressway(self, name: str) -> None:
        expressway = self.site.expressway_actor(name)
        expressway.power_on()
        self._net.add(expressway, expressway.listens())

    async def close_expressway(self, name: str) -> None:
        self._net.leave(self.site.expressway_actor(name))

    async def open_tomcat(self, name: str) -> None:
        self._tomcats[name] = self._tomcat(name)

    async def close_tomcat(self, name: str) -> None:
        self._net.close_listeners(self._tomcats.pop(name))

    def _tomcat(self, name: str) -> HttpEndpoint:
        """With the certificate the node's store holds now."""
        site = self.site
        address = Address(site.places.address(name), site.node_config(name).ports.https)
        credential = site.cluster.node(name).stores.tomcat.credential
        door = HttpEndpoint(ActorId(name), site.ucm.doors[name], address, credential)
        site.bound(name, self._net.add(door, door.listens()))
        return door

    async def open_tftp(self, name: str) -> None:
        """Over TLS; on 6970 whoever asks looks whether the service runs."""
        self._file_doors[name] = self._files(name)

    async def close_tftp(self, name: str) -> None:
        for door in self._file_doors.pop(name):
            self._net.close_listeners(door)

    def _files(self, name: str) -> list[HttpEndpoint]:
        site, doors = self.site, []
        credential = site.cluster.node(name).stores.tomcat.credential
        for listener, port in site.file_ports(name).items():
            address = Address(site.places.address(name), port)
            door = HttpEndpoint(ActorId(name), site.secure_files[name], address, credential, listener=listener)
            site.bound(name, self._net.add(door, door.listens()))
            doors.append(door)
        return doors

    async def drop_phone(self, device: str) -> None:
        self._net.drop(self.site.phone(device))

    async def join(self, actor: Actor) -> None:
        self._net.add(actor)

    async def drop(self, actor: Actor) -> None:
        self._net.drop(actor)


def run_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits. RuntimeError if it does."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine waited in the World, where nothing ever waits")
