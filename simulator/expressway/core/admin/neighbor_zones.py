"""The neighbor zones that discovery makes: as an administrator sees them, and as requests use them.

With their search rules: `CEtcp-` for each node, `CEtls-` in mixed mode, `CEOAuth ` in SIP OAuth mode; none can
be configured. [documented: administration 9.1.5]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from simulator.core.actor.flow import Address
from simulator.core.events import KeysLoaded, ZoneConfigured
from simulator.core.ids import FlowId
from simulator.expressway.core.admin.discovery import Found, FoundNode, UcmServer
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.sip.ucm_zones import UcmZones
from simulator.expressway.core.sip.zone import UcmNode
from simulator.expressway.core.tokens.check import TokenCheck
from simulator.expressway.core.tokens.keys import TokenReader

PRIORITY = 45
"""Priority of the search rules. [documented]"""
_LONGEST_PLAIN = 60
"""Characters of a name up to which the rule is no regular expression [number assumed]."""
NeighborZoneType = Literal["CEtcp", "CEtls", "CEOAuth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRule:
    """The search rule of a neighbor zone."""

    name: str
    priority: int = PRIORITY
    pattern_type: Literal["Prefix", "Regex"] = "Prefix"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighborZone:
    """A zone as the page of zones lists it."""

    name: str
    kind: NeighborZoneType
    node: str
    address: Address

    @property
    def rule(self) -> SearchRule:
        """The zone's search rule, which has its name."""
        long = len(self.name) > _LONGEST_PLAIN
        return SearchRule(name=self.name, pattern_type="Regex" if long else "Prefix")


def zones_of(found: Found, *, by_token: bool) -> tuple[NeighborZone, ...]:
    """Return the zones for what a discovery found.

    `by_token`: Authorize by OAuth token with refresh = On; without it there is no CEOAuth zone. [order of the
    runbook documented: administration 10.7; that the switch alone decides is assumed]
    """
    made: list[NeighborZone] = []
    for node in found.nodes:
        made.append(_zone("CEtcp", f"CEtcp-{node.host}", node.host, node.sip))
        if found.mixed_mode:
            made.append(_zone("CEtls", f"CEtls-{node.host}", node.host, node.sips))
        if found.oauth_mode and by_token:
            made.append(_zone("CEOAuth", f"CEOAuth {node.host}", node.host, node.mra))
    return tuple(made)


def _zone(kind: NeighborZoneType, name: str, host: str, port: int) -> NeighborZone:
    return NeighborZone(name=name, kind=kind, node=host, address=Address(host, port))


def difference(
    before: Iterable[NeighborZone], after: Iterable[NeighborZone]
) -> tuple[tuple[NeighborZone, ...], tuple[NeighborZone, ...]]:
    """Return the new zones, and those that are gone; a zone with another address is both."""
    old, new = tuple(before), tuple(after)
    return tuple(zone for zone in new if zone not in old), tuple(zone for zone in old if zone not in new)


class NeighborZones:
    """`configured`: the zones that discovery made. `by_token`: "Authorize by OAuth token with refresh".

    Methods that close connections return their flows: what waits for an answer over them must be answered.
    """

    def __init__(
        self,
        *,
        zones: UcmZones,
        tokens: TokenCheck,
        out: Outbox,
        by_token: bool,
        locate: Callable[[FoundNode], Address] | None,
    ) -> None:
        """`locate`: where a found node's 5091 is; None: at the host and port that were found."""
        self.configured: tuple[NeighborZone, ...] = ()
        self.by_token = by_token
        self._zones, self._tokens, self._out = zones, tokens, out
        self._locate = locate or _as_found
        self._found: dict[str, tuple[UcmServer, Found]] = {}

    @property
    def nodes(self) -> tuple[FoundNode, ...]:
        """The nodes of every cluster that was found."""
        return tuple(node for _, found in self._found.values() for node in found.nodes)

    def set_by_token(self, on: bool) -> list[FlowId]:
        """Turn the switch: off, the CEOAuth zones are gone at once; on, they come with a refresh. [assumed]"""
        self.by_token = on
        if on:
            return []
        return self._rewrite(tuple(zone for zone in self.configured if zone.kind != "CEOAuth"))

    def apply(self, server: UcmServer, found: Found) -> list[FlowId]:
        """Use what a discovery found from now on: zones, nodes and token keys."""
        publisher = server.publisher.lower()
        self._found[publisher] = server, found
        zones = [zones_of(each, by_token=self.by_token) for _, each in self._found.values()]
        closed = self._rewrite(tuple(zone for some in zones for zone in some))
        if found.keys is not None:
            held = self._tokens.readers.get(publisher)
            changed = held is None or held.keys.hashes != found.keys.hashes
            if changed:
                self._tokens.readers[publisher] = TokenReader(found.keys)
            signing, encryption = found.keys.hashes
            self._out.journal.add(
                KeysLoaded(
                    consumer=self._out.journal.actor,
                    signing=signing,
                    encryption=encryption,
                    changed=changed,
                    why="discovery",
                )
            )
        self._zones.reset_backoff()
        return closed

    def _rewrite(self, zones: tuple[NeighborZone, ...]) -> list[FlowId]:
        closed: list[FlowId | None] = []
        made, gone = difference(self.configured, zones)
        self.configured = zones
        for zone in gone:
            self._note(zone, "removed")
            if zone.kind == "CEOAuth" and not any(z.kind == zone.kind and z.node == zone.node for z in zones):
                closed.append(self._zones.set_node(zone.node, None))
        for zone in made:
            self._note(zone, "created")
        nodes = {node.host: node for node in self.nodes}
        for zone in zones:
            if zone.kind == "CEOAuth":
                node = nodes[zone.node]
                ucm = UcmNode(host=node.host, address=self._locate(node))
                closed.append(self._zones.set_node(node.host, ucm))
        return [flow for flow in closed if flow is not None]

    def _note(self, zone: NeighborZone, what: Literal["created", "removed"]) -> None:
        event = ZoneConfigured(
            zone=zone.name, what=what, address=str(zone.address), priority=zone.rule.priority
        )
        self._out.journal.add(event)


def _as_found(node: FoundNode) -> Address:
    return Address(node.host, node.mra)
