"""`ucmsim doctor`: is this machine fit to run a lab?"""

from __future__ import annotations

from typing import Annotated

import typer

from simulator.cli import screen
from simulator.lab.doctor import examine


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    host: Annotated[str, typer.Option(help="Address the lab would bind to.")] = "127.0.0.1",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Show versions, check the installation, and look for ports that are already taken. Exit 3 on a problem."""

    findings = examine(host)
    if as_json:
        screen.emit_json([finding.to_json() for finding in findings])
    else:
        for finding in findings:
            mark = "[green]ok [/]" if finding.ok else "[bold red]NO [/]"
            screen.console().print(f"{mark} {finding.what:24} {finding.detail}", soft_wrap=True)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(screen.ENVIRONMENT)
