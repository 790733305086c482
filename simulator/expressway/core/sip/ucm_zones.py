"""An Expressway-C's CEOAuth zones: found by the node a request names, or by the flow that connects them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simulator.core import redact
from simulator.core.actor.flow import CloseFlow, Effect
from simulator.core.events import ZoneChanged
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.expressway.core.certificates import Certificates
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.sip.forwarding import IncomingRequest
from simulator.expressway.core.sip.zone import UcmNode, Zone


class UcmZones:
    """`nodes` by the name that the phones' cnf.xml gives them. `backoff`: seconds after a failed attempt."""

    def __init__(
        self,
        nodes: Mapping[str, UcmNode],
        *,
        certificates: Certificates,
        backoff: float,
        flow_ids: FlowIds,
        out: Outbox,
    ) -> None:
        self._certificates = certificates
        self._backoff = backoff
        self._flow_ids = flow_ids
        self._out = out
        self._by_name: dict[str, Zone] = {}
        self._by_flow: dict[FlowId, Zone] = {}
        for name, node in nodes.items():
            self._put(name, node)

    def __iter__(self) -> Iterator[Zone]:
        return iter(tuple(self._by_name.values()))

    def named(self, name: str) -> Zone | None:
        """Return the zone of the node with that name."""
        return self._by_name.get(name.lower())

    def at(self, host: str, port: int | None) -> Zone | None:
        """Return the zone of the node that a URI means.

        By the node's name, or by the address of its 5091 as UCM writes it in its Contacts.
        """
        host = host.strip("[]").rstrip(".")
        named = self.named(host)
        if named is not None:
            return named
        meant = (host.lower(), port)
        for zone in self._by_name.values():
            if meant in {(at.host.lower(), at.port) for at in (zone.node.address, zone.remote)}:
                return zone
        return None

    # --- TargetZones --------------------------------------------------------------------------------------

    def of(self, flow: FlowId) -> Zone | None:
        return self._by_flow.get(flow)

    def zone_for(self, arrival: IncomingRequest) -> Zone | None:
        """Return the zone of the node that a request's Route, or else its Request-URI, names."""
        target = arrival.routes[0].uri if arrival.routes else arrival.request.uri
        return self.at(target.host, target.port)

    def usable(self, zone: Zone, now: Instant) -> bool:
        return not zone.resting(now)

    def reach(self, zone: Zone) -> tuple[FlowId, Effect | None]:
        """Return the zone's connection, and what opens it where there is none.

        Mutual TLS: the node's Tomcat certificate is checked against the trusted CAs.
        """
        if zone.flow is not None:
            return zone.flow, None
        flow = self._flow_ids.take()
        self._by_flow[flow] = zone
        return flow, zone.connect(flow, self._certificates.client_tls(zone.node.server_name or zone.node.host))

    def lost(self, zone: Zone, flow: FlowId, detail: str, now: Instant) -> None:
        self._by_flow.pop(flow).fail(detail, now)
        self._report_down(zone, flow, detail)

    # --- administration -----------------------------------------------------------------------------------

    def set_node(self, name: str, node: UcmNode | None) -> FlowId | None:
        """Put `node` under `name`, or with None remove it; return the flow that was closed for it.

        A node that did not change keeps its connection. Otherwise the next request opens one.
        """
        zone, closed = self.named(name), None
        if zone is not None and zone.node == node:
            return None
        if zone is not None:
            closed = self._close(zone)
            del self._by_name[name.lower()]
        if node is not None:
            self._put(name, node)
        return closed

    def restart(self) -> tuple[FlowId, ...]:
        """Close every connection, and return their flows; the next request opens a new one."""
        return tuple(flow for zone in self if (flow := self._close(zone)) is not None)

    def reset_backoff(self) -> None:
        """Let every zone try at once: an administrator changed what the attempts depend on."""
        for zone in self:
            zone.reset_backoff()

    def forget(self) -> None:
        """Take every zone back to idle: the Expressway was switched off, and nobody closed the connections."""
        for zone in self:
            zone.close()
        self._by_flow.clear()

    def _put(self, name: str, node: UcmNode) -> None:
        self._by_name[name.lower()] = Zone(node, backoff=self._backoff, out=self._out)

    def _close(self, zone: Zone) -> FlowId | None:
        flow = zone.flow
        if flow is not None:
            self._by_flow.pop(flow).close()
            self._out.put(CloseFlow(flow))
            self._report_down(zone, flow, "closed by us: the configuration changed")
        return flow

    def _report_down(self, zone: Zone, flow: FlowId, detail: str) -> None:
        event = ZoneChanged(zone=zone.node.zone, state="failed", detail=redact.text(detail))
        self._out.journal.add(event, flow=flow)
