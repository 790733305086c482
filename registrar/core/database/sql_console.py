"""`run sql`, `executeSQLQuery` and `executeSQLUpdate`: somebody else's SQL on the cluster database.

A query may only read, an update may only insert, update or delete rows; neither may attach, pragma, or call a
function that is not listed. Effort and size are bounded, and every refusal is an Informix error.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from registrar.core.database import schema, sql_functions
from registrar.core.database.enumerations import ENUMERATIONS
from registrar.core.database.errors import QueryTooLarge, SqlError, sql_error
from registrar.core.database.informix import Statement, translate
from registrar.core.database.store import ClusterDatabase

MAX_STATEMENT = 200_000
"""Characters."""
MAX_BYTES = 8 * 1024 * 1024
"""Of one answer. [documented: administration 1.2]"""
STEP = 10_000
MAX_STEPS = 3_000
"""SQLite instructions between two looks, and looks allowed: seconds of work, whatever the machine."""

_FUNCTIONS = sql_functions.NAMES | frozenset(
    {
        *("count", "sum", "avg", "min", "max", "total"),
        *("lower", "upper", "trim", "ltrim", "rtrim", "substr", "substring", "length", "replace", "instr"),
        *("abs", "round", "coalesce", "ifnull", "nullif", "like", "glob", "hex", "typeof", "cast"),
    }
)
_FIXED = frozenset({*ENUMERATIONS, "typecertificateservice", "systables", "syscolumns"}) | schema.INTERNAL
"""Tables an update may not write."""
_AGGREGATE = re.compile(r"^(count|sum|avg|min|max|total)\s*\(", re.IGNORECASE)
_PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_$]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """Column names as `run sql` prints them, and cells as text; None is NULL."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


class SqlConsole:
    """Runs SQL for one node's administrators: any node answers queries, the publisher alone takes updates."""

    def __init__(self, database: ClusterDatabase, node: str) -> None:
        """`node`: processnode.name."""
        self._database = database
        self.node = node

    def run_query(self, sql: str, *, max_bytes: int = MAX_BYTES) -> QueryResult:
        """Run a query. Raises SqlError or QueryTooLarge."""
        statement = _checked(sql)
        if statement.verb not in ("select", "with"):
            raise SqlError(-201, "A syntax error has occurred.")
        self._database.refresh_live(statement.words)
        connection = self._database.connection
        try:
            with _guarded(connection, writing=False):
                cursor = connection.execute(statement.sql)
                columns = tuple(_column(item[0]) for item in cursor.description or ())
                return QueryResult(columns=columns, rows=tuple(_bounded(cursor, max_bytes)))
        except sqlite3.Error as error:
            raise sql_error(error) from error

    def run_update(self, sql: str) -> int:
        """Run an update and return how many rows it changed.

        Raises SqlError, RuleError or SubscriberError; then nothing is changed.
        """
        statement = _checked(sql)
        if statement.verb not in ("insert", "update", "delete"):
            raise SqlError(-201, "A syntax error has occurred.")
        connection = self._database.connection
        with self._database.write(self.node), _guarded(connection, writing=True):
            try:
                return connection.execute(statement.sql).rowcount
            except sqlite3.Error as error:
                raise sql_error(error) from error


def _checked(sql: str) -> Statement:
    if len(sql) > MAX_STATEMENT:
        raise SqlError(-229, f"The statement is too large: {len(sql)} of at most {MAX_STATEMENT} characters.")
    if "\x00" in sql:
        raise SqlError(-202, "An illegal character has been found in the statement.")
    try:
        sql.encode("utf-8")
    except UnicodeEncodeError:
        raise SqlError(-202, "An illegal character has been found in the statement.") from None
    return translate(sql)


def _bounded(cursor: sqlite3.Cursor, max_bytes: int) -> Iterator[tuple[str | None, ...]]:
    size = 0
    for number, row in enumerate(cursor, start=1):
        cells = tuple(_cell(value) for value in row)
        size += sum(len(cell) + 32 for cell in cells if cell is not None)
        if size > max_bytes:
            total = number + sum(1 for _ in cursor)
            raise QueryTooLarge(total, max(1, number - 1))
        yield cells


def _cell(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def _column(name: str) -> str:
    """Informix's names: `(count)`, `(expression)`, `(constant)`. [(count) observed]"""
    if _PLAIN.match(name):
        return name
    aggregate = _AGGREGATE.match(name)
    if aggregate is not None:
        return f"({aggregate[1].lower()})"
    plain = name.rpartition(".")[2].strip()
    if _PLAIN.match(plain):
        return plain
    return "(constant)" if name[:1] in "'0123456789" else "(expression)"


@contextmanager
def _guarded(connection: sqlite3.Connection, *, writing: bool) -> Iterator[None]:
    looks = 0

    def look() -> int:
        nonlocal looks
        looks += 1
        return int(looks > MAX_STEPS)

    connection.set_authorizer(_writer if writing else _reader)
    connection.set_progress_handler(look, STEP)
    try:
        yield
    finally:
        connection.set_authorizer(None)
        connection.set_progress_handler(None, 0)


def _reader(action: int, first: str | None, second: str | None, _schema: str | None, inner: str | None) -> int:
    if action == sqlite3.SQLITE_SELECT:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ:
        hidden = inner is None and first in schema.INTERNAL
        return sqlite3.SQLITE_DENY if hidden else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_OK if (second or "").lower() in _FUNCTIONS else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_DENY


def _writer(action: int, first: str | None, second: str | None, name: str | None, inner: str | None) -> int:
    if action in (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE):
        fixed = inner is None and first in _FIXED
        return sqlite3.SQLITE_DENY if fixed else sqlite3.SQLITE_OK
    return _reader(action, first, second, name, inner)
