"""Expectations against records, and what a failure says."""

from __future__ import annotations

import pytest

from simulator.core import events as ev
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId
from simulator.core.instant import ManualClock
from simulator.lab.config.expectation import Expectation
from simulator.lab.steps.matching import seen_but_forbidden, unmet

LOG = EventLog(ManualClock(0.0))
LOG.emit(ActorId("alice"), ev.PhoneRegistered(node="ucm-pub", port=5090, expires=120))
LOG.emit(ActorId("alice"), ev.PhoneRegistered(node="ucm-pub", port=5090, expires=120, refreshed=True))
LOG.emit(ActorId("ucm-pub"), ev.PeerJudged(trusted=False, offered=("expc", "expc.lab"), table=("other",)))
LOG.emit(ActorId("ucm-pub"), ev.TlsFailed(role="server", by="us", alert=None, alert_name=None, reason="X"))
RECORDS = LOG.records()


def expectation(event: str, at: str | None = None, count: int | None = None, **fields: object) -> Expectation:
    return Expectation.model_validate({"event": event, "at": at, "with": fields, "count": count})


@pytest.mark.parametrize(
    "met",
    [
        pytest.param(expectation("phone:registered"), id="the kind alone"),
        pytest.param(expectation("phone:registered", "alice", port=5090), id="actor and field"),
        pytest.param(expectation("phone:registered", count=2), id="the exact count"),
        pytest.param(expectation("phone:registered", count=1, refreshed=True), id="a truth value"),
        pytest.param(expectation("phone:registered", node="/^ucm-/"), id="a regular expression"),
        pytest.param(expectation("trust:judged", offered="expc.lab"), id="one of a tuple"),
        pytest.param(expectation("tls:failed", alert=None), id="null"),
        pytest.param(expectation("phone:refused", count=0), id="count zero of what was not seen"),
    ],
)
def test_met(met: Expectation) -> None:
    assert unmet(RECORDS, [met]) == []


@pytest.mark.parametrize(
    ("missed", "words"),
    [
        pytest.param(expectation("phone:refused"), "no phone:refused was seen", id="never seen"),
        pytest.param(expectation("phone:registered", "bob"), "only seen at alice", id="at another actor"),
        pytest.param(
            expectation("phone:registered", port=5091),
            "nearest: #1 port is 5090, not 5091",
            id="the nearest miss",
        ),
        pytest.param(expectation("phone:registered", count=3), "seen 2 times", id="a wrong count"),
        pytest.param(expectation("tls:failed", alert="/48/"), "alert is None", id="no text in null"),
    ],
)
def test_missed_with_a_reason(missed: Expectation, words: str) -> None:
    (failure,) = unmet(RECORDS, [missed])
    assert words in failure


def test_what_must_never_be_seen_names_the_record() -> None:
    (failure,) = seen_but_forbidden(RECORDS, [expectation("tls:failed"), expectation("phone:refused")])
    assert failure == "must never be seen: tls:failed; seen as #4 at ucm-pub"
