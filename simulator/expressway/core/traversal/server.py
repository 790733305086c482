"""The traversal server zone of an Expressway-E: the connection that its Expressway-C opens and keeps.

The client must show a certificate of a trusted authority (the listener asks for one) that carries the "TLS
verify subject name"; any other connection is closed before a byte is read. The newest connection counts.
"""

from __future__ import annotations

from math import inf

from simulator.core.actor.flow import Address, CloseFlow, Effect, FlowFacts
from simulator.core.events import TraversalPeerRefused, ZoneChanged
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.settings import TRAVERSAL, ExpresswaySettings
from simulator.expressway.core.sip import headers as rewrite
from simulator.expressway.core.sip.forwarding import IncomingRequest
from simulator.expressway.core.sip.zone import UcmNode, Zone, ZoneStatus

TRAVERSAL_ZONE = TRAVERSAL.name
UNACCEPTABLE = "Peer's TLS certificate identity was unacceptable"
"""[observed for an outbound connection: sip-wire 9]"""


def is_client(facts: FlowFacts, verify: str, flow: FlowId, out: Outbox) -> bool:
    """Whether the certificate carries the name `verify`; if not, report that and close the connection."""
    peer = facts.tls.peer if facts.tls is not None else None
    offered = peer.names if peer is not None else ()
    if verify.lower() in (name.lower() for name in offered):
        return True
    event = TraversalPeerRefused(wanted=verify, offered=offered, detail=UNACCEPTABLE)
    out.journal.add(event, flow=flow)
    out.put(CloseFlow(flow))
    return False


class TraversalServer:
    """`client`: the Expressway-C's SIP address, `client_host` its name: what a phone's Route must say."""

    def __init__(
        self, *, verify: str, client: Address, client_host: str, settings: ExpresswaySettings, out: Outbox
    ) -> None:
        self._verify, self._client, self._client_host = verify, client, client_host
        self._out = out
        node = UcmNode(
            host=TRAVERSAL_ZONE,
            address=client,
            title=TRAVERSAL_ZONE,
            number=TRAVERSAL.number,
            peer="Expressway-C",
        )
        self._zone = Zone(node, backoff=0.0, out=out)
        self._silence = None if settings.keep_alive is None else 2 * settings.keep_alive + 5.0
        self._heard = Instant(0.0)
        self.cut = False
        """Fault: every connection is closed at once."""

    @property
    def flow(self) -> FlowId | None:
        return self._zone.flow

    @property
    def status(self) -> ZoneStatus:
        return self._zone.status

    def accept(self, flow: FlowId, facts: FlowFacts, now: Instant) -> FlowId | None:
        """Use a connection to the traversal listener; return the one whose place it takes."""
        if self.cut:
            self._out.put(CloseFlow(flow))
            return None
        if not is_client(facts, self._verify, flow, self._out):
            return None
        before = self._zone.flow
        if before is not None:
            self._out.put(CloseFlow(before))
        self._zone.adopt(flow, facts.remote)
        self._heard = now
        self._out.journal.add(ZoneChanged(zone=TRAVERSAL_ZONE, state="active"), flow=flow)
        return before

    def heard(self, now: Instant) -> None:
        """Take note that the Expressway-C has sent something."""
        self._heard = now

    def close(self, detail: str, now: Instant) -> FlowId | None:
        """Close the connection and return its flow; None if there is none."""
        flow = self._zone.flow
        if flow is not None:
            self._out.put(CloseFlow(flow))
            self.lost(self._zone, flow, f"closed by us: {detail}", now)
        return flow

    def forget(self) -> None:
        """Go back to idle: the Expressway was switched off, and nobody closed the connection."""
        self._zone.close()

    def silent_since(self) -> Instant | None:
        """Return when the connection counts as dead unless the client sends something: it sends keep-alives."""
        if self._zone.flow is None or self._silence is None:
            return None
        return Instant(self._heard + self._silence)

    # --- TargetZones --------------------------------------------------------------------------------------

    def of(self, flow: FlowId) -> Zone | None:
        return self._zone if flow == self._zone.flow else None

    def zone_for(self, arrival: IncomingRequest) -> Zone | None:
        """Return the Expressway-C's zone, except for a request whose Route leads elsewhere."""
        if not arrival.routes:
            return self._zone
        uri = arrival.routes[0].uri
        return self._zone if rewrite.is_at(uri.host, uri.port, self._client, self._client_host) else None

    def usable(self, zone: Zone, now: Instant) -> bool:
        return zone.state == "active"

    def reach(self, zone: Zone) -> tuple[FlowId, Effect | None]:
        assert zone.flow is not None, "asked for a zone that is not usable"
        return zone.flow, None

    def lost(self, zone: Zone, flow: FlowId, detail: str, now: Instant) -> None:
        zone.fail(detail, Instant(-inf))
        self._out.journal.add(ZoneChanged(zone=TRAVERSAL_ZONE, state="failed", detail=detail), flow=flow)
