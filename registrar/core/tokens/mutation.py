"""One named way to make a token wrong: the type of the rows in `mutations`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from registrar.core.tokens.forge import Forge
from registrar.core.tokens.problems import TokenProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    name: str
    """Kebab-case, for `ucmsim token mint --mutate NAME`."""
    row: int
    """Row of the checklist (oauth-tokens 10)."""
    text: str
    """One line: what is wrong with the token."""
    problem: TokenProblem
    """What a registrar with leeway 0 says of it."""
    needs: str = ""
    """What must be so around the token for it to be refused; empty if the token alone suffices."""
    apply: Callable[[Forge], str] = field(repr=False)
    """The forged token."""


Row = tuple[int, str, TokenProblem, str, Callable[[Forge], str]]
"""Row number, name, problem, text, forgery."""


def table(*rows: Row) -> tuple[Mutation, ...]:
    return tuple(
        Mutation(row=row, name=name, problem=problem, text=text, apply=apply)
        for row, name, problem, text, apply in rows
    )
