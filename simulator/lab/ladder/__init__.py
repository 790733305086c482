"""The ladder: who sent what to whom, drawn from the event stream as text, SVG, Mermaid or a page of its own."""

from __future__ import annotations

from simulator.lab.ladder.drawing import Line, draw
from simulator.lab.ladder.mermaid import mermaid
from simulator.lab.ladder.picture import Strip, strips, svg
from simulator.lab.ladder.rows import Row, Tone, captions_of, lanes_of, rows_of

__all__ = [
    "Line",
    "Row",
    "Strip",
    "Tone",
    "captions_of",
    "draw",
    "lanes_of",
    "mermaid",
    "rows_of",
    "strips",
    "svg",
]
