"""The line an administrator types: its text, the cursor, what was typed before, and what to draw.

Typing at the end draws the character alone, so that what a program sends is echoed as it was sent. A line wider
than the terminal goes on in the next row; the cursor then moves by rows and columns.
"""

from __future__ import annotations

from typing import Literal

_HISTORY = 50
Key = Literal["backspace", "delete", "left", "right", "home", "end", "up", "down", "kill", "word"]
BELL = "\a"


class LineEditor:
    """The line that is being typed. Each method returns what the screen must draw."""

    def __init__(self, limit: int) -> None:
        """`limit`: characters of a line."""
        self._limit = limit
        self._text = ""
        self._cursor = 0
        self._history: list[str] = []
        self._recalled = 0
        self._start = 0
        self._printed = False
        """The cursor stands behind what was just printed; behind the last column, a terminal holds it in that
        column until the next character comes.
        """
        self.width = 0
        """Columns of the terminal; 0: not known, or without end."""
        self.overflowed = False
        """More was typed than a line may have: it is no command any more."""

    @property
    def text(self) -> str:
        """The line so far."""
        return self._text

    def begin(self, column: int) -> None:
        """Note that a prompt was shown, and the column it ends in."""
        self._start = column
        self._printed = column > 0

    def insert(self, character: str) -> str:
        """Insert a character at the cursor."""
        if len(self._text) >= self._limit:
            self.overflowed = True
            return BELL
        rest = self._text[self._cursor :]
        self._text = f"{self._text[: self._cursor]}{character}{rest}"
        self._cursor += 1
        return self._print(f"{character}{rest}")

    def press(self, key: Key) -> str:
        """Do what an editing key does."""
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
            drawn, shown = "", text[self._cursor :]
        else:
            drawn, shown = f"{self._move(0)}{self._erase()}", text
        self._text, self._cursor = text, len(text)
        return f"{drawn}{self._print(shown)}"

    def take(self, *, remember: bool) -> str:
        """Return the finished line; the next one is empty."""
        text = self._text
        if remember and text.strip() and text not in self._history[-1:]:
            self._history = [*self._history[-_HISTORY + 1 :], text]
        self._recalled = len(self._history)
        self._text, self._cursor, self.overflowed = "", 0, False
        return text

    def redraw(self) -> str:
        """Draw the line behind a prompt that was just printed."""
        return self._print(self._text)

    def last_row(self) -> str:
        """Move to the line's last row, so that what is shown next does not fall upon the line."""
        end = len(self._text)
        return self._move(end) if self._place(end)[0] > self._place(self._cursor)[0] else ""

    # --- drawing ---------------------------------------------------------------------------------------------

    def _print(self, shown: str) -> str:
        """Print the line's end, and go back from there to the cursor."""
        if shown:
            self._printed = True
        end, cursor = len(self._text), self._cursor
        if cursor == end:
            return shown
        self._cursor = end
        return f"{shown}{self._move(cursor)}"

    def _cut(self, start: int, end: int) -> str:
        moved = self._move(start)
        rest = self._text[end:]
        # Erased first: from the last column, a terminal would take the character that stands there.
        erased = self._erase()
        self._text = self._text[:start] + rest
        return f"{moved}{erased}{self._print(rest)}"

    def _erase(self) -> str:
        """What stands behind the cursor, in the rows below too if the line reaches there."""
        wraps = self._place(len(self._text))[0] > self._place(self._cursor)[0]
        return "\x1b[J" if wraps else "\x1b[K"

    def _move(self, to: int) -> str:
        row, column = self._place(self._cursor)
        printed, self._printed = self._printed, False
        hanging = printed and column == 0 and row > 0
        if hanging:
            row, column = row - 1, self.width - 1
        end = len(self._text)
        new_row, new_column = self._place(to)
        if to == end > 0 and to != self._cursor and new_column == 0 and new_row > 0:
            # There may be no row below yet: arrive as one who has just printed the last character.
            self._printed = printed
            drawn = self._move(to - 1) + self._text[to - 1]
            self._cursor, self._printed = to, True
            return drawn
        if to == self._cursor:
            self._printed = printed
            return ""
        self._cursor = to
        if row == new_row and not hanging:
            steps = new_column - column
            return _left(-steps) if steps < 0 else f"\x1b[{steps}C"
        up = row - new_row
        return f"{_times(up, 'A') if up > 0 else _times(-up, 'B')}\x1b[{new_column + 1}G"

    def _place(self, index: int) -> tuple[int, int]:
        """Row below the prompt's, and column."""
        at = self._start + index
        return divmod(at, self.width) if self.width > 0 else (0, at)

    def _recall(self, to: int) -> str:
        self._recalled = to
        return self.replace(self._history[to] if to < len(self._history) else "")


def _left(count: int) -> str:
    return "\b" * count if 0 < count < 4 else f"\x1b[{count}D" if count > 0 else ""


def _times(count: int, direction: str) -> str:
    return f"\x1b[{count}{direction}" if count else ""
