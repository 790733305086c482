"""The cluster database: UCM's tables, the product's rules, the SQL console, and the registrar's copy of it."""

from registrar.core.database.errors import (
    DatabaseFileError,
    DatabaseRefusal,
    QueryTooLarge,
    Rule,
    RuleError,
    SqlError,
    SubscriberError,
)
from registrar.core.database.projection import read_cluster
from registrar.core.database.rows import Row, SqlResult, Transaction
from registrar.core.database.sql_console import QueryResult, SqlConsole
from registrar.core.database.store import Changes, ClusterDatabase

__all__ = [
    "Changes",
    "ClusterDatabase",
    "DatabaseFileError",
    "DatabaseRefusal",
    "QueryResult",
    "QueryTooLarge",
    "Row",
    "Rule",
    "RuleError",
    "SqlConsole",
    "SqlError",
    "SqlResult",
    "SubscriberError",
    "Transaction",
    "read_cluster",
]
