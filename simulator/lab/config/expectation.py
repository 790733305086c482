"""What a scenario expects to see: an event, the actor that reports the event, and any of its fields."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import Field, field_validator, model_validator

from registrar.core.cluster.causes import FailCause, UnregCause
from registrar.core.register.reasons import Reason
from registrar.core.tokens import TokenProblem
from simulator.core.events import EVENTS
from simulator.core.tls.alerts import ALERT_NAMES
from simulator.lab.config.model import FileModel

Scalar = str | int | float | bool | None

_VALUES: dict[tuple[str, str], set[Any]] = {
    ("registrar:rejected", "reason"): {reason.value for reason in Reason},
    ("registrar:rejected", "cause"): {int(cause) for cause in FailCause},
    ("registrar:challenged", "reason"): {problem.value for problem in TokenProblem},
    ("binding:changed", "cause"): {0, *(int(cause) for cause in UnregCause)},
    ("tls:failed", "alert"): {None, *ALERT_NAMES},
    ("tls:failed", "alert_name"): {None, *ALERT_NAMES.values()},
}
"""(event, field) -> the values that the field can have, where its type does not say."""


def is_pattern(text: str) -> bool:
    """Tell whether a text is a regular expression: it stands between slashes."""
    return len(text) > 1 and text[0] == text[-1] == "/"


@cache
def _types(event: str) -> dict[str, Any]:
    return get_type_hints(EVENTS[event])


def _possible(kind: Any, value: Scalar) -> bool:
    """Tell whether a field of this type can be equal to the value, or hold it if it is a tuple."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return any(_possible(one, value) for one in get_args(kind))
    if origin is Literal:
        return value in get_args(kind)
    if origin is tuple:
        return _possible(get_args(kind)[0], value)
    if isinstance(value, bool) or kind is bool:
        return kind is bool and isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float)
    return isinstance(value, kind)


class Expectation(FileModel):
    """An event that must be seen: its kind, the actor, and any of its fields.

    A field's value must be equal; a text that starts and ends with a slash is a regular expression.
    """

    event: str
    at: str | None = Field(None, description="the actor that reports the event")
    fields: dict[str, Scalar] = Field({}, alias="with")
    count: int | None = Field(None, ge=0, description="exactly this many times; default: at least once")

    @field_validator("event")
    @classmethod
    def _known_kind(cls, kind: str) -> str:
        if kind not in EVENTS:
            near = get_close_matches(kind, EVENTS, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(sorted(EVENTS))}"
            raise ValueError(f"no event {kind!r}; {hint}")
        return kind

    @model_validator(mode="after")
    def _known_fields(self) -> Expectation:
        known = EVENTS[self.event].__dataclass_fields__
        for name, value in self.fields.items():
            if name not in known:
                raise ValueError(f"{self.event} has no field {name!r}; it has {', '.join(known)}")
            if isinstance(value, str) and is_pattern(value):
                try:
                    re.compile(value[1:-1])
                except re.error as error:
                    raise ValueError(f"{name}: {value} is not a regular expression: {error}") from None
            elif not _possible(_types(self.event)[name], value):
                raise ValueError(f"{self.event} can never have {name} {value!r}")
            elif value not in _VALUES.get((self.event, name), (value,)):
                raise ValueError(f"{self.event} can never have {name} {value!r}: no such value exists")
        return self

    def __str__(self) -> str:
        text = self.event + (f" at {self.at}" if self.at else "")
        for name, value in self.fields.items():
            text += f" {name}={value!r}"
        return text if self.count is None else f"{text} ({self.count} times)"
