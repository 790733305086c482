"""An Expressway-C's side of the way to its Expressway-E: the traversal zone's connection, and the tunnel's.

Contacts that are reached over the traversal connection stay known while it is away: the phones behind it do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator.core.actor.flow import Address, CloseFlow, FlowEnd, FlowFacts, Listen
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls, ServerTls
from simulator.expressway.core.mra_https.query import Answered, Ask
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.settings import TRAVERSAL
from simulator.expressway.core.sip.link import Link
from simulator.expressway.core.sip.phone_flows import ContactKey, Edge
from simulator.expressway.core.sip.zone import ZoneStatus
from simulator.expressway.core.traversal.tunnel import TUNNELS, TunnelClient


@dataclass(frozen=True, slots=True, kw_only=True)
class TraversalPlan:
    """Where the Expressway-E is. Its certificate must carry the host's name."""

    server: Address
    """Of its traversal listener, 7001 by default."""
    tunnel: Address
    """Of its listener for the tunnel, 2222 by default."""


class TraversalClient:
    """`tls`: of the next connection to this host; `abandon`: the traversal connection is gone."""

    def __init__(
        self,
        plan: TraversalPlan,
        *,
        edge: Edge,
        tls: Callable[[str], ClientTls],
        flow_ids: FlowIds,
        out: Outbox,
        ask: Ask,
        abandon: Callable[[FlowId], None],
    ) -> None:
        self._edge, self._out, self._abandon = edge, out, abandon
        self._parked: frozenset[ContactKey] = frozenset()
        self._through = TunnelClient(out=out, ask=ask)
        self.answer: Answered = self._through.answer
        self.sip = Link(
            TRAVERSAL.name,
            plan.server,
            tls=lambda: tls(plan.server.host),
            flow_ids=flow_ids,
            out=out,
            up=self._up,
            down=self._down,
        )
        self.tunnel = Link(
            TUNNELS,
            plan.tunnel,
            tls=lambda: tls(plan.tunnel.host),
            flow_ids=flow_ids,
            out=out,
            up=lambda flow, remote: self._through.up(flow),
            down=lambda flow: self._through.down(),
        )

    @property
    def uplink(self) -> Link | None:
        return self.sip

    @property
    def statuses(self) -> tuple[ZoneStatus, ...]:
        return self.sip.status, self.tunnel.status

    def listens(self, sip: Address, tls: ServerTls) -> tuple[Listen, ...]:
        return ()

    def _up(self, flow: FlowId, remote: Address) -> None:
        self._edge.open(flow, remote)
        for contact in self._parked:
            self._edge.bind(contact, flow)

    def _down(self, flow: FlowId) -> None:
        if self._edge.get(flow) is not None:
            self._parked = self._edge.close(flow)
        self._abandon(flow)

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> bool:
        if flow != self.tunnel.flow:
            return False
        self.tunnel.opened(facts.remote, now)
        return True

    def data(self, flow: FlowId, data: bytes, now: Instant) -> bool:
        if flow != self.tunnel.flow:
            return False
        problem = self._through.data(data, now)
        if problem:
            self._out.put(CloseFlow(flow))
            self.tunnel.lost(problem, now)
        return True

    def ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> bool:
        if flow != self.tunnel.flow:
            return False
        self.tunnel.lost(self.tunnel.describe(end), now)
        return True

    def reset_backoff(self) -> None:
        for link in (self.sip, self.tunnel):
            link.reset_backoff()

    def restart(self) -> None:
        for link in (self.sip, self.tunnel):
            link.restart()

    def power_on(self) -> None:
        """Connections of before are gone without a word, and no contact is known any more."""
        self._parked = frozenset()
        for link in (self.sip, self.tunnel):
            link.forget()
            link.handle_timeout(Instant(0.0))

    def next_timeout(self) -> Instant | None:
        dues = (link.next_timeout() for link in (self.sip, self.tunnel))
        return min((due for due in dues if due is not None), default=None)

    def handle_timeout(self, now: Instant) -> None:
        for link in (self.sip, self.tunnel):
            link.handle_timeout(now)
