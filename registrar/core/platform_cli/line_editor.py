"""The line an administrator types: its text, the cursor, what was typed before, and what to draw.

Typing at the end draws the character alone, so that what a program sends is echoed as it was sent.
"""

from __future__ import annotations

from typing import Literal

_HISTORY = 50
Key = Literal["backspace", "delete", "left", "right", "home", "end", "up", "down", "kill", "word"]
BELL = "\a"


class LineEditor:
    def __init__(self, limit: int) -> None:
        """`limit`: characters of a line."""
        self._limit = limit
        self._text = ""
        self._cursor = 0
        self._history: list[str] = []
        self._recalled = 0
        self.overflowed = False
        """More was typed than a line may have: it is no command any more."""

    @property
    def text(self) -> str:
        return self._text

    def insert(self, character: str) -> str:
        if len(self._text) >= self._limit:
            self.overflowed = True
            return BELL
        rest = self._text[self._cursor :]
        self._text = f"{self._text[: self._cursor]}{character}{rest}"
        self._cursor += 1
        return f"{character}{rest}{_left(len(rest))}"

    def press(self, key: Key) -> str:
        text, cursor = self._text, self._cursor
        if key == "left" and cursor > 0:
            return self._move(cursor - 1)
        if key == "right" and cursor < len(text):
            return self._move(cursor + 1)
        if key == "home":
            return self._move(0)
        if key == "end":
            return self._move(len(text))
        if key == "backspace" and cursor > 0:
            return self._cut(cursor - 1, cursor)
        if key == "delete" and cursor < len(text):
            return self._cut(cursor, cursor + 1)
        if key == "kill" and cursor > 0:
            return self._cut(0, cursor)
        if key == "word" and cursor > 0:
            start = text[:cursor].rstrip()
            return self._cut(start.rfind(" ") + 1, cursor)
        if key == "up" and self._recalled > 0:
            return self._recall(self._recalled - 1)
        if key == "down" and self._recalled < len(self._history):
            return self._recall(self._recalled + 1)
        return ""

    def replace(self, text: str) -> str:
        """Put `text` in the place of the whole line."""
        text = text[: self._limit]
        if self._cursor == len(self._text) and text.startswith(self._text):
            drawn = text[self._cursor :]
        else:
            drawn = f"{_left(self._cursor)}\x1b[K{text}"
        self._text, self._cursor = text, len(text)
        return drawn

    def take(self, *, remember: bool) -> str:
        """The finished line; the next one is empty."""
        text = self._text
        if remember and text.strip() and text not in self._history[-1:]:
            self._history = [*self._history[-_HISTORY + 1 :], text]
        self._recalled = len(self._history)
        self._text, self._cursor, self.overflowed = "", 0, False
        return text

    def redraw(self) -> str:
        """The line behind a prompt that was just printed."""
        return f"{self._text}{_left(len(self._text) - self._cursor)}"

    def _move(self, to: int) -> str:
        steps = to - self._cursor
        self._cursor = to
        return _left(-steps) if steps < 0 else f"\x1b[{steps}C" if steps else ""

    def _cut(self, start: int, end: int) -> str:
        moved = self._move(start)
        rest = self._text[end:]
        self._text = self._text[:start] + rest
        return f"{moved}{rest}\x1b[K{_left(len(rest))}"

    def _recall(self, to: int) -> str:
        self._recalled = to
        return self.replace(self._history[to] if to < len(self._history) else "")


def _left(count: int) -> str:
    return "\b" * count if 0 < count < 4 else f"\x1b[{count}D" if count > 0 else ""
