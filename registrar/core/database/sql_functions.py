"""Functions of Informix and of UCM's procedures that its users' SQL relies on; all of them pure."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from simulator.core.instant import Instant, to_datetime

SqlValue = str | bytes | int | float | None
NAMES = frozenset({"dbinfo", "nvl", "newid", "mod"})


def install_functions(connection: sqlite3.Connection, new_pkid: Callable[[], str]) -> None:
    """Give a connection the functions that UCM's users call. `new_pkid` makes keys for newid()."""
    connection.create_function("dbinfo", 2, _dbinfo, deterministic=True)
    connection.create_function("dbinfo", 1, _dbinfo, deterministic=True)
    connection.create_function("nvl", 2, _nvl, deterministic=True)
    connection.create_function("mod", 2, _mod, deterministic=True)
    connection.create_function("newid", 0, new_pkid)


def _dbinfo(what: str, value: object = None) -> str | None:
    """`utc_to_datetime` gives `YYYY-MM-DD HH:MM:SS`; NULL for what is no time."""
    if what == "utc_to_datetime":
        try:
            return to_datetime(Instant(float(str(value)))).strftime("%Y-%m-%d %H:%M:%S")
        except (ValueError, OverflowError, OSError):
            return None
    if what == "version":
        return "IBM Informix Dynamic Server Version 12.10.FC9"
    if what == "dbname":
        return "ccm"
    return None


def _nvl(value: SqlValue, default: SqlValue) -> SqlValue:
    return default if value is None else value


def _mod(dividend: SqlValue, divisor: SqlValue) -> int | None:
    try:
        return int(str(dividend)) % int(str(divisor))
    except (ValueError, ZeroDivisionError):
        return None
