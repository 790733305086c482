"""A ladder as lines of text, for terminals and logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from simulator.evidence.ladder.lanes import lanes_of
from simulator.evidence.ladder.row import LadderRow, Tone


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of a ladder as text."""

    text: str
    tone: Tone
    head: bool = False
    """Names the lanes."""


_GUTTER = 9
"""Columns of the time."""
_NARROWEST, _NARROW = 40, 60
NO_CAPTIONS: Mapping[str, str] = MappingProxyType({})


def draw(
    rows: Sequence[LadderRow], *, width: int = 80, captions: Mapping[str, str] = NO_CAPTIONS
) -> list[TextLine]:
    """Draw the ladder as lines of text, none wider than `width` (at least 40) columns.

    `captions`: what each lane is, shown under its name.
    """
    lanes = lanes_of(rows)
    if not lanes:
        return []
    width = max(width, _NARROWEST)
    columns = _columns(lanes, width)
    page = _Page(columns.values(), width)
    lines = [
        TextLine(text, "plain", head=True) for text in _header({lane: lane for lane in lanes}, columns, width)
    ]
    lines += [TextLine(text, "quiet", head=True) for text in _header(captions, columns, width)]
    shown = ""
    for row in rows:
        stamp = f"{row.at:8.3f}"
        if row.lane is None and row.tone == "step":
            for index, part in enumerate(wrap(row.text, width - _GUTTER - 3)):
                rule = f"── {part} ".ljust(width - _GUTTER, "─") if index == 0 else f"   {part}"
                lines.append(TextLine(f"{'':{_GUTTER}}{rule}"[:width], "step"))
            continue
        if row.lane is None:
            parts = [f"{'':{_GUTTER}}   {part}" for part in wrap(row.text, width - _GUTTER - 3)]
        elif row.to is None or row.to == row.lane:
            parts = page.note(columns[row.lane], row.text)
        else:
            parts = page.arrow(columns[row.lane], columns[row.to], row.text)
        if stamp != shown:
            parts[0] = stamp + parts[0][len(stamp) :]
            shown = stamp
        lines += [TextLine(part, row.tone) for part in parts]
    return lines


def _columns(lanes: Sequence[str], width: int) -> dict[str, int]:
    first, last = (_GUTTER + 4, width - 12) if width >= _NARROW else (_GUTTER + 3, width - 5)
    if len(lanes) == 1:
        return {lanes[0]: first}
    step = (last - first) / (len(lanes) - 1)
    return {lane: round(first + index * step) for index, lane in enumerate(lanes)}


def _header(words: Mapping[str, str], columns: dict[str, int], width: int) -> list[str]:
    """The words of each lane that has some, around its column: as many lines as the longest needs."""
    places = sorted(columns.values())
    room = max(min((right - left for left, right in pairwise(places)), default=width - _GUTTER) - 1, 1)
    wrapped = {lane: wrap(words[lane], room) for lane in columns if words.get(lane)}
    out = []
    for index in range(max(map(len, wrapped.values()), default=0)):
        line = [" "] * width
        for lane, parts in wrapped.items():
            part = parts[index] if index < len(parts) else ""
            start = min(max(columns[lane] - len(part) // 2, 0), width - len(part))
            line[start : start + len(part)] = part
        out.append("".join(line).rstrip())
    return out


class _Page:
    """One row of lifelines to write on."""

    def __init__(self, columns: Iterable[int], width: int) -> None:
        self._columns = list(columns)
        self._width = width

    def _blank(self) -> list[str]:
        line = [" "] * self._width
        for column in self._columns:
            line[column] = "│"
        return line

    def _written(self, start: int, text: str) -> str:
        """`text` over the lifelines, never touching one."""
        line = self._blank()
        line[start : start + len(text)] = text
        for edge in (start - 1, start + len(text)):
            if 0 <= edge < self._width and line[edge] == "│":
                line[edge] = " "
        return "".join(line).rstrip()

    def note(self, column: int, text: str) -> list[str]:
        """`● text` at the lifeline: to its right if there is more room there, else to its left."""
        right, left = self._width - column - 3, column - _GUTTER - 2
        out = []
        for index, part in enumerate(wrap(text, max(right, left))):
            start = column + 2 if right >= left else column - 1 - len(part)
            line = list(self._written(start, part).ljust(self._width))
            line[column] = "●" if index == 0 else "│"
            out.append("".join(line).rstrip())
        return out

    def arrow(self, start: int, end: int, text: str) -> list[str]:
        """The arrow with its label inside, or above it where it does not fit."""
        left, right = min(start, end), max(start, end)
        gap = right - left - 1
        out = []
        label = f" {text} "
        if len(label) > gap - 4:
            room = max(gap - 3, self._width - left - 3)
            out = [self._written(left + 2, part) for part in wrap(text, room)]
            label = ""
        line = self._blank()
        shaft = label.center(gap - 1, "─")
        line[left + 1 : right] = list(f"{shaft}>" if start < end else f"<{shaft}")
        out.append("".join(line).rstrip())
        return out


_SEAM = "./:-_=,;|"
"""Where a long word is broken: addresses, paths and names of certificates have these."""


def wrap(text: str, room: int) -> list[str]:
    """Break text into lines of at most `room` columns; a longer word is broken. Returns at least one line."""
    lines = [""]
    for word in text.split():
        while len(word) > room:
            end = _break(word, room)
            lines.append(word[:end])
            word = word[end:]
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) <= room:
            lines[-1] = joined
        else:
            lines.append(word)
    return [line for line in lines if line] or [""]


def _break(word: str, room: int) -> int:
    """Where to: at the last seam, unless that would leave less than a third of the line filled."""
    if word[room] in _SEAM:
        return room
    seam = max(word.rfind(mark, 0, room) for mark in _SEAM) + 1
    return seam if seam * 3 >= room else room
