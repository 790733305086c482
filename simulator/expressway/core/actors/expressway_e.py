"""Expressway-E as an actor: phones come in at "edge" and "https", its Expressway-C at "traversal" and "tunnel".

It opens no connection. Phones' SIP goes down the traversal zone, their requests to 8443 through the tunnel. It
blocks sources, limits rates and shows phones its certificate; tokens are checked by the Expressway-C.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from simulator.core.actor.flow import Address, FlowEnd, FlowFacts, Listen
from simulator.core.entropy import Entropy
from simulator.core.events.log import Journal
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import Request
from simulator.core.tls.settings import ClientAuth, Credential
from simulator.expressway.core.actors.expressway import Expressway
from simulator.expressway.core.certificates import Certificates
from simulator.expressway.core.listeners import EDGE, HTTPS, TRAVERSAL, TUNNEL
from simulator.expressway.core.mra_https.server import HttpsServer
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.own_address import OwnAddress
from simulator.expressway.core.rate_limiter import RateLimiter
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.expressway.core.sip.forwarding import ForwardingPolicy, registration_of, towards_traversal
from simulator.expressway.core.sip.pending import Registration
from simulator.expressway.core.sip.phone_flows import PhoneFlows
from simulator.expressway.core.sip.stack import SipStack
from simulator.expressway.core.sip.zone import ZoneStatus
from simulator.expressway.core.tokens.check import TokenCheck
from simulator.expressway.core.traversal.server import TraversalServer
from simulator.expressway.core.traversal.tunnel import TUNNELS, Answers, TunnelServer

SILENT = "nothing heard of the Expressway-C"


class ExpresswayE(Expressway):
    """The actor. Its parts hand requests on as values; `_ask` and `_answer` route them."""

    def __init__(
        self,
        *,
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
        name"). `client`, `client_host`: the Expressway-C as phones' Routes name it. What `settings` say of
        tokens has no effect here.
        """
        settings = replace(settings or ExpresswaySettings(), edge_challenges=False)
        out = Outbox(journal)
        self._https_at, self._traversal_at, self._tunnel_at = https, traversal, tunnel
        own = OwnAddress(address, traversal)
        self._certificates = Certificates(credential=credential, trust=trust, settings=settings)
        self._crls = settings.crls
        limiter = RateLimiter(journal, rate=settings.rate)
        phones = PhoneFlows(limit=settings.flows, contacts_per_flow=settings.contacts_per_flow)
        self._traversal = TraversalServer(
            verify=verify, client=client, client_host=client_host, settings=settings, out=out
        )
        self._tunnel = TunnelServer(verify=verify, out=out)
        self._https = HttpsServer(host=host, own=own, out=out, limiter=limiter)
        sip = SipStack(
            own=own,
            name=host,
            settings=settings,
            policy=ForwardingPolicy(
                inward=partial(towards_traversal, hop_count=settings.hop_count),
                registration=_registration,
            ),
            phones=phones,
            zones=self._traversal,
            uplink=None,
            limiter=limiter,
            tokens=TokenCheck(settings=settings, journal=journal),
            entropy=entropy,
            out=out,
        )
        super().__init__(own=own, limiter=limiter, sip=sip, out=out)

    def power_on(self) -> None:
        """Begin again after it was off: no earlier connection is left, and nobody closed them."""
        for part in (self._traversal, self._tunnel, self._https, self._sip):
            part.forget()

    # --- what is shown ------------------------------------------------------------------------------------

    @property
    def zones(self) -> tuple[ZoneStatus, ...]:
        """The traversal zone, and the tunnel."""
        tunnel = self._tunnel
        return (
            self._traversal.status,
            ZoneStatus(zone=TUNNELS, address=self._tunnel_at, state=tunnel.state, detail=tunnel.detail),
        )

    def listens(self) -> tuple[Listen, ...]:
        """Return the four listeners, with the present certificates."""
        tls = self._certificates.server_tls()
        trust = self._certificates.trust
        inner = replace(tls, client_auth=ClientAuth.REQUIRED, trust=trust, crls=self._crls)
        return (
            Listen(name=EDGE, transport="tls", address=self._own.outer, tls=tls),
            Listen(name=HTTPS, transport="tls", address=self._https_at, tls=replace(tls, maximum="1.3")),
            Listen(name=TRAVERSAL, transport="tls", address=self._traversal_at, tls=inner),
            Listen(name=TUNNEL, transport="tls", address=self._tunnel_at, tls=inner),
        )

    # --- what an administrator does -----------------------------------------------------------------------

    def set_trust(self, trust: tuple[bytes, ...]) -> None:
        """Replace the trusted CAs, for the listeners when they are opened the next time. [assumed]"""
        self._certificates.trust = trust

    def set_credential(self, credential: Credential) -> None:
        """Replace the server certificate, for the listeners when they are opened the next time. [assumed]"""
        self._certificates.credential = credential

    def cut(self, on: bool, now: Instant) -> None:
        """Inject or end a fault: nothing passes between it and its Expressway-C, whose attempts end at once."""
        self._traversal.cut = self._tunnel.cut = on
        if on:
            self._sip.closed(self._traversal.close("cut", now))
            self._answer(self._tunnel.close("cut"), now)

    # --- the actor ----------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        if facts.listener == HTTPS:
            self._https.opened(flow, facts, now)
        elif facts.listener == TUNNEL:
            self._answer(self._tunnel.accept(flow, facts), now)
        elif facts.listener == TRAVERSAL:
            self._own.learn_inner(facts.local)
            self._sip.closed(self._traversal.accept(flow, facts, now))
        else:
            self._sip.opened(flow, facts, now)

    def _data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        if flow in self._https:
            self._https.data(flow, data, now)
            self._ask(now)
        elif flow == self._tunnel.flow:
            self._answer(self._tunnel.data(data), now)
        else:
            if flow == self._traversal.flow:
                self._traversal.heard(now)
            self._sip.data(flow, data, now)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        if flow in self._https:
            self._https.ended(flow)
        elif flow == self._tunnel.flow:
            self._answer(self._tunnel.lost(f"lost: {end.detail or f'closed by {end.by}'}"), now)
        else:
            self._sip.ended(flow, end, now)

    def _timeouts(self) -> tuple[Instant | None, ...]:
        return (
            self._sip.next_timeout(),
            self._https.next_timeout(),
            self._tunnel.next_timeout(),
            self._traversal.silent_since(),
        )

    def _timeout(self, now: Instant) -> None:
        self._https.handle_timeout(now)
        self._sip.handle_timeout(now)
        self._answer(self._tunnel.handle_timeout(now), now)
        silent = self._traversal.silent_since()
        if silent is not None and silent <= now:
            self._sip.closed(self._traversal.close(SILENT, now))

    # --- routes between the parts -------------------------------------------------------------------------

    def _ask(self, now: Instant) -> None:
        """Send requests to 8443 through the tunnel, until none waits."""
        while (asked := self._https.next_request()) is not None:
            number, request = asked
            answer = self._tunnel.ask(number, request, now)
            if answer is not None:
                self._https.answer(number, answer, now)

    def _answer(self, answers: Answers, now: Instant) -> None:
        for number, answer in answers:
            self._https.answer(number, answer, now)
            self._ask(now)


def _registration(request: Request, zone: str) -> Registration | None:
    """Return what binds: a phone's contact is reached over the flow of its last REGISTER.

    What the phone still has registered is for the Expressway-C to know, so nothing is unbound here.
    """
    found = registration_of(request, zone)
    return None if found is None else replace(found, unbound=())
