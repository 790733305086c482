"""How long to wait, in real time, for what should take none: longer on a machine that is busy."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

VARIABLE = "UCMSIM_PATIENCE"
DEFAULT = 5.0
_SLICE = 0.1
_RUNNABLE = Path("/proc/loadavg")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait on an idle machine; three times as long where three processes share a processor."""

    seconds: float = DEFAULT

    @classmethod
    def from_environment(cls) -> Self:
        """Read `UCMSIM_PATIENCE`, in seconds. Raises ValueError if it is no number above 0."""
        text = os.environ.get(VARIABLE, "")
        if not text:
            return cls()
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            raise ValueError(f"{VARIABLE} is a number of seconds above 0, not {text!r}")
        return cls(seconds)

    async def outlasts(self, wait: Callable[[], Awaitable[object]]) -> bool:
        """Return whether `wait` returns before patience ends. It is cancelled and called again meanwhile."""
        # In slices of one size: one that ends late, because this process got no time, counts no more.
        part = min(_SLICE, self.seconds)
        left = self.seconds
        while left > 0:
            try:
                async with asyncio.timeout(part):
                    await wait()
            except TimeoutError:
                left -= part / machine_load()
            else:
                return True
        return False


def machine_load() -> float:
    """Tell how many processes share a processor at present; at least 1."""
    try:
        runnable = float(_RUNNABLE.read_text().split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):  # only Linux tells
        runnable = os.getloadavg()[0] if hasattr(os, "getloadavg") else 1.0
    return max(1.0, runnable / (os.cpu_count() or 1))
