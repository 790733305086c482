"""A row of a ladder: an arrow from lane to lane, or a note."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "bad", "plain", "quiet", "step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderRow:
    """One arrow or note of a ladder."""

    at: float = 0.0
    """Seconds since the first record."""
    lane: str | None
    """Lane of the note, or where the arrow starts; None: the row crosses the whole page."""
    to: str | None = None
    """Lane the arrow points to; None: a note."""
    text: str = ""
    tone: Tone = "plain"
    opens: bool = False
    """The arrow's start is the client of a connection."""
    detail: str = ""
    """What is folded away: the whole message, redacted, or the certificates of a handshake."""
    seq: int = 0
    """Of the record it was read from."""
    turned: bool = False
    """Of a connection that the inner side opens outward: its requests go the other way."""
