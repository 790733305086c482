"""Names of actors and numbers of flows: what events, actors and networks call them by."""

from __future__ import annotations

from typing import NewType

ActorId = NewType("ActorId", str)
"""Stable name of an actor: "ucm-pub", "CSFALICE", "expc"."""
FlowId = NewType("FlowId", int)
"""Unique in a lab; the two ends of one connection have two different flow ids."""


class FlowIds:
    """The lab's one source of flow ids, shared by its actors and networks."""

    def __init__(self) -> None:
        self._next = 0

    def take(self) -> FlowId:
        self._next += 1
        return FlowId(self._next)
