"""A session seen through a terminal: bytes of keys in, bytes to show out. What an SSH channel carries.

Keys are echoed as on the real CLI, the command right behind its prompt: clients cut their output behind the
line `admin:<command>` (administration 6.1). CR, LF and CR LF all end a line; lines shown end in CR LF.
"""

from __future__ import annotations

import codecs
import re

from registrar.core.platform_cli.command import columns
from registrar.core.platform_cli.conversation import Wants
from registrar.core.platform_cli.line_editor import BELL, Key, LineEditor
from registrar.core.platform_cli.session import MAX_LINE, CliSession, Output
from simulator.core.instant import Instant

MAX_WAITING = 64 * 1024
"""Characters typed ahead while a command is at work; what is more is lost, with a bell."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])")
_PARTIAL = re.compile(r"\x1b(?:\[[0-9;]{0,16}|O)?")
_ESCAPES: dict[str, Key] = {
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1b[C": "right",
    "\x1b[D": "left",
    "\x1b[H": "home",
    "\x1b[F": "end",
    "\x1b[1~": "home",
    "\x1b[3~": "delete",
    "\x1b[4~": "end",
    "\x1bOA": "up",
    "\x1bOB": "down",
    "\x1bOC": "right",
    "\x1bOD": "left",
    "\x1bOH": "home",
    "\x1bOF": "end",
}
_KEYS: dict[str, Key] = {
    "\x7f": "backspace",
    "\b": "backspace",
    "\x01": "home",
    "\x02": "left",
    "\x05": "end",
    "\x06": "right",
    "\x0e": "down",
    "\x10": "up",
    "\x15": "kill",
    "\x17": "word",
}
_CONTROL_C, _CONTROL_D, _CONTROL_L = "\x03", "\x04", "\x0c"


class Terminal:
    """Turns the keys an administrator presses into a session's lines, and its answers into what a screen shows.

    Bytes in, bytes out, like a protocol engine: `receive_data` for keys, `handle_timeout` at `next_timeout`.
    """

    def __init__(self, session: CliSession) -> None:
        self._session = session
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._editor = LineEditor(MAX_LINE)
        self._waiting = ""
        self._after_cr = False
        self._prompt = ""

    @property
    def closed(self) -> bool:
        """The session is over."""
        return self._session.wants is Wants.CLOSED

    @property
    def busy(self) -> bool:
        """A command is at work, waiting for time alone."""
        return self._session.wants is Wants.TIME

    @property
    def pending(self) -> bool:
        """Keys typed ahead wait for `type_ahead`, and no command is at work."""
        return bool(self._waiting) and not (self.busy or self.closed) and not self._is_partial(self._waiting)

    def start(self, now: Instant) -> bytes:
        """Show the banner and the first prompt."""
        return _bytes(self._show(self._session.start(now)))

    def receive_data(self, data: bytes, now: Instant) -> bytes:
        """Type the keys in `data` (UTF-8) and return the bytes to show for them."""
        keys, self._waiting = self._waiting + self._decoder.decode(data), ""
        return _bytes(self._type(keys, now))

    def next_timeout(self) -> Instant | None:
        """Return when `handle_timeout` has something to do; None: never."""
        return self._session.next_timeout()

    def handle_timeout(self, now: Instant) -> bytes:
        """Let the command at work go on, or end a silent session; return the bytes to show.

        Keys typed meanwhile stay `pending`, so that the caller can stop between two commands.
        """
        output = self._session.handle_timeout(now)
        return b"" if output is None else _bytes(self._show(output))

    def type_ahead(self, now: Instant) -> bytes:
        """Type what is `pending`, up to the end of its first line; return the bytes to show."""
        line = _LINE.match(self._waiting)
        assert line is not None
        self._waiting = self._waiting[line.end() :]
        return _bytes(self._type(line[0], now))

    def resize(self, rows: int, columns: int = 0) -> None:
        """Take over the size of the administrator's screen; 0 or less leaves it as it was."""
        if rows > 1:
            self._session.rows = rows
        if columns > 1:
            self._editor.width = columns

    # --- keys ------------------------------------------------------------------------------------------------

    def _type(self, keys: str, now: Instant) -> str:
        shown: list[str] = []
        at = 0
        while at < len(keys) and not self.closed:
            if self.busy:
                shown.append(self._hold(keys[at:], now))
                break
            if keys[at] == "\x1b":
                match = _ESCAPE.match(keys, at)
                if match is not None:
                    at = match.end()
                    shown.append(self._press(_ESCAPES.get(match.group())))
                    continue
                if self._is_partial(keys, at):
                    self._waiting = keys[at:]  # the rest of it is still on its way
                    break
            shown.append(self._key(keys[at], now))
            at += 1
        return "".join(shown)

    @staticmethod
    def _is_partial(keys: str, at: int = 0) -> bool:
        """Is the rest of `keys` the beginning of an escape sequence?"""
        partial = _PARTIAL.match(keys, at)
        return partial is not None and partial.end() == len(keys)

    def _hold(self, keys: str, now: Instant) -> str:
        """A command is at work: keys wait for its end, but Control-C does not."""
        _, found, behind = keys.rpartition(_CONTROL_C)
        if found:
            return f"^C\n{self._show(self._session.interrupt(now))}{self._type(behind, now)}"
        keys += self._waiting
        self._waiting = keys[:MAX_WAITING]
        return BELL if len(keys) > MAX_WAITING else ""

    def _key(self, key: str, now: Instant) -> str:
        after_cr, self._after_cr = self._after_cr, key == "\r"
        wants = self._session.wants
        if key == "\n" and after_cr:
            return ""
        if key == _CONTROL_C:
            moved = self._editor.last_row()
            self._editor.take(remember=False)
            return f"{moved}^C\n{self._show(self._session.interrupt(now))}"
        if wants is Wants.PAGE:
            # The question goes away, as the real one does.
            answer = "" if key in "\r\n" else key
            return f"\r\x1b[K{self._show(self._session.feed(answer, now))}"
        if key in "\r\n":
            return f"{self._editor.last_row()}\n{self._enter(now)}"
        if key == _CONTROL_D and not self._editor.text and wants is Wants.LINE:
            return f"\n{self._show(self._session.feed('quit', now))}"
        if key == "\t" and wants is Wants.LINE:
            return self._complete()
        if key == _CONTROL_L and wants is not Wants.PASSWORD:
            return f"\x1b[H\x1b[2J{self._line_again()}"
        if key in _KEYS:
            return self._press(_KEYS[key])
        if key == "\t" and wants is Wants.PEM:
            key = " "
        if not key.isprintable():
            return ""
        drawn = self._editor.insert(key)
        # Stars for a password. [observed]
        return drawn.replace(key, "*") if wants is Wants.PASSWORD and drawn != BELL else drawn

    def _press(self, key: Key | None) -> str:
        wants = self._session.wants
        if key is None or (wants is Wants.PASSWORD and key != "backspace"):
            return ""
        if key in ("up", "down") and wants is not Wants.LINE:
            return ""
        return self._editor.press(key)

    def _enter(self, now: Instant) -> str:
        too_long = self._editor.overflowed
        wants = self._session.wants
        line = self._editor.take(remember=wants is Wants.LINE)
        if too_long:
            # A command that lost its end is not run; the session's own limit refuses this one.
            line = "x" * (MAX_LINE + 1) if wants is Wants.LINE else ""
        return self._show(self._session.feed(line, now))

    def _complete(self) -> str:
        editor = self._editor
        completion = self._session.complete(editor.text)
        if completion.candidates:
            listed = "\n".join(columns(completion.candidates))
            return f"{editor.last_row()}\n{listed}\n{self._line_again()}"
        if completion.line == editor.text:
            # Nothing to add: the line repeats. [documented]
            return f"{editor.last_row()}\n{self._line_again()}"
        return editor.replace(completion.line)

    def _show(self, output: Output) -> str:
        self._prompt = output.prompt
        self._editor.begin(len(output.prompt))
        return f"{output.text}{output.prompt}"

    def _line_again(self) -> str:
        self._editor.begin(len(self._prompt))
        return f"{self._prompt}{self._editor.redraw()}"


def _bytes(text: str) -> bytes:
    return re.sub(r"\r?\n", "\r\n", text).encode("utf-8", "replace")
