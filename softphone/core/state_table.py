"""State machines as tables: (state, input) to an action and the states to which that action may lead.

A pair that is not in the table is illegal, and so is a state that the table does not allow an action. The
phone's registration and its sign-in both run by such a table, and the documentation draws its diagrams from
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from simulator.core.sip.timing import IllegalInput

S = TypeVar("S", bound=StrEnum)
I = TypeVar("I", bound=StrEnum)  # noqa: E741
A = TypeVar("A", bound=StrEnum)

__all__ = ["IllegalInput", "Transition", "follow"]


@dataclass(frozen=True, slots=True)
class Transition(Generic[A, S]):
    """One entry of a table."""

    action: A
    to: tuple[S, ...]


def follow(table: Mapping[tuple[S, I], Transition[A, S]], state: S, given: I, perform: Callable[[A], S]) -> S:
    """Perform the action that `table` has for `given` in `state`, and return the state it led to.

    Raises IllegalInput where the table has no action, or does not allow the state that `perform` returns.
    """
    transition = table.get((state, given))
    if transition is None:
        raise IllegalInput(state, given)
    new = perform(transition.action)
    if new not in transition.to:
        raise IllegalInput(f"{state} to {new}", given)
    return new
