"""The flows that one actor is opening: a task for each, until it is open or has failed."""

from __future__ import annotations

import asyncio
from typing import Protocol

from simulator.aio.dial import DialFailed, dial
from simulator.aio.flow_context import FlowContext
from simulator.aio.flow_events import FlowEvents, Runner
from simulator.aio.udp import UdpSocket
from simulator.core.actor.flow import FlowEnd, OpenFlow
from simulator.core.events import FlowFailed
from simulator.core.ids import FlowId


class DiallingRunner(Runner, Protocol):
    """The runner of an actor that opens flows."""

    sockets: set[UdpSocket]


class Dials:
    """Opens flows for one runner, and tells it and the event log of those that failed."""

    def __init__(self, runner: DiallingRunner, context: FlowContext) -> None:
        self._runner, self._context = runner, context
        self._tasks: dict[FlowId, asyncio.Task[None]] = {}

    def open(self, effect: OpenFlow) -> None:
        """Begin to open a flow."""
        self._context.activity.begin(effect.flow, self._runner.name, f"connecting to {effect.remote}")
        self._tasks[effect.flow] = asyncio.get_running_loop().create_task(self._dial(effect))

    def give_up(self, flow: FlowId) -> None:
        """Open this flow no more. One that is not being opened is ignored."""
        task = self._tasks.pop(flow, None)
        if task is not None:
            task.cancel()

    def give_up_all(self) -> None:
        """Open no flow any more."""
        for flow, task in self._tasks.items():
            self._context.activity.end(flow)
            task.cancel()

    async def given_up(self) -> None:
        """Wait until nothing is being opened, after `give_up_all`."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _dial(self, effect: OpenFlow) -> None:
        runner, context = self._runner, self._context
        flow_events = FlowEvents(
            runner, context, transport=effect.transport, dialled=effect.flow, tls=effect.tls
        )
        try:
            sock = await dial(effect, flow_events, context)
        except DialFailed as error:
            self._tasks.pop(effect.flow, None)
            context.activity.end(effect.flow)
            detail = str(error)
            if context.log.on:
                failed = FlowFailed(transport=effect.transport, remote=str(effect.remote), detail=detail)
                context.log.emit(runner.name, failed, flow=effect.flow)
            runner.ended(effect.flow, FlowEnd(by="network", clean=False, detail=detail))
            return
        self._tasks.pop(effect.flow, None)
        if sock is not None:
            runner.sockets.add(sock)
            sock.closed.add_done_callback(lambda _: runner.sockets.discard(sock))
