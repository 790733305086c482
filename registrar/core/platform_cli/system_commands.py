"""What a node says of itself and of its network: version, cluster, open ports, ping."""

from __future__ import annotations

from collections.abc import Callable

import re2

from registrar.core.platform_cli.administration import Member
from registrar.core.platform_cli.command import Command, Parameter
from registrar.core.platform_cli.conversation import CommandCall, CommandRefused
from registrar.core.platform_cli.layout import ctime, render_ports

_EXECUTING = "Executing.. please wait."
"""[observed]"""
MAX_PATTERN = 200
"""Characters of a regular expression."""
_PINGS = 4
_MAX_PINGS = 20


def _show_version(call: CommandCall) -> None:
    version = call.administration.version.replace("(", "-").replace(")", "")
    call.say(
        f"Active Master Version: {version}",
        "Active Version Installed Software Options:",
        "  No Installed Software Options Found.",
    )


def _show_cluster(call: CommandCall) -> None:
    administration = call.administration
    members = administration.members()
    own = [each for each in members if each.host == administration.host]
    # This node's own line stands last and names no connection. [observed: administration 6.7]
    call.say(*(_member(each, connected=True) for each in members if each not in own))
    call.say(*(_member(each, connected=False) for each in own), "")
    call.say("Server Table (processnode) Entries", "-" * 34, *(each.host for each in members))


def _member(member: Member, *, connected: bool) -> str:
    role, database = ("Publisher", "DBPub") if member.publisher else ("Subscriber", "DBSub")
    name = member.host if member.host[-1:].isdigit() else member.host.partition(".")[0]
    line = f"{member.address} {member.host} {name} {role} callmanager {database} authenticated"
    return f"{line} using TCP since {ctime(member.since)}" if connected else line


def _all_ports(call: CommandCall) -> None:
    call.say(_EXECUTING, *render_ports(call.administration.open_ports()))


def _some_ports(call: CommandCall) -> None:
    matches = compile_pattern(call.arguments[0])
    call.say(_EXECUTING)
    call.say(*(line for line in render_ports(call.administration.open_ports()) if matches(line)))


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Compile an extended regular expression, as `egrep` has them, into a search of one line.

    RE2 searches in time linear in the line. Python's `re` backtracks: an administrator's `(a+)+$` stops the
    whole lab. Raises CommandRefused, which says what is wrong with the pattern.
    """
    if len(pattern) > MAX_PATTERN:
        raise CommandRefused(f"Invalid regular expression: it has more than {MAX_PATTERN} characters")
    options = re2.Options()
    options.posix_syntax = options.perl_classes = options.word_boundary = True
    options.log_errors = False  # to stderr
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        text = error.args[0].decode("utf-8", "replace")
        raise CommandRefused(f"Invalid regular expression: {text}") from error
    except UnicodeEncodeError as error:
        raise CommandRefused("Invalid regular expression: it is no text") from error
    return lambda line: compiled.search(line) is not None


def _ping(call: CommandCall) -> None:
    """The layout of Linux's ping, whose head is observed; times are left out, as nothing is measured."""
    host, count = call.arguments[0], _count(call.argument(1))
    found = call.administration.reach(host)
    if found.address is None:
        raise CommandRefused(f"ping: unknown host {host}")
    call.say(f"PING {host} ({found.address}) 56(84) bytes of data.")
    if found.alive:
        call.say(*(f"64 bytes from {found.address}: icmp_seq={n} ttl=64" for n in range(1, count + 1)))
    else:
        own = call.administration.host
        call.say(*(f"From {own} icmp_seq={n} Destination Host Unreachable" for n in range(1, count + 1)))
    received = count if found.alive else 0
    call.say("", f"--- {host} ping statistics ---")
    call.say(
        f"{count} packets transmitted, {received} received, {100 * (count - received) // count}% packet loss"
    )


def _count(text: str | None) -> int:
    if text is None:
        return _PINGS
    if not (text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= _MAX_PINGS):
        raise CommandRefused(f"Invalid count {text}: 1-{_MAX_PINGS}")
    return int(text)


def _host(call: CommandCall) -> None:
    host = call.arguments[0]
    found = call.administration.reach(host)
    if found.address is None:
        raise CommandRefused(f"Host {host} not found: 3(NXDOMAIN)")
    call.say(f"{host} has address {found.address}")


COMMANDS = (
    Command(
        words=("show", "version", "active"),
        handler=_show_version,
        about="This shows the version of the active partition.",
        mark="observed",
    ),
    Command(
        words=("show", "network", "cluster"),
        handler=_show_cluster,
        about="This shows the nodes of the cluster.",
        mark="observed",
    ),
    Command(
        words=("show", "open", "ports", "all"),
        handler=_all_ports,
        about="This shows all open ports of the node.",
        mark="observed",
    ),
    Command(
        words=("show", "open", "ports", "regexp"),
        handler=_some_ports,
        about="This shows the open ports whose line matches a regular expression.",
        mark="observed",
        parameters=(Parameter(name="regexp", about="an extended regular expression", rest=True),),
        example="5090|5091",
    ),
    Command(
        words=("utils", "network", "ping"),
        handler=_ping,
        about="This pings another host.",
        mark="assumed",
        parameters=(
            Parameter(name="destination", about="host name or address"),
            Parameter(name="count", about=f"number of pings, default {_PINGS}", mandatory=False),
        ),
        example="ucm-sub.lab.example",
    ),
    Command(
        words=("utils", "network", "host"),
        handler=_host,
        about="This resolves a host name.",
        mark="assumed",
        parameters=(Parameter(name="hostname", about="the name to resolve"),),
        example="expc.lab.example",
    ),
)
