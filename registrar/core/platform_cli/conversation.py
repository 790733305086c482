"""How a command talks to the administrator: it says lines, and where it needs an answer it yields a question.

A command is a plain function, or a generator that is sent the answer of each question; nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from registrar.core.platform_cli.administration import Administration, AdministrationRefused
from simulator.core.instant import Instant

if TYPE_CHECKING:
    from registrar.core.platform_cli.session import CliSession

MAX_PEM = 64 * 1024
"""Characters of a pasted certificate."""


class Wants(Enum):
    """What a session waits for."""

    LINE = "line"
    """A command."""
    CONFIRM = "confirm"
    """The answer to a question, a line."""
    PASSWORD = "password"  # noqa: S105 - a name
    """A line nobody may see."""
    PEM = "pem"
    """Lines of a certificate, to its END line; an empty line or Control-C gives up."""
    PAGE = "page"
    """How to go on after a full page: an empty line shows one line, " " a page, "q" ends it."""
    TIME = "time"
    """Nothing but time: `handle_timeout` at `next_timeout` goes on."""
    CLOSED = "closed"
    """The session is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    wants: Wants
    prompt: str = ""
    seconds: float = 0.0
    """Of TIME."""


def confirm(prompt: str) -> Question:
    return Question(wants=Wants.CONFIRM, prompt=prompt)


def secret(prompt: str) -> Question:
    return Question(wants=Wants.PASSWORD, prompt=prompt)


def pause(seconds: float) -> Question:
    return Question(wants=Wants.TIME, seconds=seconds)


PEM = Question(wants=Wants.PEM)

Conversation = Generator[Question, str, None]


class CommandRefused(AdministrationRefused):
    """What was typed makes no sense; the text says why."""


@dataclass(slots=True, kw_only=True)
class CommandCall:
    """One command under way."""

    session: CliSession
    arguments: tuple[str, ...]
    """By the command's parameters, in order; those left out at the end are missing."""
    now: Instant
    """Moves on from question to question."""
    lines: list[str] = field(default_factory=list)

    @property
    def administration(self) -> Administration:
        return self.session.platform.administration

    def say(self, *lines: str) -> None:
        self.lines.extend(lines)

    def argument(self, index: int) -> str | None:
        return self.arguments[index] if index < len(self.arguments) else None


Handler = Callable[[CommandCall], Conversation | None]
