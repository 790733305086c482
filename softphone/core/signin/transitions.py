"""Signing in as a table: (state, input) to an action and the states it may lead to. All else is illegal."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from softphone.core.state_table import Transition


class SignInState(StrEnum):
    """States of a sign-in."""

    SIGNED_OUT = "signed_out"
    SEEKING = "seeking"
    """SRV records are asked for."""
    ENTERING = "entering"
    """Outside: get_edge_sso. How does the edge let people in?"""
    EQUIPPING = "equipping"
    """Outside: get_edge_config of one edge after the other, each a way in."""
    LOCATING = "locating"
    """clusterUser: which cluster is the user's home?"""
    CHECKING = "checking"
    """singleSignOn: how does one sign in there?"""
    OPENING = "opening"
    """The authorize page, which holds the login form."""
    LOGGING_IN = "logging_in"
    REDEEMING = "redeeming"
    """The code becomes tokens."""
    LISTING = "listing"
    PROVISIONING = "provisioning"
    """The device's own document, which says where its file lies."""
    SIGNED_IN = "signed_in"
    RENEWING = "renewing"
    """Still signed in; a new access token is on its way."""
    WAITING = "waiting"
    EXPIRED = "expired"
    """Session expired: only the person can go on, by signing in again."""
    FAILED = "failed"


class SignInInput(StrEnum):
    """What can happen to a sign-in."""

    START = "start"
    STOP = "stop"
    ANSWERED = "usable answer"
    TROUBLE = "no usable answer"
    REFUSED = "final refusal"
    SESSION_OVER = "invalid_grant"
    RENEWAL_DUE = "token at 75 % of its life"
    TOKEN_WANTED = "token refused"  # noqa: S105
    RETRY_DUE = "waited long enough"


class SignInAction(StrEnum):
    """What a sign-in does; `steps` has the method for each."""

    SEEK = "ask for SRV records"
    BEGIN = "ask clusterUser; from outside first get_edge_sso"
    EQUIP = "ask for the edge configuration"
    TAKE_EDGE = "keep the way in, ask the next edge or clusterUser"
    SKIP_EDGE = "do without this edge"
    CHECK = "ask singleSignOn"
    OPEN = "open the authorize page"
    LOG_IN = "send the login form"
    REDEEM = "redeem the code"
    TAKE_TOKENS = "keep the tokens, list devices"
    CHOOSE = "choose a device"
    HAND_OVER = "hand over to the phone"
    RENEW = "use the refresh token"
    RENEWED = "keep the new token"
    TRY_AGAIN = "next server, or wait"
    RENEW_LATER = "try again later"
    GIVE_UP = "give up"
    END_SESSION = "session expired"
    SIGN_OUT = "forget the tokens"
    NOTHING = "nothing"


S, I, A = SignInState, SignInInput, SignInAction  # noqa: E741


def _table() -> dict[tuple[SignInState, SignInInput], Transition[SignInAction, SignInState]]:
    table: dict[tuple[SignInState, SignInInput], Transition[SignInAction, SignInState]] = {}
    for state in (S.SIGNED_OUT, S.EXPIRED, S.FAILED, S.WAITING):
        table[state, I.START] = Transition(A.SEEK, (S.SEEKING,))
    table[S.WAITING, I.RETRY_DUE] = Transition(A.SEEK, (S.SEEKING,))
    table[S.SEEKING, I.ANSWERED] = Transition(A.BEGIN, (S.LOCATING, S.ENTERING))
    table[S.SEEKING, I.TROUBLE] = Transition(A.TRY_AGAIN, (S.WAITING,))
    table[S.ENTERING, I.ANSWERED] = Transition(A.EQUIP, (S.EQUIPPING,))
    table[S.ENTERING, I.TROUBLE] = Transition(A.TRY_AGAIN, (S.ENTERING, S.WAITING))
    table[S.EQUIPPING, I.ANSWERED] = Transition(A.TAKE_EDGE, (S.EQUIPPING, S.LOCATING))
    for no in (I.TROUBLE, I.REFUSED):
        # Whichever way in is found will do; without any, what the last edge said decides.
        to = S.WAITING if no is I.TROUBLE else S.FAILED
        table[S.EQUIPPING, no] = Transition(A.SKIP_EDGE, (S.EQUIPPING, S.LOCATING, to))
    for state in (S.SEEKING, S.ENTERING):
        table[state, I.REFUSED] = Transition(A.GIVE_UP, (S.FAILED,))
    steps = {
        S.LOCATING: (A.CHECK, S.CHECKING),
        S.CHECKING: (A.OPEN, S.OPENING),
        S.OPENING: (A.LOG_IN, S.LOGGING_IN),
        S.LOGGING_IN: (A.REDEEM, S.REDEEMING),
        S.REDEEMING: (A.TAKE_TOKENS, S.LISTING),
        S.LISTING: (A.CHOOSE, S.PROVISIONING),
        S.PROVISIONING: (A.HAND_OVER, S.SIGNED_IN),
    }
    for state, (action, to) in steps.items():
        # Without refresh logins the answer to the form is the token itself: nothing to redeem.
        targets = (to, S.LISTING) if state is S.LOGGING_IN else (to,)
        table[state, I.ANSWERED] = Transition(action, targets)
        table[state, I.TROUBLE] = Transition(A.TRY_AGAIN, (S.LOCATING, S.WAITING))
        table[state, I.REFUSED] = Transition(A.GIVE_UP, (S.FAILED,))
    table[S.SIGNED_IN, I.RENEWAL_DUE] = Transition(A.RENEW, (S.RENEWING, S.EXPIRED))
    table[S.SIGNED_IN, I.TOKEN_WANTED] = Transition(A.RENEW, (S.RENEWING, S.EXPIRED))
    table[S.RENEWING, I.TOKEN_WANTED] = Transition(A.NOTHING, (S.RENEWING,))
    table[S.RENEWING, I.ANSWERED] = Transition(A.RENEWED, (S.SIGNED_IN,))
    table[S.RENEWING, I.TROUBLE] = Transition(A.RENEW_LATER, (S.SIGNED_IN,))
    table[S.RENEWING, I.SESSION_OVER] = Transition(A.END_SESSION, (S.EXPIRED,))
    table[S.RENEWING, I.REFUSED] = Transition(A.END_SESSION, (S.EXPIRED,))
    for state in S:
        action = A.NOTHING if state is S.SIGNED_OUT else A.SIGN_OUT
        table[state, I.STOP] = Transition(action, (S.SIGNED_OUT,))
    return table


SIGN_IN_TRANSITIONS: Mapping[tuple[SignInState, SignInInput], Transition[SignInAction, SignInState]] = (
    MappingProxyType(_table())
)
