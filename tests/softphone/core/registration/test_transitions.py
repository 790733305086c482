"""The transition table itself: every pair of state and input, legal or not, and its drawing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from softphone.core.actors.diagram import mermaid
from softphone.core.registration.actions import ACTIONS
from softphone.core.registration.transitions import TRANSITIONS, Action, IllegalInput, Input, State
from softphone.core.state_table import follow

Make = Callable[..., Any]
PAIRS = list(product(State, Input))


def test_every_action_is_done_and_used() -> None:
    assert set(ACTIONS) == set(Action)
    assert {transition.action for transition in TRANSITIONS.values()} == set(Action)


def test_every_state_can_be_reached_and_every_input_is_used() -> None:
    reached = {State.IDLE}
    while more := {
        target
        for (state, _), transition in TRANSITIONS.items()
        if state in reached
        for target in transition.to
        if target not in reached
    }:
        reached |= more
    assert reached == set(State)
    assert {given for _, given in TRANSITIONS} == set(Input)


def test_a_phone_can_be_stopped_in_every_state() -> None:
    assert {state for state, given in TRANSITIONS if given is Input.STOP} == set(State)


def test_only_a_phone_that_does_nothing_can_be_started() -> None:
    starts = {state for state, given in TRANSITIONS if given is Input.START}
    assert starts == {State.IDLE, State.STOPPED, State.FAILED, State.BACKING_OFF}


@pytest.mark.parametrize(("state", "given"), PAIRS, ids=lambda value: str(value.value))
def test_a_pair_leads_where_the_table_says_or_is_illegal(state: State, given: Input) -> None:
    """Each pair is put to the dispatcher, with actions that only say where they lead."""
    transition = TRANSITIONS.get((state, given))
    for target in State:
        performed: list[Action] = []

        def lead(action: Action, target: State = target, performed: list[Action] = performed) -> State:
            performed.append(action)
            return target

        if transition is not None and target in transition.to:
            assert follow(TRANSITIONS, state, given, lead) is target
        else:
            with pytest.raises(IllegalInput):
                follow(TRANSITIONS, state, given, lead)
        assert performed == ([] if transition is None else [transition.action])


def test_a_phone_that_is_started_twice_says_so_and_goes_on(bench: Make) -> None:
    it = bench().start()
    with pytest.raises(IllegalInput):
        it.start()
    assert it.phone.state is State.REGISTERED


def test_the_diagram_shows_every_arrow_once() -> None:
    text = mermaid()
    lines = text.splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> idle"]
    assert "    registered --> refreshing: refresh due" in lines
    arrows = {(state, target) for (state, _), transition in TRANSITIONS.items() for target in transition.to}
    assert len(lines) == 2 + len(arrows) == len(set(lines))
