"""Forks a process for each command that a client asks for; see `tests.commands`. Ends when its stdin does."""

from __future__ import annotations

import asyncio
import atexit
import gc
import io
import json
import os
import pkgutil
import runpy
import selectors
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

NOT_READ = ("simulator.plugin", "simulator.__main__")
"""Modules of pytest's process, and the one that each fork runs."""


def prepare() -> None:
    """Read every module, and run a lab once: its keys and whatever else is made once in a process stay."""
    for root in ("certs", "registrar", "softphone", "simulator"):
        package = import_module(root)
        for module in pkgutil.walk_packages(package.__path__, f"{root}."):
            if not module.name.startswith(NOT_READ):
                import_module(module.name)

    from simulator.lab.files import catalogue
    from simulator.lab.run.runner import run_live

    (scenario,) = catalogue.find(["registers-over-5091"])
    report = asyncio.run(run_live(scenario, "1.3"))
    assert report.passed, report.failures
    assert threading.active_count() == 1, "a fork has one thread only"
    gc.collect()
    gc.freeze()


class Server:
    def __init__(self, path: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)
        self._clients: dict[int, socket.socket] = {}
        """By the process that was forked for it."""
        self._selector = selectors.DefaultSelector()
        self._wakes, self._woken = socket.socketpair()

    def serve(self) -> dict[str, Any] | None:
        """Until stdin ends: None then; in a fork, what it was asked for."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for pytest
        self._wakes.setblocking(False)
        self._woken.setblocking(False)
        signal.set_wakeup_fd(self._wakes.fileno(), warn_on_full_buffer=False)
        for ready in (self._listener, self._woken, 0):
            self._selector.register(ready, selectors.EVENT_READ)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            for key, _ in self._selector.select():
                if key.fileobj == 0:
                    for process in self._clients:
                        os.kill(process, signal.SIGKILL)
                    return None
                if key.fileobj is self._woken:
                    self._woken.recv(4096)
                    self._reap()
                elif key.fileobj is self._listener:
                    request = self._accept()
                    if request is not None:
                        return request
                elif isinstance(key.data, int):  # The client is gone: nobody waits for its process.
                    self._selector.unregister(key.fileobj)
                    if key.data in self._clients:
                        os.kill(key.data, signal.SIGKILL)

    def _accept(self) -> dict[str, Any] | None:
        client, _ = self._listener.accept()
        head, files, _, _ = socket.recv_fds(client, 4, 3)
        if len(head) < 4:
            client.close()
            return None
        with client.makefile("rb") as stream:
            request: dict[str, Any] = json.loads(stream.read(int.from_bytes(head, "big")))
        process = os.fork()
        if process == 0:
            self._forget(client)
            for number, file in enumerate(files):
                os.dup2(file, number)
                os.close(file)
            return request
        for file in files:
            os.close(file)
        self._clients[process] = client
        self._selector.register(client, selectors.EVENT_READ, process)
        client.sendall(process.to_bytes(4, "big"))
        return None

    def _forget(self, client: socket.socket) -> None:
        """A fork holds nothing of the server's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._selector.close()
        for one in (client, self._listener, self._wakes, self._woken, *self._clients.values()):
            one.close()

    def _reap(self) -> None:
        while self._clients:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            client = self._clients.pop(process)
            code = os.waitstatus_to_exitcode(status)
            with suppress(KeyError):
                self._selector.unregister(client)
            with suppress(OSError):  # it was killed
                client.sendall(code.to_bytes(4, "big", signed=True))
            client.close()


def become(request: dict[str, Any]) -> None:
    """Make this process what the client was started as."""
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    for number in request["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    sys.argv = ["ucmsim", *request["arguments"]]
    sys.stdin = sys.__stdin__ = _text(0, "r", sys.stdin)
    sys.stdout = sys.__stdout__ = _text(1, "w", sys.stdout)
    sys.stderr = sys.__stderr__ = _text(2, "w", sys.stderr)


def _text(number: int, mode: str, like: Any) -> io.TextIOWrapper:
    opened: Callable[..., io.TextIOWrapper] = open
    return opened(
        number,
        mode,
        encoding=like.encoding,
        errors=like.errors,
        closefd=False,
        buffering=1 if mode == "w" else -1,
    )


def run() -> NoReturn:
    """Run the command and end this process as Python does, but without taking apart what the server has read.

    Object by object that would cost more than most commands. Other exceptions end the process as usual.
    """
    code: object = None
    try:
        runpy.run_module("simulator", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    prepare()
    asked = Server(sys.argv[1]).serve()
    if asked is None:
        shutil.rmtree(Path(sys.argv[1]).parent, ignore_errors=True)
    else:
        become(asked)
        run()
