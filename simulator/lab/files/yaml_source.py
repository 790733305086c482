"""Reads YAML 1.2 files defensively, with the line of every key: errors name file, line and key.

Scenario and lab files may come from anybody: no tags, no aliases (a "YAML bomb" needs them), bounded size
and depth, no duplicate keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24

M = TypeVar("M", bound=BaseModel)


class SourceError(ValueError):
    """A mistake in a file, as one line: `file:line: key: message`."""

    def __init__(self, source: str, line: int | None, key: str, message: str) -> None:
        self.source, self.line, self.key, self.message = source, line, key, message
        where = source if line is None else f"{source}:{line}"
        super().__init__(f"{where}: {key}: {message}" if key else f"{where}: {message}")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The data of a file, and the line of each part of it."""

    source: str
    data: Any
    lines: dict[tuple[str | int, ...], int]
    """1-based line of each key or item, by its path."""

    def line_of(self, path: Sequence[str | int]) -> int | None:
        """Return the line of the longest known part of `path`."""
        at = tuple(path)
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at)


def read_file(path: Path) -> Loaded:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(str(path), None, "", error.strerror or str(error)) from None
    if len(data) > MAX_BYTES:
        raise SourceError(str(path), None, "", f"larger than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SourceError(str(path), line, "", "not UTF-8 text") from None
    return read_text(text, source=str(path))


def read_text(text: str, *, source: str) -> Loaded:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise SourceError(source, None, "", f"larger than {MAX_BYTES} bytes")
    try:
        return _Reader(text, source).read()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise SourceError(source, mark.line + 1 if mark else None, "", f"not YAML: {problem}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, SourceError):
            raise
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceError(source, None, "", f"not YAML: {first}") from None


class _Reader:
    """Builds the data in one pass over the parser's events; what is forbidden is refused before it is built."""

    def __init__(self, text: str, source: str) -> None:
        yaml = YAML(typ="safe", pure=True)
        yaml.version = "1.2"
        self._events: Iterator[Event] = yaml.parse(text)
        self._resolver, self._constructor = yaml.resolver, yaml.constructor
        self._source = source
        self._lines: dict[tuple[str | int, ...], int] = {}

    def read(self) -> Loaded:
        data, documents = None, 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refusal(event, "more than one document in the file")
            elif isinstance(event, NodeEvent):
                data = self._node(event, (), depth=0)
        if documents == 0:
            raise SourceError(self._source, 1, "", "the file is empty")
        return Loaded(self._source, data, self._lines)

    def _node(self, event: Event, path: tuple[str | int, ...], depth: int) -> Any:
        self._refuse_dangerous(event, depth)
        self._lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, MappingStartEvent):
            return self._mapping(path, depth + 1)
        if isinstance(event, SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := next(self._events), SequenceEndEvent):
                items.append(self._node(item, (*path, len(items)), depth + 1))
            return items
        return self._scalar(event)

    def _mapping(self, path: tuple[str | int, ...], depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            self._refuse_dangerous(event, depth)
            if not isinstance(event, ScalarEvent):
                raise self._refusal(event, "a key must be plain text")
            key, line = str(event.value), event.start_mark.line + 1
            if key in out:
                raise SourceError(self._source, line, _dotted((*path, key)), "this key appears twice")
            self._lines[(*path, key)] = line
            out[key] = self._node(next(self._events), (*path, key), depth)
        return out

    def _scalar(self, event: Event) -> Any:
        assert isinstance(event, ScalarEvent)
        tag = self._resolver.resolve(ScalarNode, event.value, event.implicit)
        node = ScalarNode(tag, event.value, event.start_mark, event.end_mark, style=event.style)
        return self._constructor.construct_object(node, deep=True)

    def _refuse_dangerous(self, event: Event, depth: int) -> None:
        if isinstance(event, AliasEvent):
            raise self._refusal(event, "aliases (*name) are not allowed")
        if isinstance(event, NodeEvent) and event.anchor is not None:
            raise self._refusal(event, "anchors (&name) are not allowed")
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            raise self._refusal(event, f"tags ({tag}) are not allowed")
        if depth >= MAX_DEPTH and not isinstance(event, ScalarEvent):
            raise self._refusal(event, f"nested deeper than {MAX_DEPTH} levels")

    def _refusal(self, event: Event, message: str) -> SourceError:
        return SourceError(self._source, event.start_mark.line + 1, "", message)


def _dotted(path: Sequence[str | int]) -> str:
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else (f".{part}" if out else part)
    return out


def build(model: type[M], loaded: Loaded) -> M:
    """Build a `model` from a file's data. Raises SourceError for the first problem, with its line."""
    if not isinstance(loaded.data, dict):
        raise SourceError(loaded.source, 1, "", "the file must be a mapping of keys to values")
    try:
        return model.model_validate(loaded.data)
    except ValidationError as error:
        raise _first_problem(error, loaded) from None


def _in_the_file(path: Sequence[str | int], data: Any) -> list[str | int]:
    """Return the path without what pydantic adds to it for a union: names of types."""
    out: list[str | int] = []
    for number, part in enumerate(path, start=1):
        if isinstance(data, dict) and (part in data or number == len(path)):
            data = data.get(part)
        elif isinstance(part, int) and isinstance(data, list) and part < len(data):
            data = data[part]
        else:
            continue
        out.append(part)
    return out


def _first_problem(error: ValidationError, loaded: Loaded) -> SourceError:
    problems = error.errors(include_url=False, include_context=True)

    def rank(problem: Any) -> tuple[bool, bool, int]:
        """Order the problems. A missing key comes last: it may be there, misspelt. Before it come problems of
        those types of a union that are of another kind than what the file has.
        """
        other_kind = problem["type"].endswith("_type") and isinstance(problem["input"], dict | list)
        return problem["type"] == "missing", other_kind, loaded.line_of(problem["loc"]) or 0

    problem = min(problems, key=rank)
    path = _in_the_file(problem["loc"], loaded.data)
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = "unknown key"
    elif problem["type"] == "missing":
        message = "this key is required"
    return SourceError(loaded.source, loaded.line_of(path), _dotted(path), message)
