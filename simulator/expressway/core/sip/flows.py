"""SIP connections of an Expressway, phones' and zones': bytes to messages for the relay, and how each ends."""

from __future__ import annotations

from simulator.core.actor.flow import CloseFlow, FlowEnd, FlowFacts, SendData
from simulator.core.events import SipMalformed, ZoneChanged
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import KeepAlive, Need, PartialMessages, RemoteProtocolError, SipStream, stun
from simulator.core.sip.stun import StunMessage
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.rate_limiter import RateLimiter
from simulator.expressway.core.sip.keep_alives import KeepAlives
from simulator.expressway.core.sip.link import Link
from simulator.expressway.core.sip.phone_flows import Edge
from simulator.expressway.core.sip.proxy import Relay
from simulator.expressway.core.sip.targets import Inside, Losses


class SipFlows:
    """`patience`: seconds for one message, and for a phone to begin its first; None: any time.

    `losses` is told of the zones' lost connections; `uplink`: the traversal connection of an Expressway-C.
    """

    def __init__(
        self,
        *,
        edge: Edge,
        zones: Inside,
        losses: Losses,
        relay: Relay,
        keep_alives: KeepAlives,
        guard: RateLimiter,
        out: Outbox,
        patience: float | None,
        uplink: Link | None = None,
    ) -> None:
        self._edge, self._zones, self._losses, self._uplink = edge, zones, losses, uplink
        self._relay, self._keep_alives, self._guard, self._out = relay, keep_alives, guard, out
        self._partial = PartialMessages(patience)

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        """A zone's connection that we asked for, or a phone's that came in."""
        zone = self._zones.of(flow)
        if zone is not None:
            self._out.journal.add(ZoneChanged(zone=zone.node.zone, state="active"), flow=flow)
            zone.opened(facts.remote)
            self._keep_alives.begin(zone, now)
        elif self._uplink is not None and self._uplink.flow == flow:
            self._uplink.opened(facts.remote, now)
            self._keep_alives.begin(self._uplink, now)
        elif facts.listener is not None:
            own = self._relay.own
            if not own.port or own.host in ("0.0.0.0", "::"):  # noqa: S104
                self._relay.own = facts.local
            if self._guard.blocked(facts.remote.host, now) or not self._edge.open(flow, facts.remote):
                self._out.put(CloseFlow(flow))
            else:
                self._partial.wait(flow, now)

    def data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        stream = self._stream(flow)
        if stream is not None:
            stream.receive_data(data)
        # Asked again each time: what a message leads to may end the flow.
        while (stream := self._stream(flow)) is not None:
            try:
                message = stream.next_message()
            except RemoteProtocolError as error:
                self._partial.over(flow)
                self._relay.refuse(flow, error)
                if stream.failure is not None:
                    self._close(flow, f"closed by us, unreadable SIP: {error.detail}", now)
                continue
            if message is Need.DATA:
                if stream.partial:
                    self._partial.wait(flow, now)
                return
            self._partial.over(flow)
            if not isinstance(message, KeepAlive):
                self._relay.take(flow, message, now)
            elif message.kind == "ping":
                self._out.put(SendData(flow, b"\r\n"))
            elif message.kind == "stun_request":
                self._out.put(SendData(flow, stun.render(StunMessage("response", message.transaction))))
            else:
                self._keep_alives.answered(flow, message.transaction)

    def ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        if (stream := self._stream(flow)) is not None:
            stream.receive_eof()
            try:
                stream.next_message()
            except RemoteProtocolError as error:
                self._relay.refuse(flow, error)
        held = self._zones.of(flow) or self._uplink
        self._forget(flow, "" if held is None else held.describe(end), now)

    def forget(self) -> None:
        """The connections are gone without a word: we were switched off."""
        self._partial.clear()

    def next_timeout(self) -> Instant | None:
        dues = (self._keep_alives.next_timeout(), self._partial.next_timeout())
        return min((due for due in dues if due is not None), default=None)

    def handle_timeout(self, now: Instant) -> None:
        for one in self._keep_alives.handle_timeout(now):
            if one.flow is not None:
                self._close(one.flow, one.unanswered, now)
        for flow in self._partial.take_overdue(now):
            self._too_slow(flow, now)

    def _stream(self, flow: FlowId) -> SipStream | None:
        held = self._zones.of(flow) or self._edge.get(flow)
        return None if held is None else held.stream

    def _too_slow(self, flow: FlowId, now: Instant) -> None:
        stream = self._stream(flow)
        if stream is None:
            return  # its zone was closed, or its source shut out
        what = "a message did not come whole" if stream.partial else "no message came"
        detail = f"{what} within {self._partial.patience:g} s"
        self._out.journal.add(SipMalformed(detail=detail, status=None), flow=flow)
        self._close(flow, f"closed by us: {detail}", now)

    def _close(self, flow: FlowId, detail: str, now: Instant) -> None:
        self._out.put(CloseFlow(flow))
        self._forget(flow, detail, now)

    def _forget(self, flow: FlowId, detail: str, now: Instant) -> None:
        self._partial.over(flow)
        zone = self._zones.of(flow)
        if zone is not None:
            self._losses.lost(zone, flow, detail, now)
        elif self._uplink is not None and self._uplink.flow == flow:
            self._uplink.lost(detail, now)
        else:
            self._edge.close(flow)
        self._relay.abandon(flow)
