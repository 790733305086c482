"""Where phones come from, for an Expressway-C: an edge of its own, or an Expressway-E before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from simulator.core.actor.flow import Address, FlowEnd, FlowFacts, Listen
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.tls.settings import ServerTls
from simulator.expressway.core.listeners import EDGE, HTTPS
from simulator.expressway.core.mra_https.query import Answered, Ask
from simulator.expressway.core.mra_https.server import HttpsServer
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.rate_limiter import RateLimiter
from simulator.expressway.core.sip.link import Link
from simulator.expressway.core.sip.zone import ZoneStatus
from simulator.expressway.core.tokens.check import strike


class Outside(Protocol):
    """`opened`, `data` and `ended` are True for a flow that is none of SIP's: it was seen to here."""

    answer: Answered

    @property
    def uplink(self) -> Link | None:
        """The traversal connection."""
        ...

    @property
    def statuses(self) -> tuple[ZoneStatus, ...]: ...

    def listens(self, sip: Address, tls: ServerTls) -> tuple[Listen, ...]: ...

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> bool: ...

    def data(self, flow: FlowId, data: bytes, now: Instant) -> bool: ...

    def ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> bool: ...

    def next_timeout(self) -> Instant | None: ...

    def handle_timeout(self, now: Instant) -> None: ...

    def reset_backoff(self) -> None:
        """An administrator changed what connections depend on."""
        ...

    def restart(self) -> None:
        """Connections that were opened from here are made anew."""
        ...

    def power_on(self) -> None:
        """At the beginning, and after it was off: connections of before are gone, nobody said so."""
        ...


class OwnEdge:
    """An Expressway that is a whole pair: phones connect to "edge", and to "https" if that is somewhere."""

    uplink: Link | None = None
    statuses: tuple[ZoneStatus, ...] = ()

    def __init__(
        self,
        *,
        host: str,
        https: Address | None,
        sip: Callable[[], int],
        ask: Ask,
        out: Outbox,
        guard: RateLimiter,
    ) -> None:
        self._https = https
        self._door = HttpsServer(
            host=host,
            sip=sip,
            ask=ask,
            out=out,
            guard=guard,
            strike=lambda source, now: strike(guard, out.journal, source, now),
        )
        self.answer: Answered = self._door.answer

    def listens(self, sip: Address, tls: ServerTls) -> tuple[Listen, ...]:
        edge = Listen(name=EDGE, transport="tls", address=sip, tls=tls)
        if self._https is None:
            return (edge,)
        return (
            edge,
            Listen(name=HTTPS, transport="tls", address=self._https, tls=replace(tls, maximum="1.3")),
        )

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> bool:
        if facts.listener != HTTPS:
            return False
        self._door.opened(flow, facts, now)
        return True

    def data(self, flow: FlowId, data: bytes, now: Instant) -> bool:
        if flow not in self._door:
            return False
        self._door.data(flow, data, now)
        return True

    def ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> bool:
        if flow not in self._door:
            return False
        self._door.ended(flow)
        return True

    def next_timeout(self) -> Instant | None:
        return self._door.next_timeout()

    def handle_timeout(self, now: Instant) -> None:
        self._door.handle_timeout(now)

    def reset_backoff(self) -> None:
        """It opens no connection."""

    def restart(self) -> None:
        """It opens no connection."""

    def power_on(self) -> None:
        self._door.forget()
