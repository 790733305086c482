"""What discovery found, put to use: the zones that an administrator sees, and the nodes that requests go to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from simulator.core import redact
from simulator.core.actor.flow import Address
from simulator.core.events import KeysLoaded, ZoneChanged, ZoneConfigured
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant
from simulator.expressway.core.admin.discovery import Found, FoundNode, UcmServer
from simulator.expressway.core.admin.zone_registry import NeighbourZone, difference, zones_of
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.sip.ucm_zones import Zones
from simulator.expressway.core.sip.zone import UcmNode, Zone
from simulator.expressway.core.tokens.check import TokenGate
from simulator.expressway.core.tokens.keys import TokenReader


class Neighbours:
    """`book`: the zones that discovery made. `by_token`: "Authorize by OAuth token with refresh"."""

    def __init__(
        self,
        name: ActorId,
        *,
        zones: Zones,
        gate: TokenGate,
        out: Outbox,
        by_token: bool,
        locate: Callable[[FoundNode], Address] | None,
        abandon: Callable[[FlowId], None],
    ) -> None:
        """`locate`: where a found node's 5091 is; default: as it says. `abandon`: a zone's flow is gone."""
        self.book: tuple[NeighbourZone, ...] = ()
        self.by_token = by_token
        self._name, self._zones, self._gate, self._out = name, zones, gate, out
        self._locate = locate or (lambda node: Address(node.host, node.mra))
        self._abandon = abandon
        self._found: dict[str, tuple[UcmServer, Found]] = {}

    @property
    def nodes(self) -> tuple[FoundNode, ...]:
        return tuple(node for _, found in self._found.values() for node in found.nodes)

    def set_by_token(self, on: bool) -> None:
        """Off: the CEOAuth zones are gone at once. On: they come with the next refresh. [assumed]"""
        self.by_token = on
        if not on:
            self._rewrite(tuple(zone for zone in self.book if zone.kind != "CEOAuth"))

    def apply(self, server: UcmServer, found: Found) -> None:
        """What a discovery found is true from now on."""
        publisher = server.publisher.lower()
        self._found[publisher] = server, found
        zones = [zones_of(each, by_token=self.by_token) for _, each in self._found.values()]
        self._rewrite(tuple(zone for some in zones for zone in some))
        if found.keys is not None:
            held = self._gate.readers.get(publisher)
            changed = held is None or held.keys.hashes != found.keys.hashes
            if changed:
                self._gate.readers[publisher] = TokenReader(found.keys)
            signing, encryption = found.keys.hashes
            self._out.journal.add(
                KeysLoaded(
                    consumer=self._name,
                    signing=signing,
                    encryption=encryption,
                    changed=changed,
                    why="discovery",
                )
            )
        self.reset_backoff()

    def set_node(self, name: str, node: UcmNode | None) -> None:
        """A node was discovered again: other port, other name, or (None) no longer there.

        What changed is connected to anew at the next request; requests that wait for it are answered.
        """
        zone = self._zones.named(name)
        if zone is not None and zone.node == node:
            return
        if zone is not None:
            self._close(zone)
            self._zones.remove(name)
        if node is not None:
            self._zones.put(name, node)

    def restart(self) -> None:
        for zone in self._zones:
            self._close(zone)

    def lost(self, zone: Zone, flow: FlowId, detail: str, now: Instant) -> None:
        """The zone's connection is gone, or never came up."""
        self._zones.fail(flow, detail, now)
        self._down(zone, detail, flow)

    def reset_backoff(self) -> None:
        """Lets every zone try at once: an administrator changed what the attempts depend on."""
        for zone in self._zones:
            zone.reset_backoff()

    def _rewrite(self, zones: tuple[NeighbourZone, ...]) -> None:
        made, gone = difference(self.book, zones)
        self.book = zones
        for zone in gone:
            self._note(zone, "removed")
            if zone.kind == "CEOAuth" and not any(z.kind == zone.kind and z.node == zone.node for z in zones):
                self.set_node(zone.node, None)
        for zone in made:
            self._note(zone, "created")
        nodes = {node.host: node for node in self.nodes}
        for zone in zones:
            if zone.kind == "CEOAuth":
                node = nodes[zone.node]
                self.set_node(node.host, UcmNode(host=node.host, address=self._locate(node)))

    def _note(self, zone: NeighbourZone, what: Literal["created", "removed"]) -> None:
        event = ZoneConfigured(
            zone=zone.name, what=what, address=str(zone.address), priority=zone.rule.priority
        )
        self._out.journal.add(event)

    def _close(self, zone: Zone) -> None:
        flow = zone.flow
        if flow is not None:
            self._out.put(self._zones.close(flow))
            self._down(zone, "closed by us: the configuration changed", flow)
            self._abandon(flow)

    def _down(self, zone: Zone, detail: str, flow: FlowId) -> None:
        event = ZoneChanged(zone=zone.node.zone, state="failed", detail=redact.text(detail))
        self._out.journal.add(event, flow=flow)
