"""A `ucmsim up` in a process of its own, as a user starts it, and what a test needs to talk to it.

Nothing here sleeps: tests wait for events, which the control API holds back until they come.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.commands import COMMAND, command
from tests.patience import patience


def ucmsim(*args: object, stdin: str = "", fresh: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as from a terminal 100 columns wide; `fresh`: in a new Python."""
    return subprocess.run(
        [*(COMMAND if fresh else command()), *map(str, args)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=patience(),
        env=environment(),
        check=False,
    )


def environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}


class Answer(NamedTuple):
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RunningLab:
    """Make one with `running_lab`."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        self.process = process
        self.ready = ready
        self.ca_file = Path(ready["ca_file"])
        self.pki = Path(ready["pki"])
        self.control: str = ready["control"]

    def endpoint(self, role: str, actor: str = "ucm-pub") -> tuple[str, int]:
        """Where `role` (sip, sips, oauth, mra, config; edge of expc) listens."""
        host, port = self.ready["endpoints"][actor][role]
        return host, port

    def hostport(self, role: str, actor: str = "ucm-pub") -> str:
        host, port = self.endpoint(role, actor)
        return f"{host}:{port}"

    # --- the control API --------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """One request; `body` goes out as JSON, unless it is bytes."""
        parts = urlsplit(self.control)
        assert parts.hostname is not None
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=patience())
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **query: object) -> Any:
        answer = self.ask("GET", f"{path}?{urlencode(query)}" if query else path)
        assert answer.status == 200, answer.body
        return answer.json

    def mark(self) -> int:
        """The number of the newest event: what comes later is new."""
        seq: int = self.get("/")["last_seq"]
        return seq

    def events(self, kind: str, since: int, **fields: object) -> list[dict[str, Any]]:
        """The events of this kind after `since` with these fields."""
        found = self.get("/events", since=since, kind=kind, limit=100_000)
        return [event for event in found if fields.items() <= event.items()]

    def wait_for(self, kind: str, since: int, **fields: object) -> dict[str, Any]:
        """The first such event after `since`, now or within the deadline."""
        seen: list[dict[str, Any]] = []
        seconds = patience()
        give_up = time.monotonic() + seconds
        while (left := give_up - time.monotonic()) > 0:
            found = self.get("/events", since=since, kind=kind, wait=max(1, min(10, int(left))))
            for event in found:
                if fields.items() <= event.items():
                    return event
            seen += found
            since = found[-1]["seq"] if found else since
        raise AssertionError(f"no {kind} with {fields} within {seconds:.0f} s; seen: {seen}")

    def registered(self, device: str) -> dict[str, Any] | None:
        """The device's row in /registrations."""
        return next((row for row in self.get("/registrations") if row["device"] == device), None)

    def token(self, user: str, mutate: str | None = None) -> str:
        """An access token, minted through the command line."""
        more = ("--mutate", mutate) if mutate else ()
        done = ucmsim("token", "mint", "--control", self.control, "--user", user, *more)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout.strip()

    # --- the process ------------------------------------------------------------------------------------------

    def resident(self) -> int:
        """Resident memory of a `fresh` lab in bytes; 0 where the system does not tell it."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return 0
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024


def _limited(files: int | None) -> list[str]:
    return [] if files is None else ["/bin/sh", "-c", f'ulimit -n {files}; exec "$@"', "sh"]


@contextmanager
def running_lab(
    stderr: Path,
    *args: object,
    end_with: signal.Signals = signal.SIGTERM,
    files: int | None = None,
    says: str = "",
    fresh: bool = False,
) -> Iterator[RunningLab]:
    """Start `ucmsim up --json ARGS`; at the end stop it, and hold it to a clean exit without a word.

    `files`: how many files and connections the process may have open. `says`: all that stderr may hold.
    `fresh`: a new Python instead of a fork; a limit of files always gets one.
    """
    words = COMMAND if fresh or files is not None else command()
    with stderr.open("wb") as errors:
        process = subprocess.Popen(
            [*_limited(files), *words, "up", "--json", *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment(),
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"ucmsim up ended with {process.wait(patience())}: {stderr.read_text()}"
        yield RunningLab(process, json.loads(line))
        assert process.poll() is None, f"ucmsim up died with {process.returncode}: {stderr.read_text()}"
        process.send_signal(end_with)
        rest = process.communicate(timeout=patience())[0]
        assert (process.returncode, rest, stderr.read_text()) == (0, "", says)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
