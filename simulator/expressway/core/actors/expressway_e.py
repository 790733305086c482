"""Expressway-E as an actor: phones come in at "edge" and "https", its Expressway-C at "traversal" and "tunnel".

It opens no connection. What phones ask over SIP goes down the traversal zone, what they ask at 8443 through the
tunnel; blocked sources, rates and the phones' certificate are its business, tokens the Expressway-C's.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from simulator.core.actor.flow import Address, CloseFlow, Effect, Fetched, FlowEnd, FlowFacts, Listen
from simulator.core.entropy import Entropy
from simulator.core.events.log import Journal
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant
from simulator.core.sip import Request
from simulator.core.tls.settings import ClientAuth, Credential, ServerTls
from simulator.expressway.core.listeners import EDGE, HTTPS, TRAVERSAL, TUNNEL
from simulator.expressway.core.mra_https.server import HttpsServer
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.rate_limiter import RateLimiter
from simulator.expressway.core.settings import ExpresswaySettings, Load
from simulator.expressway.core.sip.flows import SipFlows
from simulator.expressway.core.sip.forwarding import ForwardingPolicy, registration_of, towards_traversal
from simulator.expressway.core.sip.keep_alives import KeepAlives
from simulator.expressway.core.sip.pending import Registration
from simulator.expressway.core.sip.phone_flows import Edge
from simulator.expressway.core.sip.proxy import Relay
from simulator.expressway.core.sip.zone import ZoneStatus
from simulator.expressway.core.tokens.check import TokenGate, strike
from simulator.expressway.core.traversal.server import TraversalServer
from simulator.expressway.core.traversal.tunnel import TUNNELS, TunnelServer

SILENT = "nothing heard of the Expressway-C"


class ExpresswayE:
    def __init__(
        self,
        *,
        name: str,
        host: str,
        address: Address,
        https: Address,
        traversal: Address,
        tunnel: Address,
        credential: Credential,
        trust: tuple[bytes, ...],
        verify: str,
        client: Address,
        client_host: str,
        entropy: Entropy,
        journal: Journal,
        settings: ExpresswaySettings | None = None,
    ) -> None:
        """`address`, `https`, `traversal`, `tunnel` are listened on; `host` is the name clients use. `trust`:
        authorities of the Expressway-C's certificate, `verify`: the name it must carry ("TLS verify subject
        name"). `client`, `client_host`: the Expressway-C as phones' Routes name it. `settings`: tokens are
        none of our business, so what they say of these has no effect.
        """
        self._name = ActorId(name)
        self._settings = replace(settings or ExpresswaySettings(), edge_challenges=False)
        self._out = Outbox(journal)
        self.credential, self.trust = credential, trust
        """Of the listeners when they are opened the next time."""
        self._https, self._at, self._tunnel_at = https, traversal, tunnel
        self._hangs = False
        self._guard = RateLimiter(rate=self._settings.rate)
        self._edge = Edge(limit=self._settings.flows, contacts_per_flow=self._settings.contacts_per_flow)
        self._traversal = TraversalServer(
            verify=verify, client=client, client_host=client_host, settings=self._settings, out=self._out
        )
        self._tunnel = TunnelServer(
            verify=verify,
            out=self._out,
            answered=lambda number, answer, now: self._door.answer(number, answer, now),
        )
        self._door = HttpsServer(
            host=host,
            sip=lambda: self._relay.own.port,
            ask=self._tunnel.ask,
            out=self._out,
            guard=self._guard,
            strike=lambda source, now: strike(self._guard, journal, source, now),
        )
        self._relay = Relay(
            own=address,
            name=host,
            users={},
            manner=ForwardingPolicy(
                inward=partial(towards_traversal, hop_count=self._settings.hop_count),
                registration=_registration,
            ),
            settings=self._settings,
            secret=entropy.hex(16),
            edge=self._edge,
            zones=self._traversal,
            out=self._out,
            guard=self._guard,
            gate=TokenGate(settings=self._settings, journal=journal),
        )
        self._relay.inner = traversal
        self._flows = SipFlows(
            edge=self._edge,
            zones=self._traversal,
            losses=self._traversal,
            relay=self._relay,
            keep_alives=KeepAlives(
                tuple, settings=self._settings, entropy=entropy.child("stun"), out=self._out
            ),
            guard=self._guard,
            out=self._out,
            patience=self._settings.message_patience,
        )

    # --- for whoever runs and administers it -----------------------------------------------------------------

    @property
    def name(self) -> ActorId:
        return self._name

    @property
    def address(self) -> Address:
        return self._relay.own

    @property
    def load(self) -> Load:
        return Load(phones=len(self._edge), pending=self._relay.waiting, contacts=self._edge.contacts)

    @property
    def zones(self) -> tuple[ZoneStatus, ...]:
        tunnel = self._tunnel
        return (
            self._traversal.status,
            ZoneStatus(zone=TUNNELS, address=self._tunnel_at, state=tunnel.state, detail=tunnel.detail),
        )

    def listens(self) -> tuple[Listen, ...]:
        settings = self._settings
        tls = ServerTls(credential=self.credential, minimum=settings.minimum, maximum=settings.maximum)
        inner = replace(tls, client_auth=ClientAuth.REQUIRED, trust=self.trust, crls=settings.crls)
        return (
            Listen(name=EDGE, transport="tls", address=self.address, tls=tls),
            Listen(name=HTTPS, transport="tls", address=self._https, tls=replace(tls, maximum="1.3")),
            Listen(name=TRAVERSAL, transport="tls", address=self._at, tls=inner),
            Listen(name=TUNNEL, transport="tls", address=self._tunnel_at, tls=inner),
        )

    def blocked_sources(self, now: Instant) -> dict[str, Instant]:
        return self._guard.sources(now)

    def unblock(self, source: str) -> bool:
        return self._guard.release(source)

    def hang(self, on: bool) -> None:
        """It takes connections and answers nothing, or comes to itself: what came meanwhile is lost."""
        self._hangs = on

    def cut(self, on: bool, now: Instant) -> None:
        """Fault: nothing passes between it and its Expressway-C, whose attempts end at once; or again."""
        self._traversal.cut = self._tunnel.cut = on
        if on:
            self._let_go("cut", now)
            self._tunnel.close("cut", now)

    def power_on(self) -> None:
        """After it was off: every connection of before is gone, nobody said so."""
        for part in (self._traversal, self._tunnel, self._door, self._edge, self._flows, self._relay):
            part.forget()

    # --- Actor ------------------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        if facts.listener == HTTPS:
            self._door.opened(flow, facts, now)
        elif facts.listener == TUNNEL:
            self._tunnel.accept(flow, facts, now)
        elif facts.listener == TRAVERSAL:
            if not self._at.port or self._at.host in ("0.0.0.0", "::"):  # noqa: S104
                self._relay.inner = facts.local
            before = self._traversal.accept(flow, facts, now)
            if before is not None:
                self._relay.abandon(before)
        else:
            self._flows.opened(flow, facts, now)

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        if self._hangs:
            return
        if flow in self._door:
            self._door.data(flow, data, now)
        elif flow == self._tunnel.flow:
            self._tunnel.data(data, now)
        else:
            if flow == self._traversal.flow:
                self._traversal.heard(now)
            self._flows.data(flow, data, now)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        if flow in self._door:
            self._door.ended(flow)
        elif flow == self._tunnel.flow:
            self._tunnel.lost(f"lost: {end.detail or f'closed by {end.by}'}", now)
        else:
            self._flows.ended(flow, end, now)

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        """It fetches nothing."""

    def next_timeout(self) -> Instant | None:
        if self._hangs:
            return None
        dues = (
            self._relay.next_deadline(),
            self._door.next_timeout(),
            self._flows.next_timeout(),
            self._tunnel.next_timeout(),
            self._traversal.silent_since(),
        )
        return min((due for due in dues if due is not None), default=None)

    def handle_timeout(self, now: Instant) -> None:
        if self._hangs:
            return
        self._relay.expire(now)
        self._door.handle_timeout(now)
        self._flows.handle_timeout(now)
        self._tunnel.handle_timeout(now)
        silent = self._traversal.silent_since()
        if silent is not None and silent <= now:
            self._let_go(SILENT, now)

    def effects(self) -> list[Effect]:
        return self._out.drain()

    def _let_go(self, detail: str, now: Instant) -> None:
        """Of the traversal connection; what waits for an answer over it gets one from us."""
        flow = self._traversal.flow
        zone = None if flow is None else self._traversal.of(flow)
        if flow is not None and zone is not None:
            self._out.put(CloseFlow(flow))
            self._traversal.lost(zone, flow, f"closed by us: {detail}", now)
            self._relay.abandon(flow)


def _registration(request: Request, zone: str) -> Registration | None:
    """A phone's contact is reached over the flow of its last REGISTER, wherever that was registered or ended:
    what the phone still has is for the Expressway-C to know."""
    found = registration_of(request, zone)
    return None if found is None else replace(found, unbound=())
