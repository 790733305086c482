"""The proxy of an Expressway (RFC 3261 16): where each request goes and where each response goes back to."""

from __future__ import annotations

from collections.abc import Mapping
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
from simulator.expressway.core.own_address import OwnAddress
from simulator.expressway.core.rate_limiter import RateLimiter
from simulator.expressway.core.refusals import Refusal
from simulator.expressway.core.settings import ExpresswaySettings, IngressZone
from simulator.expressway.core.sip import headers as rewrite
from simulator.expressway.core.sip.forwarding import ForwardingPolicy, IncomingRequest, arrive, towards_phone
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
from simulator.expressway.core.sip.phone_flows import PhoneFlow, PhoneFlows
from simulator.expressway.core.sip.targets import TargetZones
from simulator.expressway.core.sip.zone import Zone
from simulator.expressway.core.tokens.check import EXPIRED, TokenCheck


class Proxy:
    """Between phones and zones. `name` is the Expressway's FQDN.

    `limiter` counts what each source asks; None behind a traversal zone, where the Expressway-E counts.
    """

    def __init__(
        self,
        *,
        own: OwnAddress,
        name: str,
        policy: ForwardingPolicy,
        settings: ExpresswaySettings,
        secret: str,
        phones: PhoneFlows,
        zones: TargetZones,
        out: Outbox,
        limiter: RateLimiter | None,
        tokens: TokenCheck,
    ) -> None:
        self._own, self._name = own, name
        self._limiter, self._tokens = limiter, tokens
        self._policy = policy
        self._settings = settings
        self._secret = secret
        self._phones = phones
        self._zones = zones
        self._out = out
        self._pending = PendingTable()
        self._answers = OwnAnswers(own=own, server=settings.server, secret=secret)

    @property
    def waiting(self) -> int:
        """Requests without a final answer."""
        return len(self._pending)

    def next_deadline(self) -> Instant | None:
        """Return the earliest instant at which a request has waited too long."""
        return self._pending.next_deadline()

    def take(self, flow: FlowId, message: Request | Response, now: Instant) -> None:
        """Forward or answer a message that arrived on a phone's flow or on a zone's."""
        journal, cause = self._out.journal, 0
        if journal.on:
            cause = journal.add(seen(SipReceived, message), flow=flow)
        zone, phone = self._zones.of(flow), self._phones.get(flow)
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
        """Report a message that broke a rule, and answer it if it is a request that can be answered."""
        detail, status = redact.text(error.detail), error.status_hint
        self._out.journal.add(SipMalformed(detail=detail, status=status), flow=flow)
        if isinstance(error.request, Request) and status is not None:
            self._answer(flow, self._answers.reply(error.request, status))

    def abandon(self, flow: FlowId) -> None:
        """Answer what waits for an answer over `flow`, which is gone, and drop what came over it."""
        for pending in self._pending.pop_flow(flow):
            if pending.target == flow:
                self._give_up(pending, self._settings.unreachable)

    def forget(self) -> None:
        """Drop every request: all connections are gone."""
        self._pending = PendingTable()

    def expire(self, now: Instant) -> None:
        """Answer 408 to requests that have waited too long."""
        for pending in self._pending.pop_overdue(now):
            self._give_up(pending, refusals.TIMED_OUT)

    # --- the three ways ---------------------------------------------------------------------------------------

    def _from_phone(self, phone: PhoneFlow, request: Request, now: Instant, cause: int) -> None:
        arrival = self._arrive(request, phone.flow, self._sender(request, phone), self._settings.ingress)
        if self._is_for_us(arrival):
            self._answer(phone.flow, self._answers.about_us(arrival.request))
            return
        zone = self._zone_for(arrival, now)
        if isinstance(zone, Refusal):
            self._refuse(arrival.origin, arrival.request, zone)
            return
        user = self._tokens.user_of(arrival.request, self._source(arrival, phone), now)
        if isinstance(user, Refusal):
            expired = user.warning == EXPIRED
            if expired:
                self._count_expired(phone, now)
            self._refuse(arrival.origin, arrival.request, user)
            if expired:
                self._shut_out_if_blocked(phone, now)
            return
        if request.method == "ACK" and zone.state != "active":
            return  # It can only acknowledge what that connection brought.
        forwarded = self._policy.inward(
            arrival, zone.node, own=self._own.towards_ucm, users=_users(request, user)
        )
        registration = self._policy.registration(request, zone.node.host)
        target, effect = self._zones.reach(zone)
        if effect is not None:
            self._out.put(effect)
        if self._await(arrival, target, now, registration):
            self._out.note_forwarded("inward", forwarded, target, cause)
            zone.send(forwarded)

    def _from_ucm(self, zone: Zone, flow: FlowId, request: Request, now: Instant, cause: int) -> None:
        ingress = IngressZone(name=zone.node.zone, number=zone.node.number)
        arrival = self._arrive(request, flow, zone.remote, ingress)
        refusal = self._refusal(arrival)
        if refusal is None and self._is_for_us(arrival):
            self._answer(flow, self._answers.about_us(arrival.request))
            return
        phone = self._phones.reach((zone.node.host, *rewrite.phone_key(request.uri)))
        if refusal is not None or phone is None:
            self._refuse(flow, arrival.request, refusal or refusals.NO_PHONE)
            return
        forwarded = towards_phone(
            arrival,
            own=self._own.outer,
            egress_zone=self._settings.ingress.name,
            hop_count=self._settings.hop_count,
        )
        if self._await(arrival, phone.flow, now):
            self._out.note_forwarded("outward", forwarded, phone.flow, cause)
            self._out.transmit(phone.flow, forwarded)

    def _response(self, flow: FlowId, response: Response, now: Instant, cause: int) -> None:
        """Back to where its request came from, by the Via we pushed (RFC 3261 16.7)."""
        top, *others = response.headers.get_all("Via") or ("",)
        via = parse_via(top)
        key = TransactionKey((via.branch or "", response.cseq.method))
        pending = self._pending.get(key)
        ours = any(rewrite.is_at(via.host, via.port, one) for one in self._own.all) and bool(others)
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
                self._phones.bind(contact, pending.origin)
            for contact in pending.registration.unbound:
                self._phones.unbind(contact, pending.origin)
        forwarded = response.replace(headers=rewrite.in_order(rewrite.with_vias(response.headers, others)))
        outward = self._zones.of(flow) is not None
        self._out.note_forwarded("outward" if outward else "inward", forwarded, pending.origin, cause)
        phone = self._phones.get(pending.origin)
        if outward and phone is not None and _tells_expired(response):
            self._count_expired(phone, now)
            self._out.transmit(pending.origin, forwarded)
            self._shut_out_if_blocked(phone, now)
        else:
            self._out.transmit(pending.origin, forwarded)

    # --- what becomes of a request ----------------------------------------------------------------------------

    def _arrive(
        self, request: Request, origin: FlowId, source: Address, ingress: IngressZone
    ) -> IncomingRequest:
        return arrive(
            request,
            origin=origin,
            source=source,
            ingress=ingress,
            own=self._own.all,
            name=self._name,
            secret=self._secret,
        )

    def _sender(self, request: Request, phone: PhoneFlow) -> Address:
        """Expressway-E is known by its certificate, and dialled by name: its Via says its address."""
        via = request.top_via
        return phone.remote if self._limiter is not None else Address(via.host, phone.remote.port)

    def _source(self, arrival: IncomingRequest, phone: PhoneFlow) -> str:
        """The phone's address; behind a traversal zone Expressway-E has written it into the phone's Via."""
        behind = arrival.vias[1] if self._limiter is None and len(arrival.vias) > 1 else None
        return (behind.param("received") if behind is not None else None) or phone.remote.host

    def _count_expired(self, phone: PhoneFlow, now: Instant) -> None:
        if self._limiter is not None:
            self._limiter.count_expired(phone.remote.host, now)

    def _shut_out_if_blocked(self, phone: PhoneFlow, now: Instant) -> None:
        """Close every connection of a source that is blocked, after it has got its answer."""
        source = phone.remote.host
        if self._limiter is not None and self._limiter.is_blocked(source, now):
            for flow in self._phones.flows_of(source):
                self._out.put(CloseFlow(flow))
                self._phones.close(flow)
                self.abandon(flow)

    def _is_for_us(self, arrival: IncomingRequest) -> bool:
        """An OPTIONS that asks after this Expressway and nobody behind it (RFC 3261 11)."""
        uri = arrival.request.uri
        return (
            arrival.request.method == "OPTIONS"
            and not uri.user
            and not arrival.routes
            and arrival.hops != 0
            and rewrite.is_at(uri.host, uri.port, self._own.outer, self._name)
        )

    def _zone_for(self, arrival: IncomingRequest, now: Instant) -> Zone | Refusal:
        """Return the zone to which a phone's request goes, or why it goes nowhere."""
        refusal = self._refusal(arrival)
        if refusal is not None:
            return refusal
        source = self._phones.get(arrival.origin)
        limiter = self._limiter
        if source is not None and limiter is not None and not limiter.admit(source.remote.host, now):
            return refusals.TOO_FAST
        if self._pending.asked(arrival.origin) >= self._settings.pending_per_flow:
            return refusals.OVERLOAD
        zone = self._zones.zone_for(arrival)
        if zone is None:
            return refusals.NO_ROUTE
        return zone if self._zones.usable(zone, now) else self._settings.unreachable

    def _refusal(self, arrival: IncomingRequest) -> Refusal | None:
        """What RFC 3261 16.3 has a proxy check before it looks for a target."""
        if arrival.came_from(self._own.all):
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
            self._refuse(pending.origin, pending.request, refusal)

    def _refuse(self, flow: FlowId, request: Request, refusal: Refusal) -> None:
        self._answer(flow, self._answers.refuse(request, refusal))

    def _answer(self, flow: FlowId, answer: Response | None) -> None:
        if answer is not None and (self._zones.of(flow) or self._phones.get(flow)):
            self._out.transmit(flow, answer)


def _users(request: Request, user: str | None) -> Mapping[str, str]:
    """Return `user` as the user of every device that the request's Contacts name."""
    return {} if user is None or request.contacts is STAR else rewrite.naming(user, request.contacts)


def _tells_expired(response: Response) -> bool:
    """Does an Expressway-C behind us refuse the token as expired? [assumed: how the edge comes to know]"""
    if response.status not in (401, 407):
        return False
    return any(f'"{EXPIRED}"' in text for text in response.headers.get_all("Warning"))
