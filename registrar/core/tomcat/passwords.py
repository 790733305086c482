"""Passwords of a UCM's users: kept as scrypt hashes, compared in constant time, never shown again.

A lab need not store any: users whose password nobody set have one that is made from the lab's seed.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import scrypt
from hmac import compare_digest
from typing import Self

from simulator.core.entropy import Entropy

COST = 1024
"""scrypt's N with r=8, p=1: 1 MiB and about 1.5 ms a guess. Enough for a lab, whose passwords guard nothing."""
SALT_BYTES = 16
HASH_BYTES = 32
MAX_BYTES = 1024
"""Longer passwords are refused unread, so that nobody can make the hash expensive."""

_TEXT = re.compile(r"scrypt\$(\d{1,7})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)")


class PasswordError(ValueError):
    """A password that cannot be set, or text that is no stored hash; never shows either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordHash:
    """A password as it is kept: salt and hash."""

    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    cost: int = COST

    @classmethod
    def of(cls, password: str, salt: bytes) -> Self:
        """Hash a password. Raises PasswordError if it is empty, or over MAX_BYTES in UTF-8."""
        raw = _bytes(password)
        if not 1 <= len(raw) <= MAX_BYTES:
            raise PasswordError(f"a password has 1 to {MAX_BYTES} bytes, this one has {len(raw)}")
        return cls(salt=salt, digest=_digest(raw, salt, COST))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `text` wrote, e.g. from a database. Raises PasswordError for something else."""
        match = _TEXT.fullmatch(text)
        cost = int(match[1]) if match else 0
        if match is None or cost < 2 or cost & (cost - 1):
            raise PasswordError("not a stored password: scrypt$<cost>$<salt>$<hash>")
        try:
            salt, digest = b64decode(match[2], validate=True), b64decode(match[3], validate=True)
        except ValueError:
            raise PasswordError("not a stored password: its salt or hash is not base64") from None
        return cls(salt=salt, digest=digest, cost=cost)

    @property
    def text(self) -> str:
        """For a database column; holds no password, but is nobody's business either."""
        return f"scrypt${self.cost}${b64encode(self.salt).decode()}${b64encode(self.digest).decode()}"

    def matches(self, password: str) -> bool:
        """Compare a password with it, in constant time."""
        raw = _bytes(password)
        return len(raw) <= MAX_BYTES and compare_digest(_digest(raw, self.salt, self.cost), self.digest)


class UserPasswords:
    """By user id, which does not depend on case. Says nothing of whether the user exists or is active."""

    def __init__(self, entropy: Entropy, *, initial: bool = True) -> None:
        """`initial`: users without a password of their own have the one that `initial_password` makes."""
        self._entropy = entropy
        self._initial = initial
        self._hashes: dict[str, PasswordHash] = {}
        self._nobody = PasswordHash(salt=bytes.fromhex(entropy.hex(SALT_BYTES)), digest=bytes(HASH_BYTES))

    def set(self, user: str, password: str) -> None:
        """Set a password. Raises PasswordError if it is empty or too long."""
        salt = bytes.fromhex(self._entropy.hex(SALT_BYTES))
        self._hashes[user.casefold()] = PasswordHash.of(password, salt)

    def set_hash(self, user: str, stored: PasswordHash) -> None:
        """Set a password by its hash, from a database."""
        self._hashes[user.casefold()] = stored

    def hash_of(self, user: str) -> PasswordHash | None:
        """Return the hash for a database; None: nothing was set."""
        return self._hashes.get(user.casefold())

    def forget(self, user: str) -> None:
        """Forget a password: the initial one counts again, or none at all."""
        self._hashes.pop(user.casefold(), None)

    def initial_password(self, user: str) -> str:
        """Return 16 hex digits, the same for the same seed and user, for the person who may sign in."""
        return self._entropy.child(f"password/{user.casefold()}").hex(8)

    def check(self, user: str, password: str) -> bool:
        """Compare a password. It takes as long for a user who has none as for one who has."""
        stored = self._hashes.get(user.casefold())
        matches = (stored or self._nobody).matches(password)
        if stored is not None:
            return matches
        expected = _bytes(self.initial_password(user))
        return compare_digest(_bytes(password), expected) and self._initial


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _digest(password: bytes, salt: bytes, cost: int) -> bytes:
    return scrypt(password, salt=salt, n=cost, r=8, p=1, dklen=HASH_BYTES, maxmem=64 * 1024 * 1024)
