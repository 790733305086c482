"""What a command is, and what follows from the table of all: which one a line means, its help, and completion.

Forms of help and completion are documented (CLI reference, "Start CLI session"); words count in their exact
case, as the manual writes them [assumed].
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from registrar.core.platform_cli.conversation import CommandRefused, Handler
from simulator.core.mark import Mark

_WORD = re.compile(r"\S+")
_WIDTH = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of a command."""

    name: str
    about: str
    mandatory: bool = True
    rest: bool = False
    """It takes the rest of the line as it was typed."""
    choices: tuple[str, ...] = ()
    """If there are any, nothing else is accepted."""

    @property
    def syntax(self) -> str:
        """The parameter as the syntax line shows it."""
        return self.name if self.mandatory else f"[{self.name}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of the CLI: its words, what it does, its help."""

    words: tuple[str, ...]
    handler: Handler
    about: str
    mark: Mark
    parameters: tuple[Parameter, ...] = ()
    example: str = ""
    """Arguments of the example in its help."""
    level: Literal[0, 1, 4] = 0
    """Privilege it needs. [documented]"""
    repeats: bool = False
    """A certificate pasted right behind its end is for the same command again. [assumed]"""

    @property
    def name(self) -> str:
        """The words as they are typed."""
        return " ".join(self.words)

    def read_arguments(self, text: str) -> tuple[str, ...]:
        """Take apart what is typed behind the words.

        Raises CommandRefused if it is too little, too much, or no choice.
        """
        found: list[str] = []
        rest = text.strip()
        for parameter in self.parameters:
            if not rest:
                if parameter.mandatory:
                    raise CommandRefused(f"Mandatory parameter missing: {parameter.name}")
                break
            value, rest = (rest, "") if parameter.rest else _split(rest)
            if parameter.choices and value not in parameter.choices:
                raise CommandRefused(
                    f"Invalid {parameter.name}: {value}. Valid values are {', '.join(parameter.choices)}"
                )
            found.append(value)
        if rest:
            raise CommandRefused(f"Too many parameters: {rest}")
        return tuple(found)

    def syntax(self) -> list[str]:
        """Return what `<command> ?` shows."""
        rows = [(p.name, "mandatory" if p.mandatory else "optional", p.about) for p in self.parameters]
        width = max((len(name) for name, _, _ in rows), default=0)
        return [
            "Syntax:",
            " ".join((self.name, *(p.syntax for p in self.parameters))),
            *(f"{name:<{width}}   {kind:<9}   {about}" for name, kind, about in rows),
        ]

    def help(self) -> list[str]:
        """Return what `help <command>` shows."""
        lines = [f"{self.words[-1]} help:", self.about]
        if self.parameters:
            lines += ["", "options are:", *(f"{p.name} - {p.about}" for p in self.parameters)]
        return [*lines, "", "Example:", f"admin:{' '.join((self.name, self.example)).strip()}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The line after Tab; several `candidates` are shown when it could not be completed."""

    line: str
    candidates: tuple[str, ...] = ()


class CommandTable:
    """All commands, found by their words."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._commands = {command.words: command for command in commands}

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def find(self, line: str) -> tuple[Command, str] | None:
        """Return the command the line begins with, the longest there is, and the text behind its words."""
        spans = [(match.group(), match.end()) for match in _WORD.finditer(line)]
        for count in range(len(spans), 0, -1):
            command = self._commands.get(tuple(word for word, _ in spans[:count]))
            if command is not None:
                return command, line[spans[count - 1][1] :]
        return None

    def below(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return words that may follow these, in alphabetical order; `*` behind those that others follow."""
        depth = len(words)
        names: dict[str, bool] = {}
        for command in self._commands:
            if len(command) > depth and list(command[:depth]) == list(words):
                names[command[depth]] = names.get(command[depth], False) or len(command) > depth + 1
        return tuple(f"{name}*" if names[name] else name for name in sorted(names, key=str.lower))

    def query(self, words: Sequence[str]) -> list[str] | None:
        """Return what `<words> ?` shows: the syntax of a command, the words below a menu; None for neither."""
        command = self._commands.get(tuple(words))
        if command is not None:
            return command.syntax()
        below = self.below(words)
        return columns(below) if below else None

    def help(self, words: Sequence[str]) -> list[str] | None:
        """Return what `help <words>` shows; None: there is no such command or menu."""
        command = self._commands.get(tuple(words))
        return command.help() if command is not None else self.query(words)

    def complete(self, line: str) -> Completion:
        """Return what Tab makes of the line."""
        words = line.split()
        partial = words.pop() if words and not line[-1:].isspace() else ""
        names = tuple(name for name in self.below(words) if name.startswith(partial)) or self._choices(
            words, partial
        )
        if not names:
            return Completion(line=line)
        head = line[: len(line) - len(partial)]
        common = _common_start([name.rstrip("*") for name in names])
        if len(names) == 1:
            return Completion(line=f"{head}{common} ")
        if common != partial:
            return Completion(line=head + common)
        return Completion(line=line, candidates=names)

    def _choices(self, words: list[str], partial: str) -> tuple[str, ...]:
        found = self.find(" ".join(words))
        if found is None:
            return ()
        command, given = found
        index = len(given.split())
        parameter = command.parameters[index] if index < len(command.parameters) else None
        return tuple(c for c in parameter.choices if c.startswith(partial)) if parameter else ()


def columns(names: Sequence[str]) -> list[str]:
    """Put names side by side, as many in a line as 80 columns hold."""
    width = max((len(name) for name in names), default=0) + 4
    each = max(1, _WIDTH // width)
    return [
        "".join(f"{name:<{width}}" for name in names[start : start + each]).rstrip()
        for start in range(0, len(names), each)
    ]


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    return next((first[:n] for n, pair in enumerate(zip(first, last, strict=False)) if len({*pair}) > 1), first)


def _split(text: str) -> tuple[str, str]:
    first, _, rest = text.replace("\t", " ").partition(" ")
    return first, rest.lstrip()
