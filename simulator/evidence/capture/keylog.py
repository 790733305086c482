"""TLS secrets of given connections out of a key log file (NSS format), which may hold those of many others."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path


def secrets_of(file: Path, randoms: Collection[str]) -> dict[str, list[str]]:
    """Read the lines of the given connections: client random (hex) -> its lines, each once.

    Two ends in one process write every line twice.
    """
    found: dict[str, list[str]] = {}
    if not file.exists():
        return found
    with file.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            parts = line.split()
            if len(parts) == 3 and parts[1] in randoms:
                kept = found.setdefault(parts[1], [])
                text = " ".join(parts)
                if text not in kept:
                    kept.append(text)
    return found
