"""`ucmsim run`: run scenarios and report."""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated, get_args

import typer

from simulator.aio.patience import DEFAULT, VARIABLE
from simulator.cli import results, screen
from simulator.core.tls.settings import TlsVersion
from simulator.evidence.report.artifacts import ArtifactFolder
from simulator.evidence.report.json_results import JsonWriter
from simulator.evidence.report.junit import JunitWriter
from simulator.evidence.report.report import Tally
from simulator.evidence.report.schema import schema as report_schema
from simulator.lab.files import catalogue
from simulator.lab.files.yaml_source import SourceError
from simulator.lab.run.batch import Run, jobs_for, run_all


class DriverChoice(StrEnum):
    LAB = "lab"
    WORLD = "world"


def register(app: typer.Typer) -> None:
    app.command()(run)


def run(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[ID|PATH]...", help="Scenario ids, files or folders.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All built-in scenarios.")] = False,
    driver: Annotated[
        DriverChoice, typer.Option(help="lab: real sockets; world: no sockets, deterministic.")
    ] = DriverChoice.LAB,
    tls: Annotated[str | None, typer.Option(help="Only this TLS version: 1.2 or 1.3.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of every identifier.")] = None,
    repeat: Annotated[
        int,
        typer.Option(
            min=1, max=10_000, help="Number of times to run everything; in the world all traces must be equal."
        ),
    ] = 1,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Number of processes; default: as many as are useful.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write results and events as JSON.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML.")] = None,
    artifacts: Annotated[
        Path | None,
        typer.Option(help="Folder for each run's ladder, explanation, logs, capture; index, JUnit, JSON."),
    ] = None,
    ladder: Annotated[
        bool, typer.Option("--ladder", help="Show every ladder, not only those of failures.")
    ] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of --json instead.")] = False,
    patience: Annotated[
        float,
        typer.Option(
            envvar=VARIABLE,
            min=0.01,
            max=86_400,
            metavar="SECONDS",
            help="How long to wait for something that may not come; extended on a busy machine.",
        ),
    ] = DEFAULT,
) -> None:
    """Run scenarios. Exit 0: all as expected, 1: a failure, 2: usage, 3: environment."""

    if schema:
        screen.emit_json(report_schema())
        return
    if bool(what) == every:
        screen.fail(screen.USAGE, "name scenarios, or give --all")
    versions = get_args(TlsVersion)
    if tls is not None and tls not in versions:
        screen.fail(screen.USAGE, f"--tls must be one of {', '.join(versions)}, not {tls!r}")
    # Without a bar that wants to know how many there are, the first run need not wait for the last file.
    at_once = not every or repeat > 1 or screen.has_bar()
    found = catalogue.each_builtin() if every else catalogue.find(what or ())
    try:
        scenarios = list(found) if at_once else found
    except SourceError as error:
        screen.fail(screen.USAGE, str(error))

    coming = (
        Run(
            scenario=scenario,
            tls=version,
            driver=driver.value,
            seed=seed,
            captured=artifacts is not None,
            patience=patience,
            repetition=number,
        )
        for number in range(1, repeat + 1)
        for scenario in scenarios
        for version in scenario.tls
        if tls in (None, version)
    )
    runs = list(coming) if at_once else coming
    total = len(runs) if isinstance(runs, list) else None
    tally = Tally()
    try:
        folder = ArtifactFolder(artifacts) if artifacts is not None else None
        writers: list[ArtifactFolder | JsonWriter | JunitWriter] = [folder] if folder is not None else []
        writers += [JsonWriter(json_file, ascii_only=True)] if json_file is not None else []
        writers += [JunitWriter(junit)] if junit is not None else []
        with ExitStack() as ending, screen.progress(total) as step:
            for writer in writers:  # an interrupted run leaves whole files, too
                ending.callback(writer.finish)
            for report in run_all(runs, jobs=jobs or jobs_for(total)):
                if ladder and report.passed:
                    results.ladder(report.ladder(width=screen.width()))
                results.verdict(report)
                # A report is not kept: a thousand runs hold a million records.
                tally.add(report)
                for writer in writers:
                    writer.add(report)
                step()
    except OSError as error:
        named = f"cannot write {error.filename}: {error.strerror}" if error.filename else str(error)
        screen.fail(screen.ENVIRONMENT, named)
    except ValueError as error:
        screen.fail(screen.USAGE, str(error))
    if folder is not None:
        screen.console().print(f"artifacts: {folder.index}", markup=False, soft_wrap=True)
    screen.console().print(str(tally))
    if code := exit_code(tally):
        raise typer.Exit(code)


def exit_code(tally: Tally) -> int:
    """Return what `ucmsim run` ends with: a run that failed weighs more than one that proves nothing."""
    if tally.failed:
        return screen.FAILURE
    return screen.ENVIRONMENT if tally.environment else 0
