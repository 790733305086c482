"""The live driver: a lab on asyncio and real sockets, with a clock that can be moved ahead.

Two ways to number ports. With `virtual_ports` (scenarios) every listener gets a free port, and what the actors
dial, e.g. ucm-pub.lab.example:5090, is mapped to it: many labs run side by side and each shows the documented
numbers. Without (`ucmsim up`) the configured ports are bound as they are, for clients from outside, who may use
the platform CLI (2222) and the name servers too.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from registrar.aio.platform_ssh import PlatformSsh
from registrar.core.platform_cli import CommandResult, CommandRun, PlatformCli
from simulator.aio.clock import ShiftClock
from simulator.aio.driver import Driver
from simulator.aio.flow_context import ConnectionLimits
from simulator.aio.patience import Patience
from simulator.core.actor.flow import Actor, Address
from simulator.core.entropy import SeededEntropy
from simulator.core.events import ActorFailed
from simulator.core.events.log import Record
from simulator.core.instant import Clock, Instant
from simulator.core.network.endpoint import Endpoint, TerminalService
from simulator.evidence.capture import Capture
from simulator.lab.config.lab import LabConfig
from simulator.lab.run.bound_ports import BoundPorts
from simulator.lab.run.free_ports import Numbers, numbered
from simulator.lab.run.syslog import Syslog
from simulator.lab.site.endpoints import cli_endpoint
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.environment.pki import Pki
from simulator.lab.site.site import build_site
from simulator.lab.steps.service_actions import carry_out, start_lab

_ATTEMPTS = 8


class Lab:
    """A lab on sockets, a `simulator.lab.steps.driver.ScenarioDriver`. Make one with `open_lab`."""

    def __init__(
        self,
        config: LabConfig,
        *,
        virtual_ports: bool,
        host: str,
        keep: int | None,
        keylog: str | None,
        capture: Capture | None,
        state: Path | None,
        syslog: Syslog | None,
        patience: Patience | None,
    ) -> None:
        self._patience = patience
        self._config = config
        self._syslog = syslog
        self._state = state
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
        context = LabContext.create(
            config,
            clock=clock,
            real_now=Instant(clock.now()),
            addressing="loopback",
            host=self._host,
            keep=self._keep,
            pki=pki,
            virtual=self._virtual,
            secret=SeededEntropy(int.from_bytes(os.urandom(8))),
        )
        self._plan, log, flows = context.plan, context.log, context.flows
        capture, shown = self._capture, self._ports.documented if self._virtual else None
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
            limits=ConnectionLimits(handshake=config.handshake_timeout),
            tap=capture,
            address_map=shown,
            terminals=_over_ssh,
            patience=self._patience,
        )
        self.site = build_site(
            context,
            run=self._driver.run,
            ordered=self._ordered.set,
            state=self._state,
            any_port=frozenset(actor for actor, _ in self._numbers),
        )

    # --- ScenarioDriver ---------------------------------------------------------------------------------------

    def run(self, actor: Actor) -> None:
        self._driver.run(actor)

    async def until_idle(self) -> None:
        await self._driver.until_idle()

    async def advance(self, seconds: float) -> None:
        await self._driver.advance(seconds)

    async def until(
        self, enough: Callable[[list[Record]], bool], *, since: int, what: str = "expected events"
    ) -> None:
        driver, log = self._driver, self.site.log
        await driver.until_idle()
        began = asyncio.get_running_loop().time()
        more = asyncio.Event()

        async def seen() -> None:
            while not enough(log.records(since=since)):
                more.clear()
                await more.wait()

        stop = log.subscribe(lambda record: more.set())
        try:
            found = await driver.patience.outlasts(seen)
        finally:
            stop()
        if not found and (under_way := driver.activity.under_way()):
            driver.patience_ended(what, began, under_way)

    async def open(self, *endpoints: Endpoint) -> tuple[Address, ...]:
        """Open them at their own ports, or at free ones; return the addresses that clients use."""
        fixed = not self._virtual and all(endpoint.listen.address.port for endpoint in endpoints)
        for attempt in range(_ATTEMPTS):
            wanted = self._ports.wanted(endpoints)
            try:
                bound = await self._driver.open(*wanted)
            except OSError:
                # Another process may take a port between choosing and binding it.
                if fixed or attempt == _ATTEMPTS - 1:
                    raise
                self._ports.forget(endpoints)
                continue
            break
        if self._virtual:
            for endpoint, address in zip(endpoints, bound, strict=True):
                hosts = self.site.addresses.hosts_of(endpoint.owner)
                self._ports.map(hosts, endpoint.listen.address.port, address)
            bound = tuple(endpoint.listen.address for endpoint in endpoints)
        else:
            self._ports.keep(endpoints, bound)
        for endpoint, address in zip(endpoints, bound, strict=True):
            self.site.addresses.bound(endpoint.owner, {endpoint.listen.name: address})
        return bound

    async def close(self, *endpoints: Endpoint) -> None:
        await self._driver.close(*endpoints)

    async def join(self, actor: Actor) -> None:
        await self._driver.join(actor)

    async def leave(self, actor: Actor) -> None:
        await self._driver.leave(actor)

    async def drop(self, actor: Actor) -> None:
        await self._driver.drop(actor)

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
            self._build(self.site.pki.for_next_lab())

    async def _start(self) -> None:
        await start_lab(self, name_servers=not self._virtual)
        if not self._virtual:
            await self._admit_administrators()

    async def _admit_administrators(self) -> None:
        """Let clients from outside sign in, order services and use the platform CLI."""
        site = self.site
        site.ucm.sign_in.load_passwords()
        for node in site.ucm.call_managers:
            await self.open(cli_endpoint(site, node))
        self._worker = asyncio.create_task(self._work())

    async def shut_down(self) -> None:
        """Close everything, in an orderly way. The lab cannot be used again."""
        await self._end_worker()
        await self._driver.shut_down()
        self.site.ucm.close()

    async def run_command(self, node: str, command: str, answers: Sequence[str]) -> CommandResult:
        """Run one command of the platform CLI, in the time it takes. `answers`: to what it asks, in order."""
        clock = self.site.clock
        user = self.site.config.administrators[0].name
        command_run = CommandRun(self.site.ucm.clis[node], command, clock.now(), user=user, answers=answers)
        while command_run.result is None:
            due = command_run.next_timeout() or clock.now()
            await asyncio.sleep(max(0.0, due - clock.now()))
            command_run.handle_timeout(Instant(max(clock.now(), due)))
        return command_run.result

    async def _end_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

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
        self._build(self.site.pki.for_next_lab())
        await self.start()

    async def _abandon(self) -> None:
        await self._end_worker()
        await self._driver.shut_down(abruptly=True)
        self.site.ucm.close()
        self._ports.unmap_all()

    def resolve(self, dialled: Address) -> Address:
        """Return what the sockets use for what an actor dials. LookupError if the name does not resolve.

        ConnectionRefusedError if nobody listens at a documented address that is mapped to a free port.
        """
        address = self._plan.resolve(dialled.host)
        if address is None:
            raise LookupError("name does not resolve")
        if not self._virtual:
            return Address(address, dialled.port)
        return self._ports.behind(dialled)

    def edge_of(self, expressway: str) -> Address:
        """Return where remote phones reach this Expressway."""
        edge = self.site.addresses.edge_of(expressway)
        assert edge is not None
        return edge


def _over_ssh(service: TerminalService, clock: Clock, address: Address) -> PlatformSsh:
    if not isinstance(service, PlatformCli):
        raise TypeError(f"only a platform CLI goes over SSH, not {type(service).__name__}")
    return PlatformSsh(service, clock, address)


@asynccontextmanager
async def open_lab(
    config: LabConfig,
    *,
    virtual_ports: bool,
    host: str = "127.0.0.1",
    keep: int | None = None,
    keylog: str | None = None,
    capture: Capture | None = None,
    state: Path | None = None,
    syslog: Syslog | None = None,
    patience: Patience | None = None,
) -> AsyncIterator[Lab]:
    """Start a lab, and shut it down in the end.

    Raises OSError (ports), and ValueError for what UCM's administration would refuse.

    `keylog`: a file for the TLS secrets. `capture` gets what passes; a `keylog` must then be its keylog too.
    `state`: a file that keeps the cluster database.
    `syslog` gets the nodes' alarms.
    """
    lab = Lab(
        config,
        virtual_ports=virtual_ports,
        host=host,
        keep=keep,
        keylog=keylog,
        capture=capture,
        state=state,
        syslog=syslog,
        patience=patience,
    )
    try:
        await lab.start()
        yield lab
    finally:
        await lab.shut_down()
