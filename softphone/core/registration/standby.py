"""The other nodes while the phone is registered at one: the next kept warm, the better asked for a way back.

Every keep-alive interval each gets a REGISTER with Expires 0 (T8). A better node that answers is asked by REFER
(T9); its 202 is a grant, which the machine acts on. [read in client code: sip-wire 4, S13]
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.actor.flow import FlowFacts
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import KeepAlive, Request, ResponseArrived
from softphone.core.device_file.ports import PortDecision
from softphone.core.device_file.view import ConfigView
from softphone.core.registration.context import PhoneContext
from softphone.core.registration.dialog import Registration, retry_after
from softphone.core.sip.connection import Connection, Inbound
from softphone.core.sip.ucm_requests import answer


@dataclass(slots=True, eq=False, kw_only=True)
class Watch:
    """One node that is watched."""

    decision: PortDecision
    better: bool
    due: Instant | None
    """When to ask again; None while an answer is awaited."""
    flow: FlowId | None = None
    connection: Connection | None = None
    registration: Registration | None = None


class Standby:
    def __init__(self, outfit: PhoneContext) -> None:
        self._outfit = outfit
        self._watches: list[Watch] = []
        self._config: ConfigView | None = None

    def begin(
        self, config: ConfigView, decisions: tuple[PortDecision, ...], active: PortDecision, now: Instant
    ) -> None:
        """Watch the nodes before the active one and the one after it, from one interval on."""
        place = [decision.node for decision in decisions].index(active.node)
        self._config = config
        self._watches = [
            Watch(decision=decision, better=index < place, due=self._later(now))
            for index, decision in enumerate(decisions[: place + 2])
            if index != place
        ]

    def end(self) -> None:
        for watch in self._watches:
            if watch.flow is not None:
                self._outfit.close(watch.flow)
        self._watches = []

    @property
    def running(self) -> bool:
        return bool(self._watches)

    def owns(self, flow: FlowId) -> bool:
        return any(watch.flow == flow for watch in self._watches)

    def next_timeout(self) -> Instant | None:
        dues = [watch.due for watch in self._watches if watch.due is not None]
        for watch in self._watches:
            due = watch.connection.next_timeout() if watch.connection is not None else None
            dues += [due] if due is not None else []
        return min(dues, default=None)

    def handle_timeout(self, now: Instant) -> None:
        for watch in self._watches:
            connection = watch.connection
            if connection is not None and (due := connection.next_timeout()) is not None and due <= now:
                self._arrived(watch, connection.handle_timeout(now), now)
            if watch.due is not None and watch.due <= now:
                watch.due = None
                if watch.connection is None:
                    watch.flow = self._outfit.open(watch.decision)
                else:
                    self._ask(watch, watch.connection, now)

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        watch = self._of(flow)
        assert self._config is not None
        watch.connection = self._outfit.connection(flow, facts, self._config)
        watch.registration = self._outfit.registration(watch.decision, facts, self._config, None)
        self._ask(watch, watch.connection, now)

    def lost(self, flow: FlowId, now: Instant) -> None:
        self._forget(self._of(flow), now)

    def received(self, flow: FlowId, data: bytes, now: Instant) -> Watch | None:
        """The watch whose node has just granted the way back, taken out of the standby."""
        watch = self._of(flow)
        assert watch.connection is not None
        granted = self._arrived(watch, watch.connection.receive(data, now), now)
        if granted:
            self._watches.remove(watch)
        return watch if granted else None

    def _of(self, flow: FlowId) -> Watch:
        return next(watch for watch in self._watches if watch.flow == flow)

    def _later(self, now: Instant) -> Instant:
        assert self._config is not None
        return Instant(now + self._config.timers.keep_alive)

    def _forget(self, watch: Watch, now: Instant) -> None:
        watch.flow = watch.connection = watch.registration = None
        watch.due = self._later(now)

    def _ask(self, watch: Watch, connection: Connection, now: Instant) -> None:
        assert watch.registration is not None
        connection.send(watch.registration.keep_alive(now), now)

    def _arrived(self, watch: Watch, arrivals: list[Inbound], now: Instant) -> bool:
        for arrival in arrivals:
            connection, registration = watch.connection, watch.registration
            assert connection is not None
            assert registration is not None
            if isinstance(arrival, Request):
                reply = answer(arrival, to_tag=self._outfit.ids.tag())
                if reply.response is not None:
                    connection.reply(reply.response)
            elif isinstance(arrival, ResponseArrived):
                if self._answered(watch, connection, registration, arrival, now):
                    return True
            elif not isinstance(arrival, KeepAlive):  # no answer, or bytes that are no SIP
                assert watch.flow is not None
                self._outfit.close(watch.flow)
                self._forget(watch, now)
                return False
        return False

    def _answered(
        self,
        watch: Watch,
        connection: Connection,
        registration: Registration,
        arrived: ResponseArrived,
        now: Instant,
    ) -> bool:
        status = arrived.response.status
        if status < 200:
            return False
        if arrived.request.method == "REFER":
            wait = retry_after(arrived.response)
            watch.due = self._later(now) if wait is None else Instant(now + max(wait, 1))
            return status < 300
        if status in (401, 407):
            again = registration.answer_challenge(arrived.response, now)
            if isinstance(again, Request):
                connection.send(again, now)
                return False
        elif status < 300 and watch.better:
            connection.send(registration.ask_for_leave(now), now)
            return False
        watch.due = self._later(now)
        return False
