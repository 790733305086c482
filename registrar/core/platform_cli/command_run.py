"""One command run without a terminal: for a scenario step, or `ucmsim admin "COMMAND"`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from registrar.core.platform_cli.conversation import Wants
from registrar.core.platform_cli.session import Output, PlatformCli
from simulator.core.instant import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """What was printed, questions and answers included, passwords and certificates left out."""

    text: str
    succeeded: bool


class CommandRun:
    """Runs one command, and gives the answers that were handed in.

    Answers are used in order, one for each question; a certificate is one answer of several lines.

    A command that waits for time goes on when `handle_timeout` is called at `next_timeout`, until `result` is
    there. A question that has no answer ends the command as Control-C would.
    """

    def __init__(
        self, platform: PlatformCli, command: str, now: Instant, *, user: str, answers: Iterable[str] = ()
    ) -> None:
        self._session = platform.open(user, now)
        self._answers = iter(answers)
        self._text = ""
        self.result: CommandResult | None = None
        """None: the command is still at work."""
        self._session.start(now)
        self._take(self._session.feed(" ".join(command.splitlines()), now), now)

    def next_timeout(self) -> Instant | None:
        """Return when `handle_timeout` has something to do; None: the command has ended."""
        return None if self.result is not None else self._session.next_timeout()

    def handle_timeout(self, now: Instant) -> None:
        """Let the command go on that waited for time."""
        output = self._session.handle_timeout(now) if self.result is None else None
        if output is not None:
            self._take(output, now)

    def _take(self, output: Output, now: Instant) -> None:
        while True:
            self._text += output.text
            if output.wants in (Wants.LINE, Wants.CLOSED):
                self.result = CommandResult(text=self._text, succeeded=output.succeeded is not False)
                return
            if output.wants is Wants.TIME:
                return
            output = self._answer(output, now)

    def _answer(self, output: Output, now: Instant) -> Output:
        self._text += output.prompt
        answer = next(self._answers, None)
        if answer is None:
            self._text += "\n" if output.prompt else ""
            return self._session.interrupt(now)
        if output.wants is not Wants.PEM:
            self._text += "\n" if output.wants is Wants.PASSWORD else f"{answer}\n"
            return self._session.feed(answer, now)
        for line in (*answer.strip().splitlines(), ""):
            output = self._session.feed(line, now)
            if output.wants is not Wants.PEM:
                break
        return output
