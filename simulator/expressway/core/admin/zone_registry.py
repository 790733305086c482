"""The neighbour zones that discovery makes, with their search rules, as an administrator sees them.

`CEtcp-` for each node, `CEtls-` in mixed mode, `CEOAuth ` in SIP OAuth mode; none can be configured.
[documented: administration 9.1.5]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from simulator.core.actor.flow import Address
from simulator.expressway.core.admin.discovery import Found

PRIORITY = 45
"""Of the search rules. [documented]"""
_LONGEST_PLAIN = 60
"""Characters of a name up to which the rule is no regular expression [number assumed]."""
NeighborZoneType = Literal["CEtcp", "CEtls", "CEOAuth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRule:
    name: str
    priority: int = PRIORITY
    pattern_type: Literal["Prefix", "Regex"] = "Prefix"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourZone:
    name: str
    kind: NeighborZoneType
    node: str
    address: Address

    @property
    def rule(self) -> SearchRule:
        """It has the zone's name."""
        long = len(self.name) > _LONGEST_PLAIN
        return SearchRule(name=self.name, pattern_type="Regex" if long else "Prefix")


def zones_of(found: Found, *, by_token: bool) -> tuple[NeighbourZone, ...]:
    """`by_token`: Authorize by OAuth token with refresh = On; without it there is no CEOAuth zone.
    [order of the runbook documented: administration 10.7; that the switch alone decides is assumed]"""
    made: list[NeighbourZone] = []
    for node in found.nodes:
        made.append(_zone("CEtcp", f"CEtcp-{node.host}", node.host, node.sip))
        if found.mixed_mode:
            made.append(_zone("CEtls", f"CEtls-{node.host}", node.host, node.sips))
        if found.oauth_mode and by_token:
            made.append(_zone("CEOAuth", f"CEOAuth {node.host}", node.host, node.mra))
    return tuple(made)


def _zone(kind: NeighborZoneType, name: str, host: str, port: int) -> NeighbourZone:
    return NeighbourZone(name=name, kind=kind, node=host, address=Address(host, port))


def difference(
    before: Iterable[NeighbourZone], after: Iterable[NeighbourZone]
) -> tuple[tuple[NeighbourZone, ...], tuple[NeighbourZone, ...]]:
    """What is new, and what is gone; a zone with another address is both."""
    old, new = tuple(before), tuple(after)
    return tuple(zone for zone in new if zone not in old), tuple(zone for zone in old if zone not in new)
