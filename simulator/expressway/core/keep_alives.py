"""STUN keep-alives of the zones' connections: one every 30 s; one that is not answered ends its connection.

UCM only answers an Expressway-C whose name it resolves; registrations of others flap [documented].
"""

from __future__ import annotations

from simulator.core import stun
from simulator.core.entropy import Entropy
from simulator.core.events import KeepAliveJudged
from simulator.core.flow import SendData
from simulator.core.instant import Instant
from simulator.core.stun import StunMessage
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.expressway.core.zone import Zone
from simulator.expressway.core.zones import Zones

UNANSWERED = "STUN keep-alive not answered: can UCM resolve our host name?"


class KeepAlives:
    def __init__(self, zones: Zones, *, settings: ExpresswaySettings, entropy: Entropy, out: Outbox) -> None:
        self._zones, self._settings, self._entropy, self._out = zones, settings, entropy, out

    def begin(self, zone: Zone, now: Instant) -> None:
        """Its connection is up."""
        if self._settings.keep_alive is not None:
            zone.next_ping = Instant(now + self._settings.keep_alive)

    def answered(self, zone: Zone, transaction: bytes) -> None:
        if zone.pong_due is not None and transaction == zone.transaction:
            zone.pong_due = None

    def next_timeout(self) -> Instant | None:
        dues = [due for zone in self._zones for due in (zone.next_ping, zone.pong_due) if due is not None]
        return min(dues, default=None)

    def handle_timeout(self, now: Instant) -> list[Zone]:
        """Sends what is due; returns the zones whose connection is given up."""
        lost = []
        for zone in self._zones:
            if zone.pong_due is not None and zone.pong_due <= now:
                zone.pong_due = zone.next_ping = None
                self._out.journal.add(
                    KeepAliveJudged(zone=zone.node.zone, answered=False, detail=UNANSWERED), flow=zone.flow
                )
                lost.append(zone)
            elif zone.next_ping is not None and zone.next_ping <= now and zone.flow is not None:
                zone.transaction = bytes.fromhex(self._entropy.hex(12))
                self._out.put(SendData(zone.flow, stun.render(StunMessage("request", zone.transaction))))
                zone.pong_due = Instant(now + self._settings.keep_alive_patience)
                zone.next_ping = Instant(now + (self._settings.keep_alive or 0.0))
        return lost
