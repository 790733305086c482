"""The CallManager service of one node, as an actor: flows in, SIP answered, bindings kept and expired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from registrar.core.callmanager import events
from registrar.core.callmanager.connection import CallManagerFlow
from registrar.core.callmanager.dispatch import RequestDispatch
from registrar.core.callmanager.listeners import listens
from registrar.core.callmanager.outbox import Outbox
from registrar.core.callmanager.reset import ResetAction, reset_request
from registrar.core.cluster.bindings import Binding, BindingStore
from registrar.core.cluster.causes import UnregCause
from registrar.core.cluster.directory import Directory
from registrar.core.cluster.snapshot import NodeSnapshot
from registrar.core.register.peer import Peer, PeerRole
from registrar.core.register.policy import RegistrarPolicy
from registrar.core.register.reasons import Reason
from registrar.core.register.registrar import Registrar
from registrar.core.tokens import TokenValidator
from simulator.core.actor.flow import Effect, FlowEnd, FlowFacts, Listen
from simulator.core.entropy import Entropy
from simulator.core.events import ServiceStarted, ServiceStopped
from simulator.core.events.log import Journal
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant
from simulator.core.sip import (
    KeepAlive,
    Need,
    PartialMessages,
    RemoteProtocolError,
    Request,
    Response,
    parse_message,
)

SERVICE = "Cisco CallManager"


class CallManager:
    """Build with what the service loads (`snapshot`) and the cluster's live tables.

    `stop` and `reload` are the service's restart: the driver must close and reopen the listeners around them,
    as `listens()` changes with the snapshot. `counts` counts answers by what they were and refusals by Reason.
    """

    def __init__(
        self,
        snapshot: NodeSnapshot,
        directory: Directory,
        bindings: BindingStore,
        *,
        journal: Journal,
        entropy: Entropy,
        policy: RegistrarPolicy = RegistrarPolicy(),  # noqa: B008 - frozen
        tokens: TokenValidator | None = None,
        bind: str = "127.0.0.1",
        resolves: Callable[[str], bool] = lambda host: True,
    ) -> None:
        """`resolves`: does the node's name server know this host? Asked live."""
        self._resolves = resolves
        self.policy = policy
        self.counts: Counter[str] = Counter()
        self.running = True
        self._name = ActorId(snapshot.name)
        self._directory = directory
        self._bindings = bindings
        self._journal = journal
        self._entropy = entropy
        self._bind = bind
        self._connections: dict[FlowId, CallManagerFlow] = {}
        self._outbox = Outbox(journal)
        self._partial = PartialMessages(policy.message_patience)
        self._load(snapshot, tokens)

    def _load(self, snapshot: NodeSnapshot, tokens: TokenValidator | None) -> None:
        self.snapshot = snapshot
        self.registrar = Registrar(snapshot, self._directory, self._bindings, self.policy, tokens)
        self._dispatch = RequestDispatch(
            snapshot,
            self.registrar,
            journal=self._journal,
            entropy=self._entropy,
            outbox=self._outbox,
            counts=self.counts,
            taken_over=self._drop_client,
        )
        mode, ports = "on" if snapshot.sip_oauth_mode else "off", snapshot.ports
        shown = f"ports {ports.sip}, {ports.sips}, {ports.oauth}, {ports.mra}"
        self._journal.add(ServiceStarted(service=SERVICE, detail=f"SIP OAuth mode {mode}, {shown}"))

    @property
    def name(self) -> ActorId:
        return self._name

    def listens(self) -> tuple[Listen, ...]:
        """Return the ports the running service wants open, on the address it was given."""
        return listens(self.snapshot, self.policy, self._bind)

    def role_of(self, flow: FlowId) -> PeerRole | None:
        """Return which of its ports a flow came in at; None once it has gone."""
        connection = self._connections.get(flow)
        return connection.peer.role if connection is not None else None

    # --- the service's life ----------------------------------------------------------------------------------

    def stop(self, now: Instant) -> None:
        """Stop the service: its connections close, its registrations are lost. Harmless if it is stopped."""
        if not self.running:
            return
        self.running = False
        for flow, connection in self._connections.items():
            if connection.stream is not None:
                self._outbox.close(flow)
        self._connections.clear()
        self._partial.clear()
        self._outbox.forget_timers()
        for binding in self._bindings.clear(self._name):
            self._lost(binding, UnregCause.CALL_MANAGER_RESTART)
        self._journal.add(ServiceStopped(service=SERVICE))

    def reload(self, snapshot: NodeSnapshot, now: Instant, *, tokens: TokenValidator | None = None) -> None:
        """Start the service again with what it finds now; stops it first if it runs."""
        self.stop(now)
        self._load(snapshot, tokens)
        self.running = True

    def throttle(self, on: bool) -> None:
        """Begin or end overload: see `RegistrarPolicy.throttled`."""
        self._change(replace(self.policy, throttled=on))

    def hang(self, on: bool) -> None:
        """Begin or end a hang: see `RegistrarPolicy.silent`. What came meanwhile is lost."""
        self._change(replace(self.policy, silent=on))

    def set_clock(self, ahead: float) -> None:
        """Set the error of the node's clock: see `RegistrarPolicy.clock_error`.

        Raises ValueError over ten years.
        """
        self._change(replace(self.policy, clock_error=ahead))

    def _change(self, policy: RegistrarPolicy) -> None:
        self.policy = policy
        self._dispatch.follow(policy)

    def notify_reset(
        self,
        device: str,
        action: ResetAction,
        now: Instant,
        *,
        why: UnregCause = UnregCause.CALL_MANAGER_RESET,
    ) -> int:
        """Ask a registered device to reset or restart; returns how many NOTIFYs went out (0: unreachable).

        `why` is the cause of its unregistering then.
        """
        sent = 0
        for binding in self._bindings.of(device):
            connection = self._connections.get(binding.flow)
            if binding.node != self._name or connection is None:
                continue
            request = reset_request(
                binding,
                action,
                local=connection.local,
                version=self.policy.version,
                entropy=self._entropy,
                now=now,
            )
            self._outbox.request(connection, request, now)
            self._bindings.ask_to_unregister(binding.key, why)
            sent += 1
        return sent

    # --- Actor -----------------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        peer = Peer.of(flow, facts)
        if not self.running:
            self._outbox.close(flow)
            return
        if peer.role is PeerRole.MRA_OAUTH:
            verdict = peer.trust = self.registrar.admit(peer)
            closing = not verdict.trusted and self.policy.unknown_expressway == "close"
            events.report_judged(self._journal, verdict, flow, closing=closing)
            if closing:
                self.counts[Reason.PEER_NOT_IN_TABLE] += 1
                self._outbox.close(flow)
                return
        self._connections[flow] = CallManagerFlow(peer, facts.local)

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        connection = self._connections.get(flow)
        if connection is None or self.policy.silent:
            return
        stream = connection.stream
        if stream is None:
            self._datagram(connection, data, now)
            return
        stream.receive_data(data)
        while True:
            try:
                message = stream.next_message()
            except RemoteProtocolError as error:
                self._partial.over(flow)
                answered = self._dispatch.malformed(connection, error, None, now)
                if stream.failure is not None or not answered:
                    self._close(connection)
                    return
                continue
            if message is Need.DATA:
                if stream.partial:
                    self._partial.wait(flow, now)
                return
            self._partial.over(flow)
            if isinstance(message, Request):
                if not self._dispatch.request(connection, message, None, now):
                    self._close(connection)
                if flow not in self._connections:
                    return
            elif isinstance(message, KeepAlive):
                if message.kind == "ping":
                    self._outbox.pong(flow)
                elif message.kind == "stun_request" and self._knows(connection.peer):
                    self._outbox.stun(flow, message.transaction)
            else:
                self._dispatch.response(connection, message, now)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        connection = self._connections.pop(flow, None)
        if connection is None:
            return
        self._partial.over(flow)
        stream = connection.stream
        if stream is not None:
            stream.receive_eof()
            try:
                stream.next_message()
            except RemoteProtocolError as error:
                self.counts[Reason.MALFORMED] += 1
                events.report_malformed(self._journal, error.detail, None, flow)
        if self.policy.lose_binding_with_connection and stream is not None:
            for binding in self._bindings.on(self._name):
                if binding.flow == flow:
                    self._bindings.remove(binding)
                    self._lost(binding, UnregCause.CONNECTIVITY_ERROR)

    def next_timeout(self) -> Instant | None:
        due = self._bindings.next_expiry(self._name)
        for own in (self._outbox.next_timeout(), self._partial.next_timeout()):
            if own is not None and (due is None or own < due):
                due = own
        return due

    def handle_timeout(self, now: Instant) -> None:
        # A missed refresh ends the registration: UCM unregisters the device itself. [documented: sip-wire 0.8]
        for binding in self._bindings.expire(self._name, now):
            self.counts["expired"] += 1
            if self._journal.on:
                events.report_ended(self._journal, binding, "expired", UnregCause.KEEP_ALIVE_TIMEOUT)
        self._outbox.handle_timeout(self._connections, now)
        for flow in self._partial.take_overdue(now):
            self.counts[Reason.MALFORMED] += 1
            detail = f"a message did not come whole within {self._partial.patience:g} s"
            events.report_malformed(self._journal, detail, None, flow)
            self._close(self._connections[flow])

    def effects(self) -> list[Effect]:
        return self._outbox.effects()

    def _knows(self, peer: Peer) -> bool:
        """STUN is only answered to an Expressway-C whose row's host name resolves [documented]."""
        row = peer.trust.row if peer.trust is not None else None
        return row is not None and self._resolves(row.host)

    # --- datagrams and endings -------------------------------------------------------------------------------

    def _datagram(self, connection: CallManagerFlow, data: bytes, now: Instant) -> None:
        if not data.strip(b"\r\n\0"):
            return  # a phone's keep-alive; UDP has no pong (RFC 5626 3.5)
        try:
            message = parse_message(data)
        except RemoteProtocolError as error:
            self._dispatch.malformed(connection, error, None, now)
            return
        if isinstance(message, Response):
            self._dispatch.response(connection, message, now)
            return
        assert connection.server is not None
        try:
            key = connection.server.receive(message, now)
        except RemoteProtocolError as error:
            error.request = error.request or message
            self._dispatch.malformed(connection, error, None, now)
            return
        if key is not None and not self._dispatch.request(connection, message, key, now):
            self._close(connection)
        self._outbox.flush(connection)

    def _drop_client(self, binding: Binding) -> None:
        """The client that was taken over loses its own connection. [assumed: "dropped", sip-wire 5]"""
        held = self._connections.get(binding.flow)
        if held is not None and held.peer.role is not PeerRole.MRA_OAUTH:
            self._close(held)

    def _close(self, connection: CallManagerFlow) -> None:
        """Ends a TCP or TLS flow. On UDP there is nothing to close but what waits for an answer."""
        if connection.server is not None:
            connection.server.transport_failed()
            return
        del self._connections[connection.peer.flow]
        self._partial.over(connection.peer.flow)
        self._outbox.close(connection.peer.flow)

    def _lost(self, binding: Binding, cause: UnregCause) -> None:
        self.counts["lost"] += 1
        if self._journal.on:
            events.report_ended(self._journal, binding, "lost", cause)
