"""`ucmsim check`: what is wrong in scenario and lab files, without running them."""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.cli import screen
from simulator.lab.files.check import check_paths


def register(app: typer.Typer) -> None:
    app.command()(check)


def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID|PATH]...", help="Scenarios, or scenario and lab files; default: all built-in ones."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Read scenario and lab files without running them; each problem is one line with file and line number."""
    found = check_paths(paths)
    if as_json:
        screen.emit_json({"files": found.files, "problems": [str(problem) for problem in found.problems]})
    else:
        for problem in found.problems:
            screen.errors().print(str(problem), markup=False, soft_wrap=True)
        read = screen.count(found.files, "file")
        screen.console().print(f"{read} read, {screen.count(len(found.problems), 'problem')}")
    if found.problems:
        raise typer.Exit(screen.USAGE)
