"""How long a test waits for what must come. No test asserts how long something took: `make bench` measures.

A wait ends as soon as what it waits for is there, so patience costs nothing where all is well. It grows with
the work that the machine has besides; only something that never comes makes a test wait so long.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

ALONE = 60.0
"""Seconds on a machine that has nothing else to do."""
_MOST = 900.0


def patience() -> float:
    """Seconds to wait now: `ALONE`, times the number of processes that want each processor."""
    try:
        waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:  # the system does not tell
        waiting = 4.0
    return min(_MOST, ALONE * max(1.0, waiting))


@asynccontextmanager
async def awaited(what: object) -> AsyncIterator[None]:
    """Cancel the body when patience ends; AssertionError says `what` never came."""
    seconds = patience()
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise AssertionError(f"not within {seconds:.0f} s: {what}") from None
