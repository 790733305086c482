"""What both Expressway actors have in common: name, address, limits, the fault "hangs", and the effects."""

from __future__ import annotations

from abc import ABC, abstractmethod

from simulator.core.actor.flow import Address, Effect
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.own_address import OwnAddress
from simulator.expressway.core.rate_limiter import RateLimiter
from simulator.expressway.core.settings import Load
from simulator.expressway.core.sip.stack import SipStack


class Expressway(ABC):
    """An actor hands its finished parts over; none of them calls back."""

    def __init__(self, *, own: OwnAddress, limiter: RateLimiter, sip: SipStack, out: Outbox) -> None:
        self._own, self._limiter, self._sip, self._out = own, limiter, sip, out
        self._hangs = False

    # --- administration -----------------------------------------------------------------------------------

    @property
    def name(self) -> ActorId:
        return self._out.journal.actor

    @property
    def address(self) -> Address:
        """The SIP address that faces the phones."""
        return self._own.outer

    @property
    def load(self) -> Load:
        """What the Expressway holds at this moment."""
        return self._sip.load

    def blocked_sources(self, now: Instant) -> dict[str, Instant]:
        """Return the addresses from which nothing is taken, and until when."""
        return self._limiter.blocked(now)

    def unblock(self, source: str, now: Instant) -> bool:
        """Lift the block of `source`; False if it is not blocked."""
        return self._limiter.unblock(source, now)

    def hang(self, on: bool) -> None:
        """Inject or end a fault: connections are taken, nothing is answered, what comes meanwhile is lost."""
        self._hangs = on

    # --- the actor ----------------------------------------------------------------------------------------

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        if not self._hangs:
            self._data(flow, data, now)

    def next_timeout(self) -> Instant | None:
        if self._hangs:
            return None
        return min((due for due in self._timeouts() if due is not None), default=None)

    def handle_timeout(self, now: Instant) -> None:
        if not self._hangs:
            self._sip.expire(now)
            self._timeout(now)

    def effects(self) -> list[Effect]:
        return self._out.drain()

    @abstractmethod
    def _data(self, flow: FlowId, data: bytes, now: Instant) -> None: ...

    @abstractmethod
    def _timeouts(self) -> tuple[Instant | None, ...]: ...

    @abstractmethod
    def _timeout(self, now: Instant) -> None: ...
