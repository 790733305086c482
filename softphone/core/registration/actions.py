"""What the phone does: one function for each action of the transition table, returning the state it leads to.

Whether an action may happen now is the business of `transitions`, who calls it that of `machine`. Each gets the
registration `it`, what came with the input, and the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from simulator.core.actor.flow import FlowFacts
from simulator.core.events import PhonePortDecided, PhoneRegistered, PhoneUnregistered, PhoneWarned
from simulator.core.instant import Instant
from simulator.core.sip import Request, Response, ResponseArrived
from softphone.core.device_file.ports import PortPlan
from softphone.core.device_file.problems import ConfigWarning, Finding
from softphone.core.device_file.view import ConfigView, compare_configs
from softphone.core.registration.dialog import Unanswerable
from softphone.core.registration.download import PASSING, SERVER_DOWN
from softphone.core.registration.edge_keep_alive import CALL_CHECK, INTERVAL, PATIENCE
from softphone.core.registration.refusals import surface
from softphone.core.registration.standby import StandbyNode
from softphone.core.registration.state import RegistrationState
from softphone.core.registration.timers import refresh_at
from softphone.core.registration.transitions import Action, Input, State
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.token_holder import RETRY_AFTER
from softphone.core.sip import messages
from softphone.core.sip.messages import JabberAlarm

UNSUPPORTED_CHALLENGE_RETRY = 60
"""Seconds. [read in client code: sip-wire 4, 401/407 of an unknown scheme]"""


# --- configuration -------------------------------------------------------------------------------------------


def fetch(it: RegistrationState, _payload: object, now: Instant) -> State:
    """Ask the first server for the configuration file; whatever was in use is closed."""
    it.drop_connection()
    it.timers.disarm_all()
    it.forget_node()
    it.download.begin(now)
    return State.FETCHING_CONFIG


def try_next_server(it: RegistrationState, problem: Finding, now: Instant) -> State:
    """Ask the next server; after the last one use the old configuration, wait, or fail."""
    if it.download.try_next(problem, now):
        return State.FETCHING_CONFIG
    problems = it.download.problems
    codes = {found.code for found in problems}
    if codes <= SERVER_DOWN and it.failover.plan is not None:
        stale = Finding(code=ConfigWarning.STALE_CONFIG, detail=f"{problem.detail}; the last one is used")
        it.warn((stale,))
        return _try_nodes(it, it.failover.plan, now)
    worst = next((found for found in problems if found.code not in PASSING), problem)
    it.fail(str(worst.code), worst.text)
    return it.wait(it.backoff.next_delay(), now) if codes <= PASSING else State.FAILED


def read(it: RegistrationState, payload: tuple[ConfigView, PortPlan], now: Instant) -> State:
    """Use a configuration that was read, report what is odd about it, and connect to the first node."""
    config, plan = payload
    if it.config is not None:
        it.warn(compare_configs(it.config, config).findings)
    it.use(config)
    it.warn(config.findings)
    it.warn(plan.findings)
    return _try_nodes(it, plan, now)


# --- connecting ----------------------------------------------------------------------------------------------


def _try_nodes(it: RegistrationState, plan: PortPlan, now: Instant) -> State:
    for decision in it.failover.begin(plan):
        it.warn(decision.findings)
        it.emit(
            PhonePortDecided(
                row=decision.row,
                node=decision.host,
                port=decision.port,
                transport=decision.transport,
                element=decision.element,
            )
        )
    return it.go(it.failover.first(), now)


def next_node(it: RegistrationState, why: str, now: Instant) -> State:
    """Go to the next node: the connection failed before the phone was registered."""
    assert it.decision is not None
    return it.leave_for(it.failover.connection_failed(it.decision, why), now)


def pass_over(it: RegistrationState, why: str, now: Instant) -> State:
    """Go to the next node: this one did not answer."""
    assert it.decision is not None
    return it.leave_for(it.failover.node_failed(it.decision, why), now)


def register(it: RegistrationState, facts: FlowFacts, now: Instant) -> State:
    """Begin a dialog over the connection that has come up."""
    return it.begin_dialog(facts, now)


# --- registering ---------------------------------------------------------------------------------------------


def answer_challenge(it: RegistrationState, arrived: ResponseArrived, now: Instant) -> State:
    """Send the request again with a token, or surface why that cannot be."""
    connection, dialog = it.talk()
    again = dialog.answer_challenge(arrived.response, now)
    if isinstance(again, Request):
        connection.send(again, now)
        return it.state
    if it.state is State.UNREGISTERING:
        return leave(it, again.detail, now)
    return _refused(it, arrived.response, now, unanswerable=again)


def lengthen(it: RegistrationState, arrived: ResponseArrived, now: Instant) -> State:
    """Ask again for as many seconds as the 423 demands, or surface the refusal."""
    connection, dialog = it.talk()
    again = dialog.lengthen(arrived.response, now)
    if again is None:
        return _refused(it, arrived.response, now)
    connection.send(again, now)
    return it.state


def hold(it: RegistrationState, arrived: ResponseArrived, now: Instant) -> State:
    """Take a 2xx: set the timers of a registration, and keep standby nodes or ask the edge."""
    _, dialog = it.talk()
    seconds = dialog.granted(arrived.response)
    if seconds <= 0:
        assert it.decision is not None
        it.drop_connection()
        it.fail("E_NOT_BOUND", f"{it.decision.host} answered 2xx but granted no time")
        return it.wait(it.backoff.next_delay(), now)
    refreshed = it.state is State.REFRESHING
    node = it.hold(now)
    if refreshed and dialog.is_new(arrived.response):
        it.emit(PhoneWarned(code="W_UCM_RESTARTED", detail=f"{node.host}: x-cisco-newreg"))
    it.emit(PhoneRegistered(node=node.host, port=node.port, expires=seconds, refreshed=refreshed))
    assert it.config is not None
    if Behaviour.NEVER_REFRESH not in it.context.conduct:
        early = it.config.timers.register_delta
        it.timers.arm(Input.REFRESH_DUE, refresh_at(now, seconds, early))
    _arm_renewal(it, now)
    if it.failover.over_edge:  # there is one way in and no standby node (device-config 4.9)
        if not it.timers.runs(Input.EDGE_CHECK_DUE, Input.EDGE_SILENT):
            it.timers.arm(Input.EDGE_CHECK_DUE, Instant(now + INTERVAL))
    elif not it.standby.running and it.context.profile.failover:
        assert it.failover.plan is not None
        it.standby.begin(it.config, it.failover.plan.decisions, node, now)
    return State.REGISTERED


def give_up(it: RegistrationState, arrived: ResponseArrived, now: Instant) -> State:
    """Surface a refusal, and wait."""
    return _refused(it, arrived.response, now)


def _refused(
    it: RegistrationState, response: Response, now: Instant, *, unanswerable: Unanswerable | None = None
) -> State:
    """Surface the refusal and wait; no failover and no other port (sip-wire 4 and 12.6)."""
    assert it.decision is not None
    refusal = surface(response, it.decision)
    it.refuse(refusal)
    if unanswerable is not None:
        it.fail(unanswerable.code, f"{it.decision.host}: {unanswerable.detail}")
    if it.failover.reports_node_down(refusal, registered=it.state is State.REFRESHING):
        return _leave_node(it, response.start_line, now)
    decision = it.decision
    it.drop_connection(alarm=messages.REJECTED)
    if (hop := it.failover.legacy_port(decision)) is not None:
        return it.go(hop, now)
    wait = it.backoff.next_delay()
    if unanswerable is not None and unanswerable.code == "E_CHALLENGE_UNSUPPORTED":
        wait = UNSUPPORTED_CHALLENGE_RETRY
    if refusal.retry_after is not None and Behaviour.IGNORE_RETRY_AFTER not in it.context.conduct:
        wait = max(refusal.retry_after, 1)
    return it.wait(wait, now)


def _leave_node(it: RegistrationState, why: str, now: Instant) -> State:
    """The edge does not reach the node, in a registration or in a refresh."""
    if it.state is State.REFRESHING:
        return _lose(it, why, now, alarm=messages.TIMED_OUT)
    assert it.decision is not None
    return it.leave_for(it.failover.node_failed(it.decision, why), now, alarm=messages.TIMED_OUT)


# --- registered ----------------------------------------------------------------------------------------------


def refresh(it: RegistrationState, _payload: object, now: Instant) -> State:
    """Send the next REGISTER of the dialog."""
    connection, dialog = it.talk()
    connection.send(dialog.refresh(now), now)
    return State.REFRESHING


def renew_token(it: RegistrationState, _payload: object, now: Instant) -> State:
    """Ask for a newer token ahead of time; without one, warn and try again later."""
    tokens = it.context.tokens
    if tokens.renewed(now) is None:
        it.emit(PhoneWarned(code="W_TOKEN_NOT_RENEWED", detail="the token nears its end"))
        again = Instant(now + RETRY_AFTER)
        if tokens.renewal_due(again) is not None:
            it.timers.arm(Input.TOKEN_DUE, again)
    else:
        _arm_renewal(it, now)
    return it.state


def _arm_renewal(it: RegistrationState, now: Instant) -> None:
    due = it.context.tokens.renewal_due(now)
    if due is not None:
        it.timers.arm(Input.TOKEN_DUE, due)


def ask_edge(it: RegistrationState, _payload: object, now: Instant) -> State:
    """Send a STUN request to the edge."""
    assert it.flow is not None
    it.context.out.append(it.keep_alive.request(it.flow, now))
    it.timers.arm(Input.EDGE_SILENT, Instant(now + PATIENCE))
    return it.state


def fail_over(it: RegistrationState, why: str, now: Instant) -> State:
    """Go elsewhere: the connection is lost, and the registration with it."""
    return _lose_after_call(it, why, now, alarm=messages.CLOSED_BY_UCM, edge_gone=it.failover.over_edge)


def fall_silent(it: RegistrationState, why: str, now: Instant) -> State:
    """Go elsewhere: the node has not answered a refresh."""
    return _lose_after_call(it, why, now, alarm=messages.TIMED_OUT)


def leave_edge(it: RegistrationState, _payload: object, now: Instant) -> State:
    """Go to another edge: this one has not answered STUN, or a call may be over that kept the phone there."""
    why = it.failover.postponed or f"the edge did not answer STUN within {PATIENCE:g} s"
    return _lose_after_call(it, why, now, alarm=messages.TIMED_OUT, edge_gone=True)


def _lose_after_call(
    it: RegistrationState, why: str, now: Instant, *, alarm: JabberAlarm, edge_gone: bool = False
) -> State:
    postponed = it.failover.postpone(why)
    if postponed is None:
        return _lose(it, why, now, alarm=alarm, edge_gone=edge_gone)
    if postponed.first:
        it.emit(PhoneWarned(code="W_FAILOVER_AFTER_CALL", detail=postponed.why))
    it.timers.disarm(Input.REFRESH_DUE, Input.EDGE_CHECK_DUE)
    it.timers.arm(Input.EDGE_SILENT, Instant(now + CALL_CHECK))
    return it.state


def _lose(
    it: RegistrationState, why: str, now: Instant, *, alarm: JabberAlarm, edge_gone: bool = False
) -> State:
    assert it.decision is not None
    lasted = it.lose(now, alarm)
    found = it.failover.registration_lost(it.decision, why, lasted=lasted, edge_gone=edge_gone)
    return it.leave_for(found, now)


def come_back(it: RegistrationState, better: StandbyNode, now: Instant) -> State:
    """Unregister here without waiting for the answer; register at the better node, already connected."""
    connection, dialog = it.talk()
    assert it.decision is not None
    assert better.connection is not None
    connection.send(dialog.unregister(now), now)
    return it.switch(it.failover.fall_back(it.decision, better.decision), better.connection, now)


# --- leaving -------------------------------------------------------------------------------------------------


def unregister(it: RegistrationState, _payload: object, now: Instant) -> State:
    """Unregister in order to stop."""
    if Behaviour.CLOSE_WITHOUT_UNREGISTER in it.context.conduct:
        return halt(it, None, now)
    return _unregister(it, "stop", now)


def restart(it: RegistrationState, _payload: object, now: Instant) -> State:
    """Unregister in order to begin again with the configuration file."""
    return _unregister(it, "start", now)


def _unregister(it: RegistrationState, afterwards: Literal["stop", "start"], now: Instant) -> State:
    it.leave(afterwards)
    it.timers.disarm_all()
    it.standby.end()
    connection, dialog = it.talk()
    connection.send(dialog.unregister(now), now)
    return State.UNREGISTERING


def mark_stop(it: RegistrationState, _payload: object, _now: Instant) -> State:
    """Stop, instead of beginning again, once the node has answered the unregister."""
    it.leave("stop")
    return it.state


def depart(it: RegistrationState, _arrived: ResponseArrived, now: Instant) -> State:
    """Close after the node has confirmed the unregister."""
    assert it.decision is not None
    it.emit(PhoneUnregistered(node=it.decision.host))
    return _finish(it, now)


def leave(it: RegistrationState, why: object, now: Instant) -> State:
    """Close although the node would not, or could not, confirm the unregister."""
    text = why.response.start_line if isinstance(why, ResponseArrived) else str(why)
    it.emit(PhoneWarned(code="W_NOT_UNREGISTERED", detail=text))
    return _finish(it, now)


def _finish(it: RegistrationState, now: Instant) -> State:
    it.drop_connection()
    return fetch(it, None, now) if it.afterwards == "start" else halt(it, None, now)


def halt(it: RegistrationState, _payload: object, _now: Instant) -> State:
    """Close, drop every timer, and stop."""
    it.drop_connection(alarm=messages.INITIALIZED)
    it.timers.disarm_all()
    it.download.cancel()
    it.backoff.reset()
    return State.STOPPED


def nothing(it: RegistrationState, _payload: object, _now: Instant) -> State:
    """Stay as it is."""
    return it.state


ACTIONS: Final[Mapping[Action, Callable[[RegistrationState, Any, Instant], State]]] = MappingProxyType(
    {
        Action.FETCH: fetch,
        Action.READ: read,
        Action.TRY_NEXT_SERVER: try_next_server,
        Action.REGISTER: register,
        Action.NEXT_NODE: next_node,
        Action.PASS_OVER: pass_over,
        Action.ASK_EDGE: ask_edge,
        Action.LEAVE_EDGE: leave_edge,
        Action.FAIL_OVER: fail_over,
        Action.FALL_SILENT: fall_silent,
        Action.ANSWER_CHALLENGE: answer_challenge,
        Action.LENGTHEN: lengthen,
        Action.HOLD: hold,
        Action.GIVE_UP: give_up,
        Action.REFRESH: refresh,
        Action.RENEW_TOKEN: renew_token,
        Action.UNREGISTER: unregister,
        Action.RESTART: restart,
        Action.COME_BACK: come_back,
        Action.DEPART: depart,
        Action.LEAVE: leave,
        Action.HALT: halt,
        Action.MARK_STOP: mark_stop,
        Action.NOTHING: nothing,
    }
)
