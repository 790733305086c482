"""How results look on a terminal and to a machine: the one place that knows rich and exit codes."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

FAILURE, USAGE, ENVIRONMENT = 1, 2, 3


@cache
def console() -> Console:
    """Return the terminal on stdout. The first to print imports rich: `ucmsim token mint` needs none of it."""
    from rich.console import Console

    return Console(highlight=False)


@cache
def errors() -> Console:
    """Return the terminal on stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def fail(code: int, message: str) -> NoReturn:
    """Print one line on stderr and exit with `code`."""
    errors().print(f"ucmsim: {message}", style="red", markup=False, soft_wrap=True)
    raise typer.Exit(code)


def emit_json(data: object, *, indent: int | None = 2) -> None:
    sys.stdout.write(json.dumps(data, indent=indent, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def columns(rows: Sequence[tuple[str, ...]], *, indent: int = 0) -> None:
    """Print rows in columns; the last column wraps below itself. In a pipe each row is one line."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)] if rows else []
    for row in rows:
        lead = " " * indent + "".join(f"{cell:{size}}  " for cell, size in zip(row[:-1], widths, strict=True))
        hanging(lead.rstrip(), row[-1], column=len(lead))


def hanging(lead: str, text: str, *, column: int | None = None) -> None:
    """Print `text` after `lead`, its further lines below its first one; one line if this is no terminal."""
    column = len(lead) + 1 if column is None else column
    wide = console().width if console().is_terminal else sys.maxsize
    body = textwrap.wrap(text, max(wide - column, 20)) or [""]
    for number, line in enumerate(body):
        console().print(f"{lead if number == 0 else '':{column}}{line}", markup=False, soft_wrap=True)


def count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def width() -> int:
    return max(40, min(console().width, 120))


def has_bar() -> bool:
    """Tell whether progress is drawn: not in CI, and not where the output is no terminal."""
    return console().is_terminal and not os.environ.get("CI")


@contextmanager
def progress(total: int | None) -> Iterator[Callable[[], None]]:
    """Draw a bar below what is printed meanwhile, where `has_bar` says so. Yields the function that advances
    it.
    """
    if total is None or total < 2 or not has_bar():
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("running"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
