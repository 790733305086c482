"""The table `refreshtokendetails`: which refresh tokens there are, whose, and whether they still count.

Published columns: pkid, refreshtokenindex, userid, clientid, validity, state [documented: oauth-tokens 3]. What
they hold is assumed: the index is the SHA-256 of the token's id, so that the table cannot be used to sign in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from simulator.core.instant import Instant


class RefreshState(IntEnum):
    """Values of the column. [assumed]"""

    ACTIVE = 1
    REVOKED = 2
    EXPIRED = 3
    """Was presented after its time: not even a clock that is set back brings it to life again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenRow:
    pkid: UUID
    refreshtokenindex: str
    """64 hex digits; what `/ssosp/token/revoke` shows as `refresh_token`."""
    userid: str
    """As the directory spells it."""
    clientid: str
    validity: int
    """Seconds since 1970: the token's exp."""
    state: RefreshState = RefreshState.ACTIVE


class RefreshTokenStore(Protocol):
    """One table for the whole cluster. User and client ids are compared exactly."""

    def add(self, row: RefreshTokenRow) -> None: ...
    def find(self, refreshtokenindex: str) -> RefreshTokenRow | None: ...
    def rows(self, userid: str | None = None, clientid: str | None = None) -> tuple[RefreshTokenRow, ...]:
        """In the order they were added; None: any."""
        ...

    def set_state(self, refreshtokenindex: str, state: RefreshState) -> None:
        """Nothing happens if there is no such row."""
        ...

    def revoke(self, userid: str | None = None, clientid: str | None = None) -> tuple[RefreshTokenRow, ...]:
        """Marks the active rows revoked, all of them at once, and returns them as they are now."""
        ...

    def flush(self, now: Instant) -> int:
        """Deletes the rows whose validity is over at `now`; returns how many."""
        ...


def index_of(tid: str) -> str:
    """refreshtokenindex of a token id. [assumed: a hash, of what is not known]"""
    return sha256(tid.encode("utf-8", "surrogatepass")).hexdigest()


class MemoryRefreshTokens:
    """A RefreshTokenStore that ends with the process."""

    def __init__(self) -> None:
        self._rows: dict[str, RefreshTokenRow] = {}

    def add(self, row: RefreshTokenRow) -> None:
        self._rows[row.refreshtokenindex] = row

    def find(self, refreshtokenindex: str) -> RefreshTokenRow | None:
        return self._rows.get(refreshtokenindex)

    def rows(self, userid: str | None = None, clientid: str | None = None) -> tuple[RefreshTokenRow, ...]:
        return tuple(
            row
            for row in self._rows.values()
            if userid in (None, row.userid) and clientid in (None, row.clientid)
        )

    def set_state(self, refreshtokenindex: str, state: RefreshState) -> None:
        row = self._rows.get(refreshtokenindex)
        if row is not None:
            self._rows[refreshtokenindex] = replace(row, state=state)

    def revoke(self, userid: str | None = None, clientid: str | None = None) -> tuple[RefreshTokenRow, ...]:
        revoked = tuple(
            replace(row, state=RefreshState.REVOKED)
            for row in self.rows(userid, clientid)
            if row.state is RefreshState.ACTIVE
        )
        for row in revoked:
            self._rows[row.refreshtokenindex] = row
        return revoked

    def flush(self, now: Instant) -> int:
        over = [index for index, row in self._rows.items() if row.validity <= now]
        for index in over:
            del self._rows[index]
        return len(over)
