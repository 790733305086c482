"""The SIP side of an Expressway, put together: phones' and zones' connections, the proxy, keep-alives."""

from __future__ import annotations

from simulator.core.actor.flow import FlowEnd, FlowFacts
from simulator.core.entropy import Entropy
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.own_address import OwnAddress
from simulator.expressway.core.rate_limiter import RateLimiter
from simulator.expressway.core.settings import ExpresswaySettings, Load
from simulator.expressway.core.sip.flows import SipFlows
from simulator.expressway.core.sip.forwarding import ForwardingPolicy
from simulator.expressway.core.sip.keep_alives import KeepAlives
from simulator.expressway.core.sip.phone_flows import PhoneFlows
from simulator.expressway.core.sip.proxy import Proxy
from simulator.expressway.core.sip.targets import TargetZones, Uplink
from simulator.expressway.core.tokens.check import TokenCheck


class SipStack:
    """`zones`: the inner side. With an `uplink` phones come over it, and the Expressway-E limits them."""

    def __init__(
        self,
        *,
        own: OwnAddress,
        name: str,
        settings: ExpresswaySettings,
        policy: ForwardingPolicy,
        phones: PhoneFlows,
        zones: TargetZones,
        uplink: Uplink | None,
        limiter: RateLimiter,
        tokens: TokenCheck,
        entropy: Entropy,
        out: Outbox,
    ) -> None:
        self._phones = phones
        self._proxy = Proxy(
            own=own,
            name=name,
            policy=policy,
            settings=settings,
            secret=entropy.hex(16),
            phones=phones,
            zones=zones,
            out=out,
            limiter=limiter if uplink is None else None,
            tokens=tokens,
        )
        self._keep_alives = KeepAlives(settings=settings, entropy=entropy.child("stun"), out=out)
        self._flows = SipFlows(
            own=own,
            phones=phones,
            zones=zones,
            uplink=uplink,
            proxy=self._proxy,
            keep_alives=self._keep_alives,
            limiter=limiter,
            out=out,
            patience=settings.message_patience,
        )

    @property
    def load(self) -> Load:
        """What is held at this moment."""
        phones = self._phones
        return Load(phones=len(phones), pending=self._proxy.waiting, contacts=phones.contacts)

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        """Take a connection that has come up."""
        self._flows.opened(flow, facts, now)

    def data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        """Read what came over a connection."""
        self._flows.data(flow, data, now)

    def ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        """Do without a connection that is gone or never came up."""
        self._flows.ended(flow, end, now)

    def closed(self, *flows: FlowId | None) -> None:
        """Answer what waits for an answer over connections that another part has closed."""
        for flow in flows:
            if flow is not None:
                self._keep_alives.stop(flow)
                self._proxy.abandon(flow)

    def forget(self) -> None:
        """Forget connections, contacts and requests: the Expressway was switched off."""
        for part in (self._phones, self._flows, self._keep_alives, self._proxy):
            part.forget()

    def next_timeout(self) -> Instant | None:
        """Return the earliest instant at which `expire` or `handle_timeout` has something to do."""
        dues = (
            self._proxy.next_deadline(),
            self._flows.next_timeout(),
            self._keep_alives.next_timeout(),
        )
        return min((due for due in dues if due is not None), default=None)

    def expire(self, now: Instant) -> None:
        """Answer requests that have waited too long."""
        self._proxy.expire(now)

    def handle_timeout(self, now: Instant) -> None:
        """Send keep-alives, and close connections that do not answer them or are too slow."""
        self._flows.handle_timeout(now)
