"""Header fields: an immutable sequence of lines as they stand on the wire, and an index over them.

Order, duplicates, case, compact names, folding and white space are kept in the lines; look-ups ignore them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from simulator.core import redact
from simulator.core.sip.errors import DuplicateHeader, MalformedMessage, MissingHeader
from simulator.core.sip.grammar import is_token, split_list, unfold
from simulator.core.sip.names import LISTS, canonical, known_spelling

_BREAKS = re.compile(r"\r\n(?![ \t])|(?<!\r)\n|\r(?!\n)")
_CREDENTIALS = frozenset(("authorization", "proxy-authorization"))

FirstValues = dict[str, str]
FurtherValues = dict[str, tuple[str, ...]]


class Headers:
    """Immutable header fields. Names are matched in any case and in compact form.

    Values come back unfolded and without outer white space; `raw_fields` and `lines` keep the spelling.
    """

    __slots__ = ("_first", "_further", "lines")

    lines: tuple[str, ...]
    """One field each, without the final CRLF; a folded field holds its inner line breaks."""
    _first: FirstValues | None
    _further: FurtherValues

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        """Build header fields from (name, value) pairs. Raises ValueError for one that cannot be written (a bug
        of ours).
        """
        self.lines = tuple(render_field(name, value) for name, value in fields)
        self._first = None

    @classmethod
    def from_lines(
        cls,
        lines: tuple[str, ...],
        index: tuple[FirstValues, FurtherValues] | None = None,
    ) -> Headers:
        """Build header fields from lines that are known to be good, with their index if it exists already."""
        self = cls.__new__(cls)
        self.lines = lines
        if index is None:
            self._first = None
        else:
            self._first, self._further = index
        return self

    def _firsts(self) -> FirstValues:
        if self._first is None:
            self._first, self._further = index_lines(self.lines)
        return self._first

    def get(self, name: str) -> str | None:
        """Return the first field's whole value; None if there is none."""
        return self._firsts().get(known_spelling(name) or canonical(name))

    def firsts(self, names: tuple[str, ...]) -> list[str | None]:
        """Return the first value of each of several fields, by full lower-case name: `get` for hot paths."""
        return list(map(self._firsts().get, names))

    def single(self, name: str) -> str:
        """Return the value of a field that must stand once. Raises MissingHeader or DuplicateHeader."""
        key = known_spelling(name) or canonical(name)
        value = self._firsts().get(key)
        if value is None:
            raise MissingHeader(f"no {name} header field")
        if self._further and any(other != value for other in self._further.get(key, ())):
            raise DuplicateHeader(f"{self.count(key)} {name} header fields with different values")
        return value

    def get_all(self, name: str) -> tuple[str, ...]:
        """Return all values in order; fields that are comma lists are split into their elements."""
        key = canonical(name)
        values = self.fields(key)
        if key not in LISTS:
            return values
        return tuple(element for value in values for element in split_list(value, name))

    def fields(self, name: str) -> tuple[str, ...]:
        """Return all values in order, one for each header field: comma lists stay whole."""
        key = canonical(name)
        first = self._firsts().get(key)
        if first is None:
            return ()
        if not self._further:
            return (first,)
        return (first, *self._further.get(key, ()))

    def count(self, name: str) -> int:
        """Count the header fields (not list elements) of this name."""
        key = canonical(name)
        return 0 if key not in self._firsts() else 1 + len(self._further.get(key, ()))

    def with_field(self, name: str, value: str) -> Headers:
        """Return a copy with the first field of that name replaced in its place and the others dropped;
        appended if absent.
        """
        key, new = canonical(name), render_field(name, value)
        lines: list[str] = []
        placed = False
        for line in self.lines:
            if _key_of(line) != key:
                lines.append(line)
            elif not placed:
                lines.append(new)
                placed = True
        if not placed:
            lines.append(new)
        return Headers.from_lines(tuple(lines))

    def with_added(self, name: str, value: str) -> Headers:
        """Return a copy with fields appended after all others."""
        return Headers.from_lines((*self.lines, render_field(name, value)))

    def with_first(self, name: str, value: str) -> Headers:
        """Return a copy with a field inserted before all others."""
        return Headers.from_lines((render_field(name, value), *self.lines))

    def with_after(self, other: str, name: str, value: str) -> Headers:
        """Return a copy with a field inserted after the last one called `other`; appended if there is none."""
        key = canonical(other)
        for place in range(len(self.lines), 0, -1):
            if _key_of(self.lines[place - 1]) == key:
                return Headers.from_lines((*self.lines[:place], render_field(name, value), *self.lines[place:]))
        return self.with_added(name, value)

    def without(self, name: str) -> Headers:
        key = canonical(name)
        return Headers.from_lines(tuple(line for line in self.lines if _key_of(line) != key))

    def raw_fields(self) -> tuple[tuple[str, str], ...]:
        """Return (name, value) in exact order, case and spelling; a folded value keeps its line breaks."""
        return tuple(
            (name.rstrip(" \t"), value.strip(" \t\r\n"))
            for name, _, value in (line.partition(":") for line in self.lines)
        )

    @property
    def has_repetitions(self) -> bool:
        """Tell whether any field name stands more than once."""
        self._firsts()
        return bool(self._further)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and canonical(name) in self._firsts()

    def __len__(self) -> int:
        return len(self.lines)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self.lines == other.lines or self.raw_fields() == other.raw_fields()

    def __hash__(self) -> int:
        return hash(self.raw_fields())

    def __repr__(self) -> str:
        return f"Headers([{', '.join(map(repr, self.redacted_lines()))}])"

    def redacted_lines(self) -> tuple[str, ...]:
        """Return the lines, unfolded, with credentials replaced by their reference."""
        return tuple(map(_redacted, self.lines))

    def redacted_text(self) -> str:
        """Return the redacted lines as one text; cheap, because most messages hold no credentials."""
        if any("\n" in line or _names_credentials(line) for line in self.lines):
            return "\r\n".join(self.redacted_lines())
        return redact.text("\r\n".join(self.lines))


