"""How a command talks to the administrator: it says lines, and where it needs an answer it yields a question.

A command is a plain function, or a generator that is sent the answer of each question; nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from registrar.core.platform_cli.administration import AdministrationRefused, NodeAdministration
from registrar.core.soap.accounts import Accounts
from simulator.core.events.log import Journal
from simulator.core.instant import Instant

DEFAULT_TIMEOUT = 30
"""Minutes of silence. [documented]"""
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
    """What a command waits for, and the prompt for it."""

    wants: Wants
    prompt: str = ""
    seconds: float = 0.0
    """Of TIME."""


def confirm(prompt: str) -> Question:
    """Ask for a line that is shown as it is typed."""
    return Question(wants=Wants.CONFIRM, prompt=prompt)


def secret(prompt: str) -> Question:
    """Ask for a line that is shown as stars."""
    return Question(wants=Wants.PASSWORD, prompt=prompt)


def pause(seconds: float) -> Question:
    """Wait: the command goes on after so many seconds of the lab's clock."""
    return Question(wants=Wants.TIME, seconds=seconds)


PEM = Question(wants=Wants.PEM)

Conversation = Generator[Question, str, None]


class CommandRefused(AdministrationRefused):
    """What was typed makes no sense; the text says why."""


@dataclass(slots=True, kw_only=True)
class Platform:
    """What the sessions on a node share: the node, who may log in, and the settings of its CLI."""

    administration: NodeAdministration
    accounts: Accounts
    """The platform's administrators. Their roles do not count here."""
    journal: Journal
    levels: Mapping[str, int] = field(default_factory=dict)
    """Privilege by account name in lower case: 0 ordinary, 1 advanced, 4 highest; who is not listed has 4."""
    session_timeout: int = DEFAULT_TIMEOUT
    """Minutes of silence after which a new session will be ended."""


class Manual(Protocol):
    """Where a command finds the help on all commands: the table that it is itself in."""

    def help(self, words: Sequence[str]) -> list[str] | None:
        """Return the help on a command or a menu, by its words; None if there is none of that name."""
        ...


@dataclass(slots=True, kw_only=True)
class SessionState:
    """What the commands of a session know and change of it."""

    platform: Platform
    user: str
    """The administrator who has logged in."""
    level: int
    """The privilege: 0, 1 or 4, see `Platform.levels`."""
    manual: Manual
    pagination: bool = False
    """Stop after each full page. [documented: the example of `show cli pagination`; that off is the default is
    assumed]"""
    counting: bool = False
    """Show the number of the command in the prompt."""
    ending: bool = False
    """A command sets it to end the session."""


@dataclass(slots=True, kw_only=True)
class CommandCall:
    """One command under way."""

    session: SessionState
    arguments: tuple[str, ...]
    """By the command's parameters, in order; those left out at the end are missing."""
    now: Instant
    """Moves on from question to question."""
    lines: list[str] = field(default_factory=list)

    @property
    def administration(self) -> NodeAdministration:
        """The node that the session is on."""
        return self.session.platform.administration

    def say(self, *lines: str) -> None:
        """Add lines to what the administrator will see."""
        self.lines.extend(lines)

    def argument(self, index: int) -> str | None:
        """Return an argument by its parameter's place; None if it was left out."""
        return self.arguments[index] if index < len(self.arguments) else None


Handler = Callable[[CommandCall], Conversation | None]
