"""Users' passwords as the database keeps them: hashes that nothing shows; a change counts at once."""

from __future__ import annotations

from collections.abc import Callable

from registrar.core.database.store import Changes, ClusterDatabase
from registrar.core.tomcat.passwords import PasswordHash, UserPasswords

_STORED = """
select e.userid, c.credentials from enduser e left join credential c on c.fkenduser = e.pkid order by e.rowid
"""


def follow_credentials(
    database: ClusterDatabase, passwords: UserPasswords, initial: Callable[[str], str]
) -> None:
    """Keep `passwords` equal to the database, now and after each change of a user or a password.

    `initial`: user id -> password of a user who was given none. Each costs a millisecond to hash.
    """

    def load() -> None:
        for userid, stored in database.rows(_STORED):
            if stored is not None:
                passwords.set_hash(userid, PasswordHash.parse(stored))
            elif passwords.hash_of(userid) is None:
                passwords.set(userid, initial(userid))

    def follow(changes: Changes) -> None:
        if changes.of("enduser", "credential"):
            load()

    load()
    database.subscribe(follow)
