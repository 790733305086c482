"""Expressway-C as an actor: phones come in at the "edge" listener, requests go to UCM's 5091 and back again.

A stateful proxy with one target for each request (RFC 3261 16). The "edge" listener stands for the whole path
to the Internet: Expressway-E's traversal zone would be one more listener, with an ingress zone of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from simulator.core import redact
from simulator.core.entropy import Entropy
from simulator.core.eventlog import Journal
from simulator.core.events import ProxyForwarded, SipMalformed, SipReceived, SipSent, ZoneChanged
from simulator.core.flow import (
    ActorId,
    Address,
    CloseFlow,
    Effect,
    Fetched,
    FlowEnd,
    FlowFacts,
    FlowId,
    FlowIds,
    Listen,
    SendData,
)
from simulator.core.instant import Instant
from simulator.core.sip import (
    KeepAlive,
    Need,
    RemoteProtocolError,
    Request,
    Response,
    SipStream,
    parse_via,
    reply_to,
    serialize,
)
from simulator.core.tls.settings import Credential, ServerTls, TlsVersion
from simulator.expressway.core import headers as rewrite
from simulator.expressway.core import refusals, trace
from simulator.expressway.core.edge import Edge, EdgeFlow
from simulator.expressway.core.headers import IngressZone
from simulator.expressway.core.identifiers import to_tag_of
from simulator.expressway.core.onward import Arrival, arrive, registration_of, towards_phone, towards_ucm
from simulator.expressway.core.pending import (
    TIMER_C,
    TIMER_F,
    Pending,
    PendingTable,
    Registration,
    TransactionKey,
    answerable,
)
from simulator.expressway.core.refusals import Refusal
from simulator.expressway.core.zone import UcmNode, Zone, ZoneStatus
from simulator.expressway.core.zones import Zones

EDGE = "edge"
"""Name of the listener for remote phones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpresswaySettings:
    """What is seldom changed: names on the wire, waiting times, bounds."""

    ingress: IngressZone = IngressZone(name="CollaborationEdgeZone")
    """[observed: sip-wire 8.2]"""
    server: str = "TANDBERG/4137 (X14.0)"
    """Server header of our own answers. [form observed, `TANDBERG/4135 (X8.10.2)`; value assumed]"""
    hop_count: int = 15
    """Max-Forwards leaves no higher than this. [observed]"""
    backoff: float = 5.0
    """Seconds after a failed zone connection in which no other is tried. [assumed]"""
    minimum: TlsVersion = "1.2"
    maximum: TlsVersion = "1.3"
    """TLS versions of both sides."""
    flows: int = 50_000
    """Phones' connections at one time."""
    pending: int = 50_000
    """Unanswered requests at one time."""
    pending_per_flow: int = 64
    contacts_per_flow: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the actor holds at this moment."""

    phones: int
    """Connections at the edge."""
    pending: int
    """Requests waiting for an answer."""
    contacts: int
    """Registered contacts that UCM's requests can reach."""


