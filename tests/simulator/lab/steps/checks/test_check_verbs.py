"""The verbs that check: expect, never, registered."""

from __future__ import annotations

import pytest

from simulator.core.events import StepTaken
from simulator.lab.files.scenario_file import scenario_of
from simulator.lab.files.yaml_source import SourceError, read_text
from simulator.lab.run.world import run_now
from tests.simulator.lab.steps.stepping import Stepping

REGISTERED = {"event": "phone:registered", "at": "CSFALICE"}


def test_expect_looks_only_at_what_came_after_the_last_one() -> None:
    lab = Stepping()
    lab.take(start="CSFALICE")
    assert lab.take(expect=[REGISTERED]) == []
    (failure,) = lab.take(expect=[REGISTERED])
    assert failure == "expected phone:registered at CSFALICE; no phone:registered was seen"


def test_never_is_judged_over_the_whole_run_when_it_ends() -> None:
    lab = Stepping()
    lab.take(start="CSFALICE")
    assert lab.take(never=[REGISTERED, {"event": "phone:refused"}]) == []
    run_now(lab.run.finish())
    (failure,) = lab.run.failures
    assert failure.startswith("must never be seen: phone:registered at CSFALICE; seen as #")


def test_registered_asks_the_phone_and_the_cluster() -> None:
    lab = Stepping()
    assert lab.take(registered={"CSFALICE": None}) == []
    lab.take(start="CSFALICE")
    assert lab.take(registered={"CSFALICE": "ucm-pub"}) == []
    assert lab.take(registered={"CSFALICE": None}) == [
        "expected CSFALICE registered at no node; the phone says ucm-pub, the cluster says ucm-pub"
    ]
    lab.take(crash="CSFALICE")
    lab.take(stop_node="ucm-pub")
    (failure,) = lab.take(registered={"CSFALICE": "ucm-pub"})
    assert failure.startswith("expected CSFALICE registered at ucm-pub; ")


def test_no_event_tells_of_a_check() -> None:
    lab = Stepping()
    for step in ({"expect": []}, {"never": [REGISTERED]}, {"registered": {"CSFALICE": None}}):
        lab.take(**step)
        assert not lab.of(StepTaken)


@pytest.mark.parametrize("verb", ["expect", "never"])
def test_an_actor_that_there_is_not_is_told_with_the_line_of_the_expectation(verb: str) -> None:
    text = (
        "id: names-an-actor\ntitle: Names an actor\ngroup: cluster\noutcome: registers\nsteps:\n"
        "  - registered: {}\n"
        f"  - {verb}:\n"
        "      - {event: flow:opened, at: ucm-pub}\n"
        "      - {event: flow:opened, at: nobody}\n"
    )
    with pytest.raises(SourceError) as caught:
        scenario_of(read_text(text, source="f.yaml"))
    assert str(caught.value) == (
        "f.yaml:9: steps[1]: no actor 'nobody' in this lab (dns, dns-outside, lab, ucm-pub)"
    )


@pytest.mark.parametrize("step", ["start: CSFALICE", "never: [{event: phone:refused}]", "advance: 1"])
def test_a_scenario_that_could_not_fail_is_refused(step: str) -> None:
    text = (
        "id: checks-nothing\ntitle: Checks nothing\ngroup: cluster\noutcome: registers\n"
        f"lab: {{phones: [{{device: CSFALICE, user: alice}}]}}\nsteps:\n  - {step}\n"
    )
    with pytest.raises(SourceError, match="no step expects anything, so this scenario could not fail"):
        scenario_of(read_text(text, source="f.yaml"))
