"""A process that runs out of open files says so once, and says nothing of what asyncio stumbles over then."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from typing import Any

import pytest

from simulator.aio.open_files import ShortageNotice


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is left to asyncio's own handler."""
    contexts: list[dict[str, Any]] = []
    monkeypatch.setattr(asyncio.BaseEventLoop, "default_exception_handler", lambda _, one: contexts.append(one))
    return contexts


async def test_a_shortage_is_one_sentence(caplog: pytest.LogCaptureFixture, left: list[Any]) -> None:
    loop, notice = asyncio.get_running_loop(), ShortageNotice()
    error = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            notice(loop, {"message": "socket.accept() out of system resource", "exception": error})
    assert caplog.messages == [
        "ucmsim: too many open files: connections wait until others close (see `ulimit -n`)"
    ]
    assert left == []


async def test_a_server_that_is_closed_before_asyncio_accepts_again_is_no_fault(left: list[Any]) -> None:
    """asyncio tries again a second after a shortage, on a socket that may be closed by then."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(ShortageNotice())
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    sock = socket.socket(fileno=os.dup(server.sockets[0].fileno()))
    server.close()
    sock.close()
    loop.call_soon(loop._start_serving, asyncio.Protocol, sock, None, server, 100, None, None)  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert left == []


async def test_any_other_fault_is_left_to_asyncio(left: list[Any]) -> None:
    loop, notice = asyncio.get_running_loop(), ShortageNotice()
    for error in (ValueError("a bug"), OSError(errno.EPIPE, "broken")):
        notice(loop, {"message": "Exception in callback something()", "exception": error})
    assert [context["exception"].args[-1] for context in left] == ["a bug", "broken"]
