"""Extended regular expressions as `egrep` has them, matched in time linear in the text.

Python's `re` backtracks: an administrator's `(a+)+$` would stop the whole lab. All states are walked at once
instead (Thompson's construction).
"""

from __future__ import annotations

import re
from collections.abc import Callable

MAX_LENGTH = 200
"""Characters of a pattern."""
MAX_STATES = 2_000
_MAX_REPEAT = 100

Test = Callable[[str], bool]
"""Does this one character match?"""
_Part = tuple[int, int]
"""States a part of the pattern is entered and left by."""
_REPEAT = re.compile(r"\{(\d{1,3})(,(\d{0,3}))?\}")
_CLASSES = {
    "alpha": str.isalpha,
    "digit": str.isdecimal,
    "alnum": str.isalnum,
    "space": str.isspace,
    "upper": str.isupper,
    "lower": str.islower,
}


class PatternError(ValueError):
    """The pattern is none; the text says what is wrong."""


class Pattern:
    """Raises PatternError."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise PatternError(f"it has more than {MAX_LENGTH} characters")
        self._text = text
        self._at = 0
        self._free: list[list[int]] = []
        """From each state to those that are reached without a character."""
        self._steps: list[tuple[Test, int] | None] = []
        self._anchors: dict[int, str] = {}
        """States that are only passed at the text's start (^) or end ($)."""
        self._start, self._end = self._alternatives()
        if self._at < len(text):
            raise PatternError("there is a ) without a (")

    def search(self, text: str) -> bool:
        """Does it match anywhere in the text?"""
        states: set[int] = set()
        for position in range(len(text) + 1):
            states.add(self._start)
            states = self._closure(states, position == 0, position == len(text))
            if self._end in states:
                return True
            if position < len(text):
                character = text[position]
                steps = (self._steps[state] for state in states)
                states = {step[1] for step in steps if step is not None and step[0](character)}
        return False

    def _closure(self, states: set[int], first: bool, last: bool) -> set[int]:
        found: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            anchor = self._anchors.get(state)
            if state in found or (anchor == "^" and not first) or (anchor == "$" and not last):
                continue
            found.add(state)
            waiting.extend(self._free[state])
        return found

    # --- reading the pattern ---------------------------------------------------------------------------------

    def _state(self) -> int:
        if len(self._free) >= MAX_STATES:
            raise PatternError("it is too complex")
        self._free.append([])
        self._steps.append(None)
        return len(self._free) - 1

    def _alternatives(self) -> _Part:
        start, end = self._state(), self._state()
        while True:
            head, tail = self._sequence()
            self._free[start].append(head)
            self._free[tail].append(end)
            if self._peek() != "|":
                return start, end
            self._at += 1

    def _sequence(self) -> _Part:
        start = end = self._state()
        while self._peek() not in ("", "|", ")"):
            head, tail = self._repeated()
            self._free[end].append(head)
            end = tail
        return start, end

    def _repeated(self) -> _Part:
        begin = self._at
        part = self._atom()
        least, most = self._quantifier()
        if (least, most) == (1, 1):
            return part
        behind = self._at
        start = end = self._state()
        out = self._state()
        copies = least + 1 if most is None else most
        for number in range(copies):
            if number:
                self._at = begin
                part = self._atom()
            if number >= least:
                self._free[end].append(out)
            self._free[end].append(part[0])
            if most is None and number == least:
                self._free[part[1]].append(end)  # round and round
            end = part[1]
        self._free[end].append(out)
        self._at = behind
        return start, out

    def _quantifier(self) -> tuple[int, int | None]:
        """Least and most; None: any number. Several in a row count as the widest."""
        least = 1
        most: int | None = 1
        while (mark := self._peek()) and mark in "*+?{":
            if mark == "{":
                match = _REPEAT.match(self._text, self._at)
                if match is None:
                    raise PatternError("a { without a repeat count behind it")
                low = int(match[1])
                high: int | None = low if match[2] is None else int(match[3]) if match[3] else None
                if low > _MAX_REPEAT or (high is not None and not low <= high <= _MAX_REPEAT):
                    raise PatternError(f"the repeat count {match[0]} is impossible")
                self._at = match.end()
            else:
                low, high = int(mark == "+"), 1 if mark == "?" else None
                self._at += 1
            least, most = least * low, (None if most is None or high is None else most * high)
        if least > _MAX_REPEAT or (most or 0) > _MAX_REPEAT:
            raise PatternError("the repeat counts are too high")
        return least, most

    def _atom(self) -> _Part:
        mark = self._peek()
        self._at += 1
        if mark == "(":
            part = self._alternatives()
            if self._peek() != ")":
                raise PatternError("there is a ( without a )")
            self._at += 1
            return part
        if mark in ("*", "+", "?", "{"):
            raise PatternError(f"there is nothing in front of the {mark}")
        if mark in ("^", "$"):
            state = self._state()
            self._anchors[state] = mark
            return state, state
        if mark == "[":
            return self._single(self._set())
        if mark == ".":
            return self._single(lambda character: True)
        if mark == "\\":
            mark = self._peek()
            if not mark:
                raise PatternError("it ends with a \\")
            self._at += 1
            shorthand = {"d": str.isdecimal, "w": lambda c: c.isalnum() or c == "_", "s": str.isspace}.get(mark)
            if shorthand is not None:
                return self._single(shorthand)
        return self._single(mark.__eq__)

    def _single(self, test: Test) -> _Part:
        start, end = self._state(), self._state()
        self._steps[start] = (test, end)
        return start, end

    def _set(self) -> Test:
        negated = self._peek() == "^"
        self._at += negated
        tests: list[Test] = []
        first = True
        while (mark := self._peek()) != "]" or first:
            if not mark:
                raise PatternError("there is a [ without a ]")
            first = False
            if mark == "[" and (name := re.match(r"\[:(\w+):\]", self._text[self._at :])):
                if name[1] not in _CLASSES:
                    raise PatternError(f"there is no class {name[0]}")
                tests.append(_CLASSES[name[1]])
                self._at += name.end()
                continue
            self._at += 1
            high = self._text[self._at + 1 : self._at + 2]
            if self._peek() == "-" and high not in ("", "]"):
                if high < mark:
                    raise PatternError(f"the range {mark}-{high} is empty")
                tests.append(_between(mark, high))
                self._at += 2
            else:
                tests.append(mark.__eq__)
        self._at += 1
        return lambda character: any(test(character) for test in tests) != negated

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]


def _between(low: str, high: str) -> Test:
    return lambda character: low <= character <= high
