"""Opens the SQLite database of a cluster: the one file that the registrar's cores read and write.

SQLite does its own I/O; this is why the connection is made here and handed to `ClusterDatabase`.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from registrar.core.database.errors import DatabaseFileError


def open_database(path: Path | None = None) -> sqlite3.Connection:
    """Open the state file `path`, which is made if there is none, or a database in memory (None).

    Every statement is a transaction of its own unless one was begun. Raises DatabaseFileError, which names the
    file, if it cannot be opened or holds no database.
    """
    try:
        connection = sqlite3.connect(str(path or ":memory:"), isolation_level=None, check_same_thread=False)
        try:
            connection.execute("pragma schema_version")  # SQLite reads the file with the first statement
        except sqlite3.Error:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise DatabaseFileError(f"{path}: no cluster database: {error}") from error
    return connection
