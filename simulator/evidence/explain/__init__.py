"""`explain(records)`: every attempt to connect or register, as a checklist with evidence, cause and remedy."""

from __future__ import annotations

from simulator.evidence.explain.checklist import explain
from simulator.evidence.explain.model import SHOWN, Advice, Attempt, ExplainRow, State
from simulator.evidence.explain.text import brief, checklist, environment_notes, failures, full, summary

__all__ = [
    "SHOWN",
    "Advice",
    "Attempt",
    "ExplainRow",
    "State",
    "brief",
    "checklist",
    "environment_notes",
    "explain",
    "failures",
    "full",
    "summary",
]
