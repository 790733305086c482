"""Failure plans: what the next calls of an endpoint or a user get in place of an answer; a journal of calls.

It stands in front of every web application of a node and of its configuration files, so a plan for
`/ssosp/oauth/token` works as one for `/axl/` does.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase

from simulator.core import redact
from simulator.core.events import FaultInjected
from simulator.core.events.log import EventLog
from simulator.core.http.message import Delivery, HttpRequest, HttpResponse
from simulator.core.ids import ActorId
from simulator.core.instant import Instant
from simulator.lab.config.faults import FailurePlan
from simulator.lab.site.ucm.middleware import Handler
from simulator.lab.site.ucm.request_user import RequestUser

KEPT_CALLS = 10_000
_DISTINCT = 1_000
_SHOWN = 200
_UNQUOTED = b'{"error":INVALID_REQUEST,"error_description":"'
"""An error value without quotes, as published for UCM [observed: oauth-tokens 2], and no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    seq: int
    at: float
    node: str
    method: str
    path: str
    """Without the query, which may hold what no journal keeps."""
    user: str | None
    status: int
    source: str
    failure: str = ""
    """What a plan did to it."""


@dataclass(slots=True)
class _Running:
    plan: FailurePlan
    left: int = field(default=0)


class FailurePlans:
    """All plans of a lab, and the journal of the calls that its nodes answered."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._plans: list[_Running] = []
        self._calls: deque[CallRecord] = deque(maxlen=KEPT_CALLS)
        self._counts: Counter[tuple[str, str, str, int]] = Counter()
        self._seq = 0

    def plan(self, plan: FailurePlan) -> None:
        """Let calls fail by this plan too. Of several plans that fit a call the oldest counts."""
        self._plans.append(_Running(plan, plan.times))

    def clear(self) -> None:
        """Forget all plans."""
        self._plans.clear()

    def pending(self) -> list[dict[str, object]]:
        """Return the plans that still have calls to fail, as the control API shows them."""
        return [
            {**running.plan.model_dump(exclude_defaults=True), "left": running.left} for running in self._plans
        ]

    def calls(self, *, since: int = 0) -> list[dict[str, object]]:
        """Return the kept calls after number `since`, oldest first."""
        return [asdict(call) for call in self._calls if call.seq > since]

    def counts(self) -> list[dict[str, object]]:
        """Count all calls since the lab began, by node, method, path and status."""
        rows = sorted(self._counts.items())
        return [
            {"node": node, "method": method, "path": path, "status": status, "count": count}
            for (node, method, path, status), count in rows
        ]

    @property
    def asks_for_users(self) -> bool:
        """Does somebody want to know whom a call is about?"""
        return self._log.on or bool(self._plans)

    def answer(
        self, node: str, user: str | None, request: HttpRequest, now: Instant, answer: Handler
    ) -> HttpResponse:
        """Return the service's answer, or what a plan makes of it, and note the call."""
        running = self._fitting(node, request, user)
        if running is None:
            response = answer(request, now)
        else:
            running.left -= 1
            if not running.left:
                self._plans.remove(running)
            response = _failed(running.plan, lambda: answer(request, now))
            self._log.journal(ActorId(node)).add(
                FaultInjected(fault=f"{request.method} {_path(request)}", detail=running.plan.kind)
            )
        self._note(node, request, now, user, response.status, "" if running is None else running.plan.kind)
        return response

    def _fitting(self, node: str, request: HttpRequest, user: str | None) -> _Running | None:
        for running in self._plans:
            plan = running.plan
            if (
                plan.node in (None, node)
                and plan.method in (None, request.method)
                and (plan.user is None or (user or "").casefold() == plan.user.casefold())
                and fnmatchcase(request.path, plan.path)
            ):
                return running
        return None

    def _note(
        self, node: str, request: HttpRequest, now: Instant, user: str | None, status: int, failure: str
    ) -> None:
        self._seq += 1
        path = _path(request)
        call = CallRecord(
            seq=self._seq,
            at=now,
            node=node,
            method=request.method[:16],
            path=path,
            user=user,
            status=status,
            source=request.source,
            failure=failure,
        )
        self._calls.append(call)
        key = (node, call.method, path, status)
        if key not in self._counts and len(self._counts) >= _DISTINCT:
            key = (node, "other", "other", status)
        self._counts[key] += 1


class FailureMiddleware:
    """Puts the planned failures before one HTTP service of one node."""

    def __init__(self, plans: FailurePlans, users: RequestUser, node: str) -> None:
        """`users` says whom a call is about."""
        self._plans, self._users, self._node = plans, users, node

    def wrap(self, request: HttpRequest, now: Instant, answer: Handler) -> HttpResponse:
        """Return the service's answer, or what a plan makes of it."""
        user = self._users.user_of(self._node, request, now) if self._plans.asks_for_users else None
        return self._plans.answer(self._node, user, request, now, answer)


def _failed(plan: FailurePlan, answer: Callable[[], HttpResponse]) -> HttpResponse:
    if plan.oauth_error is not None:
        body = json.dumps({"error": plan.oauth_error, "error_description": "planned by the lab"}).encode()
        headers = (("Content-Type", "application/json;charset=UTF-8"), ("Cache-Control", "no-store"))
        response = HttpResponse(status=plan.status or 400, headers=headers, body=body)
    elif plan.status is not None:
        text = f"{plan.status} planned by the lab\n".encode()
        response = HttpResponse(status=plan.status, headers=(("Content-Type", "text/plain"),), body=text)
    else:
        response = answer()
    if plan.invalid_json:
        kept_fields = tuple(one for one in response.headers if one[0].lower() != "content-type")
        fields = (*kept_fields, ("Content-Type", "application/json;charset=UTF-8"))
        response = replace(response, headers=fields, body=_UNQUOTED)
    if plan.delay or plan.reset or plan.half_body:
        kept = 0 if plan.reset else len(response.body) // 2 if plan.half_body else None
        response = replace(response, delivery=Delivery(delay=plan.delay, kept=kept, reset=plan.reset))
    return response


def _path(request: HttpRequest) -> str:
    return redact.text(request.path[:_SHOWN].encode("ascii", "backslashreplace").decode())
