"""The softphone as an actor: sorts what happens into inputs, runs the transition table, keeps the timers.

A phone is told what became of its flows and fetches (`simulator.core.actor.flow.Actor`) and answers with
effects. Its life is `transitions.TRANSITIONS`; what each action does is `life`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from simulator.core.actor.flow import Effect, Fetched, FlowEnd, FlowFacts
from simulator.core.entropy import Entropy
from simulator.core.events import ConfigFetched, PhoneFailed, PhoneRefused, PhoneStateChanged, PhoneWarned
from simulator.core.events.log import Journal
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.sip import UCM, KeepAlive, Request, ResponseArrived, TransactionFailed
from simulator.core.sip.bearer import Dialect
from softphone.core.device_file.ports import PortDecision, decide_ports
from softphone.core.device_file.problems import ConfigError
from softphone.core.device_file.view import ConfigView, read_config
from softphone.core.registration.actions import RegistrationActions
from softphone.core.registration.context import PhoneContext
from softphone.core.registration.download import check_answer
from softphone.core.registration.transitions import TRANSITIONS, Action, IllegalInput, Input, State
from softphone.core.settings.backoff import Backoff
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import PhoneProfile, PortOverride, TokenSource
from softphone.core.sip.connection import Inbound
from softphone.core.sip.ucm_requests import answer

ACTIONS: Final[Mapping[Action, Callable[[RegistrationActions, Any, Instant], State]]] = MappingProxyType(
    {
        Action.FETCH: RegistrationActions.fetch,
        Action.READ: RegistrationActions.read,
        Action.TRY_NEXT_SERVER: RegistrationActions.try_next_server,
        Action.REGISTER: RegistrationActions.register,
        Action.NEXT_NODE: RegistrationActions.next_node,
        Action.PASS_OVER: RegistrationActions.pass_over,
        Action.ASK_EDGE: RegistrationActions.ask_edge,
        Action.LEAVE_EDGE: RegistrationActions.leave_edge,
        Action.FAIL_OVER: RegistrationActions.fail_over,
        Action.FALL_SILENT: RegistrationActions.fall_silent,
        Action.ANSWER_CHALLENGE: RegistrationActions.answer_challenge,
        Action.LENGTHEN: RegistrationActions.lengthen,
        Action.HOLD: RegistrationActions.hold,
        Action.GIVE_UP: RegistrationActions.give_up,
        Action.REFRESH: RegistrationActions.refresh,
        Action.RENEW_TOKEN: RegistrationActions.renew_token,
        Action.UNREGISTER: RegistrationActions.unregister,
        Action.RESTART: RegistrationActions.restart,
        Action.COME_BACK: RegistrationActions.come_back,
        Action.DEPART: RegistrationActions.depart,
        Action.LEAVE: RegistrationActions.leave,
        Action.HALT: RegistrationActions.halt,
        Action.MARK_STOP: RegistrationActions.mark_stop,
        Action.NOTHING: RegistrationActions.nothing,
    }
)


class Softphone:
    """One Jabber client. Call `start`, then drain `effects` after every call, as for any actor."""

    def __init__(
        self,
        profile: PhoneProfile,
        *,
        tokens: TokenSource,
        entropy: Entropy,
        journal: Journal,
        flows: FlowIds,
        dialect: Dialect = UCM,
    ) -> None:
        self.profile = profile
        self._outfit = PhoneContext(
            profile, tokens=tokens, entropy=entropy, journal=journal, flows=flows, dialect=dialect
        )
        self._journal = journal
        self._life = RegistrationActions(self._outfit, Backoff(entropy.child("backoff")))

    # --- control ------------------------------------------------------------------------------------------

    def start(self, now: Instant) -> None:
        """Fetch the configuration and register. Raises IllegalInput if the phone runs already."""
        self._feed(Input.START, None, now)

    def stop(self, now: Instant) -> None:
        """Unregister (Expires: 0) and close; `state` is STOPPED once the node has answered."""
        self._feed(Input.STOP, None, now)

    def set_behaviours(
        self, behaviours: frozenset[Behaviour], port_override: PortOverride | None = None
    ) -> None:
        """Replaces the scripted misbehaviours; they count from the next thing the phone does."""
        self._outfit.conduct.behaviours = behaviours
        self._life.rounds.port_override = port_override or self.profile.port_override

    def set_tokens(self, tokens: TokenSource) -> None:
        self._outfit.wallet.source = tokens

    @property
    def name(self) -> ActorId:
        return self._journal.actor

    @property
    def state(self) -> State:
        return self._life.state

    @property
    def registered_at(self) -> str | None:
        """The node's host while the phone believes that it is registered there."""
        return self._life.registered_at

    @property
    def last_refusal(self) -> PhoneRefused | None:
        return self._life.last_refusal

    @property
    def last_failure(self) -> PhoneFailed | None:
        return self._life.last_failure

    @property
    def config(self) -> ConfigView | None:
        """The last configuration that could be used."""
        return self._life.config

    @property
    def decision(self) -> PortDecision | None:
        """The node and port in use, or last tried."""
        return self._life.decision

    # --- the actor ----------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        if flow == self._life.flow:
            self._feed(Input.CONNECTED, facts, now)
        elif self._life.standby.owns(flow):
            self._life.standby.opened(flow, facts, now)

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        life = self._life
        if flow == life.flow and life.connection is not None:
            self._arrived(life.connection.receive(data, now), now)
        elif life.standby.owns(flow):
            watch = life.standby.received(flow, data, now)
            if watch is not None:
                self._feed(Input.FALLBACK_GRANTED, watch, now)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        life = self._life
        if flow == life.flow:
            life.flow = None
            self._feed(Input.FLOW_LOST, _why(end), now)
        elif life.standby.owns(flow):
            life.standby.lost(flow, now)

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        life = self._life
        if key != life.provisioning.key:
            return
        life.provisioning.cancel()
        finding, payload = None, None
        try:
            check_answer(result)
            view = read_config(result.body)
            profile = self.profile
            payload = (
                view,
                decide_ports(view, profile.deployment, edges=profile.edges, credential=profile.credential),
            )
        except ConfigError as error:
            finding = error.finding
        self._journal.add(
            ConfigFetched(
                url=life.provisioning.url,
                status=result.status,
                problem=None if finding is None else str(finding.code),
                detail="" if finding is None else finding.text,
            )
        )
        if finding is None:
            self._feed(Input.CONFIG_READ, payload, now)
        else:
            self._feed(Input.CONFIG_FAILED, finding, now)

    def next_timeout(self) -> Instant | None:
        life = self._life
        dues = list(life.due.values())
        if life.connection is not None and (due := life.connection.next_timeout()) is not None:
            dues.append(due)
        if (due := life.standby.next_timeout()) is not None:
            dues.append(due)
        return min(dues, default=None)

    def handle_timeout(self, now: Instant) -> None:
        life = self._life
        connection = life.connection
        if connection is not None and (due := connection.next_timeout()) is not None and due <= now:
            self._arrived(connection.handle_timeout(now), now)
        if (due := life.standby.next_timeout()) is not None and due <= now:
            life.standby.handle_timeout(now)
        while life.due:
            given, at = min(life.due.items(), key=lambda item: item[1])
            if at > now:
                return
            del life.due[given]
            self._feed(given, None, now)

    def effects(self) -> list[Effect]:
        out, self._outfit.out[:] = list(self._outfit.out), []
        return out

    # --- inputs -------------------------------------------------------------------------------------------

    def _feed(self, given: Input, payload: object, now: Instant) -> None:
        life = self._life
        old = life.state
        transition = TRANSITIONS.get((old, given))
        if transition is None:
            raise IllegalInput(old, given)
        new = ACTIONS[transition.action](life, payload, now)
        if new not in transition.to:
            raise IllegalInput(f"{old} to {new}", given)
        life.state = new
        if new is not old and self._journal.on:
            self._journal.add(PhoneStateChanged(old=old, new=new, why=given), flow=life.flow)

    def _arrived(self, arrivals: list[Inbound], now: Instant) -> None:
        connection = self._life.connection
        for arrival in arrivals:
            if self._life.connection is not connection:
                return  # an earlier one of them ended this connection
            if isinstance(arrival, ResponseArrived | TransactionFailed) and not self._current(arrival.request):
                continue
            if isinstance(arrival, ResponseArrived):
                self._answered(arrival, now)
            elif isinstance(arrival, Request):
                self._asked(arrival, now)
            elif isinstance(arrival, KeepAlive):
                self._life.edge_answered(arrival.transaction)
            elif isinstance(arrival, TransactionFailed):
                self._feed(Input.TIMED_OUT, f"no answer to {arrival.request.method}", now)
            else:
                self._feed(Input.FLOW_LOST, f"the node does not speak SIP: {arrival.detail}", now)

    def _current(self, request: Request) -> bool:
        """Whether it is the last request: an unregister overtakes a refresh that is under way."""
        registration = self._life.registration
        return registration is not None and registration.latest is request

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
        self._feed(given, arrived, now)

    def _asked(self, request: Request, now: Instant) -> None:
        life = self._life
        assert life.connection is not None
        reply = answer(request, to_tag=self._outfit.ids.tag())
        if reply.response is not None:
            life.connection.reply(reply.response)
        if reply.restart is None:
            return
        ours = life.registration.call_id if life.registration is not None else None
        if reply.call_id is not None and reply.call_id != ours:
            self._journal.add(
                PhoneWarned(code="W_RESET_OF_ANOTHER", detail=f"{reply.restart} for {reply.call_id[:80]}")
            )
            return
        self._feed(Input.RESET, reply.restart, now)


def _why(end: FlowEnd) -> str:
    if end.refusal is not None:
        return f"TLS refused by {end.refusal.by}: {end.refusal.detail or end.refusal.reason}"
    return end.detail or f"closed by {end.by}"
