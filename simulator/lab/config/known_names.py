"""Names in lab and scenario files that other houses know: a phone's behaviours, ways to make a token wrong."""

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
"""See `ucmsim list --behaviours`."""
MutationName = Annotated[str, AfterValidator(_mutation)]
"""See `ucmsim token mutations`."""
