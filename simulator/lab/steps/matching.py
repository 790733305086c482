"""Compares records with what a scenario expects. Failures name the nearest miss."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from simulator.core.events.log import Record
from simulator.lab.config.expectation import Expectation, Scalar, is_pattern


def matches(record: Record, expectation: Expectation) -> bool:
    """Tell whether kind, actor and every named field agree."""
    return _is_of(record, expectation) and not _differences(record, expectation)


def _is_of(record: Record, expectation: Expectation) -> bool:
    return record.event.kind == expectation.event and expectation.at in (None, record.actor)


def _differences(record: Record, expectation: Expectation) -> list[str]:
    return [
        f"{name} is {_short(getattr(record.event, name))}, not {wanted!r}"
        for name, wanted in expectation.fields.items()
        if not _agrees(getattr(record.event, name), wanted)
    ]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:297]}..."


def _agrees(actual: object, wanted: Scalar) -> bool:
    if isinstance(wanted, str) and is_pattern(wanted):
        return actual is not None and re.search(wanted[1:-1], str(actual)) is not None
    if isinstance(actual, tuple):
        return wanted in actual
    return actual == wanted and isinstance(actual, bool) == isinstance(wanted, bool)


def explain_miss(records: Sequence[Record], expectation: Expectation) -> str:
    """Tell why records do not meet an expectation: wrong count, nearest miss, or what was seen instead."""
    hits = [record for record in records if matches(record, expectation)]
    if expectation.count is not None and hits:
        return f"expected {expectation}, seen {len(hits)} times"
    near = [record for record in records if _is_of(record, expectation)]
    if near:
        closest = min(near, key=lambda record: len(_differences(record, expectation)))
        return (
            f"expected {expectation}; nearest: #{closest.seq} {'; '.join(_differences(closest, expectation))}"
        )
    elsewhere = {str(record.actor) for record in records if record.event.kind == expectation.event}
    if elsewhere:
        return f"expected {expectation}; only seen at {', '.join(sorted(elsewhere))}"
    return f"expected {expectation}; no {expectation.event} was seen"


def unmet(records: Sequence[Record], expectations: Iterable[Expectation]) -> list[str]:
    """Return one sentence for each expectation that `records` do not meet."""
    out = []
    for expectation in expectations:
        hits = sum(matches(record, expectation) for record in records)
        wrong = hits == 0 if expectation.count is None else hits != expectation.count
        if wrong:
            out.append(explain_miss(records, expectation))
    return out


def seen_but_forbidden(records: Sequence[Record], expectations: Iterable[Expectation]) -> list[str]:
    """Return one sentence for each expectation that was met although it must never be."""
    out = []
    for expectation in expectations:
        hit = next((record for record in records if matches(record, expectation)), None)
        if hit is not None:
            out.append(f"must never be seen: {expectation}; seen as #{hit.seq} at {hit.actor}")
    return out
