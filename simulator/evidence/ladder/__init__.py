"""The ladder: who sent what to whom, drawn from the event stream as text, SVG, Mermaid or a page of its own."""

from __future__ import annotations

from simulator.evidence.ladder.lanes import captions_of, lanes_of
from simulator.evidence.ladder.mermaid import mermaid
from simulator.evidence.ladder.row import LadderRow, Tone
from simulator.evidence.ladder.rows import rows_of
from simulator.evidence.ladder.svg_picture import Strip, strips, svg
from simulator.evidence.ladder.text import TextLine, draw

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
