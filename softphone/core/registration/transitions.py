"""The registration's transition table: (state, input) to an action and the states it may lead to.

`machine` runs it and `actors.diagram` draws it. What is reported of flows, fetches and transactions that the
phone has given up never becomes an input: the softphone drops it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from softphone.core.state_table import IllegalInput, Transition

__all__ = ["TRANSITIONS", "Action", "IllegalInput", "Input", "State"]


class State(StrEnum):
    """States of a registration."""

    IDLE = "idle"
    FETCHING_CONFIG = "fetching_config"
    CONNECTING = "connecting"
    REGISTERING = "registering"
    REGISTERED = "registered"
    REFRESHING = "refreshing"
    """Registered, with a refresh under way."""
    UNREGISTERING = "unregistering"
    BACKING_OFF = "backing_off"
    FAILED = "failed"
    """Waiting would not mend the problem: somebody must change something and start the phone again."""
    STOPPED = "stopped"


class Input(StrEnum):
    """What can happen to a registration."""

    START = "start"
    STOP = "stop"
    CONFIG_READ = "configuration read"
    CONFIG_FAILED = "configuration unusable"
    CONNECTED = "connected"
    FLOW_LOST = "connection lost"
    CHALLENGED = "401 or 407"
    ACCEPTED = "2xx"
    TOO_BRIEF = "423"
    REFUSED = "another final answer"
    TIMED_OUT = "timer F"
    REFRESH_DUE = "refresh due"
    TOKEN_DUE = "token at 75 % of its life"  # noqa: S105
    RETRY_DUE = "waited long enough"
    RESET = "NOTIFY reset or restart"
    FALLBACK_GRANTED = "a better node said 202"
    EDGE_CHECK_DUE = "STUN due"
    EDGE_SILENT = "no answer to STUN"


class Action(StrEnum):
    """What the phone does; `actions` has the function for each."""

    FETCH = "fetch the configuration"
    READ = "decide the ports, connect"
    TRY_NEXT_SERVER = "next configuration server"
    REGISTER = "send REGISTER"
    NEXT_NODE = "next node"
    PASS_OVER = "next node, this one is silent"  # noqa: S105
    ASK_EDGE = "send STUN to the edge"
    LEAVE_EDGE = "another edge"
    FAIL_OVER = "fail over"
    FALL_SILENT = "fail over, the node is silent"
    ANSWER_CHALLENGE = "send it again with a token"
    LENGTHEN = "ask for Min-Expires"
    HOLD = "registered"
    GIVE_UP = "surface the refusal, wait"
    REFRESH = "refresh"
    RENEW_TOKEN = "renew the token"  # noqa: S105
    UNREGISTER = "send REGISTER with Expires: 0"
    RESTART = "unregister, then start again"
    COME_BACK = "register at the better node"
    DEPART = "close"
    LEAVE = "close, then stop or start again"
    HALT = "stop"
    MARK_STOP = "stop when unregistered"
    NOTHING = "nothing"


def _t(action: Action, *to: State) -> Transition[Action, State]:
    return Transition(action, to)


S, I, A = State, Input, Action  # noqa: E741

TRANSITIONS: Mapping[tuple[State, Input], Transition[Action, State]] = MappingProxyType(
    {
        (S.IDLE, I.START): _t(A.FETCH, S.FETCHING_CONFIG),
        (S.IDLE, I.STOP): _t(A.HALT, S.STOPPED),
        (S.FETCHING_CONFIG, I.CONFIG_READ): _t(A.READ, S.CONNECTING),
        (S.FETCHING_CONFIG, I.CONFIG_FAILED): _t(
            A.TRY_NEXT_SERVER, S.FETCHING_CONFIG, S.CONNECTING, S.BACKING_OFF, S.FAILED
        ),
        (S.FETCHING_CONFIG, I.STOP): _t(A.HALT, S.STOPPED),
        (S.CONNECTING, I.CONNECTED): _t(A.REGISTER, S.REGISTERING),
        (S.CONNECTING, I.FLOW_LOST): _t(A.NEXT_NODE, S.CONNECTING, S.BACKING_OFF),
        (S.CONNECTING, I.STOP): _t(A.HALT, S.STOPPED),
        (S.REGISTERING, I.CHALLENGED): _t(A.ANSWER_CHALLENGE, S.REGISTERING, S.CONNECTING, S.BACKING_OFF),
        (S.REGISTERING, I.ACCEPTED): _t(A.HOLD, S.REGISTERED, S.BACKING_OFF),
        (S.REGISTERING, I.TOO_BRIEF): _t(A.LENGTHEN, S.REGISTERING, S.CONNECTING, S.BACKING_OFF),
        (S.REGISTERING, I.REFUSED): _t(A.GIVE_UP, S.BACKING_OFF, S.CONNECTING),
        (S.REGISTERING, I.TIMED_OUT): _t(A.PASS_OVER, S.CONNECTING, S.BACKING_OFF),
        (S.REGISTERING, I.FLOW_LOST): _t(A.NEXT_NODE, S.CONNECTING, S.BACKING_OFF),
        (S.REGISTERING, I.RESET): _t(A.FETCH, S.FETCHING_CONFIG),
        (S.REGISTERING, I.STOP): _t(A.HALT, S.STOPPED),
        (S.REGISTERED, I.REFRESH_DUE): _t(A.REFRESH, S.REFRESHING),
        (S.REGISTERED, I.TOKEN_DUE): _t(A.RENEW_TOKEN, S.REGISTERED),
        (S.REGISTERED, I.FLOW_LOST): _t(A.FAIL_OVER, S.CONNECTING, S.BACKING_OFF, S.REGISTERED),
        (S.REGISTERED, I.EDGE_CHECK_DUE): _t(A.ASK_EDGE, S.REGISTERED),
        (S.REGISTERED, I.EDGE_SILENT): _t(A.LEAVE_EDGE, S.CONNECTING, S.BACKING_OFF, S.REGISTERED),
        (S.REGISTERED, I.FALLBACK_GRANTED): _t(A.COME_BACK, S.REGISTERING),
        (S.REGISTERED, I.RESET): _t(A.RESTART, S.UNREGISTERING),
        (S.REGISTERED, I.STOP): _t(A.UNREGISTER, S.UNREGISTERING, S.STOPPED),
        (S.REFRESHING, I.CHALLENGED): _t(A.ANSWER_CHALLENGE, S.REFRESHING, S.CONNECTING, S.BACKING_OFF),
        (S.REFRESHING, I.ACCEPTED): _t(A.HOLD, S.REGISTERED, S.BACKING_OFF),
        (S.REFRESHING, I.TOO_BRIEF): _t(A.LENGTHEN, S.REFRESHING, S.CONNECTING, S.BACKING_OFF),
        (S.REFRESHING, I.REFUSED): _t(A.GIVE_UP, S.BACKING_OFF, S.CONNECTING),
        (S.REFRESHING, I.TIMED_OUT): _t(A.FALL_SILENT, S.CONNECTING, S.BACKING_OFF, S.REFRESHING),
        (S.REFRESHING, I.FLOW_LOST): _t(A.FAIL_OVER, S.CONNECTING, S.BACKING_OFF, S.REFRESHING),
        (S.REFRESHING, I.EDGE_CHECK_DUE): _t(A.ASK_EDGE, S.REFRESHING),
        (S.REFRESHING, I.EDGE_SILENT): _t(A.LEAVE_EDGE, S.CONNECTING, S.BACKING_OFF, S.REFRESHING),
        (S.REFRESHING, I.TOKEN_DUE): _t(A.RENEW_TOKEN, S.REFRESHING),
        (S.REFRESHING, I.FALLBACK_GRANTED): _t(A.COME_BACK, S.REGISTERING),
        (S.REFRESHING, I.RESET): _t(A.RESTART, S.UNREGISTERING),
        (S.REFRESHING, I.STOP): _t(A.UNREGISTER, S.UNREGISTERING, S.STOPPED),
        (S.UNREGISTERING, I.ACCEPTED): _t(A.DEPART, S.STOPPED, S.FETCHING_CONFIG),
        (S.UNREGISTERING, I.CHALLENGED): _t(A.ANSWER_CHALLENGE, S.UNREGISTERING, S.STOPPED, S.FETCHING_CONFIG),
        (S.UNREGISTERING, I.TOO_BRIEF): _t(A.LEAVE, S.STOPPED, S.FETCHING_CONFIG),
        (S.UNREGISTERING, I.REFUSED): _t(A.LEAVE, S.STOPPED, S.FETCHING_CONFIG),
        (S.UNREGISTERING, I.TIMED_OUT): _t(A.LEAVE, S.STOPPED, S.FETCHING_CONFIG),
        (S.UNREGISTERING, I.FLOW_LOST): _t(A.LEAVE, S.STOPPED, S.FETCHING_CONFIG),
        (S.UNREGISTERING, I.RESET): _t(A.NOTHING, S.UNREGISTERING),
        (S.UNREGISTERING, I.STOP): _t(A.MARK_STOP, S.UNREGISTERING),
        (S.BACKING_OFF, I.RETRY_DUE): _t(A.FETCH, S.FETCHING_CONFIG),
        (S.BACKING_OFF, I.START): _t(A.FETCH, S.FETCHING_CONFIG),
        (S.BACKING_OFF, I.STOP): _t(A.HALT, S.STOPPED),
        (S.FAILED, I.START): _t(A.FETCH, S.FETCHING_CONFIG),
        (S.FAILED, I.STOP): _t(A.HALT, S.STOPPED),
        (S.STOPPED, I.START): _t(A.FETCH, S.FETCHING_CONFIG),
        (S.STOPPED, I.STOP): _t(A.NOTHING, S.STOPPED),
    }
)
