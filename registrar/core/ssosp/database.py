"""What the authorization server keeps in the cluster database: refresh tokens and the sign-in parameters.

With a state file refresh tokens outlive the lab, and so does a revocation. What an administrator changes of the
parameters applies at once.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from registrar.core.database import Changes, ClusterDatabase
from registrar.core.database.rows import Row
from registrar.core.database.rules import SIGN_IN_PARAMETERS
from registrar.core.ssosp.parameters import EnterpriseParameters
from registrar.core.ssosp.refresh_tokens import RefreshState, RefreshTokenRow
from registrar.core.ssosp.signon import SignOn
from simulator.core.instant import Instant

_COLUMNS = "pkid, refreshtokenindex, userid, clientid, validity, state"
_WHOSE = "(?1 is null or userid = ?1) and (?2 is null or clientid = ?2)"


class DatabaseRefreshTokens:
    """A RefreshTokenStore. Every change is a transaction of its own, on disk before the answer is sent."""

    def __init__(self, database: ClusterDatabase) -> None:
        self._database = database

    def add(self, row: RefreshTokenRow) -> None:
        values = (
            str(row.pkid),
            row.refreshtokenindex,
            row.userid,
            row.clientid,
            row.validity,
            int(row.state),
        )
        with self._database.write() as transaction:
            transaction.execute(
                f"insert into refreshtokendetails ({_COLUMNS}) values (?, ?, ?, ?, ?, ?)",  # noqa: S608
                values,
            )

    def find(self, refreshtokenindex: str) -> RefreshTokenRow | None:
        found = self._database.row(
            f"select {_COLUMNS} from refreshtokendetails where refreshtokenindex = ?",  # noqa: S608
            refreshtokenindex,
        )
        return None if found is None else _row(found)

    def rows(self, userid: str | None = None, clientid: str | None = None) -> tuple[RefreshTokenRow, ...]:
        found = self._database.rows(
            f"select {_COLUMNS} from refreshtokendetails where {_WHOSE} order by rowid",  # noqa: S608
            userid,
            clientid,
        )
        return tuple(_row(row) for row in found)

    def set_state(self, refreshtokenindex: str, state: RefreshState) -> None:
        with self._database.write() as transaction:
            transaction.execute(
                "update refreshtokendetails set state = ? where refreshtokenindex = ?",
                (int(state), refreshtokenindex),
            )

    def revoke(self, userid: str | None = None, clientid: str | None = None) -> tuple[RefreshTokenRow, ...]:
        active = f"{_WHOSE} and state = ?3"
        values = (userid, clientid, int(RefreshState.ACTIVE))
        with self._database.write() as transaction:
            found = transaction.execute(
                f"select {_COLUMNS} from refreshtokendetails where {active} order by rowid",  # noqa: S608
                values,
            ).fetchall()
            transaction.execute(
                f"update refreshtokendetails set state = ?4 where {active}",  # noqa: S608
                (*values, int(RefreshState.REVOKED)),
            )
        return tuple(_row(row, RefreshState.REVOKED) for row in found)

    def flush(self, now: Instant) -> int:
        with self._database.write() as transaction:
            return transaction.execute(
                "delete from refreshtokendetails where validity <= ?", (float(now),)
            ).rowcount


def _row(row: Row, state: RefreshState | None = None) -> RefreshTokenRow:
    """A row's state that is none of ours, e.g. of an administrator's SQL, counts as revoked."""
    try:
        written = RefreshState(row["state"])
    except ValueError:
        written = RefreshState.REVOKED
    return RefreshTokenRow(
        pkid=UUID(row["pkid"]),
        refreshtokenindex=row["refreshtokenindex"],
        userid=row["userid"],
        clientid=row["clientid"],
        validity=row["validity"],
        state=state or written,
    )


def follow_parameters(database: ClusterDatabase, signon: SignOn) -> None:
    """Keep the parameters of `signon` equal to `processconfig`, now and after each change of it.

    Those that have no row there stay as they are.
    """

    def follow(changes: Changes) -> None:
        if changes.of("processconfig"):
            parameters = read_parameters(database, signon.parameters)
            if parameters != signon.parameters:
                signon.set_parameters(parameters)

    signon.set_parameters(read_parameters(database, signon.parameters))
    database.subscribe(follow)


def read_parameters(database: ClusterDatabase, others: EnterpriseParameters) -> EnterpriseParameters:
    """Return the parameters that `processconfig` holds; those without a row are taken from `others`."""

    def value(name: str) -> int:
        stored = database.value("select paramvalue from processconfig where paramname = ?", name)
        return int(SIGN_IN_PARAMETERS[name][1] if stored is None else stored)

    return replace(
        others,
        refresh_login_flow=value("OAuthRefreshLoginFlow") == 1,
        access_expiry_minutes=value("OAuthAccessTokenExpiryTimer"),
        refresh_expiry_days=value("OAuthRefreshTokenExpiryTimer"),
    )
