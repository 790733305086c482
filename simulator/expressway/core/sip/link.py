"""A connection that an Expressway-C keeps to its Expressway-E: opened at once, and again whenever it is lost.

The traversal zone's SIP connection is one, the tunnel of 8443 another. [that the client
connects is documented; how long it waits before it tries again is assumed]
"""

from __future__ import annotations

from simulator.core import redact
from simulator.core.actor.flow import Address, CloseFlow, FlowEnd, OpenFlow
from simulator.core.events import ZoneChanged
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.expressway.core.certificates import Certificates
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.sip.zone import ZoneState, ZoneStatus, words_of

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 120.0
"""Seconds between two attempts."""
PEER = "Expressway-E"


class TraversalLink:
    """Each attempt is made with the certificates of that moment, to the host of `remote`."""

    def __init__(
        self, title: str, remote: Address, *, certificates: Certificates, flow_ids: FlowIds, out: Outbox
    ) -> None:
        self.title = title
        self._remote, self._certificates, self._flow_ids, self._out = remote, certificates, flow_ids, out
        self.flow: FlowId | None = None
        self.state: ZoneState = "idle"
        self.detail = ""
        self._due = Instant(0.0)
        self._pause = FIRST_PAUSE
        self._since: Instant | None = None

    @property
    def status(self) -> ZoneStatus:
        return ZoneStatus(zone=self.title, address=self._remote, state=self.state, detail=self.detail)

    def opened(self, now: Instant) -> None:
        """Take note that the connection is up, and report it."""
        self.state, self._since = "active", now
        self._out.journal.add(ZoneChanged(zone=self.title, state="active"), flow=self.flow)

    def describe(self, end: FlowEnd) -> str:
        """Say why the connection is gone, from the end that the driver reported."""
        return words_of(end, peer=PEER, address=self._remote, up=self.state == "active")

    def lost(self, detail: str, now: Instant) -> FlowId | None:
        """Report a connection that is gone or never came up, and return its flow; try again after a pause."""
        flow, self.flow = self.flow, None
        if flow is None:
            return None
        steady = self._since is not None and now - self._since >= self._pause
        self._pause = FIRST_PAUSE if steady else self._pause
        self._due = Instant(now + self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self.state, self.detail, self._since = "failed", redact.text(detail), None
        self._out.journal.add(ZoneChanged(zone=self.title, state="failed", detail=self.detail), flow=flow)
        return flow

    def reset_backoff(self) -> None:
        """Make the next attempt at once: an administrator changed what it depends on."""
        self._due, self._pause = Instant(0.0), FIRST_PAUSE

    def restart(self) -> FlowId | None:
        """Close the connection and return its flow; another one is opened at once."""
        flow = self.flow
        if flow is not None:
            self._out.put(CloseFlow(flow))
        self.forget()
        return flow

    def forget(self) -> None:
        """Go back to idle: the Expressway was switched off, and nobody closed the connection."""
        self.flow, self.state, self.detail, self._since = None, "idle", "", None
        self.reset_backoff()

    def next_timeout(self) -> Instant | None:
        """Return the instant of the next attempt; None while there is a connection."""
        return self._due if self.flow is None else None

    def handle_timeout(self, now: Instant) -> None:
        """Open the connection if that is due."""
        if self.flow is None and self._due <= now:
            self.flow, self.state = self._flow_ids.take(), "opening"
            tls = self._certificates.client_tls(self._remote.host)
            self._out.put(OpenFlow(flow=self.flow, transport="tls", remote=self._remote, tls=tls))
