"""Every event by its kind, and an event as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields

from simulator.core.events import (
    administration,
    expressway,
    flow,
    http,
    lab,
    oauth,
    phone,
    registrar,
    signin,
    sip,
    tls,
)
from simulator.core.events.event import Event

_SUBJECTS = (administration, expressway, flow, http, lab, oauth, phone, registrar, signin, sip, tls)

EVENTS: dict[str, type[Event]] = {
    cls.kind: cls
    for subject in _SUBJECTS
    for cls in vars(subject).values()
    if isinstance(cls, type) and issubclass(cls, Event) and "kind" in vars(cls)
}
"""Every event by its kind; the reference page and the scenario checks read this table."""


def event_to_json(event: Event) -> dict[str, object]:
    """Return the event's fields in order, `kind` first; tuples become lists."""
    out: dict[str, object] = {"kind": event.kind}
    for f in fields(event):
        value = getattr(event, f.name)
        out[f.name] = list(value) if isinstance(value, tuple) else value
    return out


def event_from_json(data: Mapping[str, object]) -> Event:
    """Read the event that `event_to_json` wrote. Unknown fields are ignored: a newer version may add some.

    ValueError for an unknown kind or a missing field; the text names it.
    """
    kind = data.get("kind")
    cls = EVENTS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise ValueError(f"no event of kind {kind!r}")
    values = {}
    for f in fields(cls):
        if f.name in data:
            value = data[f.name]
            values[f.name] = tuple(value) if isinstance(value, list) else value
    try:
        return cls(**values)
    except TypeError:
        missing = [f.name for f in fields(cls) if f.default is MISSING and f.name not in data]
        raise ValueError(f"{kind} lacks {', '.join(missing)}") from None
