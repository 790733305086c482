"""`ucmsim list`: the built-in scenarios, and what their files may hold."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from simulator.cli import screen
from simulator.lab.files import catalogue
from simulator.lab.steps.scenario import Scenario
from softphone.core.settings.behaviours import DESCRIPTIONS


def register(app: typer.Typer) -> None:
    app.command("list")(list_scenarios)


def list_scenarios(
    behaviours: Annotated[
        bool, typer.Option("--behaviours", help="List the phone's scripted misbehaviours instead.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of scenario files instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """List the built-in scenarios."""
    if schema:
        screen.emit_json(Scenario.model_json_schema())
        return
    if behaviours:
        rows = {str(behaviour): text for behaviour, text in DESCRIPTIONS.items()}
        if as_json:
            screen.emit_json(rows)
            return
        screen.columns([*rows.items()])
        return
    scenarios = catalogue.builtin()
    if as_json:
        keys = {"id", "title", "group", "outcome", "tls"}
        screen.emit_json([scenario.model_dump(include=keys) for scenario in scenarios])
        return
    size = max(len(one.id) for one in scenarios)
    if screen.console().is_terminal:
        size = min(size, screen.console().width * 2 // 5)  # titles are what one reads
    for group in get_args(Scenario.model_fields["group"].annotation):
        shown = [one for one in scenarios if one.group == group]
        screen.console().print(f"[bold]{group}[/] [dim]({len(shown)})[/]")
        for one in shown:
            if len(one.id) > size:
                screen.console().print(f"  {one.id}", soft_wrap=True)
            lead = "" if len(one.id) > size else f"  {one.id}"
            screen.hanging(lead, one.title, column=size + 4)
