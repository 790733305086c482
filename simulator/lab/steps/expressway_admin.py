"""An administrator's work at an Expressway: what its pages show and its buttons do (steps, control API)."""

from __future__ import annotations

from pydantic import Field

from simulator.evidence.logs import expressway as event_log
from simulator.expressway.core import trusted_cas
from simulator.expressway.core.actors.expressway_c import ExpresswayC
from simulator.expressway.core.sip.zone import ZoneStatus
from simulator.expressway.core.traversal.tunnel import TUNNELS
from simulator.lab.config.model import FileModel
from simulator.lab.site.site import Site
from simulator.lab.steps.driver import ScenarioDriver

_MOST_WAITS = 60
"""Times that a discovery is waited for: `until_idle` may return before it is over."""


class Discover(FileModel):
    """Configuration > Unified Communications > Unified CM servers > New."""

    publisher: str | None = Field(None, description="address as typed; default: the publisher's host name")
    user: str | None = None
    password: str | None = Field(None, repr=False)
    tls_verify: bool = True


class ExpresswayAdmin:
    """What an administrator does at one Expressway. LookupError for a name that the lab does not have."""

    def __init__(self, site: Site, name: str | None = None) -> None:
        if not site.expressways.expressway_c:
            raise LookupError("this lab has no Expressway")
        self.name = name or next(iter(site.expressways))
        if self.name not in site.expressways:
            raise LookupError(f"no Expressway {self.name!r} in this lab ({', '.join(site.expressways)})")
        self._site = site

    @property
    def actor(self) -> ExpresswayC:
        """Return the Expressway-C. Raises LookupError for an Expressway-E, which knows no Unified CM."""
        if self.name in self._site.expressways.expressway_e:
            raise LookupError(f"{self.name} is an Expressway-E: do this on its Expressway-C")
        return self._site.expressways.expressway_c[self.name]

    def zones(self) -> list[dict[str, object]]:
        """Return zones and search rules as the page lists them."""
        edge = self._site.expressways.expressway_e.get(self.name)
        if edge is not None:
            return [_traversal(status, "server") for status in edge.zones]
        rows = [_traversal(status, "client") for status in self.actor.traversal]
        for zone in self.actor.neighbor_zones:
            state, detail = self._state(zone.kind, zone.node)
            rows.append(
                {
                    "zone": zone.name,
                    "type": zone.kind,
                    "address": str(zone.address),
                    "state": state,
                    "detail": detail,
                    "search_rule": zone.rule.name,
                    "priority": zone.rule.priority,
                    "pattern_type": zone.rule.pattern_type,
                }
            )
        return rows

    def _state(self, kind: str, node: str) -> tuple[str, str]:
        """Return state and detail: before the first connection what later releases always show. [documented]"""
        if kind == "CEOAuth":
            status = self.actor.zone_state(node)
            if status.state in ("active", "failed"):
                return status.state.capitalize(), status.detail
        resolved = self._site.addresses.resolve(node) is not None
        return ("Address resolvable", "") if resolved else ("DNS resolution failed", "")

    def servers(self) -> list[dict[str, object]]:
        if self.name in self._site.expressways.expressway_e:
            return []
        return [
            {
                "publisher": status.publisher,
                "state": status.state,
                "detail": status.detail,
                "version": status.version,
                "nodes": list(status.nodes),
            }
            for status in self.actor.administration.servers
        ]

    def trusted_cas(self) -> list[dict[str, object]]:
        return [
            {"subject": ca.subject, "issuer": ca.issuer, "valid_until": ca.valid_until, "usable": ca.usable}
            for ca in trusted_cas.shown(self._site.expressways.trusted_cas(self.name))
        ]

    def blocked(self) -> list[dict[str, object]]:
        """Return the addresses from which nothing is taken, and until when, in seconds of the lab's clock."""
        now = self._site.clock.now()
        blocked = self._site.expressways.get(self.name).blocked_sources(now)
        return [
            {"source": source, "until": round(until, 3), "seconds_left": round(until - now, 3)}
            for source, until in blocked.items()
        ]

    def unblock(self, source: str) -> None:
        """Lift the block of an address. Raises LookupError if it is not blocked."""
        if not self._site.expressways.get(self.name).unblock(source, self._site.clock.now()):
            raise LookupError(f"{source} is not blocked by {self.name}")

    def event_log(self) -> list[str]:
        return list(event_log.lines(self._site.log.records(), self.name))

    async def ask_servers(self, driver: ScenarioDriver, discover: Discover | None) -> str | None:
        """Discover a Unified CM, or with None refresh all, and wait for the end.

        Returns the first failure as the page words it, or None.
        """
        administration = self.actor.administration
        if discover is not None:
            server = self._site.expressways.ucm.server(**discover.model_dump())
            administration.discover(server)
            asked = frozenset((server.publisher.lower(),))
        else:
            asked = administration.refresh()
        driver.run(self.actor)
        for _ in range(_MOST_WAITS):
            await driver.until_idle()
            if not administration.busy:
                break
        states = (status for status in administration.servers if status.publisher.lower() in asked)
        return next((status.detail for status in states if status.state == "failed"), None)


_SHOWN = {"active": "Active", "failed": "Failed", "opening": "Connecting", "idle": "Failed"}


def _traversal(status: ZoneStatus, side: str) -> dict[str, object]:
    """Write the row of the zone between Expressway-E and C, or of its tunnels; they need no search rule."""
    return {
        "zone": status.zone,
        "type": "Tunnel" if status.zone == TUNNELS else f"Traversal {side}",
        "address": str(status.address),
        "state": _SHOWN[status.state],
        "detail": status.detail,
        "search_rule": "",
        "priority": "",
        "pattern_type": "",
    }
