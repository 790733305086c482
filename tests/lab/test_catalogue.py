"""The catalogue as a whole: it reaches every refusal and cause there is, and keeps to its groups."""

from __future__ import annotations

import time
from collections import Counter
from functools import cache

import pytest

from registrar.core.causes import FailCause
from registrar.core.reasons import REPLIES, Reason
from simulator.core.entropy import SeededEntropy
from simulator.core.events import RegistrarRejected
from simulator.core.instant import Instant
from simulator.lab import catalogue
from simulator.lab.run import play, run_world
from simulator.lab.scenario import Scenario
from simulator.lab.world import World, run_now
from softphone.core.config_problems import ConfigProblem

SCENARIOS = catalogue.builtin()

NOT_BY_A_FILE = {
    ConfigProblem.TLS_TRUST: "the lab serves configuration files over http",
    ConfigProblem.NO_EDGE: "the lab gives every remote phone an edge",
    ConfigProblem.SIGNATURE: "a signed file begins with a byte no YAML text can hold",
    ConfigProblem.TOO_LARGE: "a scenario file is itself smaller than the limit",
}
"""Configuration problems that a scenario cannot bring about, and why."""


@cache
def reached() -> tuple[Counter[str], set[int], set[str]]:
    """Reasons the nodes counted, causes and typed errors that events named, over the whole catalogue."""
    reasons: Counter[str] = Counter()
    causes: set[int] = set()
    codes: set[str] = set()
    for scenario in SCENARIOS:
        config = scenario.lab.model_copy(update={"tls": scenario.tls[0]})
        world = World(config, real_now=Instant(time.time()))
        assert not run_now(play(world, scenario)).failures, scenario.id
        for node in world.site.nodes.values():
            reasons.update(str(key) for key in node.counts.elements())
        for record in world.site.log.records():
            if isinstance(record.event, RegistrarRejected):
                reasons[record.event.reason] += 1
                causes.add(record.event.cause)
            for name in ("code", "problem"):
                codes.add(str(getattr(record.event, name, "")))
    return reasons, causes, codes


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_reached_by_a_scenario(reason: Reason) -> None:
    assert reached()[0][reason.value]


@pytest.mark.parametrize(
    "cause", sorted({rule.cause for rule in REPLIES.values() if rule.cause is not FailCause.NO_ERROR})
)
def test_every_cause_a_reason_has_is_reached(cause: FailCause) -> None:
    events = {rule.cause for reason, rule in REPLIES.items() if reason is not Reason.MALFORMED}
    assert cause in events
    assert int(cause) in reached()[1]


@pytest.mark.parametrize(
    "problem", [problem for problem in ConfigProblem if problem not in NOT_BY_A_FILE], ids=str
)
def test_every_problem_of_a_configuration_file_is_reached(problem: ConfigProblem) -> None:
    assert problem.value in reached()[2]


def test_there_are_more_than_forty_failures() -> None:
    assert sum(scenario.outcome == "refused" for scenario in SCENARIOS) >= 40


def test_ids_and_titles_are_each_used_once() -> None:
    assert len({scenario.id for scenario in SCENARIOS}) == len(SCENARIOS)
    assert len({scenario.title for scenario in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_the_folder_is_named_by_the_id(scenario: Scenario) -> None:
    assert (catalogue.builtin_folder() / scenario.id / catalogue.FILE).is_file()


def test_alerts_of_both_ends_and_both_versions_are_in_the_catalogue() -> None:
    """Alert 48 from each role, on each version: the two documented "unknown CA" directions."""
    seen = {
        (version, expectation.fields.get("role"))
        for scenario in SCENARIOS
        for version in scenario.tls
        for step in scenario.steps
        for expectation in step.expect or ()
        if expectation.event == "tls:failed"
        and expectation.fields.get("by") == "us"
        and expectation.fields.get("alert") == 48
    }
    assert seen == {(version, role) for version in ("1.2", "1.3") for role in ("client", "server")}


@pytest.mark.parametrize("longest", [False, True], ids=["shortest", "longest"])
def test_scenarios_that_let_time_pass_pass_with_back_offs_that_are(
    longest: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SeededEntropy, "uniform", lambda _self, low, high: high if longest else low)
    for scenario in SCENARIOS:
        if any(step.verb == "advance" for step in scenario.steps):
            report = run_world(scenario, scenario.tls[0])
            assert not report.failures, (scenario.id, report.failures)
