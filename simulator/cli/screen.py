"""How results look on a terminal and to a machine: the one place that knows rich and exit codes."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from simulator.evidence.explain import Attempt, brief, failures, full, summary
from simulator.evidence.explain import checklist as checks_of
from simulator.evidence.ladder import Line, Tone
from simulator.evidence.report.report import Report

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

FAILURE, USAGE, ENVIRONMENT = 1, 2, 3

_STYLES: dict[Tone, str] = {
    "good": "green",
    "bad": "bold red",
    "plain": "",
    "quiet": "cyan",
    "step": "bold yellow",
}


_MARKS = {"FAIL": "bold red", "PASS": "green", "not ": "dim", "Cause:": "bold", "Remedy:": "bold"}


def fail(code: int, message: str) -> NoReturn:
    """One line on stderr, then exit."""
    errors.print(f"ucmsim: {message}", style="red", markup=False, soft_wrap=True)
    raise typer.Exit(code)


def emit_json(data: object, *, indent: int | None = 2) -> None:
    sys.stdout.write(json.dumps(data, indent=indent, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def columns(rows: Sequence[tuple[str, ...]], *, indent: int = 0) -> None:
    """Rows under each other; the last column wraps below itself. For a pipe each row is one line."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)] if rows else []
    for row in rows:
        lead = " " * indent + "".join(f"{cell:{size}}  " for cell, size in zip(row[:-1], widths, strict=True))
        hanging(lead.rstrip(), row[-1], column=len(lead))


def hanging(lead: str, text: str, *, column: int | None = None) -> None:
    """`text` after `lead`, its further lines below its first one; one line if this is no terminal."""
    column = len(lead) + 1 if column is None else column
    wide = console.width if console.is_terminal else sys.maxsize
    body = textwrap.wrap(text, max(wide - column, 20)) or [""]
    for number, line in enumerate(body):
        console.print(f"{lead if number == 0 else '':{column}}{line}", markup=False, soft_wrap=True)


def count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def ladder(lines: Sequence[Line]) -> None:
    for line in lines:
        console.print(Text(line.text, style=_STYLES[line.tone], no_wrap=True, overflow="crop"))


def width() -> int:
    return max(40, min(console.width, 120))


def verdict(report: Report) -> None:
    """One line; for a failure also expected against actual and the end of the ladder."""
    mark = "[green]PASS[/]" if report.passed else "[bold red]FAIL[/]"
    console.print(f"{mark} {escape(report.name)} [dim]{report.seconds:.2f} s[/]", soft_wrap=True)
    if report.passed:
        return
    for failure in report.failures:
        console.print(f"     {failure}", markup=False, soft_wrap=True)
    ladder(report.ladder_end(width=width()))
    for attempt in failures(report.attempts()):
        for line in brief(attempt, width=width() - 5):
            console.print(f"     {line}", markup=False, soft_wrap=True)


def checklist(attempt: Attempt, *, advice: bool) -> None:
    """Check by check; `advice`: with cause, remedy and proof."""
    for line in (full if advice else checks_of)(attempt, width=width()):
        style = next((style for word, style in _MARKS.items() if line.lstrip().startswith(word)), "")
        console.print(Text(line, style=style), soft_wrap=True)


def attempts(found: Sequence[Attempt], *, whole: bool = False) -> None:
    """`whole`: the checklist of each. Else one line for each, and of what failed the cause and the remedy."""
    if not found:
        console.print("no attempt to connect or register was seen")
        return
    if not whole:
        for line in summary(found):
            console.print(line, markup=False, soft_wrap=True)
    for attempt in found if whole else failures(found):
        console.print()
        if whole:
            checklist(attempt, advice=True)
        else:
            console.print("\n".join(brief(attempt, width=width())), markup=False, soft_wrap=True)


def has_bar() -> bool:
    """Not in CI, and not where the output is no terminal."""
    return console.is_terminal and not os.environ.get("CI")


@contextmanager
def progress(total: int | None) -> Iterator[Callable[[], None]]:
    """A bar below what is printed meanwhile, where there `has_bar`."""
    if total is None or total < 2 or not has_bar():
        yield lambda: None
        return
    columns = (TextColumn("running"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def results(reports: Sequence[Report]) -> None:
    table = Table(title="Results", title_justify="left", header_style="bold")
    table.add_column("scenario", overflow="fold")
    table.add_column("TLS")
    table.add_column("as expected")
    table.add_column("seconds", justify="right")
    for report in reports:
        shown = Text("yes", style="green") if report.passed else Text("NO", style="bold red")
        table.add_row(report.title, report.tls, shown, f"{report.seconds:.2f}")
    console.print(table)
