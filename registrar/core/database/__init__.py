"""The cluster database: UCM's tables, the product's rules, the SQL door, and the registrar's copy of it."""

from registrar.core.database.errors import (
    DatabaseRefusal,
    QueryTooLarge,
    Rule,
    RuleError,
    SqlError,
    SubscriberError,
)
from registrar.core.database.projection import Projection
from registrar.core.database.sql_console import QueryResult, SqlConsole
from registrar.core.database.store import Changes, ClusterDatabase, DatabaseFileError

__all__ = [
    "Changes",
    "ClusterDatabase",
    "DatabaseFileError",
    "DatabaseRefusal",
    "Projection",
    "QueryResult",
    "QueryTooLarge",
    "Rule",
    "RuleError",
    "SqlConsole",
    "SqlError",
    "SubscriberError",
]
