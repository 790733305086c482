"""YAML 1.2 files read defensively, with the line of every key: errors name file, line and key.

Scenario and lab files are data from strangers: no tags, no aliases (a "YAML bomb" needs them), bounded size
and depth, no duplicate keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, NodeEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24

M = TypeVar("M", bound=BaseModel)


class SourceError(ValueError):
    """What is wrong in a file, as one line: `file:line: key: message`."""

    def __init__(self, source: str, line: int | None, key: str, message: str) -> None:
        self.source, self.line, self.key, self.message = source, line, key, message
        where = source if line is None else f"{source}:{line}"
        super().__init__(f"{where}: {key}: {message}" if key else f"{where}: {message}")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Plain data, and where each part of it stood."""

    source: str
    data: Any
    lines: dict[tuple[str | int, ...], int]
    """1-based line of each key or item, by its path."""

    def line_of(self, path: Sequence[str | int]) -> int | None:
        """The line of the longest known part of `path`."""
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
    yaml = YAML(typ="safe", pure=True)
    yaml.version = "1.2"
    try:
        _refuse_dangerous(yaml, text, source)
        root = yaml.compose(text)
        if root is None:
            raise SourceError(source, 1, "", "the file is empty")
        lines: dict[tuple[str | int, ...], int] = {}
        data = _plain(yaml, root, (), lines, source)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise SourceError(source, mark.line + 1 if mark else None, "", f"not YAML: {problem}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, SourceError):
            raise
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceError(source, None, "", f"not YAML: {first}") from None
    return Loaded(source, data, lines)


def _refuse_dangerous(yaml: YAML, text: str, source: str) -> None:
    depth = documents = 0
    for event in yaml.parse(text):
        name = type(event).__name__
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent):
            raise SourceError(source, line, "", "aliases (*name) are not allowed")
        if isinstance(event, NodeEvent) and event.anchor is not None:
            raise SourceError(source, line, "", "anchors (&name) are not allowed")
        if getattr(event, "tag", None) not in (None, "!"):
            raise SourceError(source, line, "", f"tags ({event.tag}) are not allowed")
        depth += name.endswith(("MappingStartEvent", "SequenceStartEvent"))
        depth -= name.endswith(("MappingEndEvent", "SequenceEndEvent"))
        documents += name == "DocumentStartEvent"
        if depth > MAX_DEPTH:
            raise SourceError(source, line, "", f"nested deeper than {MAX_DEPTH} levels")
        if documents > 1:
            raise SourceError(source, line, "", "more than one document in the file")


def _plain(
    yaml: YAML, node: Node, path: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int], source: str
) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                raise SourceError(source, line, "", "a key must be plain text")
            key = str(key_node.value)
            if key in out:
                raise SourceError(source, line, _dotted((*path, key)), "this key appears twice")
            lines[(*path, key)] = line
            out[key] = _plain(yaml, value_node, (*path, key), lines, source)
        return out
    if isinstance(node, SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            items.append(_plain(yaml, item, (*path, index), lines, source))
        return items
    return yaml.constructor.construct_object(node, deep=True)


def _dotted(path: Sequence[str | int]) -> str:
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else (f".{part}" if out else part)
    return out


def build(model: type[M], loaded: Loaded) -> M:
    """The file's data as a `model`; the first problem becomes a SourceError with its line."""
    if not isinstance(loaded.data, dict):
        raise SourceError(loaded.source, 1, "", "the file must be a mapping of keys to values")
    try:
        return model.model_validate(loaded.data)
    except ValidationError as error:
        raise _first_problem(error, loaded) from None


def _first_problem(error: ValidationError, loaded: Loaded) -> SourceError:
    problems = error.errors(include_url=False, include_context=True)
    # A key that is missing is told last: it may be there, misspelt.
    problem = min(problems, key=lambda p: (p["type"] == "missing", loaded.line_of(p["loc"]) or 0))
    path = list(problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = "unknown key"
    elif problem["type"] == "missing":
        message = "this key is required"
    return SourceError(loaded.source, loaded.line_of(path), _dotted(path), message)
