"""Where phones come from, for an Expressway-C: listeners of its own, or an Expressway-E before it."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from simulator.core.actor.flow import Address, FlowEnd, FlowFacts, Listen
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.tls.settings import ServerTls
from simulator.expressway.core.listeners import EDGE, HTTPS
from simulator.expressway.core.mra_https.messages import MraAnswer, MraRequest
from simulator.expressway.core.mra_https.server import HttpsServer
from simulator.expressway.core.sip.targets import Uplink
from simulator.expressway.core.sip.zone import ZoneStatus


class ClientSide(Protocol):
    """`opened`, `data` and `ended` return True for a flow that is no SIP flow: it was handled here."""

    @property
    def uplink(self) -> Uplink | None:
        """The traversal connection; None: phones connect to the Expressway itself."""
        ...

    @property
    def statuses(self) -> tuple[ZoneStatus, ...]:
        """Of the connections to the Expressway-E."""
        ...

    def listens(self, sip: Address, tls: ServerTls) -> tuple[Listen, ...]:
        """Return the listeners for phones."""
        ...

    def next_request(self) -> tuple[int, MraRequest] | None:
        """Take the next request to 8443 and its number; None if none waits."""
        ...

    def answer(self, number: int, answer: MraAnswer, now: Instant) -> None:
        """Send the answer to the request with that number, unless its client has left."""
        ...

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> bool: ...

    def data(self, flow: FlowId, data: bytes, now: Instant) -> bool: ...

    def ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> bool: ...

    def next_timeout(self) -> Instant | None: ...

    def handle_timeout(self, now: Instant) -> None: ...

    def reset_backoff(self) -> None:
        """Make the next attempt at once: an administrator changed what connections depend on."""
        ...

    def restart(self) -> FlowId | None:
        """Close the connections opened from here, to be opened again; return the flow of the SIP connection."""
        ...

    def power_on(self) -> None:
        """Forget every connection: the Expressway was switched off, and nobody closed them."""
        ...


class DirectClients:
    """The client side of an Expressway that is a whole pair.

    Phones connect to the listener "edge", and to "https" if `https` is an address.
    """

    uplink: Uplink | None = None
    statuses: tuple[ZoneStatus, ...] = ()

    def __init__(self, *, https: Address | None, server: HttpsServer) -> None:
        self._https, self._server = https, server

    def listens(self, sip: Address, tls: ServerTls) -> tuple[Listen, ...]:
        edge = Listen(name=EDGE, transport="tls", address=sip, tls=tls)
        if self._https is None:
            return (edge,)
        return (
            edge,
            Listen(name=HTTPS, transport="tls", address=self._https, tls=replace(tls, maximum="1.3")),
        )

    def next_request(self) -> tuple[int, MraRequest] | None:
        return self._server.next_request()

    def answer(self, number: int, answer: MraAnswer, now: Instant) -> None:
        self._server.answer(number, answer, now)

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> bool:
        if facts.listener != HTTPS:
            return False
        self._server.opened(flow, facts, now)
        return True

    def data(self, flow: FlowId, data: bytes, now: Instant) -> bool:
        if flow not in self._server:
            return False
        self._server.data(flow, data, now)
        return True

    def ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> bool:
        if flow not in self._server:
            return False
        self._server.ended(flow)
        return True

    def next_timeout(self) -> Instant | None:
        return self._server.next_timeout()

    def handle_timeout(self, now: Instant) -> None:
        self._server.handle_timeout(now)

    def reset_backoff(self) -> None:
        """It opens no connection."""

    def restart(self) -> FlowId | None:
        return None

    def power_on(self) -> None:
        self._server.forget()
