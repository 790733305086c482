"""One administrator's session on a node's platform CLI: lines in, text and a prompt out.

A session neither reads nor waits: its user (SSH, the command line, a scenario) feeds it what it wants.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from registrar.core.database import DatabaseRefusal
from registrar.core.platform_cli.administration import AdministrationRefused
from registrar.core.platform_cli.command import Command, Completion
from registrar.core.platform_cli.command_table import TABLE
from registrar.core.platform_cli.conversation import (
    MAX_PEM,
    CommandCall,
    Conversation,
    Platform,
    Question,
    SessionState,
    Wants,
)
from registrar.core.soap.control import ServiceRefused
from simulator.core import redact
from simulator.core.events import CliCalled
from simulator.core.instant import Instant

# [observed, alike in five published consoles: administration 6.1]
BANNER = """
Command Line Interface is starting up, please wait ...

   Welcome to the Platform Command Line Interface

VMware Installation:
\t2 vCPU: Intel(R) Xeon(R) CPU E5-2630 v3 @ 2.40GHz
\tDisk 1: 80GB, Partitions aligned
\t6144 Mbytes RAM

"""
PROMPT = "admin:"
"""Of every administrator: consoles of an `administrator` show it too. [observed]"""
UNKNOWN = "No valid command entered"
"""[observed: a public client looks for it]"""
FAILED = "Executed command unsuccessfully"
"""[documented and observed] The last line of every refusal; clients look for it."""
PAGE_PROMPT = "\x1b[1mPress <enter> for 1 line, <space> for one page, or <q> to quit\x1b[0m"
"""[observed: the pattern of a public client, bold face included]"""
TIMED_OUT = "The CLI session timed out."
"""[assumed]"""
INTERRUPTED = "Control-C pressed"
"""[documented]"""
DEFAULT_ROWS = 24
MAX_LINE = 16 * 1024
"""Characters of a command."""
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class PlatformCli(Platform):
    """A node's CLI, which opens sessions."""

    def open(self, user: str, now: Instant, *, rows: int = DEFAULT_ROWS) -> CliSession:
        """Begin a session of `user`, who has logged in."""
        return CliSession(self, user=user, now=now, rows=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """`text` is whole lines, each ended by a newline; `prompt` stands in front of what is wanted next."""

    text: str = ""
    prompt: str = ""
    wants: Wants = Wants.LINE
    succeeded: bool | None = None
    """Of a command that ended with this; None: none did."""


class CliSession:
    """One administrator at the CLI: a state machine that is fed lines and told the time."""

    def __init__(self, platform: Platform, *, user: str, now: Instant, rows: int = DEFAULT_ROWS) -> None:
        """`user` has logged in; `rows`: lines of the administrator's terminal."""
        self.rows = rows
        self._platform = platform
        self._state = SessionState(
            platform=platform, user=user, level=platform.levels.get(user.casefold(), 4), manual=TABLE
        )
        self._count = 0
        self._timeout = platform.session_timeout * 60.0
        self._active = now
        self._wants = Wants.LINE
        self._prompt = ""
        self._due: Instant | None = None
        self._call: CommandCall | None = None
        self._command: Command | None = None
        self._line = ""
        self._conversation: Conversation | None = None
        self._pem: list[str] = []
        self._pages: list[str] = []
        self._again: tuple[Command, str] | None = None

    @property
    def wants(self) -> Wants:
        """What the session waits for."""
        return self._wants

    # --- what the administrator does -------------------------------------------------------------------------

    def start(self, now: Instant) -> Output:
        """Return the banner and the first prompt."""
        self._active = now
        return self._ready(BANNER)

    def feed(self, line: str, now: Instant) -> Output:
        """Take a line without its end: a command, an answer, or a line of a certificate, by what it wants."""
        self._active = now
        wants = self._wants
        if wants is Wants.LINE:
            return self._begin(line, now)
        if wants is Wants.PEM:
            return self._collect(line, now)
        if wants is Wants.PAGE:
            return self._turn(line)
        if wants in (Wants.CONFIRM, Wants.PASSWORD):
            return self._go_on(line, now)
        return Output(wants=wants)

    def interrupt(self, now: Instant) -> Output:
        """Take a Control-C: the command ends, or what was typed of one is given up."""
        self._active = now
        if self._wants is Wants.CLOSED:
            return Output(wants=Wants.CLOSED)
        self._pages.clear()
        if self._conversation is None:
            return self._ready(f"{INTERRUPTED}\n")
        self._conversation.close()
        assert self._call is not None
        self._call.say(INTERRUPTED)
        return self._finish(succeeded=False)

    def complete(self, line: str) -> Completion:
        """Take a Tab behind `line`. Only a command is completed."""
        return TABLE.complete(line) if self._wants is Wants.LINE else Completion(line=line)

    # --- time ------------------------------------------------------------------------------------------------

    def next_timeout(self) -> Instant | None:
        """Return when `handle_timeout` has something to do; None: the session is over."""
        if self._wants is Wants.CLOSED:
            return None
        return Instant(self._active + self._timeout) if self._due is None else self._due

    def handle_timeout(self, now: Instant) -> Output | None:
        """Let a command that waits go on, or end a silent session. None: neither is due yet."""
        due = self.next_timeout()
        if due is None or now < due:
            return None
        if self._due is not None:
            self._active = now
            return self._go_on("", now)
        if self._conversation is not None:
            self._conversation.close()
            self._report(succeeded=False)
        self._wants = Wants.CLOSED
        return Output(text=f"\n{TIMED_OUT}\n", wants=Wants.CLOSED)

    # --- one command -----------------------------------------------------------------------------------------

    def _begin(self, line: str, now: Instant) -> Output:
        line = line.strip()
        if not line:
            return self._ready("")
        if line == _BEGIN and self._again is not None:
            command, text = self._again
            self._launch(command, text, now)
            return self._collect(line, now)
        self._again = None
        self._count += 1
        self._line = line
        if len(line) > MAX_LINE:
            return self._refuse(f"The command is longer than {MAX_LINE} characters")
        if line.endswith("?"):
            query = TABLE.query(line[:-1].split())
            if query is not None:
                self._report(succeeded=True)
                return self._ready("".join(f"{each}\n" for each in query), succeeded=True)
        found = TABLE.find(line)
        if found is None:
            return self._refuse(UNKNOWN)
        return self._launch(*found, now)

    def _launch(self, command: Command, text: str, now: Instant) -> Output:
        self._call = CommandCall(session=self._state, arguments=(), now=now)
        self._command = command
        try:
            if command.level > self._state.level:
                raise AdministrationRefused(f"This command needs privilege level {command.level}")
            self._call.arguments = command.read_arguments(text)
            self._conversation = command.handler(self._call)
            self._again = (command, text) if command.repeats else None
        except (AdministrationRefused, DatabaseRefusal, ServiceRefused) as error:
            self._call.say(*str(error).splitlines())
            return self._finish(succeeded=False)
        if self._conversation is None:
            return self._finish(succeeded=True)
        return self._go_on(None, now)

    def _go_on(self, answer: str | None, now: Instant) -> Output:
        call, conversation = self._call, self._conversation
        assert call is not None
        assert conversation is not None
        call.now = now
        self._due = None
        try:
            question = next(conversation) if answer is None else conversation.send(answer)
        except StopIteration:
            return self._finish(succeeded=True)
        except (AdministrationRefused, DatabaseRefusal, ServiceRefused) as error:
            call.say(*str(error).splitlines())
            return self._finish(succeeded=False)
        return self._ask(question, call, now)

    def _ask(self, question: Question, call: CommandCall, now: Instant) -> Output:
        text, call.lines = _text(call.lines), []
        self._wants = question.wants
        self._pem = []
        if question.wants is Wants.TIME:
            self._due = Instant(now + question.seconds)
        return Output(text=text, prompt=question.prompt, wants=question.wants)

    def _collect(self, line: str, now: Instant) -> Output:
        """A line of a certificate. What stands in front of the BEGIN line is passed over."""
        stripped = line.strip()
        if stripped:
            self._pem.append(stripped)
        done = stripped == _END or not stripped or sum(map(len, self._pem)) > MAX_PEM
        if not done:
            return Output(wants=Wants.PEM)
        start = self._pem.index(_BEGIN) if _BEGIN in self._pem else len(self._pem)
        pem = "\n".join(self._pem[start:])
        return self._go_on(f"{pem}\n" if pem.endswith(_END) else "", now)

    def _finish(self, *, succeeded: bool) -> Output:
        assert self._call is not None
        lines = self._call.lines
        if not succeeded:
            lines.append(FAILED)
        self._call, self._conversation, self._due = None, None, None
        self._report(succeeded=succeeded)
        if self._state.ending:
            self._wants = Wants.CLOSED
            return Output(text=_text(lines), wants=Wants.CLOSED, succeeded=succeeded)
        if self._state.pagination and len(lines) >= self.rows:
            self._pages = lines
            return self._page(self.rows - 1, succeeded=succeeded)
        return self._ready(_text(lines), succeeded=succeeded)

    def _refuse(self, why: str) -> Output:
        self._report(succeeded=False)
        return self._ready(f"{why}\n{FAILED}\n", succeeded=False)

    def _ready(self, text: str, *, succeeded: bool | None = None) -> Output:
        self._wants = Wants.LINE
        # How the counter looks is not published. [assumed]
        prompt = f"admin({self._count}):" if self._state.counting else PROMPT
        return Output(text=text, prompt=prompt, succeeded=succeeded)

    def _report(self, *, succeeded: bool) -> None:
        journal = self._platform.journal
        if journal.on:
            command = redact.text(_CONTROL.sub(" ", self._line[:500]))
            journal.add(CliCalled(user=self._state.user, command=command, succeeded=succeeded))

    # --- pages -----------------------------------------------------------------------------------------------

    def _turn(self, key: str) -> Output:
        if key[:1] in ("q", "Q"):
            self._pages = []
            return self._ready("")
        return self._page(self.rows - 1 if key[:1] == " " else 1)

    def _page(self, count: int, *, succeeded: bool | None = None) -> Output:
        text, self._pages = _text(self._pages[:count]), self._pages[count:]
        if not self._pages:
            return self._ready(text, succeeded=succeeded)
        self._wants = Wants.PAGE
        return Output(text=text, prompt=PAGE_PROMPT, wants=Wants.PAGE, succeeded=succeeded)


def _text(lines: list[str]) -> str:
    """Whatever a database row holds, it does not steer the administrator's terminal."""
    return "".join(f"{_CONTROL.sub('.', line)}\n" for line in lines)
