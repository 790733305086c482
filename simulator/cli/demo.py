"""`ucmsim demo`: the tour. Registrations and the documented failures, each shown as a ladder."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from simulator.cli import results, screen
from simulator.evidence.report.report import Report
from simulator.lab.files import catalogue
from simulator.lab.run.runner import run_live

TOUR = (
    "registers-on-5090",
    "registers-over-5091",
    "legacy-5060",
    "legacy-5061",
    "port-mismatch-mode-off",
    "unknown-ca-from-expressway",
    "unknown-ca-from-ucm",
)


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print machine-readable results instead of ladders.")
    ] = False,
) -> None:
    """Start a simulated UCM, let phones register, reproduce the documented failures, and show it all.

    Exit 0 only if every outcome was as expected.
    """

    async def tour() -> list[Report]:
        reports = []
        for scenario in catalogue.find(TOUR):
            report = await run_live(scenario, scenario.tls[0])
            reports.append(report)
            if not as_json:
                screen.console().rule(f"[bold]{scenario.title}", align="left")
                results.ladder(report.ladder(width=screen.width()))
                results.verdict(report)
                screen.console().print()
        return reports

    if not as_json:
        screen.console().print("[bold]ucmsim[/] - real sockets, TLS, certificates and tokens on 127.0.0.1.")
        screen.console().print("Not affiliated with Cisco. Every key here is new and worthless.\n")
    try:
        reports = asyncio.run(tour())
    except OSError as error:
        screen.fail(screen.ENVIRONMENT, str(error))
    if as_json:
        screen.emit_json([report.to_json() for report in reports])
    else:
        results.table(reports)
    if not all(report.passed for report in reports):
        raise typer.Exit(screen.FAILURE)
