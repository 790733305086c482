"""`ucmsim explain`: why an attempt to connect or register failed, check by check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli import results, screen
from simulator.cli.remote import Remote
from simulator.evidence.explain import Attempt, environment_notes
from simulator.evidence.explain import explain as explained
from simulator.evidence.logs import logs_of
from simulator.evidence.report.archive import StoredRun, read_runs, runs_from_json

_PAGE = 5000


def register(app: typer.Typer) -> None:
    app.command()(explain)


def explain(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="A file of `run --json`, an artifacts folder, or a control URL."),
    ],
    attempt: Annotated[
        str | None,
        typer.Argument(
            metavar="[ATTEMPT]", help="Number of one attempt; RUN.ATTEMPT if there are several runs."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    log: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Instead, print this log of the run in its product's own format."),
    ] = None,
) -> None:
    """Show every attempt, with cause, remedy and proof of each failure; for one attempt, the whole checklist.

    Exit 0: shown, 2: no such run or attempt, 3: no lab answers.
    """
    runs = _runs(run)
    if log is not None:
        _print_log(runs, log)
        return
    chosen = _chosen(runs, attempt)
    if as_json:
        data = [{"run": one.name, "attempts": [each.to_json() for each in found]} for one, found in chosen]
        screen.emit_json(data)
        return
    for number, (one, found) in enumerate(chosen, start=1):
        if len(runs) > 1:
            title = one.name if attempt else f"{number}. {one.name}"
            screen.console().print(f"[bold]{title}[/]")
        for note in environment_notes(one.records):
            screen.console().print(note, style="yellow", markup=False, soft_wrap=True)
        results.attempts(found, whole=attempt is not None)
        logs = logs_of(one.records)
        if logs and attempt is None:
            screen.console().print(f"logs: {', '.join(logs)} (--log NAME prints one)", soft_wrap=True)


def _print_log(runs: list[StoredRun], name: str) -> None:
    found = [logs for run in runs if name in (logs := logs_of(run.records))]
    if not found:
        known = dict.fromkeys(file for run in runs for file in logs_of(run.records))
        hint = f"the run has {', '.join(known)}" if known else "the run does not say which actors it had"
        screen.fail(screen.USAGE, f"no log {name!r}: {hint}")
    for logs in found:
        typer.echo(logs[name], nl=False)


def _runs(text: str) -> list[StoredRun]:

    try:
        if text.startswith(("http://", "https://")):
            return runs_from_json(_fetched(text), source=text)
        return read_runs(Path(text))
    except OSError as error:
        hint = (
            ""
            if "/" in text or "." in text
            else f"; `ucmsim run {text} --json FILE` writes a file that it can read"
        )
        screen.fail(screen.USAGE, f"{error.filename}: {error.strerror}{hint}")
    except ValueError as error:
        screen.fail(screen.USAGE, str(error))


def _fetched(url: str) -> list[object]:
    remote = Remote(url)
    events: list[object] = []
    while True:
        last = events[-1] if events else None
        since = last["seq"] if isinstance(last, dict) else 0
        page = remote.get(f"/events?since={since}&limit={_PAGE}")
        if not isinstance(page, list):
            screen.fail(screen.ENVIRONMENT, f"{url} is not a lab's control API")
        events += page
        if len(page) < _PAGE:
            break
    if not events:
        screen.fail(screen.USAGE, f"{url}: the lab keeps no events yet")
    return events


def _chosen(runs: list[StoredRun], wanted: str | None) -> list[tuple[StoredRun, tuple[Attempt, ...]]]:

    if wanted is None:
        return [(run, explained(run.records)) for run in runs]
    first, _, second = wanted.partition(".")
    which, number = (first, second) if second else ("1", first)
    if not (which.isdecimal() and number.isdecimal()) or (len(runs) > 1 and not second):
        hint = "RUN.ATTEMPT, e.g. 2.1" if len(runs) > 1 else "a number"
        screen.fail(screen.USAGE, f"the attempt is {hint}, not {wanted!r}")
    if not 1 <= int(which) <= len(runs):
        screen.fail(screen.USAGE, f"no run {which}; the file has {len(runs)}")
    run = runs[int(which) - 1]
    found = explained(run.records)
    match = tuple(attempt for attempt in found if attempt.number == int(number))
    if not match:
        screen.fail(screen.USAGE, f"{run.name} has no attempt {number}: it has {len(found)}")
    return [(run, match)]
