"""The product's rules, in one place for AXL, `run sql` and scenario steps: each transaction is judged before it
is committed, by the rows it touched.

Ports and profiles are judged by the registrar's own values; texts are the simulator's, as UCM's are not
published (administration 11.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from registrar.core.cluster.directory import ProfileError
from registrar.core.cluster.ports import PortError
from registrar.core.database.errors import Rule, RuleError
from registrar.core.database.rows import Transaction
from registrar.core.database.values import (
    PROFILE_COLUMNS,
    device_of,
    ports_of,
    profile_of,
)

OAUTH_MODE = "ClusterSIPOAuthMode"
"""[documented]"""
SECURITY_MODE = "ClusterSecurityMode"
"""[observed]"""
SIGN_IN_PARAMETERS: Mapping[str, tuple[str, str, range]] = {
    "OAuthRefreshLoginFlow": ("OAuth with Refresh Login Flow", "1", range(2)),
    "OAuthAccessTokenExpiryTimer": ("OAuth Access Token Expiry Timer (minutes)", "60", range(1, 1441)),
    "OAuthRefreshTokenExpiryTimer": ("OAuth Refresh Token Expiry Timer (days)", "60", range(1, 366)),
}
"""paramname -> (name in the administration pages, a lab's value, what can be saved). Names and ranges as shown
there are documented (oauth-tokens 3); the paramnames are placeholders [assumed: administration 11.3].
"""
Touched = Mapping[str, frozenset[str]]

_SIP_PORTS = ("sipphoneport", "sipphonesecureport", "sipoauthport", "sipoauthmraport")
_OTHER_PORTS = ("ethernetphoneport", "mgcplistenport", "mgcpkeepaliveport")
_LENGTHS = (("hostnameorip", 255), ("description", 50), ("x509subjectnameorsubjectalternatename", 4096))


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a transaction is compared with."""

    nodes: frozenset[tuple[Any, ...]]
    ports: Mapping[str, Mapping[str, Any]]
    mode: str | None

    @classmethod
    def read(cls, connection: Transaction) -> Before:
        """Read what a transaction will be compared with, before it begins."""
        return cls(
            nodes=_nodes(connection),
            ports={row["pkid"]: dict(row) for row in connection.execute("select * from callmanager")},
            mode=_parameter(connection, OAUTH_MODE),
        )


def judge(connection: Transaction, touched: Touched, before: Before | None, *, export_controlled: bool) -> None:
    """Judge a transaction.

    Raises RuleError. `before` None: the lab seeds its own rows, which may use port 0.
    """
    if before is not None:
        if touched.get("processnode") and _nodes(connection) != before.nodes:
            raise RuleError(
                Rule.NODES,
                "nodes cannot be added, removed, renamed or given another role: the lab's file names them",
            )
        _judge_parameters(connection, touched, before, export_controlled)
        _judge_devices(connection, touched)
    _judge_ports(connection, touched.get("callmanager", frozenset()), before)
    _judge_profiles(connection, touched.get("securityprofile", frozenset()))
    _judge_expressways(connection, touched.get("expresswaycconfiguration", frozenset()))


def oauth_mode(connection: Transaction) -> bool:
    """Is ClusterSIPOAuthMode on?"""
    return _parameter(connection, OAUTH_MODE) == "1"


def _judge_ports(connection: Transaction, pkids: Iterable[str], before: Before | None) -> None:
    for pkid in sorted(pkids):
        row = connection.execute("select * from callmanager where pkid = ?", (pkid,)).fetchone()
        if before is not None and (row is None or pkid not in before.ports):
            raise RuleError(
                Rule.NODES, "a Cisco Unified CM cannot be added or removed: the lab's file names the nodes"
            )
        if row is None:
            continue
        if before is not None:
            for column in _SIP_PORTS:
                if row[column] == 0 and before.ports[pkid][column] != 0:
                    raise RuleError(Rule.PORT, f"{row['name']}: {column} 0 is no port")
        try:
            ports_of(row, 0)
        except PortError as error:
            raise RuleError(Rule.PORT, f"{row['name']}: {error}") from error
        taken = {row[column]: column for column in _SIP_PORTS}
        for column in _OTHER_PORTS:
            port = row[column]
            if not isinstance(port, int) or not 1 <= port <= 65535:
                raise RuleError(Rule.PORT, f"{row['name']}: {column} {port!r} is not a port number (1-65535)")
            if port in taken:
                raise RuleError(
                    Rule.PORT, f"{row['name']}: {column} {port} is already the node's {taken[port]}"
                )
            taken[port] = column


def _judge_profiles(connection: Transaction, pkids: Iterable[str]) -> None:
    mode_on = oauth_mode(connection)
    for pkid in sorted(pkids):
        row = connection.execute(
            f"select {PROFILE_COLUMNS} from securityprofile where pkid = ?",  # noqa: S608 - our own names
            (pkid,),
        ).fetchone()
        if row is None:
            continue
        if not row["name"]:
            raise RuleError(Rule.PROFILE, "a phone security profile needs a name")
        try:
            profile = profile_of(row)
        except ProfileError as error:
            raise RuleError(Rule.PROFILE, str(error)) from error
        # [documented: sip-wire 1, administration 10; that saving is refused is assumed]
        if mode_on and (profile.digest or profile.tftp_encrypted):
            feature = "digest authentication" if profile.digest else "TFTP encrypted config"
            raise RuleError(
                Rule.PROFILE,
                f"profile {profile.name}: {feature} is not supported while SIP OAuth mode is enabled",
            )


def _judge_parameters(
    connection: Transaction, touched: Touched, before: Before, export_controlled: bool
) -> None:
    if not touched.get("processconfig"):
        return
    for name in (OAUTH_MODE, SECURITY_MODE):
        value = _parameter(connection, name)
        if value not in ("0", "1"):
            raise RuleError(Rule.MODE, f"enterprise parameter {name} must be 0 or 1, not {value!r}")
    for name, (shown, _, values) in SIGN_IN_PARAMETERS.items():
        value = _parameter(connection, name)
        # Absent in a state file from before it was known: the lab's value counts.
        if value is not None and not (value.isascii() and value.isdecimal() and int(value[:9]) in values):
            raise RuleError(Rule.MODE, f"{shown} must be {values[0]} to {values[-1]}, not {value!r}")
    if oauth_mode(connection) and before.mode != "1" and not export_controlled:
        # [documented that the licence is needed; the text is the simulator's]
        raise RuleError(
            Rule.LICENCE,
            "SIP OAuth mode needs a Smart or Virtual account that allows export-controlled functionality",
        )


def _judge_devices(connection: Transaction, touched: Touched) -> None:
    for pkid in sorted(touched.get("device", frozenset())):
        try:
            device = device_of(connection, pkid)
        except ValueError as error:
            raise RuleError(Rule.DEVICE, f"device {pkid}: {error}") from error
        if device is not None and not 0 < len(device.name) <= 128:
            raise RuleError(Rule.DEVICE, "a device name has 1 to 128 characters")


def _judge_expressways(connection: Transaction, pkids: Iterable[str]) -> None:
    for pkid in sorted(pkids):
        row = connection.execute("select * from expresswaycconfiguration where pkid = ?", (pkid,)).fetchone()
        if row is None:
            continue
        if not row["hostnameorip"]:
            raise RuleError(Rule.EXPRESSWAY, "an Expressway-C needs a host name or IP address")
        for column, limit in _LENGTHS:  # [documented: AXL's types]
            if len(str(row[column] or "")) > limit:
                raise RuleError(Rule.EXPRESSWAY, f"{column} is longer than {limit} characters")


def _nodes(connection: Transaction) -> frozenset[tuple[Any, ...]]:
    rows = connection.execute("select pkid, name, nodeid, tknodeusage, systemnode from processnode")
    return frozenset(tuple(row) for row in rows)


def _parameter(connection: Transaction, name: str) -> str | None:
    row = connection.execute(
        "select paramvalue from processconfig c join processnode n on n.pkid = c.fkprocessnode "
        "where paramname = ? and n.systemnode = 't'",
        (name,),
    ).fetchone()
    return None if row is None else row[0]
