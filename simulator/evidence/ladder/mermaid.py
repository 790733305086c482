"""A ladder as a Mermaid sequence diagram, for Markdown pages and wikis."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.evidence.ladder.lanes import lanes_of
from simulator.evidence.ladder.row import LadderRow


def mermaid(rows: Sequence[LadderRow]) -> str:
    lanes = lanes_of(rows)
    ids = {lane: f"l{index}" for index, lane in enumerate(lanes)}
    lines = ["sequenceDiagram", "    autonumber"]
    lines += [f"    participant {ids[lane]} as {_text(lane)}" for lane in lanes]
    across = f"{ids[lanes[0]]},{ids[lanes[-1]]}" if len(lanes) > 1 else "".join(ids.values())
    for row in rows:
        text = _text(row.text)
        if row.lane is None:
            if lanes:
                lines.append(f"    Note over {across}: {text}")
        elif row.to is None or row.to == row.lane:
            lines.append(f"    Note over {ids[row.lane]}: {text}")
        else:
            arrow = "-x" if row.tone == "bad" else "-->>" if row.tone == "quiet" else "->>"
            lines.append(f"    {ids[row.lane]}{arrow}{ids[row.to]}: {text}")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Characters that would end or open something become entities of Mermaid's own (`#59;`)."""
    return "".join(f"#{ord(c)};" if c in "#;<>&" else c for c in " ".join(text.split()))
