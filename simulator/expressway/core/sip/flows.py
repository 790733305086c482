"""The SIP connections of an Expressway, phones' and zones': from bytes to messages for the proxy."""

from __future__ import annotations

from simulator.core.actor.flow import CloseFlow, FlowEnd, FlowFacts, SendData
from simulator.core.events import SipMalformed, ZoneChanged
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import KeepAlive, Need, PartialMessages, RemoteProtocolError, SipStream, stun
from simulator.core.sip.stun import StunMessage
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.own_address import OwnAddress
from simulator.expressway.core.rate_limiter import RateLimiter
from simulator.expressway.core.sip.keep_alives import KeepAlives
from simulator.expressway.core.sip.phone_flows import PhoneFlows
from simulator.expressway.core.sip.proxy import Proxy
from simulator.expressway.core.sip.targets import TargetZones, Uplink


class SipFlows:
    """`patience`: seconds for one message, and for a phone to begin its first; None: any time.

    `uplink`: the traversal connection of an Expressway-C; None: phones connect to the Expressway itself.
    """

    def __init__(
        self,
        *,
        own: OwnAddress,
        phones: PhoneFlows,
        zones: TargetZones,
        uplink: Uplink | None,
        proxy: Proxy,
        keep_alives: KeepAlives,
        limiter: RateLimiter,
        out: Outbox,
        patience: float | None,
    ) -> None:
        self._own, self._phones, self._zones, self._uplink = own, phones, zones, uplink
        self._proxy, self._keep_alives, self._limiter, self._out = proxy, keep_alives, limiter, out
        self._partial = PartialMessages(patience)

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        """Take a zone's connection that the Expressway asked for, or a phone's that came in."""
        zone = self._zones.of(flow)
        if zone is not None:
            self._out.journal.add(ZoneChanged(zone=zone.node.zone, state="active"), flow=flow)
            zone.opened(facts.remote)
            self._keep_alives.begin(flow, zone=zone.title, unanswered=zone.unanswered, now=now)
        elif (uplink := self._uplink) is not None and uplink.flow == flow:
            uplink.opened(facts.remote, now)
            self._keep_alives.begin(flow, zone=uplink.title, unanswered=uplink.unanswered, now=now)
        elif facts.listener is not None:
            self._own.learn_outer(facts.local)
            if self._limiter.is_blocked(facts.remote.host, now) or not self._phones.open(flow, facts.remote):
                self._out.put(CloseFlow(flow))
            else:
                self._partial.wait(flow, now)

    def data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        """Read messages and keep-alives, and close a connection whose bytes are not SIP."""
        stream = self._stream(flow)
        if stream is not None:
            stream.receive_data(data)
        # Looked up again each time: a message may lead to the end of its flow.
        while (stream := self._stream(flow)) is not None:
            try:
                message = stream.next_message()
            except RemoteProtocolError as error:
                self._partial.over(flow)
                self._proxy.refuse(flow, error)
                if stream.failure is not None:
                    self._close(flow, f"closed by us, unreadable SIP: {error.detail}", now)
                continue
            if message is Need.DATA:
                if stream.partial:
                    self._partial.wait(flow, now)
                return
            self._partial.over(flow)
            if not isinstance(message, KeepAlive):
                self._proxy.take(flow, message, now)
            elif message.kind == "ping":
                self._out.put(SendData(flow, b"\r\n"))
            elif message.kind == "stun_request":
                self._out.put(SendData(flow, stun.render(StunMessage("response", message.transaction))))
            else:
                self._keep_alives.answered(flow, message.transaction)

    def ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        """Do without a connection that is gone or never came up."""
        if (stream := self._stream(flow)) is not None:
            stream.receive_eof()
            try:
                stream.next_message()
            except RemoteProtocolError as error:
                self._proxy.refuse(flow, error)
        held = self._zones.of(flow) or self._uplink
        self._forget(flow, "" if held is None else held.describe(end), now)

    def forget(self) -> None:
        """Await no message: the Expressway was switched off, and nobody closed the connections."""
        self._partial.clear()

    def next_timeout(self) -> Instant | None:
        """Return the earliest instant at which a message must be whole."""
        return self._partial.next_timeout()

    def handle_timeout(self, now: Instant) -> None:
        """Send keep-alives, and close connections that do not answer them or are too slow."""
        for flow, detail in self._keep_alives.handle_timeout(now):
            self._close(flow, detail, now)
        for flow in self._partial.take_overdue(now):
            self._too_slow(flow, now)

    def _stream(self, flow: FlowId) -> SipStream | None:
        held = self._zones.of(flow) or self._phones.get(flow)
        return None if held is None else held.stream

    def _too_slow(self, flow: FlowId, now: Instant) -> None:
        stream = self._stream(flow)
        if stream is None:
            return  # its zone was closed, or its source is blocked
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
            self._zones.lost(zone, flow, detail, now)
        elif self._uplink is not None and self._uplink.flow == flow:
            self._uplink.lost(detail, now)
        else:
            self._phones.close(flow)
        self._keep_alives.stop(flow)
        self._proxy.abandon(flow)
