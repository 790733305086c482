"""Connections without sockets: each has two ends, TLS in memory, and bytes that arrive a hop later.

They emit the flow and TLS events that `simulator.aio.driver` emits, and tell a tap what is on the wire.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from certs import contexts, handshakes, identity
from simulator.core import events as ev
from simulator.core.actor.deadlines import DeadlineQueue
from simulator.core.actor.flow import Actor, Address, FlowEnd, FlowFacts, Listen, OpenFlow, SendData
from simulator.core.actor.tap import Tap, WireEnd
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import Clock, Instant
from simulator.core.tls.alerts import TlsRefusal
from simulator.core.tls.session import TlsDown, TlsRefused, TlsSession, TlsUp
from simulator.memory.flow_end import End, EndReports

_FIRST_EPHEMERAL = 49_152


class Hosts(Protocol):
    """The hosts of a network: their names and addresses."""

    def resolve(self, host: str) -> str | None:
        """Return the address a host name resolves to; None if it does not resolve."""
        ...

    def address(self, name: str) -> str:
        """Return the address that the connections of the actor `name` come from."""
        ...


class Later(Protocol):
    """The network's queue of what is to happen."""

    def __call__(self, do: Callable[[], None], *, hops: int = 1) -> None:
        """Do something so many hops from now."""
        ...


