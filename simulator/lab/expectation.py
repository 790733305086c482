"""What a scenario expects to see: an event, the actor that reports it, and any of its fields."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from simulator.core.events import EVENTS
from simulator.lab.config import Strict

Scalar = str | int | float | bool | None


class Expectation(Strict):
    """An event that must be seen: its kind, the actor, and any of its fields.

    A field's value is compared as it is; a text that starts and ends with a slash is a regular expression.
    """

    event: str
    at: str | None = Field(None, description="the actor that reports it")
    fields: dict[str, Scalar] = Field({}, alias="with")
    count: int | None = Field(None, ge=0, description="exactly this often; default: at least once")

    @field_validator("event")
    @classmethod
    def _known_kind(cls, kind: str) -> str:
        if kind not in EVENTS:
            raise ValueError(f"no event {kind!r}; known: {', '.join(sorted(EVENTS))}")
        return kind

    @model_validator(mode="after")
    def _known_fields(self) -> Expectation:
        known = EVENTS[self.event].__dataclass_fields__
        for name in self.fields:
            if name not in known:
                raise ValueError(f"{self.event} has no field {name!r}; it has {', '.join(known)}")
        return self

    def __str__(self) -> str:
        text = self.event + (f" at {self.at}" if self.at else "")
        for name, value in self.fields.items():
            text += f" {name}={value!r}"
        return text if self.count is None else f"{text} ({self.count} times)"
