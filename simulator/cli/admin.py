"""`ucmsim admin`: a command of the platform CLI in a running lab, as over SSH."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli import screen
from simulator.cli.remote import Remote


def register(app: typer.Typer) -> None:
    app.command()(admin)


def admin(
    command: Annotated[str, typer.Argument(help='e.g. "utils sipOAuth-mode enable"')],
    control: Annotated[str, typer.Option(help="URL of the lab's control API, as `ucmsim up` prints it.")],
    node: Annotated[str | None, typer.Option(help="Default: the publisher.")] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(help="Answer to a question of the command; repeat it for further questions, in order."),
    ] = None,
    pem: Annotated[
        Path | None, typer.Option(help="File with a certificate to paste after the answers.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Run a command on a node's platform CLI. Exit 1 if it was unsuccessful."""
    answers = list(answer or [])
    if pem is not None:
        try:
            answers.append(pem.read_text())
        except (OSError, UnicodeDecodeError) as error:
            screen.fail(screen.USAGE, f"cannot read {pem}: {error}")
    body: dict[str, object] = {"command": command, "node": node, "answers": answers}
    result = Remote(control).post("/admin", body)
    if as_json:
        screen.emit_json(result)
    else:
        typer.echo(result["text"], nl=not result["text"].endswith("\n"))
    if not result["succeeded"]:
        raise typer.Exit(screen.FAILURE)
