"""The verbs about time: advance, set_clock."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simulator.core.events import FaultInjected
from simulator.lab.config.model import MAX_CLOCK_ERROR
from simulator.lab.steps.registry import step_of
from tests.simulator.lab.steps.stepping import Stepping


def test_advance_lets_exactly_so_much_time_pass() -> None:
    lab = Stepping()
    before = lab.run.now
    lab.take(advance=12.5)
    assert lab.run.now == before + 12.5


@pytest.mark.parametrize("seconds", [0, -1, 10_000_001, "soon"])
def test_time_that_cannot_pass_is_refused(seconds: object) -> None:
    with pytest.raises(ValidationError):
        step_of({"advance": seconds})


@pytest.mark.parametrize(
    ("ahead", "told"),
    [(90, "90 s ahead"), (-600, "600 s behind"), (0, "right")],
    ids=["ahead", "behind", "right"],
)
def test_set_clock_moves_the_clock_of_one_node_only(ahead: float, told: str) -> None:
    lab = Stepping({"nodes": [{"name": "ucm-pub"}, {"name": "ucm-sub"}]})
    assert lab.take(set_clock={"node": "ucm-sub", "ahead": ahead}) == []
    assert [(event.fault, event.detail) for event in lab.of(FaultInjected)] == [("clock of ucm-sub", told)]
    clocks = lab.world.site.ucm.clocks
    assert clocks.at("ucm-sub", lab.run.now) == lab.run.now + ahead
    assert clocks.at("ucm-pub", lab.run.now) == lab.run.now


@pytest.mark.parametrize("ahead", [MAX_CLOCK_ERROR + 1, -MAX_CLOCK_ERROR - 1])
def test_a_clock_that_is_more_than_ten_years_wrong_is_refused(ahead: float) -> None:
    with pytest.raises(ValidationError):
        step_of({"set_clock": {"node": "ucm-pub", "ahead": ahead}})
