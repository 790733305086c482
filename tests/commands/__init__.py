"""`ucmsim` commands for tests that are not about how a command starts.

A new Python spends some 0.9 seconds of CPU time on reading modules and on making RSA keys before a command does
anything, and the suite starts several hundred commands. So one process for each test worker (`server.py`) reads
every module and makes the keys once, and forks for each command; what a test starts is a small program
(`client.py`) that hands its arguments, environment, folder and files to the fork, passes signals on and ends as
the fork ended. The fork runs `simulator.__main__` as `python -m simulator` does and ends as any Python does.

`COMMAND` starts a new Python instead: for what is about the start itself, about memory or about limits.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

COMMAND = (sys.executable, "-I", "-m", "simulator")
"""A new Python that runs the command."""
_HERE = Path(__file__).parent


def command() -> tuple[str, ...]:
    """The words before a command's arguments: of a fork where the system can, else of a new Python."""
    if not hasattr(os, "fork") or sys.platform == "darwin":
        return COMMAND
    return (str(_folder() / "ucmsim"),)


def on_path() -> str:
    """A PATH on which `ucmsim` is what `command` returns."""
    here = [str(_folder())] if command() != COMMAND else []
    return os.pathsep.join((*here, str(Path(sys.executable).parent), os.environ["PATH"]))


@cache
def _folder() -> Path:
    """Start the server. The folder, which it removes, holds its socket and the program `ucmsim`."""
    folder = Path(tempfile.mkdtemp(prefix="ucmsim-tests-"))
    server = subprocess.Popen(
        [sys.executable, "-I", str(_HERE / "server.py"), str(folder / "socket")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    ready = server.stdout.readline()
    assert ready == "ready\n", "the server of commands did not start"
    program = folder / "ucmsim"
    shebang = f"#!{sys.executable} -IS\nSOCKET = {str(folder / 'socket')!r}\n"
    program.write_text(shebang + (_HERE / "client.py").read_text(encoding="utf-8"), encoding="utf-8")
    program.chmod(0o755)
    _servers.append(server)
    return folder


_servers: list[subprocess.Popen[str]] = []


def end_server() -> None:
    """End the server, if there is one; without this call it ends when this process does."""
    while _servers:
        _servers.pop().communicate()
    _folder.cache_clear()