def index_lines(lines: Iterable[str], *, folded: bool = True) -> tuple[FirstValues, FurtherValues]:
    """Index clean values by canonical name: the first of each, and the further ones. Raises MalformedMessage.

    `folded=False` promises that no line holds a line break, which saves looking for one.
    """
    first: FirstValues = {}
    further: FurtherValues = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedMessage(f"header line {_number(lines, line)} has no colon")
        key = known_spelling(name) or canonical(name)
        value = unfold(value).strip(" \t") if folded and "\n" in value else value.strip(" \t")
        if key in first:
            further[key] = (*further.get(key, ()), value)
        else:
            first[key] = value
    return first, further


def _number(lines: Iterable[str], wanted: str) -> int:
    return next(number for number, line in enumerate(lines, 1) if line is wanted)


def _key_of(line: str) -> str:
    return canonical(line.partition(":")[0])


def render_field(name: str, value: str) -> str:
    """Write `Name: value`, checked. Raises ValueError."""
    if known_spelling(name) is None and not is_token(name):
        raise ValueError(f"{name!r} is not a header field name")
    if ("\n" in value or "\r" in value) and _BREAKS.search(value):
        raise ValueError(f"the value of {name} holds a line break")
    if not value.isascii() and not _is_readable(value):
        raise ValueError(f"the value of {name} is not what any bytes read as: it holds half a surrogate pair")
    return f"{name}: {value}"


def _is_readable(value: str) -> bool:
    """Could it have come off the wire, where bytes that are no UTF-8 are read as escapes?"""
    try:
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape") == value
    except UnicodeEncodeError:
        return False


def _names_credentials(line: str) -> bool:
    return line[:1] in "aApP" and canonical(line.partition(":")[0]) in _CREDENTIALS


def _redacted(line: str) -> str:
    if "\n" in line:
        line = unfold(line)
    clean = redact.text(line)
    if clean == line and _names_credentials(line):
        # Credentials that do not look like a bearer token are secrets all the same.
        name, _, value = line.partition(":")
        scheme, _, secret = value.strip(" \t").partition(" ")
        return f"{name}: {scheme} {redact.ref(secret)}"
    return clean
