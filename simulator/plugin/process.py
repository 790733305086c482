"""A lab in a process of its own: `ucmsim up` as a child that ends with its stdin."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

_STARTUP = 30.0
"""Seconds after which a lab that is not ready is given up; usual is one."""


class LabError(Exception):
    """The lab refused a request (`status` is HTTP's), did not start, or is gone (`status` None)."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class Process:
    """`ucmsim up`, which ends with its stdin: nothing is left behind even if pytest is killed."""

    def __init__(self, command: list[str], errors: Path) -> None:
        self._errors = errors
        try:
            with errors.open("wb") as stderr:
                self._process = subprocess.Popen(  # noqa: S603 - no shell, our own command
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    start_new_session=os.name == "posix",  # Ctrl-C is pytest's alone
                )
        except OSError as error:
            raise LabError(f"cannot run {command[0]}: {error.strerror}") from None
        assert self._process.stdout is not None
        overdue = threading.Timer(_STARTUP, self._process.kill)
        overdue.start()
        line = self._process.stdout.readline()
        overdue.cancel()
        try:
            self.ready: dict[str, Any] = json.loads(line)
        except ValueError:
            self.stop()
            raise LabError(f"the lab did not start: {self.last_words() or 'no word'}") from None

    def epitaph(self) -> str | None:
        """Say why the lab is gone; None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        return f"the lab ended by itself with {code}: {self.last_words() or 'no word'}"

    def last_words(self) -> str:
        """Return the end of what the lab wrote to stderr."""
        return self._errors.read_text("utf-8", "replace").strip()[-2000:].removeprefix("ucmsim: ")

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
