"""`ucmsim up`: run a lab until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import shlex
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli import screen
from simulator.core.actor.flow import Address
from simulator.interrupts import ending_at_once
from simulator.lab.config.defaults import default_lab, with_ports
from simulator.lab.config.lab import LabConfig
from simulator.lab.control.up import Ready, serve
from simulator.lab.files.check import check_file
from simulator.lab.files.lab_file import read_lab
from simulator.lab.files.overlay import overlaid
from simulator.lab.files.yaml_source import SourceError
from simulator.lab.run.live import Lab


def register(app: typer.Typer) -> None:
    app.command()(ending_at_once()(up))  # until `serve` listens for signals


def up(
    lab_file: Annotated[
        Path | None,
        typer.Argument(metavar="LAB.yaml", help="File that describes the lab; default: the lab above."),
    ] = None,
    port_base: Annotated[
        int | None,
        typer.Option(min=0, max=65000, help="First of the lab's consecutive ports; 0: any free ones."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to bind to.")] = "127.0.0.1",
    control_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the control API; 0: any free one.")
    ] = 0,
    events: Annotated[bool, typer.Option(help="Keep events for the control API.")] = True,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the lab: tls=1.3, cluster.trying=true ..."),
    ] = None,
    pcap: Annotated[
        Path | None,
        typer.Option(help="Write a capture for Wireshark, with its TLS secrets, when the lab ends."),
    ] = None,
    keylog: Annotated[
        Path | None, typer.Option(help="Write the TLS secrets of every session as it is set up.")
    ] = None,
    until_eof: Annotated[bool, typer.Option("--until-eof", help="Also end the lab when stdin ends.")] = False,
    state: Annotated[
        Path | None,
        typer.Option(help="Keep the cluster database in this file between runs, token keys in FILE.authz."),
    ] = None,
    syslog: Annotated[
        str | None,
        typer.Option(metavar="FILE|udp://HOST:PORT", help="Where to send the nodes' alarms as syslog lines."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line when the lab is ready, and nothing else.")
    ] = False,
) -> None:
    """Run a lab until Ctrl-C: a registrar, its configuration files, an Expressway-C and a control API.

    Without a file, the lab has node ucm-pub on 5060, 5061, 5090, 5091 and 6970,
    Expressway-C expc on 5063, and a user, device and line for each port:

    alice CSFALICE 1010 and bob CSFBOB 1011 with OAuth, carol CSFCAROL 1012
    on 5060 without TLS, dave CSFDAVE 1013 on 5061 with an LSC.
    """

    config = _config(lab_file, port_base, host, changes or [])
    if not host:
        screen.fail(screen.USAGE, "--host requires an address")
    _warn_if_public(host)
    _warn_if_nowhere(config)
    alarms = Path(syslog) if syslog is not None and not syslog.startswith("udp:") else None
    for option, file in (("--pcap", pcap), ("--keylog", keylog), ("--syslog", alarms)):
        _check_writable(option, file)

    def announce(ready: Ready, lab: Lab) -> None:
        if as_json:
            screen.emit_json(ready.to_json(), indent=None)
        else:
            _show(ready, lab)
        # What the lab was built of stays: no collection need look at it again (6 % of each new connection).
        gc.freeze()

    try:
        asyncio.run(
            serve(
                config,
                host=host,
                control_port=control_port,
                events=events,
                until_eof=until_eof,
                pcap=pcap,
                keylog=keylog,
                state=state,
                syslog=syslog,
                announce=announce,
            )
        )
    except OSError as error:
        taken = error.errno in (errno.EADDRINUSE, errno.EACCES) and port_base != 0
        remedy = " (try --port-base 0)" if taken else ""
        screen.fail(screen.ENVIRONMENT, f"{error.strerror or error}{remedy}")
    except ValueError as error:
        screen.fail(screen.USAGE, str(error))


def _config(lab_file: Path | None, port_base: int | None, host: str, changes: list[str]) -> LabConfig:
    try:
        if lab_file is None:
            config = default_lab(host=host)
        else:
            check_file(lab_file)
            config = read_lab(lab_file)
        config = overlaid(config, changes)
    except SourceError as error:
        screen.fail(screen.USAGE, str(error))
    return config if port_base is None else with_ports(config, port_base)


def _check_writable(option: str, file: Path | None) -> None:
    """Check at once, not when the lab ends, that a file can be written; only its owner may read it."""
    if file is not None:
        try:
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
        except OSError as error:
            screen.fail(screen.ENVIRONMENT, f"{option}: cannot write {file}: {error.strerror}")


def _warn_if_public(host: str) -> None:
    try:
        public = not ip_address(host).is_loopback
    except ValueError:
        public = host != "localhost"
    if public:
        screen.errors().print(
            f"warning: binding to {host}: anybody who can reach this machine can reach the lab "
            "and its control API",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )


def _warn_if_nowhere(config: LabConfig) -> None:
    """Warn if a node listens on every address, because phones need one to which they can connect."""
    for node in config.nodes:
        if node.host is not None and _is_unspecified(node.host):
            screen.errors().print(
                f"warning: cnf.xml names {node.host}, which phones on other machines cannot reach: "
                f"add --set 'nodes=[{{name: {node.name}, host: ADDRESS}}]'",
                style="yellow",
                markup=False,
                soft_wrap=True,
            )


def _is_unspecified(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _show(ready: Ready, lab: Lab) -> None:
    out = screen.console()
    out.print(f"[bold]ucmsim[/] lab {lab.site.config.name!r} is up. Not affiliated with Cisco.\n")
    for actor, roles in ready.endpoints.items():
        for role, (host, port) in roles.items():
            out.print(f"  {actor:12} {role:10} {Address(str(host), int(port))}", markup=False)
    out.print(f"\n  {'control':23} {ready.control}")
    out.print(f"  {'CA file to trust':23} {ready.ca_file}", soft_wrap=True)
    out.print(f"  {'certificates, LSCs':23} {ready.pki}\n", soft_wrap=True)
    for phone in lab.site.config.phones:
        out.print(f"  {phone.user:12} {phone.device:12} {phone.dn:8} {phone.profile}")
    _name(ready)
    _suggest(ready, lab)
    out.print("\nCtrl-C ends it.")


def _name(ready: Ready) -> None:
    """Print exports of the names in the documentation's commands, to paste into another terminal."""

    def first(role: str, actor: str | None = None) -> Address | None:
        found = (
            roles[role] for name, roles in ready.endpoints.items() if role in roles and actor in (None, name)
        )
        place = next(found, None)
        return Address(str(place[0]), int(place[1])) if place else None

    edge = Path(ready.pki) / "expressway-ca.pem"
    named = {
        "CONTROL": ready.control,
        "CA": ready.ca_file,
        "EDGE_CA": edge if edge.exists() else None,
        "CONFIG": f"http://{config}" if (config := first("config")) else None,
        "FILES": f"https://{files}" if (files := first("config_tls")) else None,
        "DNS": first("dns", "dns"),
        "DNS_OUTSIDE": first("dns", "dns-outside"),
    }
    screen.console().print("\nIn another terminal, under the names that the documentation uses:\n")
    for name, value in named.items():
        if value is not None:
            screen.console().print(f"  export {name}={shlex.quote(str(value))}", markup=False, soft_wrap=True)


def _suggest(ready: Ready, lab: Lab) -> None:
    """Print the commands for a first registration, ready to paste into another terminal."""
    out = screen.console()
    phone = next((one for one in lab.site.config.phones if one.profile == "oauth"), None)
    config = next((roles["config"] for roles in ready.endpoints.values() if "config" in roles), None)
    if phone is None or config is None or phone.deployment != "on-prem":
        return
    host, port = config
    server = Address(str(host), int(port))
    out.print("\nA first registration:\n")
    for line in (
        f"  ucmsim token mint --control {ready.control} --user {phone.user} |",
        f"  ucmsim phone --config-url http://{server} --device {phone.device} --ladder \\",
        f"    --token-file - --ca-file {ready.ca_file}",
    ):
        out.print(line, markup=False, soft_wrap=True)
