"""The lanes of a ladder: their order from left to right, and the caption of each."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.core import events as ev
from simulator.core.events.log import Record
from simulator.evidence.ladder.row import LadderRow


def lanes_of(rows: Iterable[LadderRow]) -> list[str]:
    """Order the lanes from left to right: actors that only call, then those that call and are called, then
    those that only answer.

    Of the middle ones, those that are called stand to the right of their callers.
    """
    names: list[str] = []
    calls: set[tuple[str, str]] = set()
    for row in rows:
        names += [name for name in (row.lane, row.to) if name is not None and name not in names]
        if row.opens and row.lane is not None and row.to is not None:
            calls.add((row.to, row.lane) if row.turned else (row.lane, row.to))
    callers, called = {one for one, _ in calls}, {one for _, one in calls}
    depth = dict.fromkeys(names, 0)
    for _ in names:
        for caller, one in sorted(calls):
            depth[one] = max(depth[one], min(depth[caller] + 1, len(names)))

    def place(name: str) -> tuple[int, int]:
        return (1, depth[name]) if name in callers & called else (2 if name not in callers else 0, 0)

    return sorted(names, key=place)


def captions_of(records: Iterable[Record]) -> dict[str, str]:
    """Describe each actor, as far as its events show: the caption of its lane."""
    out: dict[str, str] = {}
    for record in records:
        if isinstance(record.event, ev.FlowOpened) and record.event.listener in INNER:
            out.setdefault(str(record.actor), "Expressway-E")
        for kinds, caption in _CAPTIONS:
            if isinstance(record.event, kinds):
                out.setdefault(str(record.actor), caption)
    return out


INNER = ("traversal", "tunnel")
"""Listeners of an Expressway-E for its Expressway-C."""
_CAPTIONS: tuple[tuple[tuple[type[ev.Event], ...], str], ...] = (
    ((ev.PhoneStateChanged, ev.SignInStateChanged), "phone"),
    ((ev.NamesAnswered,), "name server"),
    ((ev.HttpAnswered,), "HTTP client"),
    ((ev.ZoneChanged, ev.ProxyForwarded), "Expressway-C"),
    (
        (ev.ServiceStarted, ev.RegistrarAccepted, ev.RegistrarChallenged, ev.RegistrarRejected),
        "Unified CM node",
    ),
)
