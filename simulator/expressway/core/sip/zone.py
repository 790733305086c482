"""The state of one zone of an Expressway: its single mutual TLS connection, to a UCM node (`CEOAuth`) or
between Expressway-E and Expressway-C (traversal).

It is opened when the first request needs it, shared by all phones, and opened again after a loss (sip-wire
8.1). Messages for a connection that is still opening wait here, in memory only, and are dropped with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulator.core.actor.flow import Address, Effect, FlowEnd, OpenFlow
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import Request, Response, SipStream
from simulator.core.tls.settings import ClientTls
from simulator.expressway.core.outbox import Outbox

ZoneState = Literal["idle", "opening", "active", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UcmNode:
    """A UCM node as an Expressway-C discovered it."""

    host: str
    """The node as the Unified CM server entry, and so the phone's cnf.xml, names it."""
    address: Address
    """Of its SIP Mobile and Remote Access (OAuth) port, 5091 by default."""
    server_name: str | None = None
    """The name its Tomcat certificate must carry; None: `host`."""
    title: str | None = None
    """The zone's name, where it is no neighbor zone."""
    number: int | None = None
    """What Via parameters call it beside its name."""
    peer: str = "UCM"
    """Who is at the other end, for messages."""

    @property
    def zone(self) -> str:
        """The zone's name. [documented: sip-wire 8.1]"""
        return self.title or f"CEOAuth {self.host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneStatus:
    """A zone as its page shows it."""

    zone: str
    address: Address
    state: ZoneState
    detail: str = ""
    """Why it failed: who refused, with which alert; empty unless `state` is failed."""


class Zone:
    """A connection from idle to failed, and what waits for it. Messages are sent in the order of `send`."""

    def __init__(self, node: UcmNode, *, backoff: float, out: Outbox) -> None:
        self.node = node
        self.state: ZoneState = "idle"
        self.detail = ""
        self.flow: FlowId | None = None
        self.remote = node.address
        self.stream = SipStream(initiator=True)
        self._backoff = backoff
        self._out = out
        self._waiting: list[Request | Response] = []
        self._proved = False
        self._not_before: Instant | None = None

    @property
    def title(self) -> str:
        return self.node.zone

    @property
    def unanswered(self) -> str:
        return "STUN keep-alive not answered: can UCM resolve our host name?"

    @property
    def status(self) -> ZoneStatus:
        return ZoneStatus(zone=self.node.zone, address=self.node.address, state=self.state, detail=self.detail)

    def resting(self, now: Instant) -> bool:
        """Whether the last attempt failed so recently that another one would come too soon."""
        return self.flow is None and self._not_before is not None and now < self._not_before

    def connect(self, flow: FlowId, tls: ClientTls) -> Effect:
        """Return the effect that opens the connection; only for a zone that has no flow."""
        self.flow, self.state, self.detail = flow, "opening", ""
        self.stream, self._proved = SipStream(initiator=True), False
        return OpenFlow(flow=flow, transport="tls", remote=self.node.address, tls=tls)

    def adopt(self, flow: FlowId, remote: Address) -> None:
        """Use a connection that the other end has opened, as the client of a traversal zone does."""
        self.flow, self.detail, self.stream = flow, "", SipStream()
        self.opened(remote)

    def send(self, message: Request | Response) -> None:
        """Send a message now, or as soon as the connection is up."""
        if self.state == "active" and self.flow is not None:
            self._out.transmit(self.flow, message)
        elif self.state == "opening":
            self._waiting.append(message)

    def opened(self, remote: Address) -> None:
        """Take note that the connection is up, and send what waits for it."""
        self.state, self.remote = "active", remote
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self.send(message)

    def heard(self) -> None:
        """Take note that UCM sent SIP, so it accepted the certificate: a later loss needs no back-off."""
        self._proved = True

    def fail(self, detail: str, now: Instant) -> None:
        """Take note that the connection is lost or never came up; `detail` says why."""
        self.flow, self.state, self.detail = None, "failed", detail
        self._waiting.clear()
        self._not_before = None if self._proved else Instant(now + self._backoff)

    def reset_backoff(self) -> None:
        """Let the next request try at once: an administrator changed what the attempt depends on."""
        self._not_before = None

    def close(self) -> None:
        """Go back to idle; the caller closes the connection."""
        self.flow, self.state, self.detail = None, "idle", ""
        self._waiting.clear()
        self.reset_backoff()

    def describe(self, end: FlowEnd) -> str:
        """Say why the connection is gone, from the end that the driver reported."""
        peer, up = self.node.peer, self.state == "active"
        if end.refusal is None and up and not self._proved and end.by == "peer" and self.node.title is None:
            # What UCM does when no name of our certificate is in its table. [assumed: sip-wire Q11]
            return "closed by UCM after the handshake, before any SIP: is our certificate's name in its table?"
        return words_of(end, peer=peer, address=self.node.address, up=up)


def words_of(end: FlowEnd, *, peer: str, address: Address, up: bool) -> str:
    """Say why a connection to `peer` is gone; `up` if it had been established."""
    refusal = end.refusal
    if refusal is not None:
        alert = f"alert {refusal.alert} {refusal.alert_name}" if refusal.alert is not None else "no alert"
        words = f"{refusal.reason}: {refusal.detail}" if refusal.detail else refusal.reason
        ours = refusal.by == "us"
        who = f"we refused {peer}'s certificate" if ours else f"{peer} refused the handshake"
        return f"{who} ({alert}): {words}"
    if not up:
        where, why = str(address), end.detail or "closed"
        return why if where in why else f"no connection to {where}: {why}"
    by = {"us": "us", "peer": peer, "network": "the network"}[end.by]
    return f"lost, closed by {by}" + (f": {end.detail}" if end.detail else "")
