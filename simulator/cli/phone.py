"""`ucmsim phone`: one scripted Jabber against any UCM, real or simulated."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

import typer
from rich.markup import escape

from simulator.aio.clock import RealClock
from simulator.cli import results, screen, sign_in
from simulator.core.actor.flow import Address
from simulator.core.events.log import EventLog
from simulator.core.instant import Instant
from simulator.core.tls.settings import Credential
from simulator.evidence import ladder
from simulator.evidence.explain import Attempt, explain
from softphone.aio.client import NotSignedIn, Refused, Registered, register_once, sign_in_once
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import AccessToken, Deployment, EdgeServer, FixedToken, PhoneProfile

_UNREACHABLE = ("E_UNREACHABLE", "E_ALL_NODES_FAILED", "E_TIMEOUT")


class Where(StrEnum):
    ON_PREM = "on-prem"
    MRA = "mra"


def register(app: typer.Typer) -> None:
    app.command()(phone)


def phone(
    config_url: Annotated[
        str | None, typer.Option(help="URL of the device's cnf.xml, or of its folder with --device.")
    ] = None,
    domain: Annotated[
        str | None, typer.Option(help="Instead of --config-url: sign in, and find the servers through DNS.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="User who signs in.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(help='File with the password; "-": stdin; default: prompt for it.')
    ] = None,
    nameserver: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST:PORT", help="Name server for --domain; default: the system's."),
    ] = None,
    client_id: Annotated[
        str | None, typer.Option(help="OAuth client id; default: the id of the lab's Jabber.")
    ] = None,
    client_secret_file: Annotated[
        Path | None, typer.Option(help="File with the OAuth client's secret, if it has one.")
    ] = None,
    token_path: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Path of the token endpoint; default: /ssosp/oauth/token."),
    ] = None,
    stay: Annotated[
        float, typer.Option(min=0, help="With --domain: seconds to stay registered, renewing tokens.")
    ] = 0.0,
    device: Annotated[
        str | None, typer.Option(help="Device name; default: derived from the URL or user.")
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help='File with the access token; "-": stdin.')] = None,
    ca_file: Annotated[Path | None, typer.Option(help="PEM file with the authorities to trust.")] = None,
    cert_file: Annotated[Path | None, typer.Option(help="PEM file with the LSC (for 5061).")] = None,
    key_file: Annotated[Path | None, typer.Option(help="PEM file with the LSC's private key.")] = None,
    deployment: Annotated[
        Where, typer.Option(help="Where the phone is: inside, or outside behind an Expressway.")
    ] = Where.ON_PREM,
    edge: Annotated[str | None, typer.Option(help="For mra: HOST:PORT of the Expressway's SIP edge.")] = None,
    within: Annotated[float, typer.Option(min=1, max=600, help="Seconds to wait for an outcome.")] = 40.0,
    behaviour: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Misbehave in this way; see `ucmsim list --behaviours`."),
    ] = None,
    ladder: Annotated[bool, typer.Option("--ladder", help="Show the ladder after a success too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable outcome.")] = False,
) -> None:
    """Fetch cnf.xml, choose node and port, register once, unregister; with --domain, sign in first.

    Exit 0: registered, 1: refused (with reason and remedy), 2: usage, 3: unreachable.
    """

    try:
        account = None
        if domain is not None:
            if config_url is not None or token_file is not None or deployment is Where.MRA:
                raise ValueError(
                    "--domain finds file, token and path itself: no --config-url, --token-file or mra"
                )
            client = sign_in.Client(client_id, client_secret_file, token_path)
            account = sign_in.account(domain, user, password_file, nameserver or [], device, client)
            config_url, device = f"https://{domain}", device or "jabber"
        elif config_url is None:
            raise ValueError("give either --config-url URL, or --domain DOMAIN --user USER")
        profile = _profile(config_url, device, ca_file, cert_file, key_file, deployment, edge, behaviour or [])
        token = _token(token_file)
    except OSError as error:
        screen.fail(screen.USAGE, f"{error.filename}: {error.strerror}")
    except ValueError as error:
        screen.fail(screen.USAGE, str(error))
    clock = RealClock()
    log = EventLog(clock)
    if account is None:
        run = register_once(profile, FixedToken(token), within=within, log=log, clock=clock)
    else:
        run = sign_in_once(account, profile, within=within, stay=stay, log=log, clock=clock)
    outcome = asyncio.run(run)
    attempts = explain(log.records())
    failed = next((attempt for attempt in reversed(attempts) if not attempt.passed), None)
    advice = _advice(outcome, failed) if isinstance(outcome, Refused) else {}
    registered = isinstance(outcome, Registered)
    if as_json:
        tried = [attempt.to_json() for attempt in attempts]
        screen.emit_json(
            {"outcome": type(outcome).__name__.lower(), **asdict(outcome), **advice, "attempts": tried}
        )
    else:
        if ladder or not registered:
            _show_ladder(log)
        if not registered and failed is not None:
            # Where the node refused, what may be behind its answer follows anyway.
            results.checklist(failed, advice=not isinstance(outcome, Refused))
        _show(outcome, advice, profile.edges, advised=failed is not None and bool(failed.advice))
    if not registered:
        refused = isinstance(outcome, Refused) or (
            isinstance(outcome, NotSignedIn) and outcome.code in sign_in.REFUSALS
        )
        raise typer.Exit(screen.FAILURE if refused else screen.ENVIRONMENT)


def _profile(
    config_url: str,
    device: str | None,
    ca_file: Path | None,
    cert_file: Path | None,
    key_file: Path | None,
    deployment: str,
    edge: str | None,
    behaviours: list[str],
) -> PhoneProfile:
    """Build the phone's profile. Raises ValueError and OSError with a sentence for the user."""

    for name in behaviours:
        if name not in set(Behaviour):
            raise ValueError(f"--behaviour: unknown {name!r}; see `ucmsim list --behaviours`")
    parts = urlsplit(config_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not _has_a_good_port(parts):
        raise ValueError(f"--config-url requires an http or https URL, not {config_url!r}")
    if not parts.path.endswith(".cnf.xml"):
        if device is None:
            raise ValueError("--config-url names no .cnf.xml file: add --device")
        config_url = f"{config_url.rstrip('/')}/{device}.cnf.xml"
    name = device or parts.path.rpartition("/")[2].removesuffix(".cnf.xml")
    if (cert_file is None) != (key_file is None):
        raise ValueError("--cert-file and --key-file go together")
    credential = None
    if cert_file is not None and key_file is not None:
        credential = Credential(cert_file.read_bytes(), key_file.read_bytes())
        try:
            ssl.create_default_context().load_cert_chain(cert_file, key_file, password="")
        except ssl.SSLError as error:
            raise ValueError(
                f"{cert_file} and {key_file}: not a certificate and its key ({error.reason})"
            ) from None
    return PhoneProfile(
        device=name,
        config_urls=(config_url,),
        deployment=Deployment(deployment),
        edges=_edges(edge, deployment),
        trust=(_authorities(ca_file),) if ca_file is not None else (),
        credential=credential,
        behaviours=frozenset(Behaviour(one) for one in behaviours),
    )


def _has_a_good_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _authorities(file: Path) -> bytes:
    """Read a PEM file. Raises ValueError if it contains no certificate, OSError if it cannot be read."""
    pem = file.read_bytes()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        raise ValueError(f"{file}: contains no PEM certificate") from None
    return pem


def _edges(edge: str | None, deployment: str) -> tuple[EdgeServer, ...]:

    if edge is None:
        if deployment == "mra":
            raise ValueError("--deployment mra requires --edge HOST:PORT")
        return ()
    parts = urlsplit(f"//{edge}")
    if not parts.hostname or parts.port is None:
        raise ValueError(f"--edge requires HOST:PORT, not {edge!r}")
    return (EdgeServer(address=Address(parts.hostname, parts.port)),)


def _token(token_file: Path | None) -> Any:

    if token_file is None:
        return None
    try:
        text = (
            typer.get_text_stream("stdin").read() if str(token_file) == "-" else token_file.read_text("utf-8")
        )
    except UnicodeDecodeError:
        raise ValueError(f"{token_file}: not a text file, so there is no token in it") from None
    if not text.strip():
        raise ValueError(f"{token_file}: the file is empty")
    # Its claims are encrypted: how long it is good only the registrar can tell.
    token = AccessToken(text.strip(), Instant(float("inf")))
    if not token.sendable:
        raise ValueError(f"{token_file}: a token is one line, but the file has more")
    return token


def _advice(refused: Refused, failed: Attempt | None) -> dict[str, Any]:
    """List the possible causes of an answer, the likeliest first, as far as the phone alone can tell."""
    if refused.code == "E_NO_TOKEN":
        remedy = "Give the phone a token with --token-file; in a lab `ucmsim token mint` makes one."
        verify = 'The challenge reads Proxy-Authenticate: Bearer realm="ccmsipline".'
        return {
            "advice": [
                {
                    "cause": "The node asks for a token, but the phone has none.",
                    "remedy": remedy,
                    "verify": verify,
                }
            ]
        }
    causes = failed.advice if failed is not None else ()
    return {"advice": [{"cause": one.cause, "remedy": one.remedy, "verify": one.verify} for one in causes]}


def _show_ladder(log: EventLog) -> None:

    rows, captions = ladder.rows_of(log.records()), ladder.captions_of(log.records())
    results.ladder(ladder.draw(rows, width=screen.width(), captions=captions))


def _show(outcome: Any, advice: dict[str, Any], edges: tuple[EdgeServer, ...], *, advised: bool) -> None:
    """Print the outcome. `advised`: the cause and remedy of a failure have been printed already."""

    out = screen.console()
    if isinstance(outcome, Registered):
        node = escape(str(Address(outcome.node, outcome.port)))
        then = "then unregistered" if outcome.unregistered else "but its unregister was not answered"
        out.print(f"[green]registered[/] at {node} for {outcome.expires} s, {then}", soft_wrap=True)
        return
    if isinstance(outcome, NotSignedIn):
        out.print(f"[bold red]not signed in[/] {outcome.code}: {escape(outcome.why)}", soft_wrap=True)
        remedy = sign_in.REMEDIES.get(outcome.code, "")
        if remedy and not advised:
            screen.hanging("   Remedy:", remedy)
        elif advised and "--" in remedy:
            screen.hanging("   Here:", remedy)
        elif advised:
            return
        elif "certificate" in outcome.why and "refused by us" in outcome.why:
            out.print("   Remedy: trust the certificate's issuer with --ca-file.")
        return
    if not isinstance(outcome, Refused):
        # A configuration that is missing or no good: the phone never got to a node.
        what = "unreachable" if outcome.code in _UNREACHABLE else "no node tried,"
        out.print(f"[bold red]{what}[/] {outcome.code}: {escape(outcome.why)}", soft_wrap=True)
        if "certificate" in outcome.why and "refused by us" in outcome.why:
            out.print("   Remedy: trust the certificate's issuer with --ca-file.")
        return
    said = f' "{outcome.warning}"' if outcome.warning else ""
    asked = Address(outcome.node, outcome.port)
    # The Expressway answers for itself as well: who refused, the phone cannot tell.
    who = f"for {asked} through {edges[0].address}" if edges else f"by {asked}"
    answer = escape(f"{who}: {outcome.status} {outcome.reason}{said}")
    out.print(f"[bold red]refused[/] {answer}", soft_wrap=True)
    causes = advice.get("advice", [])
    if len(causes) > 1:
        out.print("The answer does not say why. It may be one of these, the likeliest first:")
    for one in causes:
        screen.hanging("-", one["cause"])
        screen.hanging("  Remedy:", one["remedy"])
        screen.hanging("  To see it:", one["verify"])
