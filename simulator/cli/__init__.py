"""The `ucmsim` command: each module parses one command's arguments and calls; nothing is decided here.

Exit codes everywhere: 0 as expected, 1 a failure, 2 usage, 3 environment (port taken, unreachable).
"""

from __future__ import annotations

from typing import Annotated

import typer

from simulator import __version__
from simulator.cli.lazy import LazyGroup

app = typer.Typer(
    name="ucmsim",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A protocol simulator of Cisco Unified CM's SIP OAuth registrar and of the Jabber softphone. "
    "Not affiliated with Cisco.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ucmsim {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