class ExpresswayC:
    """The actor. `users` names the user of a device's token in the Contact: a real Expressway reads him in the
    token it decrypts, this one is told. [assumed]"""

    def __init__(
        self,
        *,
        name: str,
        address: Address,
        credential: Credential,
        trust: tuple[bytes, ...],
        nodes: Mapping[str, UcmNode],
        entropy: Entropy,
        journal: Journal,
        flows: FlowIds,
        users: Mapping[str, str] | None = None,
        path_mode: bool = False,
        settings: ExpresswaySettings | None = None,
    ) -> None:
        """`address` is listened on and written into Via, Contact and Path; with port 0 (or a wildcard host) the
        first accepted connection tells what it became. `nodes` by the name the phones' cnf.xml gives them.
        `path_mode`: SIP Path headers = On.
        """
        self._name = ActorId(name)
        self._address = address
        self._users = dict(users or {})
        self._path_mode = path_mode
        self._settings = settings or ExpresswaySettings()
        self._journal = journal
        self._secret = entropy.hex(16)
        self._edge = Edge(limit=self._settings.flows, contacts_per_flow=self._settings.contacts_per_flow)
        self._pending = PendingTable()
        self._effects: list[Effect] = []
        self._zones = Zones(
            nodes,
            credential=credential,
            trust=trust,
            versions=(self._settings.minimum, self._settings.maximum),
            backoff=self._settings.backoff,
            flow_ids=flows,
            transmit=self._transmit,
        )

    # --- for whoever runs and administers it -----------------------------------------------------------------

    @property
    def name(self) -> ActorId:
        return self._name

    @property
    def address(self) -> Address:
        return self._address

    @property
    def load(self) -> Load:
        return Load(phones=len(self._edge), pending=len(self._pending), contacts=self._edge.contacts)

    def listens(self) -> tuple[Listen, ...]:
        tls = ServerTls(
            credential=self._zones.credential, minimum=self._settings.minimum, maximum=self._settings.maximum
        )
        return (Listen(name=EDGE, transport="tls", address=self._address, tls=tls),)

    def zone_state(self, node: str) -> ZoneStatus:
        """Raises KeyError for a node that is not configured."""
        zone = self._zones.named(node)
        if zone is None:
            raise KeyError(f"no UCM node {node!r} is configured")
        return zone.status

    def set_node(self, name: str, node: UcmNode | None, now: Instant) -> None:
        """A node was discovered again: other port, other name, or (None) no longer there.

        What changed is connected to anew at the next request; requests that wait for it are answered.
        """
        zone = self._zones.named(name)
        if zone is not None and zone.node == node:
            return
        if zone is not None:
            self._close_zone(zone)
            self._zones.remove(name)
        if node is not None:
            self._zones.put(name, node)

    def set_users(self, users: Mapping[str, str]) -> None:
        self._users = dict(users)

    def set_trust(self, trust: tuple[bytes, ...]) -> None:
        """New trusted CAs, for the next connections to UCM; `restart` ends the present ones."""
        self._zones.trust = trust
        self._forgive()

    def set_credential(self, credential: Credential) -> None:
        """A new server certificate: for the next connections to UCM, and for `listens` when asked again."""
        self._zones.credential = credential
        self._forgive()

    def restart(self, now: Instant) -> None:
        """Closes every connection to UCM; the next requests open them with the certificates of then."""
        for zone in self._zones:
            self._close_zone(zone)

    # --- Actor ------------------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        zone = self._zones.of(flow)
        if zone is not None:
            self._journal.add(ZoneChanged(zone=zone.node.zone, state="active"), flow=flow)
            zone.opened()
        elif facts.listener is not None:
            if not self._address.port or self._address.host in ("0.0.0.0", "::"):  # noqa: S104
                self._address = facts.local
            if not self._edge.open(flow, facts.remote):
                self._effects.append(CloseFlow(flow))

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        stream = self._stream(flow)
        if stream is not None:
            stream.receive_data(data)
        # Asked again each time: what a message leads to may end the flow.
        while (stream := self._stream(flow)) is not None:
            try:
                message = stream.next_message()
            except RemoteProtocolError as error:
                self._refuse_bytes(flow, error)
                if stream.failure is not None:
                    self._effects.append(CloseFlow(flow))
                    self._forget(flow, f"closed by us, unreadable SIP: {error.detail}", now)
                continue
            if message is Need.DATA:
                return
            if not isinstance(message, KeepAlive):
                self._message(flow, message, now)
            elif message.kind == "ping":
                self._effects.append(SendData(flow, b"\r\n"))

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        zone = self._zones.of(flow)
        self._forget(flow, "" if zone is None else zone.describe(end), now)

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        """Nothing is ever fetched."""

    def next_timeout(self) -> Instant | None:
        return self._pending.next_deadline()

    def handle_timeout(self, now: Instant) -> None:
        for pending in self._pending.pop_overdue(now):
            self._give_up(pending, refusals.TIMED_OUT)

    def effects(self) -> list[Effect]:
        drained, self._effects = self._effects, []
        return drained

    # --- messages ---------------------------------------------------------------------------------------------

    def _message(self, flow: FlowId, message: Request | Response, now: Instant) -> None:
        cause = 0
        if self._journal.on:
            cause = self._journal.add(trace.seen(SipReceived, message), flow=flow)
        zone, phone = self._zones.of(flow), self._edge.get(flow)
        if zone is not None:
            zone.heard()
        try:
            if isinstance(message, Response):
                self._response(flow, message, now, cause)
            elif zone is not None:
                self._from_ucm(zone, flow, message, now, cause)
            elif phone is not None:
                self._from_phone(phone, message, now, cause)
        except RemoteProtocolError as error:
            if isinstance(message, Request):
                error.request = message
            self._refuse_bytes(flow, error)

    def _from_phone(self, phone: EdgeFlow, request: Request, now: Instant, cause: int) -> None:
        arrival = self._arrive(request, phone.flow, phone.remote, self._settings.ingress)
        zone = self._zone_for(arrival, now)
        if isinstance(zone, Refusal):
            self._answer(arrival.origin, arrival.request, zone)
            return
        if request.method == "ACK" and zone.state != "active":
            return  # It can only acknowledge what that connection brought.
        onward = towards_ucm(
            arrival,
            zone.node,
            own=self._address,
            users=self._users,
            path_mode=self._path_mode,
            hop_count=self._settings.hop_count,
        )
        registration = registration_of(request, zone.node.host)
        target = zone.flow
        if target is None:
            target, effect = self._zones.connect(zone)
            self._effects.append(effect)
        if self._await(arrival, target, now, registration):
            self._note_forwarded("inward", onward, target, cause)
            zone.send(onward)

    def _from_ucm(self, zone: Zone, flow: FlowId, request: Request, now: Instant, cause: int) -> None:
        arrival = self._arrive(request, flow, zone.node.address, IngressZone(name=zone.node.zone))
        refusal = self._refusal(arrival)
        phone = self._edge.reach((zone.node.host, *rewrite.phone_key(request.uri)))
        if refusal is not None or phone is None:
            self._answer(flow, arrival.request, refusal or refusals.NO_PHONE)
            return
        onward = towards_phone(
            arrival,
            own=self._address,
            egress_zone=self._settings.ingress.name,
            hop_count=self._settings.hop_count,
        )
        if self._await(arrival, phone.flow, now):
            self._note_forwarded("outward", onward, phone.flow, cause)
            self._transmit(phone.flow, onward)

    def _response(self, flow: FlowId, response: Response, now: Instant, cause: int) -> None:
        """Back to where its request came from, by the Via we pushed (RFC 3261 16.7)."""
        top, *others = response.headers.get_all("Via") or ("",)
        via = parse_via(top)
        key = TransactionKey((via.branch or "", response.cseq.method))
        pending = self._pending.get(key)
        if pending is None or pending.target != flow or not rewrite.is_at(via.host, via.port, self._address):
            raise RemoteProtocolError("a response to nothing that was forwarded here", status_hint=None)
        if response.status == 100:
            return  # It ends at the next hop (16.7.3).
        if response.status >= 200:
            self._pending.pop(key)
            if response.cseq.method == "INVITE" and response.status < 300:
                self._pending.add(replace(pending, answered=True, deadline=Instant(now + TIMER_F)))
        if pending.registration is not None and 200 <= response.status < 300:
            for contact in pending.registration.bound:
                self._edge.bind(contact, pending.origin)
            for contact in pending.registration.unbound:
                self._edge.unbind(contact)
        onward = response.replace(headers=rewrite.in_order(rewrite.with_vias(response.headers, others)))
        outward = self._zones.of(flow) is not None
        self._note_forwarded("outward" if outward else "inward", onward, pending.origin, cause)
        self._transmit(pending.origin, onward)

    # --- what becomes of a request ----------------------------------------------------------------------------

    def _arrive(self, request: Request, origin: FlowId, source: Address, ingress: IngressZone) -> Arrival:
        return arrive(
            request, origin=origin, source=source, ingress=ingress, own=self._address, secret=self._secret
        )

    def _zone_for(self, arrival: Arrival, now: Instant) -> Zone | Refusal:
        """Where a phone's request goes: the node that its Route, or else its Request-URI, names."""
        refusal = self._refusal(arrival)
        if refusal is not None:
            return refusal
        if self._pending.asked(arrival.origin) >= self._settings.pending_per_flow:
            return refusals.OVERLOAD
        target = arrival.routes[0].uri if arrival.routes else arrival.request.uri
        zone = self._zones.at(target.host, target.port)
        if zone is None:
            return refusals.NO_ROUTE
        return refusals.UNREACHABLE if zone.resting(now) else zone

    def _refusal(self, arrival: Arrival) -> Refusal | None:
        """What RFC 3261 16.3 has a proxy check before it looks for a target."""
        if arrival.came_from(self._address):
            return refusals.LOOP
        if arrival.hops == 0:
            return refusals.TOO_MANY_HOPS
        required = arrival.request.headers.get_all("Proxy-Require")
        if required:
            return refusals.bad_extension(required)
        return refusals.OVERLOAD if len(self._pending) >= self._settings.pending else None

    def _await(
        self, arrival: Arrival, target: FlowId, now: Instant, registration: Registration | None = None
    ) -> bool:
        """Remembers where the answer goes; False for a retransmission, which goes no further (17.2.2)."""
        method = arrival.request.method
        if method == "ACK":
            return True
        key = TransactionKey((arrival.ids.branch, method))
        if key in self._pending:
            return False
        self._pending.add(
            Pending(
                key=key,
                origin=arrival.origin,
                target=target,
                request=answerable(arrival.request),
                deadline=Instant(now + (TIMER_C if method == "INVITE" else TIMER_F)),
                registration=registration,
            )
        )
        return True

    def _give_up(self, pending: Pending, refusal: Refusal) -> None:
        if not pending.answered:
            self._answer(pending.origin, pending.request, refusal)

    def _answer(self, flow: FlowId, request: Request, refusal: Refusal) -> None:
        warning = f'399 {self._address} "{refusal.warning}"'
        self._reply(flow, request, refusal.status, (*refusal.extra, ("Warning", warning)))

    def _reply(self, flow: FlowId, request: Request, status: int, extra: tuple[tuple[str, str], ...]) -> None:
        if request.method == "ACK" or self._stream(flow) is None:
            return
        reply = reply_to(
            request,
            status,
            to_tag=to_tag_of(request, secret=self._secret),
            extra=(("Server", self._settings.server), *extra),
        )
        self._transmit(flow, reply.replace(headers=rewrite.in_order(reply.headers)))

    # --- flows ------------------------------------------------------------------------------------------------

    def _stream(self, flow: FlowId) -> SipStream | None:
        held = self._zones.of(flow) or self._edge.get(flow)
        return None if held is None else held.stream

    def _transmit(self, flow: FlowId, message: Request | Response) -> None:
        if self._journal.on:
            self._journal.add(trace.seen(SipSent, message), flow=flow)
        self._effects.append(SendData(flow, serialize(message)))

    def _note_forwarded(
        self, direction: Literal["inward", "outward"], message: Request | Response, flow: FlowId, cause: int
    ) -> None:
        if self._journal.on:
            start_line = trace.start_line_of(message)
            self._journal.add(
                ProxyForwarded(direction=direction, start_line=start_line), flow=flow, cause=cause or None
            )

    def _refuse_bytes(self, flow: FlowId, error: RemoteProtocolError) -> None:
        """What broke a rule is noted, and answered if it was a request that can be."""
        detail, status = redact.text(error.detail), error.status_hint
        self._journal.add(SipMalformed(detail=detail, status=status), flow=flow)
        if error.request is not None and status is not None:
            self._reply(flow, error.request, status, ())

    def _forget(self, flow: FlowId, detail: str, now: Instant) -> None:
        """A flow is gone: what waits for an answer over it gets one from us, what came over it is dropped."""
        zone = self._zones.of(flow)
        if zone is None:
            self._edge.close(flow)
        else:
            self._zones.fail(flow, detail, now)
            self._zone_down(zone, detail, flow)
        self._abandon(flow)

    def _close_zone(self, zone: Zone) -> None:
        flow = zone.flow
        self._effects += self._zones.close(zone)
        if flow is not None:
            self._zone_down(zone, "closed by us: the configuration changed", flow)
            self._abandon(flow)

    def _zone_down(self, zone: Zone, detail: str, flow: FlowId) -> None:
        self._journal.add(
            ZoneChanged(zone=zone.node.zone, state="failed", detail=redact.text(detail)), flow=flow
        )

    def _abandon(self, flow: FlowId) -> None:
        for pending in self._pending.pop_flow(flow):
            if pending.target == flow:
                self._give_up(pending, refusals.UNREACHABLE)

    def _forgive(self) -> None:
        for zone in self._zones:
            zone.forgive()
