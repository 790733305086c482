"""The standby nodes of a registered phone: the next node is kept alive, a better one is asked for the way back.

Every keep-alive interval each gets a REGISTER with Expires 0 (T8). A better node that answers is asked by REFER
(T9); its 202 grants the way back, which the machine takes. [read in client code: sip-wire 4, S13]
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
from softphone.core.registration.dialog import RegistrationDialog, retry_after
from softphone.core.sip.connection import Inbound, SipConnection
from softphone.core.sip.ucm_requests import answer


@dataclass(slots=True, eq=False, kw_only=True)
class StandbyNode:
    """One node, with the connection to it."""

    decision: PortDecision
    better: bool
    due: Instant | None
    """When to ask again; None while an answer is awaited."""
    flow: FlowId | None = None
    connection: SipConnection | None = None
    dialog: RegistrationDialog | None = None


class Standby:
    """Its timers and connections are its own; those of the registration stand in `state`."""

    def __init__(self, context: PhoneContext) -> None:
        self._context = context
        self._nodes: list[StandbyNode] = []
        self._config: ConfigView | None = None

    def begin(
        self, config: ConfigView, decisions: tuple[PortDecision, ...], active: PortDecision, now: Instant
    ) -> None:
        """Keep the nodes before `active` and the one after it, beginning in one keep-alive interval."""
        place = [decision.node for decision in decisions].index(active.node)
        self._config = config
        self._nodes = [
            StandbyNode(decision=decision, better=index < place, due=self._later(now))
            for index, decision in enumerate(decisions[: place + 2])
            if index != place
        ]

    def end(self) -> None:
        """Close every standby connection and keep no node."""
        for one in self._nodes:
            if one.flow is not None:
                self._context.close(one.flow)
        self._nodes = []

    @property
    def running(self) -> bool:
        """Whether any node is kept."""
        return bool(self._nodes)

    def owns(self, flow: FlowId) -> bool:
        """Whether `flow` is the connection to a standby node."""
        return any(one.flow == flow for one in self._nodes)

    def next_timeout(self) -> Instant | None:
        """Return the earliest instant of a keep-alive or a transaction."""
        dues = [one.due for one in self._nodes if one.due is not None]
        for one in self._nodes:
            due = one.connection.next_timeout() if one.connection is not None else None
            dues += [due] if due is not None else []
        return min(dues, default=None)

    def handle_timeout(self, now: Instant) -> None:
        """Send the keep-alives that are due, over new connections where there is none."""
        for one in self._nodes:
            connection = one.connection
            if connection is not None and (due := connection.next_timeout()) is not None and due <= now:
                self._arrived(one, connection.handle_timeout(now), now)
            if one.due is not None and one.due <= now:
                one.due = None
                if one.connection is None:
                    one.flow = self._context.open(one.decision)
                else:
                    self._ask(one, one.connection, now)

    def opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        """Ask the node over its new connection."""
        one = self._of(flow)
        assert self._config is not None
        one.connection = self._context.connection(flow, facts, self._config)
        one.dialog = RegistrationDialog.at(
            self._context, one.decision, facts=facts, config=self._config, alarm=None
        )
        self._ask(one, one.connection, now)

    def lost(self, flow: FlowId, now: Instant) -> None:
        """Try the node again after one interval: its connection is gone."""
        self._forget(self._of(flow), now)

    def received(self, flow: FlowId, data: bytes, now: Instant) -> StandbyNode | None:
        """Read what a node sent; return the node, no longer kept, if it has just granted the way back."""
        one = self._of(flow)
        assert one.connection is not None
        granted = self._arrived(one, one.connection.receive(data, now), now)
        if granted:
            self._nodes.remove(one)
        return one if granted else None

    def _of(self, flow: FlowId) -> StandbyNode:
        return next(one for one in self._nodes if one.flow == flow)

    def _later(self, now: Instant) -> Instant:
        assert self._config is not None
        return Instant(now + self._config.timers.keep_alive)

    def _forget(self, one: StandbyNode, now: Instant) -> None:
        one.flow = one.connection = one.dialog = None
        one.due = self._later(now)

    def _ask(self, one: StandbyNode, connection: SipConnection, now: Instant) -> None:
        assert one.dialog is not None
        connection.send(one.dialog.keep_alive(now), now)

    def _arrived(self, one: StandbyNode, arrivals: list[Inbound], now: Instant) -> bool:
        for arrival in arrivals:
            connection, dialog = one.connection, one.dialog
            assert connection is not None
            assert dialog is not None
            if isinstance(arrival, Request):
                reply = answer(arrival, to_tag=self._context.ids.tag())
                if reply.response is not None:
                    connection.reply(reply.response)
            elif isinstance(arrival, ResponseArrived):
                if self._answered(one, connection, dialog, arrival, now):
                    return True
            elif not isinstance(arrival, KeepAlive):  # no answer, or bytes that are no SIP
                assert one.flow is not None
                self._context.close(one.flow)
                self._forget(one, now)
                return False
        return False

    def _answered(
        self,
        one: StandbyNode,
        connection: SipConnection,
        dialog: RegistrationDialog,
        arrived: ResponseArrived,
        now: Instant,
    ) -> bool:
        status = arrived.response.status
        if status < 200:
            return False
        if arrived.request.method == "REFER":
            wait = retry_after(arrived.response)
            one.due = self._later(now) if wait is None else Instant(now + max(wait, 1))
            return status < 300
        if status in (401, 407):
            again = dialog.answer_challenge(arrived.response, now)
            if isinstance(again, Request):
                connection.send(again, now)
                return False
        elif status < 300 and one.better:
            connection.send(dialog.ask_for_leave(now), now)
            return False
        one.due = self._later(now)
        return False
