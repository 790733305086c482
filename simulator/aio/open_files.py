"""How many connections a process can hold: as many as the system allows, and one sentence when they run out."""

from __future__ import annotations

import asyncio
import errno
import logging
from contextlib import suppress
from typing import Any

_WANTED = 65_536
_AGAIN = 60.0
"""Seconds after which a lasting shortage is worth another sentence."""
_SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

_ACCEPTING = "._start_serving("
"""asyncio accepts again a second after a shortage. A server that was closed meanwhile has no socket any more,
and the loop takes that for a fault (CPython: BaseSelectorEventLoop._accept_connection)."""

logger = logging.getLogger("ucmsim")


def allow_many() -> None:
    """Raise the process's own limit, 256 or 1024 as a rule, towards what the system lets it have."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(hard, _WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # macOS has a limit below the one it names
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def allowed() -> int | None:
    """Return how many files this process may have open now; None: no limit."""
    try:
        import resource
    except ImportError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


class ShortageNotice:
    """A loop's exception handler for one case: the system accepts no more connections.

    asyncio would print a traceback for each one, a thousand a second. Everything else is left to it.
    """

    def __init__(self) -> None:
        self._said_at = float("-inf")

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, ValueError) and _ACCEPTING in context.get("message", ""):
            return
        if not isinstance(error, OSError) or error.errno not in _SHORTAGES:
            loop.default_exception_handler(context)
        elif loop.time() - self._said_at >= _AGAIN:
            self._said_at = loop.time()
            logger.warning(
                "ucmsim: %s: connections wait until others close (see `ulimit -n`)",
                (error.strerror or "").lower(),
            )
