"""What the line editor draws on a terminal of a few columns is the line and its cursor, whatever is pressed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrar.core.platform_cli.line_editor import BELL, Key, LineEditor

PROMPT = "admin:"
TOKEN = re.compile(r"\x1b\[(\d*)([A-Z])|(.)", re.DOTALL)


class Screen:
    """Of a terminal, as much as the editor uses: it wraps when a character comes behind the last column."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.rows: list[list[str]] = [[]]
        self.row = self.column = 0
        self.hanging = False

    def write(self, drawn: str) -> None:
        for match in TOKEN.finditer(drawn):
            count, command, character = match.groups()
            if character == "\b":
                self._go(self.row, self.column - 1)
            elif character is not None:
                self._put(character)
            else:
                getattr(self, f"_{command}")(int(count or 1))

    def _put(self, character: str) -> None:
        assert character.isprintable()
        if self.hanging:
            self.row, self.column = self.row + 1, 0
            if self.row == len(self.rows):
                self.rows.append([])
        line = self.rows[self.row]
        line.extend(" " * (self.column + 1 - len(line)))
        line[self.column] = character
        self.hanging = self.column == self.width - 1
        self.column += not self.hanging

    def _go(self, row: int, column: int) -> None:
        """As far as there is a row."""
        self.row = min(max(row, 0), len(self.rows) - 1)
        self.column = min(max(column, 0), self.width - 1)
        self.hanging = False

    def _A(self, count: int) -> None:
        self._go(self.row - count, self.column)

    def _B(self, count: int) -> None:
        self._go(self.row + count, self.column)

    def _C(self, count: int) -> None:
        self._go(self.row, self.column + count)

    def _D(self, count: int) -> None:
        self._go(self.row, self.column - count)

    def _G(self, column: int) -> None:
        self._go(self.row, column - 1)

    def _K(self, _: int) -> None:
        del self.rows[self.row][self.column :]

    def _J(self, _: int) -> None:
        self._K(0)
        for line in self.rows[self.row + 1 :]:
            line.clear()

    @property
    def text(self) -> str:
        return "".join("".join(line).ljust(self.width) for line in self.rows).rstrip()

    @property
    def place(self) -> int:
        return self.row * self.width + self.column + self.hanging


PRESSED = st.one_of(
    st.sampled_from(
        ["left", "right", "home", "end", "backspace", "delete", "kill", "word", "up", "down", "enter", "again"]
    ),
    st.text("abc d", min_size=1, max_size=13),
    st.text("xyz", min_size=1, max_size=13).map(lambda text: f"={text}"),
)
KEYS: frozenset[str] = frozenset(Key.__args__)  # type: ignore[attr-defined]


@given(width=st.sampled_from([7, 8, 10, 200]), pressed=st.lists(PRESSED, max_size=30))
def test_the_screen_shows_the_line_and_the_cursor(width: int, pressed: list[str]) -> None:
    editor = LineEditor(60)
    editor.width = width

    def prompted() -> Screen:
        screen = Screen(width)
        screen.write(PROMPT)
        editor.begin(len(PROMPT))
        return screen

    screen = prompted()
    for each in pressed:
        if each in KEYS:
            screen.write(editor.press(each))  # type: ignore[arg-type]
        elif each == "enter":
            screen.write(editor.last_row())
            below = len(PROMPT) + len(editor.text)
            assert screen.row == max(below - 1, 0) // width or below % width == 0, "nothing is written over"
            editor.take(remember=True)
            screen = prompted()
        elif each == "again":
            screen = prompted()
            screen.write(editor.redraw())
        elif each[0] == "=":
            screen.write(editor.replace(each[1:]))
        else:
            for character in each:
                screen.write(editor.insert(character).replace(BELL, ""))
        assert screen.text == f"{PROMPT}{editor.text}".rstrip()
        assert screen.place == len(PROMPT) + editor._cursor


@pytest.mark.parametrize("width", [0, 7, 80])
def test_what_is_typed_at_the_end_is_echoed_as_it_is(width: int) -> None:
    editor = LineEditor(60)
    editor.width = width
    editor.begin(len(PROMPT))
    assert "".join(map(editor.insert, "utils service restart")) == "utils service restart"
