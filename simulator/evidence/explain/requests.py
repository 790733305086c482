"""The checklist of a request over HTTP that was not served: what the client got, and what the node said of it.

Requests that were served are no attempts of their own, as a fetched file is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from simulator.core import events as ev
from simulator.core.mark import Mark
from simulator.evidence.explain.model import Advice, ExplainRow

ROW = "request"
PORT = "web services"
Refusal = ev.OAuthRefused | ev.SoapCalled | ev.UdsAnswered | ev.FaultInjected
"""What a node tells of a request that it does not serve."""

_SERVICES = "utils service list on the node; https://<node>:8443/ in a browser"
_ACCOUNTS = "User Management > Application User or End User: credential, and permissions of the groups"
_LOGS = "file tail activelog tomcat/logs/ recent on the node that was asked"

_Told = tuple[str, str, str, Mark]
"""Cause, remedy, how to see it, evidence."""
_NO_ANSWER: _Told = (
    "The connection ended, or the client stopped waiting, before the whole answer was there.",
    "Check that Cisco Tomcat and the service behind the path are running and not overloaded, then ask again; "
    "a request that changes something may have been carried out nevertheless.",
    _SERVICES,
    "assumed",
)
_REFUSED: _Told = (
    "The service refuses the request: the evidence names the reason.",
    "Correct what the evidence names, and send the request again.",
    _LOGS,
    "assumed",
)
_ADVICE: Mapping[int, _Told] = {
    401: (
        "Credentials or token are missing, wrong or expired, or this endpoint accepts another kind.",
        "Send what the endpoint accepts: name and password of an active user, or a good access token; a "
        "product "
        "sends its client id and secret.",
        _ACCOUNTS,
        "documented",
    ),
    403: (
        "The caller is known but does not have the right to do this.",
        "Put the user into a group with the role that the service requires, e.g. Standard AXL API Access.",
        _ACCOUNTS,
        "documented",
    ),
    404: (
        "Nothing answers at this path: the web application is stopped, or the path differs in this release.",
        "Start the service (Cisco AXL Web Service, Cisco UXL), or correct the path.",
        _SERVICES,
        "documented",
    ),
    500: (
        "The service could not carry out the request: the fault in the evidence says why.",
        "Correct what the fault names; send writes to the publisher, and keep to the rules of the product.",
        _LOGS,
        "documented",
    ),
    503: (
        "The service is overloaded, or throttles writes.",
        "Wait as long as Retry-After says, then ask again, with fewer writes at a time.",
        _SERVICES,
        "documented",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnservedRequest:
    """A request that was not served: what came back, and what the node said of it, if it said anything."""

    answered: ev.HttpAnswered
    refusal: Refusal | None

    @property
    def outcome(self) -> str:
        """Tell what came back, in one line."""
        asked = f"{self.answered.method} /{self.answered.where.partition('/')[2]}"
        if self.answered.status is None:
            return f"{asked}: no answer: {self.answered.detail}"
        return f"{asked}: {_status(self.answered.status)}"


def refusal_of(event: ev.Event) -> Refusal | None:
    """Return the event if a node tells with it that it does not serve a request; else None."""
    match event:
        case ev.OAuthRefused() | ev.FaultInjected():
            return event
        case ev.SoapCalled() if event.fault:
            return event
        case ev.UdsAnswered() if event.reason:
            return event
        case _:
            return None


def rows_of(one: UnservedRequest, server: str) -> tuple[list[ExplainRow], tuple[Advice, ...]]:
    """Write the check that failed, and what to do about it."""
    said = _said(one.refusal)
    row = ExplainRow(
        id=ROW,
        title="Request served",
        state="fail",
        evidence=f"{one.outcome}; {said}" if said else one.outcome,
        leg=f"{one.answered.method} at {server}",
    )
    return [row], (_advice(one),)


def _said(refusal: Refusal | None) -> str:
    match refusal:
        case ev.OAuthRefused():
            return f"{refusal.reason}: {refusal.detail}" if refusal.detail else refusal.reason
        case ev.SoapCalled():
            return refusal.fault
        case ev.UdsAnswered():
            return f"{refusal.reason}: {refusal.detail}" if refusal.detail else refusal.reason
        case ev.FaultInjected():
            return f"a planned failure of the lab: {refusal.detail}"
        case None:
            return ""


def _advice(one: UnservedRequest) -> Advice:
    status = one.answered.status
    if status is None:
        cause, remedy, verify, mark = _NO_ANSWER
    else:
        cause, remedy, verify, mark = _ADVICE.get(status, _ADVICE[500] if status > 500 else _REFUSED)
    source = "administration 1 and 5; oauth-tokens 2"
    return Advice(cause=cause, remedy=remedy, verify=verify, mark=mark, source=source)


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
