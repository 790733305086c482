"""Chance as a value: every identifier an actor makes up comes from a seeded stream of its own.

The same seed gives the same branches, tags and Call-IDs, so traces can be compared byte by byte. Not for
secrets: private keys and JWE initialisation vectors come from the operating system, in the libraries.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Protocol
from uuid import UUID


class Entropy(Protocol):
    """A source of identifiers that repeats itself for the same seed."""

    def child(self, name: str) -> Entropy:
        """Return an independent stream, the same for the same name."""
        ...

    def hex(self, nbytes: int) -> str: ...
    def uuid(self) -> UUID: ...
    def uniform(self, low: float, high: float) -> float: ...
    def integer(self, low: int, high: int) -> int:
        """Return a number in low..high, both included."""
        ...


class SeededEntropy:
    """SHA-256 in counter mode over (seed, path): stable across Python versions and platforms."""

    def __init__(self, seed: int, *, path: str = "") -> None:
        self._seed = seed
        self._path = path
        self._counter = 0

    def child(self, name: str) -> SeededEntropy:
        return SeededEntropy(self._seed, path=f"{self._path}/{name}")

    def _bytes(self, nbytes: int) -> bytes:
        out = b""
        while len(out) < nbytes:
            out += sha256(f"{self._seed}:{self._path}:{self._counter}".encode()).digest()
            self._counter += 1
        return out[:nbytes]

    def hex(self, nbytes: int) -> str:
        return self._bytes(nbytes).hex()

    def uuid(self) -> UUID:
        return UUID(bytes=self._bytes(16), version=4)

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * (int.from_bytes(self._bytes(7), "big") / (1 << 56))

    def integer(self, low: int, high: int) -> int:
        return low + int.from_bytes(self._bytes(8), "big") % (high - low + 1)
