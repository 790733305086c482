"""`ucmsim expressway`: an administrator's work at an Expressway of a running lab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table

from simulator.cli import screen
from simulator.cli.remote import Remote

ControlUrl = Annotated[str, typer.Option(help="URL of the lab's control API, as `ucmsim up` prints it.")]
Name = Annotated[str | None, typer.Option(help="Default: the first Expressway.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]

group = typer.Typer(no_args_is_help=True, help="Zones, discovery, trusted CAs and event log of an Expressway.")


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="expressway")


@group.command()
def zones(control: ControlUrl, name: Name = None, as_json: AsJson = False) -> None:
    """List neighbor zones with their states and the priority of their search rules."""
    _show(control, name, "zones", as_json, ("zone", "address", "state", "priority", "detail"))


@group.command()
def servers(control: ControlUrl, name: Name = None, as_json: AsJson = False) -> None:
    """List the Unified CM servers that the Expressway knows."""
    _show(control, name, "servers", as_json, ("publisher", "state", "version", "nodes", "detail"))


@group.command()
def discover(
    control: ControlUrl,
    name: Name = None,
    publisher: Annotated[str | None, typer.Option(help="Default: the lab's publisher.")] = None,
    user: Annotated[
        str | None, typer.Option(help="User with AXL access; default: the lab's administrator.")
    ] = None,
    password: Annotated[str | None, typer.Option(envvar="UCMSIM_AXL_PASSWORD")] = None,
    tls_verify: Annotated[bool, typer.Option(help="Check the publisher's Tomcat certificate.")] = True,
    as_json: AsJson = False,
) -> None:
    """Add a Unified CM server: query it over AXL, push our row, fetch its keys. Exit 1 on failure."""
    server: dict[str, object] = {
        "publisher": publisher,
        "user": user,
        "password": password,
        "tls_verify": tls_verify,
    }
    _act(control, name, "discover", server, as_json)


@group.command()
def refresh(control: ControlUrl, name: Name = None, as_json: AsJson = False) -> None:
    """Refresh servers: query all of them again. Exit 1 on failure."""
    _act(control, name, "refresh", {}, as_json)


@group.command(name="authorize-by-token")
def authorize_by_token(
    control: ControlUrl, on: Annotated[bool, typer.Option("--on/--off")] = True, name: Name = None
) -> None:
    """Set the switch Authorize by OAuth token with refresh."""
    _act(control, name, "authorize-by-token", {"on": on}, False)


@group.command(name="trusted-cas")
def trusted_cas(control: ControlUrl, name: Name = None, as_json: AsJson = False) -> None:
    """List the trusted CAs."""
    _show(control, name, "trusted-cas", as_json, ("subject", "issuer", "valid_until", "usable"))


@group.command(name="trust")
def trust(
    control: ControlUrl,
    pem: Annotated[Path, typer.Argument(help="File with the authority's certificate, in PEM.")],
    name: Name = None,
    as_json: AsJson = False,
) -> None:
    """Add a certificate to the trusted CAs."""
    try:
        text = pem.read_text()
    except UnicodeDecodeError:
        screen.fail(screen.USAGE, f"{pem} does not contain a PEM certificate")
    except OSError as error:
        screen.fail(screen.USAGE, f"cannot read {pem}: {error.strerror}")
    _act(control, name, "trusted-cas", {"pem": text}, as_json)


@group.command()
def blocked(control: ControlUrl, name: Name = None, as_json: AsJson = False) -> None:
    """List addresses that sent too many expired tokens, and how many seconds longer each is blocked."""
    _show(control, name, "blocked", as_json, ("source", "seconds_left"))


@group.command()
def unblock(
    control: ControlUrl,
    source: Annotated[str, typer.Argument(help="A blocked address.")],
    name: Name = None,
) -> None:
    """Lift the block of an address. Exit 2 if it is not blocked."""
    typer.echo(Remote(control).delete(_path(name, f"blocked/{quote(source, safe='')}"))["text"])


@group.command(name="log")
def log(control: ControlUrl, name: Name = None, as_json: AsJson = False) -> None:
    """Show the event log of the Expressway."""
    lines = Remote(control).get(_path(name, "log"))["lines"]
    if as_json:
        screen.emit_json(lines)
        return
    for line in lines:
        typer.echo(line)


def _path(name: str | None, what: str) -> str:
    return f"/expressways/{name or '-'}/{what}"


def _show(control: str, name: str | None, what: str, as_json: bool, columns: tuple[str, ...]) -> None:
    rows = Remote(control).get(_path(name, what))
    if as_json:
        screen.emit_json(rows)
        return
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*(escape(_cell(row[column])) for column in columns))
    screen.console().print(table)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _act(control: str, name: str | None, what: str, body: dict[str, object], as_json: bool) -> None:
    result = Remote(control).post(_path(name, what), body)
    if as_json:
        screen.emit_json(result)
    else:
        typer.echo(result["text"])
    if not result["succeeded"]:
        raise typer.Exit(screen.FAILURE)
