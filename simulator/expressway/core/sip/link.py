"""A connection that an Expressway-C keeps to its Expressway-E: opened at once, and again whenever it is lost.

The traversal zone's SIP connection is one, the tunnel of 8443 another. [that the client
connects is documented; how long it waits before it tries again is assumed]
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.core import redact
from simulator.core.actor.flow import Address, CloseFlow, FlowEnd, OpenFlow
from simulator.core.events import ZoneChanged
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.sip.zone import ZoneState, ZoneStatus, words_of

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 120.0
"""Seconds between two attempts."""
PEER = "Expressway-E"


class Link:
    """`tls` is asked at each attempt; `up` and `down` are told of the connection's flow."""

    def __init__(
        self,
        title: str,
        remote: Address,
        *,
        tls: Callable[[], ClientTls],
        flow_ids: FlowIds,
        out: Outbox,
        up: Callable[[FlowId, Address], None],
        down: Callable[[FlowId], None],
    ) -> None:
        self._title, self._remote, self._tls = title, remote, tls
        self._flow_ids, self._out, self._up, self._down = flow_ids, out, up, down
        self.flow: FlowId | None = None
        self.state: ZoneState = "idle"
        self.detail = ""
        self.next_ping: Instant | None = None
        self.pong_due: Instant | None = None
        self.transaction = b""
        self._due = Instant(0.0)
        self._pause = FIRST_PAUSE
        self._since: Instant | None = None

    @property
    def title(self) -> str:
        return self._title

    @property
    def unanswered(self) -> str:
        return "STUN keep-alive not answered"

    @property
    def status(self) -> ZoneStatus:
        return ZoneStatus(zone=self._title, address=self._remote, state=self.state, detail=self.detail)

    def opened(self, remote: Address, now: Instant) -> None:
        assert self.flow is not None
        self.state, self._since = "active", now
        self._out.journal.add(ZoneChanged(zone=self._title, state="active"), flow=self.flow)
        self._up(self.flow, remote)

    def describe(self, end: FlowEnd) -> str:
        return words_of(end, peer=PEER, address=self._remote, up=self.state == "active")

    def lost(self, detail: str, now: Instant) -> None:
        """It is gone, or never came about; it is tried again after a pause."""
        flow, self.flow = self.flow, None
        if flow is None:
            return
        steady = self._since is not None and now - self._since >= self._pause
        self._pause = FIRST_PAUSE if steady else self._pause
        self._due = Instant(now + self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self.state, self.detail, self._since = "failed", redact.text(detail), None
        self.next_ping = self.pong_due = None
        self._out.journal.add(ZoneChanged(zone=self._title, state="failed", detail=self.detail), flow=flow)
        self._down(flow)

    def reset_backoff(self) -> None:
        """The next attempt is made at once: an administrator changed what it depends on."""
        self._due, self._pause = Instant(0.0), FIRST_PAUSE

    def restart(self) -> None:
        """Closed by us, to be opened anew."""
        if self.flow is not None:
            self._out.put(CloseFlow(self.flow))
            self._down(self.flow)
        self.forget()

    def forget(self) -> None:
        """The connection is gone without a word: we were switched off."""
        self.flow, self.state, self.detail, self._since = None, "idle", "", None
        self.next_ping = self.pong_due = None
        self.reset_backoff()

    def next_timeout(self) -> Instant | None:
        return self._due if self.flow is None else None

    def handle_timeout(self, now: Instant) -> None:
        if self.flow is None and self._due <= now:
            self.flow, self.state = self._flow_ids.take(), "opening"
            self._out.put(OpenFlow(flow=self.flow, transport="tls", remote=self._remote, tls=self._tls()))
