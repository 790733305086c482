"""The cluster database: one SQLite database behind every node, its transactions, and who hears of a commit.

Replication is instantaneous: all nodes see the one database, and only the publisher writes to it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from weakref import finalize

from registrar.core.database import rules, schema
from registrar.core.database.enumerations import PUBLISHER
from registrar.core.database.errors import DatabaseFileError, SubscriberError, sql_error
from registrar.core.database.rows import Row, Transaction
from registrar.core.database.sql_functions import install_functions
from simulator.core.entropy import Entropy

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 4_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 20,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The rows one committed transaction inserted, updated or deleted, by table, in no order."""

    rows: Mapping[str, frozenset[str]]

    def of(self, *tables: str) -> frozenset[str]:
        """Return the pkids touched in any of the tables."""
        return frozenset().union(*(self.rows.get(table, frozenset()) for table in tables))

    def __bool__(self) -> bool:
        return bool(self.rows)


class LiveRows(Protocol):
    """Makes the rows of a table that nobody writes: what is true at the moment of the query."""

    def __call__(self) -> Iterable[Mapping[str, object]]: ...


class ClusterDatabase:
    """The tables of one cluster. Not for concurrent use from several threads."""

    def __init__(
        self, connection: sqlite3.Connection, *, entropy: Entropy, export_controlled: bool = True
    ) -> None:
        """Take over an open `connection` in autocommit mode; `close` closes it.

        `export_controlled`: the licence allows export-controlled functionality. Raises DatabaseFileError if it
        is open on something else than a cluster database of this layout.
        """
        self.export_controlled = export_controlled
        self._entropy = entropy
        self._listeners: list[Callable[[Changes], None]] = []
        self._live: dict[str, LiveRows] = {}
        self._writing = False
        self._connection = connection
        # For users who forget to close it, as tests may: Python 3.13 warns of a connection that ends open.
        finalize(self, connection.close)
        (file,) = (row[2] for row in connection.execute("pragma database_list"))
        try:
            self._prepare(file)
        except sqlite3.Error as error:
            raise DatabaseFileError(f"{file}: no cluster database: {error}") from error

    def _prepare(self, file: str) -> None:
        """`file` is empty for a database in memory."""
        connection = self._connection
        connection.row_factory = sqlite3.Row
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma case_sensitive_like = on")
        connection.execute("pragma trusted_schema = off")
        # Not a method of ours: SQLite would hold us, and we hold it, for as long as the process lives.
        install_functions(connection, partial(_pkid, self._entropy))
        (version,) = connection.execute("pragma user_version").fetchone()
        (tables,) = connection.execute("select count(*) from sqlite_master").fetchone()
        self.is_new = tables == 0
        """Nothing has been seeded yet."""
        if self.is_new and not file:
            schema.create_in_memory(connection)
        elif self.is_new:
            schema.create(connection)
        elif version != schema.VERSION:
            raise DatabaseFileError(
                f"{file}: a cluster database of layout {schema.VERSION} was expected, this has {version}"
            )

    def close(self) -> None:
        """Close the connection. Nothing can be read or written any more."""
        self._connection.close()

    # --- reading ---------------------------------------------------------------------------------------------

    @property
    def connection(self) -> sqlite3.Connection:
        """For the statements of this room; administrators' SQL goes through `SqlConsole`."""
        return self._connection

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Run a SELECT of our own and return its rows, columns by name or number."""
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> Row | None:
        """Run a SELECT of our own and return its first row; None if there is none."""
        found: Row | None = self._connection.execute(sql, values).fetchone()
        return found

    def value(self, sql: str, *values: object) -> Any:
        """Run a SELECT of our own and return the first column of its first row; None if there is no row."""
        found = self.row(sql, *values)
        return None if found is None else found[0]

    def new_pkid(self) -> str:
        """Return a new primary key."""
        return _pkid(self._entropy)

    @property
    def publisher(self) -> str:
        """processnode.name of the publisher; empty before one is seeded."""
        return str(
            self.value("select name from processnode where tknodeusage = ? and systemnode = 'f'", PUBLISHER)
            or ""
        )

    def is_publisher(self, node: str) -> bool:
        """Is `node` (processnode.name) the publisher?"""
        return node == self.publisher

    # --- writing ---------------------------------------------------------------------------------------------

    @contextmanager
    def write(self, node: str | None = None, *, seeding: bool = False) -> Iterator[Transaction]:
        """Open a transaction; the product's rules judge it before it is committed, then listeners are called.

        `node`: the node it is made on (None: the publisher). Raises SubscriberError, RuleError, SqlError; after
        any exception nothing is changed. `seeding` skips the rules that keep nodes and lab ports as they are.
        """
        if node is not None and not self.is_publisher(node):
            raise SubscriberError(node, self.publisher)
        if self._writing:
            raise RuntimeError("a transaction is already open")
        connection = self._connection
        before = None if seeding else rules.Before.read(connection)
        self._writing = True
        try:
            connection.execute("begin immediate")
            try:
                yield connection
                changes = self._drain_changes()
                rules.judge(connection, changes.rows, before, export_controlled=self.export_controlled)
                connection.execute("commit")
            except sqlite3.Error as error:
                raise sql_error(error) from error
            finally:
                if connection.in_transaction:
                    connection.execute("rollback")
        finally:
            self._writing = False
        if changes:
            for listener in tuple(self._listeners):
                listener(changes)

    def _drain_changes(self) -> Changes:
        found: dict[str, set[str]] = {}
        for table, pkid in self._connection.execute("select tablename, pkid from simchange"):
            found.setdefault(table, set()).add(pkid)
        self._connection.execute("delete from simchange")
        return Changes(rows={table: frozenset(pkids) for table, pkids in found.items()})

    def subscribe(self, listener: Callable[[Changes], None]) -> None:
        """Call `listener` after each committed change of a watched table."""
        self._listeners.append(listener)

    # --- live tables -----------------------------------------------------------------------------------------

    def provide(self, table: str, rows: LiveRows) -> None:
        """Fill `table` with `rows()` whenever a query names it. Columns that are not given are NULL."""
        self._live[table] = rows

    def refresh_live(self, words: Iterable[str]) -> None:
        """Bring the provided tables among `words` up to date; called before a query that names them."""
        for table in sorted(set(words) & set(self._live)):
            with self.write(seeding=True) as connection:
                connection.execute(f"delete from {table}")  # noqa: S608 - a registered name
                for row in self._live[table]():
                    names = ("pkid", *row)
                    marks = ", ".join("?" * len(names))
                    connection.execute(
                        f"insert into {table} ({', '.join(names)}) values ({marks})",  # noqa: S608
                        (self.new_pkid(), *row.values()),
                    )


def _pkid(entropy: Entropy) -> str:
    return str(entropy.uuid())
