"""Every way of making a token wrong that the checklist knows (oauth-tokens 10 A to E), by name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from registrar.core.tokens.forge import Forge, Mutation
from registrar.core.tokens.mutations_inside import INSIDE
from registrar.core.tokens.mutations_outside import OUTSIDE

MUTATIONS: Mapping[str, Mutation] = MappingProxyType({m.name: m for m in OUTSIDE + INSIDE})
"""In the order of the checklist. Rows 46 to 48 of the checklist are no mutations of a token."""


def mutate(name: str, forge: Forge) -> str:
    """Return the token that a mutation makes. Raises ValueError, with the nearest names, for an unknown one."""
    mutation = MUTATIONS.get(name)
    if mutation is None:
        near = get_close_matches(name, MUTATIONS, n=3, cutoff=0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise ValueError(f"there is no token mutation {name!r}{hint}")
    return mutation.apply(forge)
