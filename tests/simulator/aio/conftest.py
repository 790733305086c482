"""Actors for socket tests: they write down what they are told, and tests wait for it instead of sleeping."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest

from certs.authority import Authority, IssuedCertificate
from certs.spec import CertSpec
from simulator.aio.clock import ShiftClock
from simulator.aio.driver import Driver
from simulator.aio.flow_context import ConnectionLimits
from simulator.core.actor.flow import (
    Address,
    CloseFlow,
    Effect,
    Fetched,
    FlowEnd,
    FlowFacts,
    Listen,
    OpenFlow,
    SendData,
)
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.network.endpoint import Endpoint
from simulator.core.tls.settings import ClientTls
from tests.patience import awaited

NOW = Instant(time.time())


class Recorder:
    """An actor that records its calls, and echoes if told to. `until` waits for a state of its record."""

    def __init__(self, name: str, *, echo: bool = False) -> None:
        self.name = ActorId(name)
        self.echo = echo
        self.greeting = b""
        """Sent as soon as a flow is open."""
        self.raises = False
        """Raise at the next data."""
        self.facts: dict[FlowId, FlowFacts] = {}
        self.heard: dict[FlowId, bytes] = {}
        self.datagrams: list[tuple[FlowId, bytes]] = []
        self.ends: dict[FlowId, FlowEnd] = {}
        self.results: dict[str, Fetched] = {}
        self.woken: list[Instant] = []
        self.deadlines: list[Instant] = []
        self.todo: list[Effect] = []
        self._changed = asyncio.Event()

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        self.facts[flow] = facts
        if self.greeting:
            self.todo.append(SendData(flow, self.greeting))
        self._changed.set()

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        if self.raises:
            self.raises = False
            raise RuntimeError('the actor has a fault, not its peer: Bearer token="abcdefghijklmnopqrstuvwxyz"')
        self.heard[flow] = self.heard.get(flow, b"") + data
        self.datagrams.append((flow, data))
        if self.echo:
            self.todo.append(SendData(flow, data))
        self._changed.set()

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        self.ends[flow] = end
        self._changed.set()

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        self.results[key] = result
        self._changed.set()

    def next_timeout(self) -> Instant | None:
        return min(self.deadlines, default=None)

    def handle_timeout(self, now: Instant) -> None:
        self.deadlines = [deadline for deadline in self.deadlines if deadline > now]
        self.woken.append(now)
        self._changed.set()

    def effects(self) -> list[Effect]:
        todo, self.todo = self.todo, []
        return todo

    async def until(self, reached: Callable[[Recorder], object]) -> None:
        async with awaited(f"what {self.name} is to be told"):
            while not reached(self):
                self._changed.clear()
                await self._changed.wait()

    async def serve(self, driver: Driver, listens: Iterable[Listen]) -> dict[str, Address]:
        """Open these ports; returns where each is, by the listener's name."""
        endpoints = [Endpoint(owner=self.name, listen=listen, handler=self) for listen in listens]
        addresses = await driver.open(*endpoints)
        return {one.listen.name: address for one, address in zip(endpoints, addresses, strict=True)}

    def open(
        self, driver: Driver, flows: FlowIds, remote: Address, tls: ClientTls | None = None, **more: Any
    ) -> FlowId:
        flow = flows.take()
        transport = more.pop("transport", "tcp" if tls is None else "tls")
        self.todo.append(OpenFlow(flow=flow, transport=transport, remote=remote, tls=tls, **more))
        driver.run(self)
        return flow

    def say(self, driver: Driver, flow: FlowId, *pieces: bytes) -> None:
        self.todo += [SendData(flow, data) for data in pieces]
        driver.run(self)

    def hang_up(self, driver: Driver, flow: FlowId) -> None:
        self.todo.append(CloseFlow(flow))
        driver.run(self)


@pytest.fixture
def recorder() -> type[Recorder]:
    return Recorder


@pytest.fixture(scope="session")
def now() -> Instant:
    return NOW


@pytest.fixture
def clock() -> ShiftClock:
    return ShiftClock()


@pytest.fixture
def log(clock: ShiftClock) -> EventLog:
    return EventLog(clock)


@pytest.fixture
def flows() -> FlowIds:
    return FlowIds()


@pytest.fixture
def limits() -> ConnectionLimits:
    return ConnectionLimits()


@pytest.fixture
async def driver(
    log: EventLog, clock: ShiftClock, flows: FlowIds, limits: ConnectionLimits
) -> AsyncIterator[Driver]:
    driver = Driver(log, clock, flows, limits=limits)
    yield driver
    await driver.shut_down()


@pytest.fixture
async def plain() -> AsyncIterator[Callable[..., Any]]:
    """Opens plain TCP connections to an Address; all are closed in the end."""
    writers: list[asyncio.StreamWriter] = []

    async def connect(address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writers.append(writer)
        return reader, writer

    yield connect
    for writer in writers:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.fixture(scope="session")
def ca() -> Authority:
    return Authority.create("Lab CA", now=NOW, key="ec256")


@pytest.fixture(scope="session")
def stranger() -> Authority:
    return Authority.create("A CA nobody trusts", now=NOW, key="ec256")


@pytest.fixture(scope="session")
def node(ca: Authority) -> IssuedCertificate:
    return ca.issue(CertSpec(common_name="ucm", sans=("ucm", "127.0.0.1", "::1"), key="ec256"), now=NOW)
