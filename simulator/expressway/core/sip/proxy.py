"""The proxy's decisions (RFC 3261 16): where each request goes and where each response goes back to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from simulator.core import redact
from simulator.core.actor.flow import Address, CloseFlow
from simulator.core.events import SipMalformed, SipReceived
from simulator.core.events.sip_summary import seen
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import STAR, RemoteProtocolError, Request, Response, parse_via
from simulator.expressway.core import refusals
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.rate_limiter import RateLimiter
from simulator.expressway.core.refusals import Refusal
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.expressway.core.sip import headers as rewrite
from simulator.expressway.core.sip.forwarding import ForwardingPolicy, IncomingRequest, arrive, towards_phone
from simulator.expressway.core.sip.headers import IngressZone
from simulator.expressway.core.sip.own_answers import OwnAnswers
from simulator.expressway.core.sip.pending import (
    TIMER_C,
    TIMER_F,
    Pending,
    PendingTable,
    Registration,
    TransactionKey,
    answerable,
)
from simulator.expressway.core.sip.phone_flows import Edge, EdgeFlow
from simulator.expressway.core.sip.targets import Inside
from simulator.expressway.core.sip.zone import Zone
from simulator.expressway.core.tokens.check import EXPIRED, TokenGate, strike


class Relay:
    """Between `edge` and `zones`. `own`: our address on the wire; `name`: our FQDN; `users`: by device.

    `guard`: of the phones' addresses; None: behind a traversal zone, where Expressway-E has seen to it.
    """

    def __init__(
        self,
        *,
        own: Address,
        name: str,
        users: Mapping[str, str],
        manner: ForwardingPolicy,
        settings: ExpresswaySettings,
        secret: str,
        edge: Edge,
        zones: Inside,
        out: Outbox,
        guard: RateLimiter | None,
        gate: TokenGate,
    ) -> None:
        self.own, self._name = own, name
        self.inner: Address | None = None
        """Our other address, on the inner side."""
        self._guard, self._gate = guard, gate
        self.users = users
        self._manner = manner
        self._settings = settings
        self._secret = secret
        self._edge = edge
        self._zones = zones
        self._out = out
        self._pending = PendingTable()
        self._own = OwnAnswers(
            own=lambda: self.own,
            server=settings.server,
            secret=secret,
            known=lambda flow: bool(zones.of(flow) or edge.get(flow)),
            out=out,
        )

    @property
    def waiting(self) -> int:
        """Requests without a final answer."""
        return len(self._pending)

    def next_deadline(self) -> Instant | None:
        return self._pending.next_deadline()

    def take(self, flow: FlowId, message: Request | Response, now: Instant) -> None:
        """A message that arrived on a phone's flow or on a zone's."""
        journal, cause = self._out.journal, 0
        if journal.on:
            cause = journal.add(seen(SipReceived, message), flow=flow)
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
            self.refuse(flow, error)

    def refuse(self, flow: FlowId, error: RemoteProtocolError) -> None:
        """What broke a rule is noted, and answered if it was a request that can be."""
        detail, status = redact.text(error.detail), error.status_hint
        self._out.journal.add(SipMalformed(detail=detail, status=status), flow=flow)
        if error.request is not None and status is not None:
            self._own.reply(flow, error.request, status)

    def abandon(self, flow: FlowId) -> None:
        """A flow is gone: what waits for an answer over it gets one from us, what came over it is dropped."""
        for pending in self._pending.pop_flow(flow):
            if pending.target == flow:
                self._give_up(pending, self._settings.unreachable)

    def forget(self) -> None:
        """Every connection is gone without a word."""
        self._pending = PendingTable()

    def expire(self, now: Instant) -> None:
        for pending in self._pending.pop_overdue(now):
            self._give_up(pending, refusals.TIMED_OUT)

    # --- the three ways ---------------------------------------------------------------------------------------

    def _from_phone(self, phone: EdgeFlow, request: Request, now: Instant, cause: int) -> None:
        arrival = self._arrive(request, phone.flow, self._sender(request, phone), self._settings.ingress)
        if self._is_for_us(arrival):
            self._own.about_us(phone.flow, arrival.request)
            return
        zone = self._zone_for(arrival, now)
        if isinstance(zone, Refusal):
            self._own.refuse(arrival.origin, arrival.request, zone)
            return
        user = self._gate.user_of(arrival.request, self._source(arrival, phone), now)
        if isinstance(user, Refusal):
            refusal = user
            if refusal.warning == EXPIRED:
                self._strike(phone, now, lambda: self._own.refuse(arrival.origin, arrival.request, refusal))
            else:
                self._own.refuse(arrival.origin, arrival.request, refusal)
            return
        if request.method == "ACK" and zone.state != "active":
            return  # It can only acknowledge what that connection brought.
        onward = self._manner.inward(
            arrival, zone.node, own=self.inner or self.own, users=self._users(request, user)
        )
        registration = self._manner.registration(request, zone.node.host)
        target, effect = self._zones.reach(zone)
        if effect is not None:
            self._out.put(effect)
        if self._await(arrival, target, now, registration):
            self._out.note_forwarded("inward", onward, target, cause)
            zone.send(onward)

    def _from_ucm(self, zone: Zone, flow: FlowId, request: Request, now: Instant, cause: int) -> None:
        ingress = IngressZone(name=zone.node.zone, number=zone.node.number)
        arrival = self._arrive(request, flow, zone.remote, ingress)
        refusal = self._refusal(arrival)
        if refusal is None and self._is_for_us(arrival):
            self._own.about_us(flow, arrival.request)
            return
        phone = self._edge.reach((zone.node.host, *rewrite.phone_key(request.uri)))
        if refusal is not None or phone is None:
            self._own.refuse(flow, arrival.request, refusal or refusals.NO_PHONE)
            return
        onward = towards_phone(
            arrival,
            own=self.own,
            egress_zone=self._settings.ingress.name,
            hop_count=self._settings.hop_count,
        )
        if self._await(arrival, phone.flow, now):
            self._out.note_forwarded("outward", onward, phone.flow, cause)
            self._out.transmit(phone.flow, onward)

    def _response(self, flow: FlowId, response: Response, now: Instant, cause: int) -> None:
        """Back to where its request came from, by the Via we pushed (RFC 3261 16.7)."""
        top, *others = response.headers.get_all("Via") or ("",)
        via = parse_via(top)
        key = TransactionKey((via.branch or "", response.cseq.method))
        pending = self._pending.get(key)
        ours = any(rewrite.is_at(via.host, via.port, one) for one in self._addresses) and bool(others)
        if pending is None or pending.target != flow or not ours:
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
                self._edge.unbind(contact, pending.origin)
        onward = response.replace(headers=rewrite.in_order(rewrite.with_vias(response.headers, others)))
        outward = self._zones.of(flow) is not None
        self._out.note_forwarded("outward" if outward else "inward", onward, pending.origin, cause)

        def pass_on() -> None:
            self._out.transmit(pending.origin, onward)

        phone = self._edge.get(pending.origin)
        if outward and phone is not None and _tells_expired(response):
            self._strike(phone, now, pass_on)
        else:
            pass_on()

    # --- what becomes of a request ----------------------------------------------------------------------------

    def _arrive(
        self, request: Request, origin: FlowId, source: Address, ingress: IngressZone
    ) -> IncomingRequest:
        return arrive(
            request,
            origin=origin,
            source=source,
            ingress=ingress,
            own=self._addresses,
            name=self._name,
            secret=self._secret,
        )

    def _users(self, request: Request, user: str | None) -> Mapping[str, str]:
        if user is None or request.contacts is STAR:
            return self.users
        return rewrite.naming(user, request.contacts)

    @property
    def _addresses(self) -> tuple[Address, ...]:
        return (self.own,) if self.inner is None else (self.own, self.inner)

    def _sender(self, request: Request, phone: EdgeFlow) -> Address:
        """Expressway-E is known by its certificate, and dialled by name: its Via says its address."""
        via = request.top_via
        return phone.remote if self._guard is not None else Address(via.host, phone.remote.port)

    def _source(self, arrival: IncomingRequest, phone: EdgeFlow) -> str:
        """The phone's address; behind a traversal zone Expressway-E has written it into the phone's Via."""
        behind = arrival.vias[1] if self._guard is None and len(arrival.vias) > 1 else None
        return (behind.param("received") if behind is not None else None) or phone.remote.host

    def _strike(self, phone: EdgeFlow, now: Instant, answer: Callable[[], None]) -> None:
        """An expired token came: it counts, then `answer` is given, and who is blocked then is shut out."""
        source = phone.remote.host
        if self._guard is not None:
            strike(self._guard, self._out.journal, source, now)
        answer()
        if self._guard is not None and self._guard.blocked(source, now):
            self._shut_out(source)

    def _shut_out(self, source: str) -> None:
        for flow in self._edge.flows_of(source):
            self._out.put(CloseFlow(flow))
            self._edge.close(flow)
            self.abandon(flow)

    def _is_for_us(self, arrival: IncomingRequest) -> bool:
        """An OPTIONS that asks after this Expressway and nobody behind it (RFC 3261 11)."""
        uri = arrival.request.uri
        return (
            arrival.request.method == "OPTIONS"
            and not uri.user
            and not arrival.routes
            and arrival.hops != 0
            and rewrite.is_at(uri.host, uri.port, self.own, self._name)
        )

    def _zone_for(self, arrival: IncomingRequest, now: Instant) -> Zone | Refusal:
        """Where a phone's request goes: the node that its Route, or else its Request-URI, names."""
        refusal = self._refusal(arrival)
        if refusal is not None:
            return refusal
        source = self._edge.get(arrival.origin)
        if source is not None and self._guard and not self._guard.admit(source.remote.host, now):
            return refusals.TOO_FAST
        if self._pending.asked(arrival.origin) >= self._settings.pending_per_flow:
            return refusals.OVERLOAD
        zone = self._zones.zone_for(arrival)
        if zone is None:
            return refusals.NO_ROUTE
        return zone if self._zones.usable(zone, now) else self._settings.unreachable

    def _refusal(self, arrival: IncomingRequest) -> Refusal | None:
        """What RFC 3261 16.3 has a proxy check before it looks for a target."""
        if arrival.came_from(self._addresses):
            return refusals.LOOP
        if arrival.hops == 0:
            return refusals.TOO_MANY_HOPS
        required = arrival.request.headers.get_all("Proxy-Require")
        if required:
            return refusals.bad_extension(required)
        return refusals.OVERLOAD if len(self._pending) >= self._settings.pending else None

    def _await(
        self, arrival: IncomingRequest, target: FlowId, now: Instant, registration: Registration | None = None
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
            self._own.refuse(pending.origin, pending.request, refusal)


def _tells_expired(response: Response) -> bool:
    """Does an Expressway-C behind us refuse the token as expired? [assumed: how the edge comes to know]"""
    if response.status not in (401, 407):
        return False
    return any(f'"{EXPIRED}"' in text for text in response.headers.get_all("Warning"))
