"""The ladder: who sent what to whom, drawn from the event stream as text, SVG, Mermaid or a page of its own."""

from __future__ import annotations

from simulator.evidence.ladder.drawing import TextLine, draw
from simulator.evidence.ladder.mermaid import mermaid
from simulator.evidence.ladder.picture import Strip, strips, svg
from simulator.evidence.ladder.row import LadderRow, Tone
from simulator.evidence.ladder.rows import captions_of, lanes_of, rows_of

__all__ = [
    "LadderRow",
    "Strip",
    "TextLine",
    "Tone",
    "captions_of",
    "draw",
    "lanes_of",
    "mermaid",
    "rows_of",
    "strips",
    "svg",
]
