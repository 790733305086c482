"""Explanations as text: one line for each attempt, the verdict in brief, or the whole checklist."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import groupby

from simulator.core.events import PatienceEnded
from simulator.core.events.log import Record
from simulator.evidence.explain.model import SHOWN, Attempt, ExplainRow

_MARK = max(map(len, SHOWN.values()))


def summary(attempts: Sequence[Attempt]) -> list[str]:
    """Write one line for each attempt."""
    return [
        f"{attempt.number:3}  {attempt.at:9.3f} s  {'ok  ' if attempt.passed else 'FAIL'}  {attempt.title}: "
        f"{attempt.outcome}"
        for attempt in attempts
    ]


def environment_notes(records: Sequence[Record]) -> list[str]:
    """Write one line for each time the lab's patience ended: what failed then may be the machine's fault."""
    return [
        f"Patience ended at {record.at - records[0].at:.3f} s: {record.event}"
        for record in records
        if isinstance(record.event, PatienceEnded)
    ]


def failures(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Select the failed attempts, one of each kind: a repeated attempt that fails the same way is listed
    once.
    """
    kinds: dict[tuple[object, ...], Attempt] = {}
    for attempt in attempts:
        failure = attempt.failure
        if failure is not None:
            kinds.setdefault((attempt.client, attempt.target, failure.id, failure.leg, attempt.advice), attempt)
    return list(kinds.values())


def brief(attempt: Attempt, *, width: int = 80) -> list[str]:
    """Write the first failure with cause, remedy and proof."""
    failure = attempt.failure
    lines = _wrapped("", f"Attempt {attempt.number}: {attempt.title}", width)
    if failure is None:
        return [*lines, f"  {attempt.outcome}"]
    lines += _wrapped("  FAIL ", f"{failure.title}: {failure.evidence}", width)
    return lines + _advice(attempt, width)


def full(attempt: Attempt, *, width: int = 80) -> list[str]:
    """Write the whole checklist, leg by leg, then what to do."""
    return checklist(attempt, width=width) + _advice(attempt, width)


def checklist(attempt: Attempt, *, width: int = 80) -> list[str]:
    """Write the whole checklist without what to do."""
    lines = _wrapped("", f"Attempt {attempt.number} at {attempt.at:.3f} s: {attempt.title}", width)
    lines += _wrapped("  ", attempt.outcome, width)
    for leg, of_leg in groupby(attempt.rows, key=lambda row: row.leg):
        lines += [f"  {leg}"] if leg else []
        for state, rows in groupby(of_leg, key=lambda row: row.state):
            lead = f"    {SHOWN[state]:{_MARK}}  "
            if state in ("not_reached", "unseen"):
                lines += _wrapped(lead, "; ".join(row.title for row in rows), width)
                continue
            for row in rows:
                lines += _row(lead, row, width)
    return lines


def _row(lead: str, row: ExplainRow, width: int) -> list[str]:
    """Write title and evidence on one line if they fit, else the evidence below."""
    line = f"{lead}{row.title}" + (f": {row.evidence}" if row.evidence else "")
    if len(line) <= width:
        return [line]
    return _wrapped(lead, row.title, width) + _wrapped(" " * (len(lead) + 2), row.evidence, width)


def _advice(attempt: Attempt, width: int) -> list[str]:
    lines: list[str] = []
    several = len(attempt.advice) > 1
    if several:
        lines += _wrapped("  ", "Only the answer is known; what may be behind it, most likely first:", width)
    for number, one in enumerate(attempt.advice, start=1):
        lead = f"  {number}. " if several else "  "
        lines += _wrapped(f"{lead}Cause:  ", f"{one.cause} [{one.mark}]", width)
        indent = " " * len(lead)
        lines += _wrapped(f"{indent}Remedy: ", one.remedy, width)
        lines += _wrapped(f"{indent}See it: ", one.verify, width)
    return lines


def _wrapped(lead: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_on_hyphens=False,
    ) or [lead.rstrip()]
