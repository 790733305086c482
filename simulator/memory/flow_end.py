"""One end of a connection in memory, and who is told what happens there: the event log and the tap."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core import events as ev
from simulator.core.actor.flow import Actor, FlowFacts
from simulator.core.actor.tap import Tap, WireEnd
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowId
from simulator.core.tls.session import TlsSession
from simulator.core.tls.settings import ClientTls, ServerTls


@dataclass(eq=False, slots=True)
class End:
    """One end of a connection, or of two actors' datagrams."""

    actor: Actor
    flow: FlowId
    facts: FlowFacts
    tls: TlsSession | None = None
    settings: ServerTls | ClientTls | None = None
    peer: End | None = None
    up: bool = False
    """The actor was told that the flow is open."""
    over: bool = False
    """Closed, refused or dropped: nothing goes in or out any more."""


class EndReports:
    """Tells the event log and the tap what happens at an end."""

    def __init__(self, log: EventLog, tap: Tap | None) -> None:
        self._log, self._tap = log, tap

    def emit(self, end: End, event: ev.Event) -> None:
        """Put an event on record under the name of the end's actor."""
        if self._log.on:
            self._log.emit(end.actor.name, event, flow=end.flow)

    def opened(self, end: End, on_the_wire: FlowFacts) -> None:
        """TCP is up, or the first datagram on its way. `on_the_wire`: addresses instead of host names."""
        if self._tap is not None:
            self._tap.opened(end.flow, on_the_wire)
        facts = end.facts
        self.emit(
            end,
            ev.FlowOpened(
                transport=facts.transport,
                local=str(facts.local),
                remote=str(facts.remote),
                listener=facts.listener,
            ),
        )

    def sent(self, end: End, data: bytes) -> None:
        """Bytes leave this end."""
        if self._tap is not None:
            self._tap.sent(end.flow, data)

    def received(self, end: End, data: bytes) -> None:
        """Bytes arrive at this end."""
        if self._tap is not None:
            self._tap.received(end.flow, data)

    def finished(self, end: End, how: WireEnd) -> None:
        """One direction ends; datagrams have no end."""
        if self._tap is not None and end.facts.transport != "udp":
            self._tap.ended(end.flow, how)
