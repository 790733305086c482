"""What the cluster database refuses, as types: SQL errors with Informix's codes, rules, subscriber writes."""

from __future__ import annotations

import re
import sqlite3
from enum import StrEnum

DUPLICATE_TEXT = "Could not insert new row - duplicate value in a UNIQUE INDEX column (Unique Index:)."
"""[observed through AXL: administration 1.4]"""


class DatabaseRefusal(ValueError):
    """The write or query was refused and nothing was changed."""


class DatabaseFileError(ValueError):
    """A state file that is no cluster database, or one of another layout; the text names the file."""


class SqlError(DatabaseRefusal):
    """A statement the database could not run. -201, -206, -217 and -239 are observed, the others Informix's."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class QueryTooLarge(DatabaseRefusal):
    """More than one answer may hold. [text observed: administration 1.2]"""

    def __init__(self, total: int, suggested: int) -> None:
        super().__init__(
            f"Query request too large. Total rows matched: {total} rows. "
            f"Suggestive Row Fetch: less than {suggested} rows"
        )
        self.total = total
        self.suggested = suggested


class SubscriberError(DatabaseRefusal):
    """A write on a node that is not the publisher. [the text is the simulator's: administration 11.4]"""

    def __init__(self, node: str, publisher: str) -> None:
        super().__init__(
            f"{node} is a subscriber and its database is read only; "
            f"make this change on the publisher {publisher}"
        )
        self.node = node


class Rule(StrEnum):
    """The product's rules, the same for AXL, SQL and a scenario step (administration 2, 6.2)."""

    PORT = "port"
    PROFILE = "profile"
    MODE = "mode"
    LICENCE = "licence"
    NODES = "nodes"
    EXPRESSWAY = "expressway"
    DEVICE = "device"


class RuleError(DatabaseRefusal):
    """A change UCM's administration would not save; `rule` says which rule, the text what is wrong."""

    def __init__(self, rule: Rule, text: str) -> None:
        super().__init__(text)
        self.rule = rule
        self.text = text


_PATTERNS: tuple[tuple[re.Pattern[str], int, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), code, text)
    for pattern, code, text in (
        (r"^no such table: (?:main\.)?(\S+)", -206, "The specified table ({0}) is not in the database."),
        (
            r"^no such column: (\S+)",
            -217,
            "Column ({0}) not found in any table in the query (or SLV is undefined).",
        ),
        (
            r"^table \S+ has no column named (\S+)",
            -217,
            "Column ({0}) not found in any table in the query (or SLV is undefined).",
        ),
        (r"^UNIQUE constraint failed", -239, DUPLICATE_TEXT),
        (r"^NOT NULL constraint failed: (\S+)", -391, "Cannot insert a null into column ({0})."),
        (r"^CHECK constraint failed: (.+)", -530, "Check constraint ({0}) failed."),
        (
            r"^FOREIGN KEY constraint failed",
            -691,
            "Missing key in referenced table for referential constraint, or the key is still referenced.",
        ),
        (r"^ambiguous column name: (\S+)", -324, "Ambiguous column ({0})."),
        (
            r"^(?:no such function: |not authorized to use function: )(\S+)",
            -674,
            "Routine ({0}) can not be resolved.",
        ),
        (r"^wrong number of arguments to function (\w+)", -674, "Routine ({0}) can not be resolved."),
        (
            r"values for \d+ columns|has \d+ columns but \d+ values",
            -236,
            "Number of columns in INSERT does not match number of VALUES.",
        ),
        (r"^datatype mismatch", -1213, "A character to numeric conversion process failed."),
        (r"^access to (\w+)", -206, "The specified table ({0}) is not in the database."),
        (r"^not authorized", -387, "No permission for this statement."),
        (r"^interrupted", -213, "Statement interrupted: it took too long."),
        (
            r"too big|too many|too large|out of memory|exceeds",
            -229,
            "The statement or its result is too large.",
        ),
    )
)


def sql_error(error: sqlite3.Error) -> SqlError:
    """Word SQLite's complaint as Informix would; what is not known is a syntax error."""
    message = str(error)
    for pattern, code, text in _PATTERNS:
        match = pattern.search(message)
        if match is not None:
            return SqlError(code, text.format(*(group.strip("()'\"") for group in match.groups())))
    return SqlError(-201, "A syntax error has occurred.")
