"""The base of every event: a frozen value whose `kind` is named `domain:past_participle`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """A fact of a run. Every subclass is a frozen value with a `kind`."""

    kind: ClassVar[str]
