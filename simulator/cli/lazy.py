"""Commands that are imported when they are named: `ucmsim --version` and `--help` import none of them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from simulator.interrupts import ending_at_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A command of `ucmsim`: the module that registers it, and its line in `ucmsim --help`."""

    module: str
    """In `simulator.cli`; its `register(app)` adds the command."""
    help: str
    """The first sentence of the command's own help; a test holds the two equal."""


COMMANDS: dict[str, Entry] = {
    "demo": Entry(
        module="demo",
        help="Start a simulated UCM, let phones register, reproduce the documented failures, and show it all.",
    ),
    "list": Entry(module="list", help="List the built-in scenarios."),
    "check": Entry(
        module="check",
        help="Read scenario and lab files without running them; each problem is one "
        "line with file and line number.",
    ),
    "run": Entry(
        module="run",
        help="Run scenarios. Exit 0: all as expected, 1: a failure, 2: usage, 3: environment.",
    ),
    "explain": Entry(
        module="explain",
        help="Show every attempt, with cause, remedy and proof of each failure; "
        "for one attempt, the whole checklist.",
    ),
    "up": Entry(
        module="up",
        help="Run a lab until Ctrl-C: a registrar, its configuration files, an Expressway-C and a control API.",
    ),
    "admin": Entry(
        module="admin", help="Run a command on a node's platform CLI. Exit 1 if it was unsuccessful."
    ),
    "phone": Entry(
        module="phone",
        help="Fetch cnf.xml, choose node and port, register once, unregister; with --domain, sign in first.",
    ),
    "doctor": Entry(
        module="doctor",
        help="Show versions, check the installation, and look for ports that are "
        "already taken. Exit 3 on a problem.",
    ),
    "token": Entry(
        module="token", help="Mint access tokens in a running lab, good or wrong, and look into them."
    ),
    "expressway": Entry(
        module="expressway", help="Zones, discovery, trusted CAs and event log of an Expressway."
    ),
}
"""In the order of `ucmsim --help`."""


class LazyGroup(TyperGroup):
    """The group of `COMMANDS`: each is imported by the first `get_command` of its name."""

    _listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if self._listing:
            return TyperCommand(cmd_name, help=entry.help)
        return load(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help from the table alone."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False


def load(name: str) -> Any:
    """Import and return the command `name` of `COMMANDS`. Ctrl-C meanwhile ends the process at once."""
    with ending_at_once():
        own = typer.Typer()
        import_module(f"simulator.cli.{COMMANDS[name].module}").register(own)
        return typer.main.get_group(own).commands[name]
