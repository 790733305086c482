"""`ucmsim token`: mint tokens in a running lab, good or wrong in one way, and look into them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from simulator.cli import screen
from simulator.cli.remote import Remote

token = typer.Typer(
    no_args_is_help=True, help="Mint access tokens in a running lab, good or wrong, and look into them."
)

_LONGEST = 120

ControlUrl = Annotated[
    str, typer.Option(metavar="URL", help="The lab's control API, as `ucmsim up` prints it.")
]


def register(app: typer.Typer) -> None:
    app.add_typer(token, name="token")


@token.command()
def mint(
    control: ControlUrl,
    user: Annotated[str, typer.Option(help="The token's subject.")],
    device: Annotated[str | None, typer.Option(help="The token's device; the cluster must have it.")] = None,
    lifetime: Annotated[int, typer.Option(min=1, max=86400, help="Life of the token in seconds.")] = 3600,
    mutate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Make the token wrong; see `ucmsim token mutations`. If repeated: one token per line.",
        ),
    ] = None,
) -> None:
    """Print only an access token on stdout; if the cluster would refuse the user, warn on stderr."""
    remote = Remote(control)
    wanted: list[str | None] = [*mutate] if mutate else [None]
    warnings: dict[str, None] = {}
    for mutation in wanted:
        body: dict[str, object] = {"user": user, "device": device, "lifetime": lifetime, "mutate": mutation}
        answer = remote.post("/tokens", body)
        warnings[answer.get("warning", "")] = None
        typer.echo(answer["token"])
    for warning in filter(None, warnings):
        screen.errors().print(f"warning: {warning}", style="yellow", markup=False, soft_wrap=True)


@token.command()
def mutate(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="What to make wrong; see `ucmsim token mutations`.")
    ],
    control: ControlUrl,
    user: Annotated[str, typer.Option(help="The token's subject.")],
    lifetime: Annotated[int, typer.Option(min=1, max=86400, help="Life of the token in seconds.")] = 3600,
) -> None:
    """Print a wrong access token for each NAME, one on a line: what `mint --mutate` prints.

    The lab mints each token with its own keys, because most mutations need the private keys.
    """
    mint(control=control, user=user, lifetime=lifetime, mutate=names)


@token.command()
def mutations(
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """List the ways in which `mint --mutate` can make a token wrong, and how a registrar answers each."""
    from registrar.core.tokens import MUTATIONS

    if as_json:
        rows = [
            {"name": m.name, "row": m.row, "text": m.text, "problem": m.problem} for m in MUTATIONS.values()
        ]
        screen.emit_json(rows)
        return
    screen.columns([(m.name, m.problem.value, m.text) for m in MUTATIONS.values()])


@token.command()
def inspect(
    control: ControlUrl,
    text: Annotated[str, typer.Argument(metavar="TOKEN", help='The token, or "-" to read it from stdin.')],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Show a token's headers and claims, and why it would be refused now. Exit 1 if it would."""
    given = typer.get_text_stream("stdin").read().strip() if text == "-" else text
    found = Remote(control).post("/tokens/inspect", {"token": given})
    if as_json:
        screen.emit_json(found)
    else:
        _show(found)
    if not found["accepted"]:
        raise typer.Exit(screen.FAILURE)


def _show(found: dict[str, Any]) -> None:
    from rich.markup import escape

    out = screen.console()
    out.print(f"[bold]{found['kind']}[/] {found['ref']}, {found['size']} characters")
    for title, part in (
        ("outer header", found["header"]),
        ("inner header", found["jwe_header"]),
        ("claims", found["claims"]),
    ):
        out.print(f"[bold]{title}[/]")
        if part is None:
            out.print("  cannot be read")
        for name, value in (part or {}).items():
            out.print(f"  {name:8} {_short(value)}", markup=False, soft_wrap=True)
    signature = "valid" if found["signature_valid"] else "not valid"
    out.print(f"signing key: {found['signing_key']}, signature {signature}")
    out.print(f"encryption key: {found['encryption_key']}")
    if found["accepted"]:
        out.print(f"[green]would be accepted now[/], for {found['expires_in']:.0f} s more")
    else:
        out.print(
            f"[bold red]would be refused now[/]: {found['problem']}: {escape(found['detail'])}", soft_wrap=True
        )


def _short(value: object) -> str:
    """Shorten a long claim (the padding claim, for example, is 300 zeros)."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:20]}... ({len(text)} characters)"
