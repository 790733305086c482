"""The transition table itself: every pair of state and input, legal or not, and its drawing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from softphone.core.actors import softphone
from softphone.core.actors.diagram import mermaid
from softphone.core.actors.softphone import ACTIONS
from softphone.core.registration.actions import RegistrationActions
from softphone.core.registration.transitions import TRANSITIONS, Action, IllegalInput, Input, State

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
def test_a_pair_leads_where_the_table_says_or_is_illegal(
    bench: Make, monkeypatch: pytest.MonkeyPatch, state: State, given: Input
) -> None:
    """Each pair is put to the real dispatcher, with actions that only say where they lead."""
    phone = bench().phone
    phone._life.state = state
    transition = TRANSITIONS.get((state, given))
    if transition is None:
        with pytest.raises(IllegalInput):
            phone._feed(given, None, 0.0)
        assert phone.state is state
        return
    for target in State:

        def lead(life: RegistrationActions, payload: object, now: float, target: State = target) -> State:
            return target

        monkeypatch.setattr(softphone, "ACTIONS", {transition.action: lead})
        phone._life.state = state
        if target in transition.to:
            phone._feed(given, None, 0.0)
            assert phone.state is target
        else:
            with pytest.raises(IllegalInput):
                phone._feed(given, None, 0.0)


def test_the_diagram_shows_every_arrow_once() -> None:
    text = mermaid()
    lines = text.splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> idle"]
    assert "    registered --> refreshing: refresh due" in lines
    arrows = {(state, target) for (state, _), transition in TRANSITIONS.items() for target in transition.to}
    assert len(lines) == 2 + len(arrows) == len(set(lines))
