"""What other rooms see of the database: rows, and transactions to write in. None of them knows SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol


class Row(Protocol):
    """One row of a result: a column by its name or number."""

    def __getitem__(self, column: str | int, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> list[str]:
        """Return the names of the columns."""
        ...


class SqlResult(Protocol):
    """What a statement found or changed."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...

    def fetchone(self) -> Any:
        """Return the next `Row`; None: there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the `Row`s that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Transaction(Protocol):
    """An open transaction of `ClusterDatabase.write`. What fails in it becomes a DatabaseRefusal there."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> SqlResult:
        """Run one statement; values stand for its question marks."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> SqlResult:
        """Run one statement for each row of values."""
        ...
