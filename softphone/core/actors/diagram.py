"""The lives of the phone and its sign-in as Mermaid state diagrams, drawn from the tables they run by."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from softphone.core.registration.transitions import TRANSITIONS, State
from softphone.core.signin.transitions import SIGN_IN_TRANSITIONS, SignInState


def mermaid() -> str:
    """Draw the registration's table as `stateDiagram-v2`: an arrow for each (state, next state)."""
    return _draw(State.IDLE, ((*key, one.to) for key, one in TRANSITIONS.items()))


def sign_in_mermaid() -> str:
    """Draw the sign-in's table in the same way."""
    return _draw(SignInState.SIGNED_OUT, ((*key, one.to) for key, one in SIGN_IN_TRANSITIONS.items()))


def _draw(first: StrEnum, table: Iterable[tuple[StrEnum, StrEnum, tuple[StrEnum, ...]]]) -> str:
    arrows: dict[tuple[StrEnum, StrEnum], list[str]] = {}
    for state, given, targets in table:
        for target in targets:
            arrows.setdefault((state, target), []).append(given.value)
    lines = ["stateDiagram-v2", f"    [*] --> {first}"]
    lines += [f"    {state} --> {target}: {', '.join(labels)}" for (state, target), labels in arrows.items()]
    return "\n".join(lines) + "\n"
