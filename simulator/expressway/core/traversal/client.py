"""An Expressway-C's side of the way to its Expressway-E: the traversal zone's connection, and the tunnel's.

Contacts that are reached over the traversal connection stay known while it is gone: the phones behind it keep
theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.actor.flow import Address, CloseFlow, FlowEnd, FlowFacts, Listen
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.tls.settings import ServerTls
from simulator.expressway.core.certificates import Certificates
from simulator.expressway.core.mra_https.messages import MraAnswer, MraRequest
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.settings import TRAVERSAL
from simulator.expressway.core.sip.link import TraversalLink
from simulator.expressway.core.sip.phone_flows import ContactKey, PhoneFlows
from simulator.expressway.core.sip.zone import ZoneStatus
from simulator.expressway.core.traversal.tunnel import TUNNELS, TunnelClient


@dataclass(frozen=True, slots=True, kw_only=True)
class TraversalPlan:
    """Where the Expressway-E is. Its certificate must carry the host's name."""

    server: Address
    """Of its traversal listener, 7001 by default."""
    tunnel: Address
    """Of its listener for the tunnel, 2222 by default."""


class TraversalZone:
    """The SIP connection of the traversal zone, with the contacts that are reached over it."""

    unanswered = "STUN keep-alive not answered"

    def __init__(self, link: TraversalLink, phones: PhoneFlows) -> None:
        self._link, self._phones = link, phones
        self.title = link.title
        self._kept: frozenset[ContactKey] = frozenset()
        """Contacts to be reached again when there is a connection."""

    @property
    def flow(self) -> FlowId | None:
        return self._link.flow

    def opened(self, remote: Address, now: Instant) -> None:
        flow = self._link.flow
        assert flow is not None
        self._link.opened(now)
        self._phones.open(flow, remote)
        for contact in self._kept:
            self._phones.bind(contact, flow)

    def lost(self, detail: str, now: Instant) -> None:
        flow = self._link.lost(detail, now)
        if flow is not None:
            self._keep_contacts(flow)

    def describe(self, end: FlowEnd) -> str:
        return self._link.describe(end)

    def restart(self) -> FlowId | None:
        """Close the connection and return its flow."""
        flow = self._link.restart()
        if flow is not None:
            self._keep_contacts(flow)
        return flow

    def forget(self) -> None:
        """Forget the connection and its contacts: the Expressway was switched off."""
        self._kept = frozenset()
        self._link.forget()

    def _keep_contacts(self, flow: FlowId) -> None:
        if self._phones.get(flow) is not None:
            self._kept = self._phones.close(flow)


class TraversalClient:
    """The client side of an Expressway-C that has an Expressway-E before it."""

    def __init__(
        self,
        plan: TraversalPlan,
        *,
        phones: PhoneFlows,
        certificates: Certificates,
        flow_ids: FlowIds,
        out: Outbox,
    ) -> None:
        self._out = out
        self._sip = TraversalLink(
            TRAVERSAL.name, plan.server, certificates=certificates, flow_ids=flow_ids, out=out
        )
        self._tunnel = TraversalLink(
            TUNNELS, plan.tunnel, certificates=certificates, flow_ids=flow_ids, out=out
        )
        self._links = self._sip, self._tunnel
        self._requests = TunnelClient(out=out)
        self.uplink = TraversalZone(self._sip, phones)

    @property
    def statuses(self) -> tuple[ZoneStatus, ...]:
        return self._sip.status, self._tunnel.status

    def listens(self, sip: Address, tls: ServerTls) -> tuple[Listen, ...]:
        return ()

    def next_request(self) -> tuple[int, MraRequest] | None:
        return self._requests.next_request()

    def answer(self, number: int, answer: MraAnswer, now: Instant) -> None:
        self._requests.answer(number, answer)

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> bool:
        if flow != self._tunnel.flow:
            return False
        self._tunnel.opened(now)
        self._requests.up(flow)
        return True

    def data(self, flow: FlowId, data: bytes, now: Instant) -> bool:
        if flow != self._tunnel.flow:
            return False
        problem = self._requests.data(data)
        if problem:
            self._out.put(CloseFlow(flow))
            self._tunnel_lost(problem, now)
        return True

    def ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> bool:
        if flow != self._tunnel.flow:
            return False
        self._tunnel_lost(self._tunnel.describe(end), now)
        return True

    def next_timeout(self) -> Instant | None:
        dues = (link.next_timeout() for link in self._links)
        return min((due for due in dues if due is not None), default=None)

    def handle_timeout(self, now: Instant) -> None:
        for link in self._links:
            link.handle_timeout(now)

    def reset_backoff(self) -> None:
        for link in self._links:
            link.reset_backoff()

    def restart(self) -> FlowId | None:
        flow = self.uplink.restart()
        if self._tunnel.restart() is not None:
            self._requests.down()
        return flow

    def power_on(self) -> None:
        self.uplink.forget()
        self._tunnel.forget()
        self._requests.down()
        self.handle_timeout(Instant(0.0))

    def _tunnel_lost(self, detail: str, now: Instant) -> None:
        self._tunnel.lost(detail, now)
        self._requests.down()
