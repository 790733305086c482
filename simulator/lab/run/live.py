"""The live driver: a lab on asyncio and real sockets, with a clock that can be moved ahead.

Two ways to number ports. With `virtual_ports` (scenarios) every listener gets a free port, and what the actors
dial, e.g. ucm-pub.lab.example:5090, is mapped to it: many labs run side by side and each shows the documented
numbers. Without (`ucmsim up`) the configured ports are bound as they are, for clients from outside.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from registrar.core.platform_cli import CommandRun, Result
from simulator.aio.clock import ShiftClock
from simulator.aio.driver import Driver
from simulator.aio.tcp_connection import Limits
from simulator.core.actor.flow import Actor, Address, Listen
from simulator.core.entropy import SeededEntropy
from simulator.core.events import ActorFailed
from simulator.core.events.log import Record
from simulator.core.instant import Instant
from simulator.evidence.capture import Capture
from simulator.lab.config.lab import LabConfig
from simulator.lab.run.bound_ports import BoundPorts
from simulator.lab.run.free_ports import Numbers, numbered
from simulator.lab.run.node_servers import DoorPorts, NodeServers
from simulator.lab.run.syslog import Syslog
from simulator.lab.site.pki import Pki
from simulator.lab.site.site import Site
from simulator.lab.steps.service_actions import carry_out

_PATIENCE = 5.0
"""Seconds of real time after which an expected event counts as missing."""
_ATTEMPTS = 8


class Lab:
    """A `simulator.lab.steps.driver.ScenarioDriver`. Make one with `open_lab`."""

    def __init__(
        self,
        config: LabConfig,
        *,
        virtual_ports: bool,
        host: str,
        keep: int | None,
        keylog: str | None,
        capture: Capture | None,
        doors: bool,
        state: Path | None,
        syslog: Syslog | None,
    ) -> None:
        self._config = config
        self._syslog = syslog
        self._with_doors = doors
        self._state = state
        self._kept_doors: DoorPorts = {}
        self._ordered = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._virtual = virtual_ports
        self._host = host
        self._keep = keep
        self._keylog = keylog or (capture.keylog if capture is not None else None)
        self._capture = capture
        self._ports = BoundPorts(host, virtual=virtual_ports)
        self._numbers: Numbers = {}
        self._build(None)

    def _build(self, pki: Pki | None) -> None:
        clock = ShiftClock()
        config = self._config
        if not self._virtual:
            config = numbered(config, self._host, self._numbers)
        self.site = Site(
            config,
            clock=clock,
            real_now=Instant(clock.now()),
            addressing="loopback",
            host=self._host,
            keep=self._keep,
            pki=pki,
            state=self._state,
            any_port=frozenset(actor for actor, _ in self._numbers),
            virtual=self._virtual,
            secret=SeededEntropy(int.from_bytes(os.urandom(8))),
        )
        self.site.touched = self.run
        log, flows = self.site.log, self.site.flows
        capture, shown = self._capture, self._ports.shown if self._virtual else None
        if capture is not None:
            capture.attach(log, clock, shown)
        if self._syslog is not None:
            self._syslog.attach(log, [node.name for node in self._config.nodes])
        self._driver = Driver(
            log,
            clock,
            flows,
            resolve=self.resolve,
            keylog=self._keylog,
            limits=Limits(handshake=config.handshake_timeout),
            tap=capture,
            shown=shown,
        )
        self._servers = NodeServers(
            self.site,
            self._ports,
            host=self._host,
            virtual=self._virtual,
            doors=self._with_doors,
            kept_doors=self._kept_doors,
            keylog=self._keylog,
            tap=capture,
        )

    # --- ScenarioDriver ---------------------------------------------------------------------------------------

    def run(self, actor: Actor) -> None:
        self._driver.run(actor)

    async def until_idle(self) -> None:
        await self._driver.until_idle()

    async def advance(self, seconds: float) -> None:
        await self._driver.advance(seconds)
        self._servers.run()

    async def until(self, enough: Callable[[list[Record]], bool], *, since: int) -> None:
        log = self.site.log
        if enough(log.records(since=since)):
            return
        more = asyncio.Event()
        stop = log.subscribe(lambda record: more.set())
        try:
            async with asyncio.timeout(_PATIENCE):
                while not enough(log.records(since=since)):
                    more.clear()
                    await more.wait()
        except TimeoutError:
            return
        finally:
            stop()

    async def open_node(self, name: str) -> None:
        node = self.site.load_node(name)
        await self._open(name, node, node.listens())

    async def close_node(self, name: str) -> None:
        node = self.site.stop_node(name)
        self._driver.run(node)
        await self._driver.remove(node)

    async def open_expressway(self, name: str) -> None:
        expressway = self.site.expressway_actor(name)
        expressway.power_on()
        await self._open(name, expressway, expressway.listens())

    async def close_expressway(self, name: str) -> None:
        await self._driver.remove(self.site.expressway_actor(name))

    async def open_tomcat(self, name: str) -> None:
        await self._servers.open_tomcat(name)

    async def close_tomcat(self, name: str) -> None:
        await self._servers.close_tomcat(name)

    async def open_tftp(self, name: str) -> None:
        await self._servers.open_config(name)

    async def close_tftp(self, name: str) -> None:
        await self._servers.close_config(name)

    async def drop_phone(self, device: str) -> None:
        self._driver.drop(self.site.phone(device))

    async def join(self, actor: Actor) -> None:
        await self._driver.add(actor)

    async def drop(self, actor: Actor) -> None:
        self._driver.drop(actor)

    # --- set up -----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open every port. OSError names the address that cannot be bound."""
        for attempt in range(_ATTEMPTS):
            try:
                await self._start()
            except OSError:
                # Another process may take a free port between choosing and binding it.
                if not self._numbers or attempt == _ATTEMPTS - 1:
                    raise
            else:
                return
            await self._abandon()
            self._build(self.site.pki.again())

    async def _start(self) -> None:
        for node in self.site.cluster.nodes:
            await self._servers.open_config(node.name)
            actor = self.site.nodes[node.name]
            await self._open(node.name, actor, actor.listens())
        for name, edge in self.site.edges.items():
            await self._open(name, edge, edge.listens())
        for name, expressway in self.site.expressways.items():
            self.site.presume_discovered(name)
            await self._open(name, expressway, expressway.listens())
        for name, nameserver in self.site.nameservers.items():
            if self._with_doors or name in self.site.asked:
                await self._open(name, nameserver, nameserver.listens())
        self.site.make_phones()
        for phone in self.site.phones.values():
            await self._driver.add(phone)
        if self.site.edges:
            await self._driver.until_idle()  # the traversal zones come up first
        if self._with_doors:
            await self._open_doors()
        elif self._virtual:
            await self._servers.open_tomcats()

    async def close(self) -> None:
        await self._close_doors()
        await self._driver.close()
        await self._servers.close_all_config()
        self.site.ucm.close()

    async def _open_doors(self) -> None:
        self.site.ucm.open_doors()
        await self._servers.open_doors()
        self.site.ucm.services.on_order = self._ordered.set
        self._worker = asyncio.create_task(self._work())

    async def run_errand(self, node: str, command: str, answers: Sequence[str]) -> Result:
        """One command of the platform CLI, in the time it takes."""
        clock = self.site.clock
        user = self.site.config.administrators[0].name
        errand = CommandRun(self.site.ucm.clis[node], command, clock.now(), user=user, answers=answers)
        while errand.result is None:
            due = errand.next_timeout() or clock.now()
            await asyncio.sleep(max(0.0, due - clock.now()))
            errand.handle_timeout(Instant(max(clock.now(), due)))
        return errand.result

    async def _close_doors(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        await self._servers.close_doors()

    async def _work(self) -> None:
        """Carries out what administrators order of services, for as long as the lab runs."""
        while True:
            await self._ordered.wait()
            self._ordered.clear()
            try:
                await carry_out(self)
            except OSError as error:
                self.site.lab.add(ActorFailed(during="starting a service", error=str(error)))

    async def reset(self) -> None:
        """Start over, in milliseconds: cluster, phones, clock and events as in the beginning.

        Certificates and token keys stay the same, and so do the ports; only a free port that another process
        has taken meanwhile is replaced. Connections are reset. `site` is a new one.
        """
        await self._abandon()
        self._build(self.site.pki.again())
        await self.start()

    async def _abandon(self) -> None:
        await self._close_doors()
        await self._driver.close(abruptly=True)
        await self._servers.close_all_config()
        self.site.ucm.close()
        self._ports.unmap_all()

    def resolve(self, dialled: Address) -> Address:
        """What the sockets use for what an actor dials. LookupError: no such name, or nobody listens there."""
        address = self.site.address_of(dialled.host)
        if address is None:
            raise LookupError("name does not resolve")
        if not self._virtual:
            return Address(address, dialled.port)
        return self._ports.behind(dialled)

    def edge_of(self, expressway: str) -> Address:
        """Where remote phones reach this Expressway."""
        edge = self.site.edge_of(expressway)
        assert edge is not None
        return edge

    async def _open(self, name: str, actor: Actor, listens: tuple[Listen, ...]) -> None:
        fixed = not self._virtual and all(listen.address.port for listen in listens)
        for attempt in range(_ATTEMPTS):
            wanted = self._ports.wanted(name, listens)
            try:
                bound = await self._driver.add(actor, wanted)
            except OSError:
                # Another process may take a port between choosing and binding it.
                if fixed or attempt == _ATTEMPTS - 1:
                    raise
                self._ports.forget(name)
                continue
            break
        if self._virtual:
            for listen in listens:
                self._ports.map(self.site.places.hosts_of(name), listen.address.port, bound[listen.name])
            self.site.bound(name, {listen.name: listen.address for listen in listens})
        else:
            self._ports.keep(name, bound)
            self.site.bound(name, bound)


@asynccontextmanager
async def open_lab(
    config: LabConfig,
    *,
    virtual_ports: bool,
    host: str = "127.0.0.1",
    keep: int | None = None,
    keylog: str | None = None,
    capture: Capture | None = None,
    doors: bool = False,
    state: Path | None = None,
    syslog: Syslog | None = None,
) -> AsyncIterator[Lab]:
    """A running lab. Raises OSError (ports), and ValueError for what UCM's administration would refuse.

    `keylog`: a file for the TLS secrets. `capture` gets what passes; a `keylog` must then be its keylog too.
    `doors`: open 8443 and 2222 of each node as well. `state`: a file that keeps the cluster database.
    `syslog` gets the nodes' alarms.
    """
    lab = Lab(
        config,
        virtual_ports=virtual_ports,
        host=host,
        keep=keep,
        keylog=keylog,
        capture=capture,
        doors=doors,
        state=state,
        syslog=syslog,
    )
    try:
        await lab.start()
        yield lab
    finally:
        await lab.close()
