"""Print ladders, verdicts and explanations: what `run`, `demo`, `explain` and `phone` show of a report."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from simulator.cli.screen import console, width
from simulator.evidence.explain import Attempt, brief, failures, full, summary
from simulator.evidence.explain import checklist as checks_of
from simulator.evidence.ladder import TextLine, Tone
from simulator.evidence.report.report import Outcome, Report

_STYLES: dict[Tone, str] = {
    "good": "green",
    "bad": "bold red",
    "plain": "",
    "quiet": "cyan",
    "step": "bold yellow",
}


_VERDICTS: dict[Outcome, str] = {
    "passed": "[green]PASS[/]",
    "failed": "[bold red]FAIL[/]",
    "environment": "[bold yellow]ENV [/]",
}
_MARKS = {"FAIL": "bold red", "PASS": "green", "not ": "dim", "Cause:": "bold", "Remedy:": "bold"}


def ladder(lines: Sequence[TextLine]) -> None:
    for line in lines:
        console().print(Text(line.text, style=_STYLES[line.tone], no_wrap=True, overflow="crop"))


def verdict(report: Report) -> None:
    """Print one line; for a failure also expected against actual and the end of the ladder."""
    mark = _VERDICTS[report.outcome]
    console().print(f"{mark} {escape(report.name)} [dim]{report.seconds:.2f} s[/]", soft_wrap=True)
    if report.passed:
        return
    for failure in report.failures:
        console().print(f"     {failure}", markup=False, soft_wrap=True)
    ladder(report.ladder_end(width=width()))
    for attempt in failures(report.attempts()):
        for line in brief(attempt, width=width() - 5):
            console().print(f"     {line}", markup=False, soft_wrap=True)


def checklist(attempt: Attempt, *, advice: bool) -> None:
    """Print an attempt check by check; `advice`: with cause, remedy and proof."""
    for line in (full if advice else checks_of)(attempt, width=width()):
        style = next((style for word, style in _MARKS.items() if line.lstrip().startswith(word)), "")
        console().print(Text(line, style=style), soft_wrap=True)


def attempts(found: Sequence[Attempt], *, whole: bool = False) -> None:
    """Print one line for each attempt, and of those that failed cause and remedy. `whole`: the checklist of
    each.
    """
    if not found:
        console().print("no attempt to connect or register was seen")
        return
    if not whole:
        for line in summary(found):
            console().print(line, markup=False, soft_wrap=True)
    for attempt in found if whole else failures(found):
        console().print()
        if whole:
            checklist(attempt, advice=True)
        else:
            console().print("\n".join(brief(attempt, width=width())), markup=False, soft_wrap=True)


def table(reports: Sequence[Report]) -> None:
    shown_table = Table(title="Results", title_justify="left", header_style="bold")
    shown_table.add_column("scenario", overflow="fold")
    shown_table.add_column("TLS")
    shown_table.add_column("as expected")
    shown_table.add_column("seconds", justify="right")
    for report in reports:
        shown = Text("yes", style="green") if report.passed else Text("NO", style="bold red")
        shown_table.add_row(report.title, report.tls, shown, f"{report.seconds:.2f}")
    console().print(shown_table)