class MemoryConnections:
    """The listeners and connections of one network in memory."""

    def __init__(
        self,
        *,
        log: EventLog,
        clock: Clock,
        flows: FlowIds,
        hosts: Hosts,
        real_now: Instant,
        keylog: str | None,
        tap: Tap | None,
        handshake: float,
        later: Later,
        run: Callable[[Actor], None],
    ) -> None:
        """`handshake`: seconds a server waits for its end. `run` carries out what an actor wants done."""
        self._log, self._clock, self._flows, self._hosts = log, clock, flows, hosts
        self._reports = EndReports(log, tap)
        self._real_now, self._keylog, self._handshake = real_now, keylog, handshake
        self._later, self._run = later, run
        self.listeners: dict[tuple[str, int, bool], tuple[Actor, Listen]] = {}
        """(host, port, UDP) -> who listens."""
        self._ends: dict[FlowId, End] = {}
        self._handshakes: DeadlineQueue[FlowId] = DeadlineQueue()
        """When they have to be over."""
        self._ephemeral: dict[str, int] = {}

    # --- connections ----------------------------------------------------------------------------------------

    def ephemeral_port(self, host: str) -> int:
        """Take the next port for outgoing connections of a host; from 49152 on."""
        port = self._ephemeral.get(host, _FIRST_EPHEMERAL)
        self._ephemeral[host] = port + 1
        return port

    def open(self, actor: Actor, effect: OpenFlow) -> None:
        """Connect for an actor. It hears two hops later that the flow is open, or why it never will be."""
        source = self._hosts.address(actor.name)
        local = Address(source, self.ephemeral_port(source))
        host = self._hosts.resolve(effect.remote.host)
        facts = FlowFacts(transport=effect.transport, local=local, remote=effect.remote)
        end = End(actor=actor, flow=effect.flow, facts=facts)
        key = (host or "", effect.remote.port, effect.transport == "udp")
        listener = self.listeners.get(key)
        if host is None or (listener is None and effect.transport != "udp"):
            reason = "name does not resolve" if host is None else "connection refused"
            self._later(lambda: self._not_connected(end, reason), hops=2)
            return
        self._ends[end.flow] = end
        self._later(lambda: self._connected(end, effect, Address(host, effect.remote.port)), hops=2)

    def _not_connected(self, end: End, reason: str) -> None:
        remote = str(end.facts.remote)
        self._reports.emit(end, ev.FlowFailed(transport=end.facts.transport, remote=remote, detail=reason))
        failure = FlowEnd(by="network", clean=False, detail=f"{remote}: {reason}")
        end.actor.flow_ended(end.flow, failure, self._clock.now())
        self._run(end.actor)

    def _connected(self, end: End, effect: OpenFlow, target: Address) -> None:
        if end.over:
            return
        entry = self.listeners.get((target.host, target.port, effect.transport == "udp"))
        if entry is None and effect.transport != "udp":
            del self._ends[end.flow]
            self._not_connected(end, "connection refused")
            return
        self._reports.opened(end, replace(end.facts, remote=target))
        if effect.transport == "udp":
            self._up(end)
            return
        assert entry is not None
        server, listen = entry
        facts = FlowFacts(
            transport=listen.transport, local=target, remote=end.facts.local, listener=listen.name
        )
        peer = End(actor=server, flow=self._flows.take(), facts=facts, peer=end)
        self._ends[peer.flow] = peer
        end.peer = peer
        self._reports.opened(peer, facts)
        if listen.tls is not None:
            peer.settings = listen.tls
            peer.tls = TlsSession.server(
                contexts.server_context(listen.tls, self._keylog), identify=identity.read
            )
            self._handshakes.set(peer.flow, self._clock.now() + self._handshake)
        if effect.tls is not None:
            self._handshakes.set(end.flow, self._clock.now() + effect.timeout)
            end.settings = effect.tls
            context = contexts.client_context(effect.tls, self._keylog)
            end.tls = TlsSession.client(context, effect.tls.server_name, identify=identity.read)
            self._flush(end)
        for one in (peer, end):
            if one.tls is None:
                self._up(one)

    def _up(self, end: End) -> None:
        end.up = True
        end.actor.flow_opened(end.flow, end.facts, self._clock.now())
        self._run(end.actor)

    # --- bytes ----------------------------------------------------------------------------------------------

    def send(self, effect: SendData) -> None:
        """Send plaintext, or one datagram. It is dropped on a flow that is not open."""
        end = self._ends.get(effect.flow)
        if end is None or end.over:
            return
        if end.facts.transport == "udp":
            self._send_datagram(end, effect.data)
        elif end.tls is not None:
            end.tls.send(effect.data)
            self._flush(end)
        else:
            self._deliver(end, effect.data)

    def _flush(self, end: End) -> None:
        if end.tls is not None and (data := end.tls.data_to_send()):
            self._deliver(end, data)

    def _deliver(self, end: End, data: bytes) -> None:
        """To the other end, one hop later; empty data is the end of the stream."""
        peer = end.peer
        if peer is not None:
            if data or end.facts.transport == "udp":
                self._reports.sent(end, data)
            else:
                self._reports.finished(end, WireEnd.FIN_SENT)
            self._later(lambda: self._arrived(peer, data))

    def _arrived(self, end: End, data: bytes) -> None:
        if data or end.facts.transport == "udp":
            self._reports.received(end, data)
        else:
            self._reports.finished(end, WireEnd.FIN_RECEIVED)
        if end.over:
            return
        if end.tls is None:
            if not data and end.facts.transport != "udp":
                self._ended(end, FlowEnd(by="peer", clean=True))
                return
            self._data(end, data)
            return
        if data:
            end.tls.receive_data(data)
        else:
            end.tls.receive_eof()
        self._tls_events(end, end.tls)

    def _data(self, end: End, data: bytes) -> None:
        end.actor.flow_data(end.flow, data, self._clock.now())
        self._run(end.actor)

    def _tls_events(self, end: End, session: TlsSession) -> None:
        for event in session.events():
            if end.over:
                return
            match event:
                case TlsUp():
                    end.facts = replace(end.facts, tls=event.facts)
                    self._handshakes.set(end.flow, None)
                    if end.settings is not None and self._log.on:
                        self._reports.emit(
                            end, handshakes.established(end.settings, event.facts, self._real_now)
                        )
                    self._flush(end)
                    self._up(end)
                case TlsRefused():
                    self._refused(end, event)
                    return
                case TlsDown():
                    self._flush(end)
                    self._ended(end, FlowEnd(by="peer", clean=event.clean, detail=event.detail))
                    return
                case _:
                    self._data(end, event.data)
        self._flush(end)

    def _refused(self, end: End, event: TlsRefused) -> None:
        refusal = event.refusal
        if end.settings is not None and self._log.on:
            self._reports.emit(end, handshakes.failed(end.settings, refusal, self._real_now))
        self._flush(end)
        detail = refusal.detail or refusal.reason
        self._ended(end, FlowEnd(by=refusal.by, clean=False, detail=detail, refusal=refusal))

    def _send_datagram(self, end: End, data: bytes) -> None:
        if end.peer is None and end.facts.listener is None:
            host = self._hosts.resolve(end.facts.remote.host)
            target = Address(host or "", end.facts.remote.port)
            entry = self.listeners.get((target.host, target.port, True))
            if entry is None:
                self._reports.sent(end, data)
                return  # nobody listens: the datagram is lost
            actor, listen = entry
            facts = FlowFacts(transport="udp", local=target, remote=end.facts.local, listener=listen.name)
            peer = End(actor=actor, flow=self._flows.take(), facts=facts, peer=end)
            end.peer = peer
            self._ends[peer.flow] = peer
            self._reports.opened(peer, facts)
            self._up(peer)
        self._deliver(end, data)

    # --- ends -------------------------------------------------------------------------------------------------

    def close(self, flow: FlowId, *, reset: bool = False) -> None:
        """Close a flow in an orderly way, if it is still open; `reset`: its peer sees a reset instead."""
        end = self._ends.get(flow)
        if end is not None and reset:
            self._drop(end, "reset")
        elif end is not None:
            self._close(end)

    def close_all(self, actor: Actor) -> None:
        """Close every flow of an actor that leaves: it is not told."""
        for end in [end for end in self._ends.values() if end.actor is actor]:
            self._close(end)

    def close_accepted(self, actor: Actor, listeners: set[str]) -> None:
        """Close the flows that these listeners accepted, and tell the actor of those it knew."""
        for end in [end for end in self._ends.values() if end.actor is actor]:
            if end.facts.listener in listeners:
                self._close(end)
                if end.up:
                    how = FlowEnd(by="us", clean=True, detail="the listener was closed")
                    actor.flow_ended(end.flow, how, self._clock.now())

    def drop_all(self, actor: Actor) -> None:
        """Let the actor's flows vanish; their peers see a reset."""
        for end in [end for end in self._ends.values() if end.actor is actor]:
            self._drop(end, "vanished")

    def _drop(self, end: End, detail: str) -> None:
        peer = end.peer
        self._forget(end, ev.FlowClosed(by="us", clean=False, detail=detail))
        if peer is not None:
            self._reports.finished(end, WireEnd.RESET_SENT)
            self._later(partial(self._reset, peer))

    def next_deadline(self) -> float | None:
        """Return when the first of the unfinished handshakes has to be over; None without any."""
        first = self._handshakes.first()
        return None if first is None else first[0]

    def give_up(self, now: Instant) -> None:
        """End the handshakes that should be over."""
        for flow in self._handshakes.due(now):
            if flow in self._ends:
                self._overdue(self._ends[flow])

    def _close(self, end: End) -> None:
        """Our side closes in an orderly way; the peer learns of it one hop later."""
        if end.over:
            return
        if end.tls is not None:
            end.tls.close()
            self._flush(end)
        if end.facts.transport != "udp":
            self._deliver(end, b"")
        self._forget(end, ev.FlowClosed(by="us", clean=True))

    def _ended(self, end: End, how: FlowEnd) -> None:
        """The peer closed, or the handshake failed: tell the actor if it knows of this flow."""
        if end.facts.transport != "udp":
            self._deliver(end, b"")
        self._forget(end, ev.FlowClosed(by=how.by, clean=how.clean, detail=how.detail))
        if end.up or end.facts.listener is None:
            end.actor.flow_ended(end.flow, how, self._clock.now())
            self._run(end.actor)

    def _reset(self, end: End) -> None:
        self._reports.finished(end, WireEnd.RESET_RECEIVED)
        self._broken(end, "connection reset by peer")

    def _overdue(self, end: End) -> None:
        """The handshake took too long: this end drops the connection."""
        refusal = TlsRefusal(by="us", alert=None, reason="HANDSHAKE_TIMEOUT", detail="no TLS handshake in time")
        if end.settings is not None and self._log.on:
            self._reports.emit(end, handshakes.failed(end.settings, refusal, self._real_now))
        peer = end.peer
        if peer is not None:
            self._reports.finished(end, WireEnd.RESET_SENT)
            self._later(partial(self._reset, peer))
        how = FlowEnd(by="us", clean=False, detail=refusal.detail, refusal=refusal)
        self._forget(end, ev.FlowClosed(by="us", clean=False, detail=refusal.detail))
        if end.facts.listener is None:
            end.actor.flow_ended(end.flow, how, self._clock.now())
            self._run(end.actor)

    def _broken(self, end: End, detail: str) -> None:
        if end.over:
            return
        how = FlowEnd(by="network", clean=False, detail=detail)
        self._forget(end, ev.FlowClosed(by="network", clean=False, detail=detail))
        if end.up or end.facts.listener is None:
            end.actor.flow_ended(end.flow, how, self._clock.now())
            self._run(end.actor)

    def _forget(self, end: End, event: ev.FlowClosed) -> None:
        end.over = True
        self._ends.pop(end.flow, None)
        self._handshakes.set(end.flow, None)
        self._reports.emit(end, event)
