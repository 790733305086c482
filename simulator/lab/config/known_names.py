"""Types of names that the softphone and the registrar define: a phone's behaviours, token mutations."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from registrar.core.tokens import MUTATIONS
from softphone.core.settings.behaviours import Behaviour

_BEHAVIOURS = {str(behaviour) for behaviour in Behaviour}


def _behaviours(names: list[str]) -> list[str]:
    for name in names:
        if name not in _BEHAVIOURS:
            raise ValueError(f"no behaviour {name!r} ({', '.join(sorted(_BEHAVIOURS))})")
    return names


def _mutation(name: str) -> str:
    if name not in MUTATIONS:
        raise ValueError(f"no token mutation {name!r}: `ucmsim token mutations` lists them")
    return name


BehaviourNames = Annotated[list[str], AfterValidator(_behaviours)]
"""Names of scripted misbehaviours; `ucmsim list --behaviours` shows them."""
MutationName = Annotated[str, AfterValidator(_mutation)]
"""The name of a way to make a token wrong; `ucmsim token mutations` shows them."""
