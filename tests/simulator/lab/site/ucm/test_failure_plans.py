"""Failure plans: which calls they fit, what they make of an answer, and the journal of calls."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.core.events import FaultInjected
from simulator.core.events.log import EventLog
from simulator.core.http.message import Delivery, HttpRequest, HttpResponse
from simulator.core.instant import Instant, ManualClock
from simulator.lab.config.faults import FailurePlan
from simulator.lab.site.ucm.failure_plans import FailurePlans

NOW = Instant(100.0)


class Calls:
    """A service behind the plans of a lab."""

    def __init__(self, *plans: FailurePlan) -> None:
        self.log = EventLog(ManualClock(NOW))
        self.plans = FailurePlans(self.log)
        self.asked = 0
        for plan in plans:
            self.plans.plan(plan)

    def call(
        self, path: str = "/axl/", *, method: str = "POST", user: str | None = "alice", node: str = "ucm-pub"
    ) -> HttpResponse:
        return self.plans.answer(node, user, HttpRequest(method=method, path=path), NOW, self._service)

    def _service(self, request: HttpRequest, now: Instant) -> HttpResponse:
        self.asked += 1
        return HttpResponse(status=200, body=b"0123456789")


def test_a_plan_fails_so_many_calls_and_no_more() -> None:
    calls = Calls(FailurePlan(status=503, times=2))
    assert [calls.call().status for _ in range(3)] == [503, 503, 200]
    assert calls.plans.pending() == []


def test_of_two_plans_that_fit_the_older_counts_first() -> None:
    calls = Calls(FailurePlan(status=503), FailurePlan(status=429, path="/axl/*"))
    assert [calls.call().status for _ in range(3)] == [503, 429, 200]


@pytest.mark.parametrize(
    "other",
    [{"path": "/cucm-uds/version"}, {"method": "GET"}, {"user": "bob"}, {"user": None}, {"node": "ucm-sub"}],
    ids=lambda other: next(iter(other)),
)
def test_a_call_that_differs_in_one_thing_does_not_fit(other: dict[str, Any]) -> None:
    calls = Calls(FailurePlan(path="/axl/*", method="POST", user="Alice", node="ucm-pub", status=500))
    assert calls.call(**other).status == 200
    assert calls.call().status == 500


@pytest.mark.parametrize(
    ("plan", "delivery", "asked"),
    [
        (FailurePlan(delay=3.0), Delivery(delay=3.0, kept=None, reset=False), 1),
        (FailurePlan(half_body=True), Delivery(delay=0.0, kept=5, reset=False), 1),
        (FailurePlan(reset=True), Delivery(delay=0.0, kept=0, reset=True), 1),
        (FailurePlan(status=503), None, 0),
        (FailurePlan(oauth_error="invalid_grant"), None, 0),
    ],
    ids=["delay", "half of the body", "reset", "status", "OAuth error"],
)
def test_a_plan_says_how_the_answer_is_delivered_and_whether_the_service_is_asked(
    plan: FailurePlan, delivery: Delivery | None, asked: int
) -> None:
    calls = Calls(plan)
    assert (calls.call().delivery, calls.asked) == (delivery, asked)
    (event,) = (record.event for record in calls.log.records())
    assert event == FaultInjected(fault="POST /axl/", detail=plan.kind)


def test_the_journal_has_every_call_without_its_query_and_counts_them() -> None:
    calls = Calls(FailurePlan(status=503))
    for _ in range(3):
        calls.call("/cucm-uds/version", method="GET")
    kept = calls.plans.calls(since=1)
    assert [(call["seq"], call["status"], call["failure"]) for call in kept] == [(2, 200, ""), (3, 200, "")]
    assert [(row["status"], row["count"]) for row in calls.plans.counts()] == [(200, 2), (503, 1)]


def test_plans_that_were_cleared_fail_nothing() -> None:
    calls = Calls(FailurePlan(status=503, times=9))
    calls.plans.clear()
    assert calls.call().status == 200
