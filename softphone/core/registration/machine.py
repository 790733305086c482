"""The registration as a machine: turns what arrives into inputs, and runs the table's actions for them."""

from __future__ import annotations

from simulator.core.actor.flow import Fetched, FlowEnd, FlowFacts
from simulator.core.events import ConfigFetched, PhoneWarned
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import KeepAlive, Request, ResponseArrived, TransactionFailed
from softphone.core.device_file.ports import decide_ports
from softphone.core.device_file.problems import ConfigError
from softphone.core.device_file.view import read_config
from softphone.core.registration.actions import ACTIONS
from softphone.core.registration.context import PhoneContext
from softphone.core.registration.download import check_answer
from softphone.core.registration.state import RegistrationState
from softphone.core.registration.transitions import TRANSITIONS, Input
from softphone.core.sip.connection import Inbound
from softphone.core.sip.ucm_requests import answer
from softphone.core.state_table import follow


class RegistrationMachine:
    """`held` is what the phone shows of itself; nobody changes it but the actions."""

    def __init__(self, context: PhoneContext) -> None:
        self._context = context
        self.held = RegistrationState(context)

    def feed(self, given: Input, payload: object, now: Instant) -> None:
        """Run the action of the table for `given`. Raises IllegalInput where there is none."""
        held = self.held
        new = follow(TRANSITIONS, held.state, given, lambda action: ACTIONS[action](held, payload, now))
        held.enter(new, given)

    # --- what the driver reports --------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        """Register over a connection that is open, or ask the standby node behind it."""
        held = self.held
        if flow == held.flow:
            self.feed(Input.CONNECTED, facts, now)
        elif held.standby.owns(flow):
            held.standby.opened(flow, facts, now)

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        """Read what a node sent."""
        held = self.held
        if flow == held.flow and held.connection is not None:
            self._arrived(held.connection.receive(data, now), now)
        elif held.standby.owns(flow):
            better = held.standby.received(flow, data, now)
            if better is not None:
                self.feed(Input.FALLBACK_GRANTED, better, now)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        """Do without a connection that is gone or never came up."""
        held = self.held
        if flow == held.flow:
            held.forget_flow()
            self.feed(Input.FLOW_LOST, _why(end), now)
        elif held.standby.owns(flow):
            held.standby.lost(flow, now)

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        """Read the configuration file that was asked for; answers to earlier requests are dropped."""
        download = self.held.download
        if key != download.key:
            return
        download.cancel()
        finding, payload = None, None
        try:
            check_answer(result)
            view = read_config(result.body)
            profile = self._context.profile
            payload = (
                view,
                decide_ports(view, profile.deployment, edges=profile.edges, credential=profile.credential),
            )
        except ConfigError as error:
            finding = error.finding
        self._context.journal.add(
            ConfigFetched(
                url=download.url,
                status=result.status,
                problem=None if finding is None else str(finding.code),
                detail="" if finding is None else finding.text,
            )
        )
        if finding is None:
            self.feed(Input.CONFIG_READ, payload, now)
        else:
            self.feed(Input.CONFIG_FAILED, finding, now)

    def next_timeout(self) -> Instant | None:
        """Return the earliest instant of a timer, a transaction or a standby node."""
        held = self.held
        dues = [due] if (due := held.timers.next_timeout()) is not None else []
        if held.connection is not None and (due := held.connection.next_timeout()) is not None:
            dues.append(due)
        if (due := held.standby.next_timeout()) is not None:
            dues.append(due)
        return min(dues, default=None)

    def handle_timeout(self, now: Instant) -> None:
        """Do what is due: transactions first, then standby nodes, then timers, the earliest first."""
        held = self.held
        connection = held.connection
        if connection is not None and (due := connection.next_timeout()) is not None and due <= now:
            self._arrived(connection.handle_timeout(now), now)
        if (due := held.standby.next_timeout()) is not None and due <= now:
            held.standby.handle_timeout(now)
        while (given := held.timers.take_due(now)) is not None:
            self.feed(given, None, now)

    # --- what the node sent -------------------------------------------------------------------------------

    def _arrived(self, arrivals: list[Inbound], now: Instant) -> None:
        held = self.held
        connection = held.connection
        for arrival in arrivals:
            if held.connection is not connection:
                return  # an earlier one of them ended this connection
            if isinstance(arrival, ResponseArrived | TransactionFailed) and not self._current(arrival.request):
                continue
            if isinstance(arrival, ResponseArrived):
                self._answered(arrival, now)
            elif isinstance(arrival, Request):
                self._asked(arrival, now)
            elif isinstance(arrival, KeepAlive):
                held.edge_answered(arrival.transaction)
            elif isinstance(arrival, TransactionFailed):
                self.feed(Input.TIMED_OUT, f"no answer to {arrival.request.method}", now)
            else:
                self.feed(Input.FLOW_LOST, f"the node does not speak SIP: {arrival.detail}", now)

    def _current(self, request: Request) -> bool:
        """Whether it is the last request: an unregister overtakes a refresh that is under way."""
        dialog = self.held.dialog
        return dialog is not None and dialog.latest is request

    def _answered(self, arrived: ResponseArrived, now: Instant) -> None:
        status = arrived.response.status
        if status == 100:
            return
        if 200 <= status < 300:
            given = Input.ACCEPTED
        elif status in (401, 407):
            given = Input.CHALLENGED
        elif status == 423:
            given = Input.TOO_BRIEF
        else:  # a provisional answer other than 100 also ends the attempt [read in client code: sip-wire 4]
            given = Input.REFUSED
        self.feed(given, arrived, now)

    def _asked(self, request: Request, now: Instant) -> None:
        held = self.held
        assert held.connection is not None
        reply = answer(request, to_tag=self._context.ids.tag())
        if reply.response is not None:
            held.connection.reply(reply.response)
        if reply.restart is None:
            return
        ours = held.dialog.call_id if held.dialog is not None else None
        if reply.call_id is not None and reply.call_id != ours:
            self._context.journal.add(
                PhoneWarned(code="W_RESET_OF_ANOTHER", detail=f"{reply.restart} for {reply.call_id[:80]}")
            )
            return
        self.feed(Input.RESET, reply.restart, now)


def _why(end: FlowEnd) -> str:
    if end.refusal is not None:
        return f"TLS refused by {end.refusal.by}: {end.refusal.detail or end.refusal.reason}"
    return end.detail or f"closed by {end.by}"
