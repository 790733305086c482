"""One bench for both networks: actors that write down what they are told, and a wait that works on either."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.core.actor.flow import (
    Actor,
    Address,
    CloseFlow,
    Effect,
    Fetch,
    Fetched,
    FlowEnd,
    FlowFacts,
    Listen,
    OpenFlow,
    SendData,
    Transport,
)
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Clock, Instant
from simulator.core.network.endpoint import Endpoint, HttpHandler, TerminalHandler
from simulator.core.network.network import Network
from simulator.core.tls.settings import ClientTls, ServerTls
from tests.patience import patience


class Talker:
    """An actor that records its calls; it answers as `reply` says."""

    def __init__(self, name: str, *, reply: Callable[[bytes], bytes] | None = None) -> None:
        self.name = ActorId(name)
        self.reply = reply
        self.facts: dict[FlowId, FlowFacts] = {}
        self.heard: dict[FlowId, bytes] = {}
        self.ends: dict[FlowId, FlowEnd] = {}
        self.results: dict[str, Fetched] = {}
        self.deadlines: list[Instant] = []
        self.woken: list[Instant] = []
        self.calls: list[str] = []
        self.on_wake: Callable[[Instant], None] = lambda now: None
        self.todo: list[Effect] = []

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        self.calls.append("flow_opened")
        self.facts[flow] = facts
        self.heard[flow] = b""

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        self.calls.append("flow_data")
        self.heard[flow] += data
        if self.reply is not None and (answer := self.reply(data)):
            self.todo.append(SendData(flow, answer))

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        self.calls.append("flow_ended")
        self.ends[flow] = end

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        self.calls.append("fetched")
        self.results[key] = result

    def next_timeout(self) -> Instant | None:
        return min(self.deadlines, default=None)

    def handle_timeout(self, now: Instant) -> None:
        self.calls.append("handle_timeout")
        self.woken.append(now)
        self.deadlines = [deadline for deadline in self.deadlines if deadline > now]
        self.on_wake(now)

    def effects(self) -> list[Effect]:
        todo, self.todo = self.todo, []
        return todo


@dataclass
class Bench:
    network: Network
    log: EventLog
    clock: Clock
    flows: FlowIds
    host: str
    """Where endpoints listen."""
    virtual: bool
    """No sockets: time passes only when it is told to."""
    keys: dict[str, int] = field(default_factory=dict)

    async def until(self, reached: Callable[[], object], what: str) -> None:
        """Wait for a condition; AssertionError says what was waited for."""
        give_up = time.monotonic() + patience()
        while not reached():
            assert time.monotonic() < give_up, f"never: {what}"
            if self.virtual:
                await self.network.advance(0.05)
            else:
                await self.network.until_idle()
                await asyncio.sleep(0.001)

    async def serve(
        self,
        actor: Talker,
        *,
        name: str = "sip",
        transport: Transport = "tcp",
        tls: ServerTls | None = None,
        port: int = 0,
    ) -> tuple[Endpoint, Address]:
        endpoint = self.endpoint(actor.name, actor, name=name, transport=transport, tls=tls, port=port)
        (address,) = await self.network.open(endpoint)
        return endpoint, address

    def endpoint(
        self,
        owner: str,
        handler: Actor | HttpHandler | TerminalHandler,
        *,
        name: str = "sip",
        transport: Transport = "tcp",
        tls: ServerTls | None = None,
        port: int = 0,
    ) -> Endpoint:
        listen = Listen(
            name=name, transport=transport if tls is None else "tls", address=Address(self.host, port), tls=tls
        )
        return Endpoint(owner=ActorId(owner), listen=listen, handler=handler)

    def dial(
        self, actor: Talker, remote: Address, *, transport: Transport = "tcp", tls: ClientTls | None = None
    ) -> FlowId:
        flow = self.flows.take()
        kind: Transport = transport if tls is None else "tls"
        actor.todo.append(OpenFlow(flow=flow, transport=kind, remote=remote, tls=tls))
        self.network.run(actor)
        return flow

    async def connect(self, actor: Talker, remote: Address, **how: Any) -> FlowId:
        """Dial, and wait until the flow is open."""
        flow = self.dial(actor, remote, **how)
        await self.until(lambda: flow in actor.facts or flow in actor.ends, "a flow that opens")
        assert flow in actor.facts, actor.ends
        return flow

    def say(self, actor: Talker, flow: FlowId, *pieces: bytes) -> None:
        actor.todo += [SendData(flow, data) for data in pieces]
        self.network.run(actor)

    def hang_up(self, actor: Talker, flow: FlowId) -> None:
        actor.todo.append(CloseFlow(flow))
        self.network.run(actor)

    async def fetch(self, actor: Talker, url: str, **how: Any) -> Fetched:
        """Let an actor that has joined ask for a URL; returns what it was told."""
        key = f"fetch {len(self.keys)}"
        self.keys[key] = 1
        actor.todo.append(Fetch(key=key, url=url, **how))
        self.network.run(actor)
        await self.until(lambda: key in actor.results, f"an answer to {url}")
        return actor.results[key]

    def of(self, actor: str, kind: type[Any]) -> list[Any]:
        """The events of one kind that an actor's name tells."""
        records = self.log.records()
        return [r.event for r in records if r.actor == actor and isinstance(r.event, kind)]
