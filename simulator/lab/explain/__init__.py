"""`explain(records)`: every attempt to connect or register, as a checklist with evidence, cause and remedy."""

from __future__ import annotations

from simulator.lab.explain.model import SHOWN, Advice, Attempt, Row, State
from simulator.lab.explain.text import brief, checklist, failures, full, summary
from simulator.lab.explain.writing import explain

__all__ = [
    "SHOWN",
    "Advice",
    "Attempt",
    "Row",
    "State",
    "brief",
    "checklist",
    "explain",
    "failures",
    "full",
    "summary",
]
