"""The table `refreshtokendetails` as the store the OAuth server keeps its refresh tokens in."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from registrar.core.database.store import ClusterDatabase
from registrar.core.ssosp.refresh_store import RefreshState, RefreshTokenRow
from simulator.core.instant import Instant

_COLUMNS = "pkid, refreshtokenindex, userid, clientid, validity, state"
_MATCHING = "(?1 is null or userid = ?1) and (?2 is null or clientid = ?2)"


class DatabaseRefreshTokens:
    """A `RefreshTokenStore`; what `run sql` changes in the table counts with the next request."""

    def __init__(self, database: ClusterDatabase) -> None:
        self._database = database

    def add(self, row: RefreshTokenRow) -> None:
        with self._database.write(seeding=True) as connection:
            connection.execute(
                f"insert into refreshtokendetails ({_COLUMNS}) values (?, ?, ?, ?, ?, ?)",  # noqa: S608
                (
                    str(row.pkid),
                    row.refreshtokenindex,
                    row.userid,
                    row.clientid,
                    row.validity,
                    int(row.state),
                ),
            )

    def find(self, refreshtokenindex: str) -> RefreshTokenRow | None:
        row = self._database.row(
            f"select {_COLUMNS} from refreshtokendetails where refreshtokenindex = ?",  # noqa: S608
            refreshtokenindex,
        )
        return None if row is None else _row(row)

    def rows(self, userid: str | None = None, clientid: str | None = None) -> tuple[RefreshTokenRow, ...]:
        found = self._database.rows(
            f"select {_COLUMNS} from refreshtokendetails where {_MATCHING} order by rowid",  # noqa: S608
            userid,
            clientid,
        )
        return tuple(_row(row) for row in found)

    def set_state(self, refreshtokenindex: str, state: RefreshState) -> None:
        with self._database.write(seeding=True) as connection:
            connection.execute(
                "update refreshtokendetails set state = ? where refreshtokenindex = ?",
                (int(state), refreshtokenindex),
            )

    def revoke(self, userid: str | None = None, clientid: str | None = None) -> tuple[RefreshTokenRow, ...]:
        active = [row for row in self.rows(userid, clientid) if row.state is RefreshState.ACTIVE]
        with self._database.write(seeding=True) as connection:
            connection.executemany(
                "update refreshtokendetails set state = ? where pkid = ?",
                [(int(RefreshState.REVOKED), str(row.pkid)) for row in active],
            )
        changed = {row.pkid for row in active}
        return tuple(row for row in self.rows(userid, clientid) if row.pkid in changed)

    def flush(self, now: Instant) -> int:
        with self._database.write(seeding=True) as connection:
            return connection.execute("delete from refreshtokendetails where validity <= ?", (now,)).rowcount


def _row(row: sqlite3.Row) -> RefreshTokenRow:
    return RefreshTokenRow(
        pkid=UUID(row["pkid"]),
        refreshtokenindex=row["refreshtokenindex"],
        userid=row["userid"],
        clientid=row["clientid"],
        validity=int(row["validity"]),
        state=RefreshState(row["state"]),
    )
