"""The checklist of one connection: TCP, TLS, certificates, and on the MRA port the Expressway-C table."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulator.core import events as ev
from simulator.evidence.connections import Connection
from simulator.evidence.explain.model import Advice, ExplainRow, State
from simulator.evidence.explain.tls_advice import advice_for
from simulator.evidence.explain.tls_faults import Side, TlsFault, failed_check, fault_of, refuser

CHECKS: tuple[tuple[str, str], ...] = (
    ("tcp", "TCP accepted"),
    ("tls_version", "TLS version and cipher agreed"),
    ("server_certificate", "Server certificate accepted by the client"),
    ("client_certificate", "Client certificate present, if one is requested"),
    ("chain", "Client certificate: chain up to a trusted authority"),
    ("validity", "Client certificate: validity"),
    ("usage", "Client certificate: extended key usage"),
    ("name_table", "Client certificate: CN or SAN in the Expressway-C table"),
)
"""In this order; id and title."""
_TITLES = dict(CHECKS)
_OF_CLIENT_CERTIFICATE = ("chain", "validity", "usage", "name_table")

PORTS = {
    "oauth": "phone OAuth port",
    "mra": "MRA OAuth port",
    "sips": "secure SIP port",
    "sip": "plain SIP port",
    "edge": "Expressway's edge",
    "traversal": "traversal zone",
    "https": "configuration over HTTPS",
    "other": "port of unknown purpose",
}
_ROLES = {
    "sip-udp": "sip",
    "sip-tcp": "sip",
    "oauth": "oauth",
    "mra": "mra",
    "sips": "sips",
    "edge": "edge",
    "traversal": "traversal",
    "tunnel": "traversal",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One connection of an attempt, and what its port is for."""

    connection: Connection
    role: str

    @property
    def name(self) -> str:
        return f"{self.connection.client_name} → {self.connection.server_name}"


def role_of(listener: str | None) -> str | None:
    """Tell what a port is for by its listener's name; None if the listener is not known."""
    return None if listener is None else _ROLES.get(listener, "https")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What is known of a certificate that was presented. `validity`: hours since it began and until it ends."""

    names: tuple[str, ...]
    issuer: str
    usages: tuple[str, ...]
    validity: tuple[int, ...]

    def __str__(self) -> str:
        more = f" (also {', '.join(self.names[1:])})" if len(self.names) > 1 else ""
        return f"{self.names[0]}{more}, issued by {self.issuer or 'nobody known'}"


def rows_of(leg: Leg) -> tuple[list[ExplainRow], Advice | None]:
    """Write the rows that apply to this connection, and the advice for the one that failed."""
    connection = leg.connection
    rows = [_row("tcp", "pass", f"{connection.source} to {connection.target}", leg)]
    if not connection.secured:
        return rows, None
    failure = _failure(connection) or _left(connection)
    failed = failed_check(failure) if failure is not None else None
    wanted = [check for check, _ in CHECKS[1:] if _applies(check, leg, failed)]
    advice = None
    for check in wanted:
        if any(row.state in ("fail", "not_reached") for row in rows):
            rows.append(_row(check, "not_reached", "", leg))
        elif check == failed:
            assert failure is not None
            rows.append(_row(check, "fail", _failure_text(check, failure, connection), leg))
            advice = advice_for(_fault(connection, failure), refuser(failure), leg.role)
        else:
            rows.append(_reached(check, leg))
    return rows, advice


def unconnected(leg: str, event: ev.FlowFailed) -> tuple[list[ExplainRow], Advice]:
    """Write the rows of a connection that never came up."""
    row = ExplainRow(
        id="tcp", title=_TITLES["tcp"], state="fail", evidence=f"{event.remote}: {event.detail}", leg=leg
    )
    later = [ExplainRow(id=check, title=title, state="not_reached", leg=leg) for check, title in CHECKS[1:4]]
    host, _, port = event.remote.rpartition(":")
    if "resolve" in event.detail:
        cause = "DNS has no address for this name."
        remedy = (
            "Add the name to the DNS zone that this client queries, or correct it: phones dial the node's "
            "entry under System > Server; enter its FQDN there."
        )
        verify = f"nslookup {host} from the client; utils network host {host} on a node"
    elif "refused" in event.detail:
        service = "the web service (Cisco Tomcat on a node)" if port == "8443" else "Cisco CallManager"
        cause = (
            f"The host is reachable, but nothing listens on port {port}: the service is stopped, or "
            "its port differs."
        )
        remedy = (
            f"Start {service} on the node, or compare the port with the configured one (System > Cisco "
            "Unified CM: SIP Phone OAuth Port, SIP Mobile and Remote Access Port; in force after a restart). "
            "An Expressway-C learns of a changed port through Refresh servers."
        )
        verify = f"show open ports regexp {port} and utils service list on the node"
    else:
        cause = "The host does not answer: it is down, or a firewall drops what is sent to it."
        remedy = f"Have the firewall let TCP port {port} through, and check that the node is up."
        verify = f"utils network connectivity {host} {port} from another node; a capture on both sides"
    advice = Advice(
        cause=cause, remedy=remedy, verify=verify, mark="documented", source="administration.md 6.4"
    )
    return [row, *(later if event.transport == "tls" else [])], advice


def _applies(check: str, leg: Leg, failed: str | None) -> bool:
    if check == failed:
        return True
    if check == "name_table":
        return leg.role == "mra"
    if check in _OF_CLIENT_CERTIFICATE:
        return _client_certificate(leg.connection) is not None or leg.role in ("mra", "sips", "traversal")
    return True


def _failure(connection: Connection) -> ev.TlsFailed | None:
    """Return the failure as the refusing end reports it, because it knows why; else as the other end does."""
    seen = [end.failed for end in connection.ends if end.failed is not None]
    return next((event for event in seen if event.by == "us"), seen[0] if seen else None)


def _left(connection: Connection) -> ev.TlsFailed | None:
    """Return the failure of a connection that was closed during its handshake without a TLS alert."""
    up = any(end.established for end in connection.ends)
    gone = next((end.closed for end in connection.ends if end.closed and end.opened.transport == "tls"), None)
    if up or gone is None:
        return None
    role: Side = "server" if connection.server is not None else "client"
    detail = gone.detail or "closed"
    return ev.TlsFailed(
        role=role,
        by="peer",
        alert=None,
        alert_name=None,
        reason="CONNECTION_LOST",
        detail=f"{detail}, mid-handshake",
    )


def _fault(connection: Connection, failure: ev.TlsFailed) -> TlsFault:
    """Return the fault that the alert names, or a more exact one that follows from both ends' reports."""
    client, server = connection.client, connection.server
    if client is not None and server is not None and server.opened.transport == "tcp":
        return TlsFault.NO_TLS_THERE
    fault = fault_of(failure)
    if fault is TlsFault.UNKNOWN_CA and failure.by == "us":
        refused = (
            _server_certificate(connection) if failure.role == "client" else _client_certificate(connection)
        )
        if refused is not None and refused.issuer in failure.own_trust:
            return TlsFault.SAME_NAME
    return fault


def _reached(check: str, leg: Leg) -> ExplainRow:
    """Write the row of a check before the failed one, or of any check if none failed."""
    connection = leg.connection
    up = next((end.established for end in connection.ends if end.established), None)
    if up is None and not connection.failed:
        return _row(check, "unseen", "the handshake is not finished", leg)
    match check:
        case "tls_version":
            return _row(check, "pass", f"{up.version}, {up.cipher}" if up else _versions(connection), leg)
        case "server_certificate":
            shown = _server_certificate(connection)
            client = connection.client
            name = (client.established or client.failed) if client else None
            dialled = f"; dialled as {name.server_name}" if name and name.server_name else ""
            return _row(check, "pass", f"{shown}{dialled}" if shown else "", leg)
        case "client_certificate":
            return _row(check, "pass", _presented(leg), leg)
        case "name_table":
            return _table_row(leg)
        case _:
            return _certificate_row(check, leg)


def _certificate_row(check: str, leg: Leg) -> ExplainRow:
    shown = _client_certificate(leg.connection)
    if shown is None:
        return _row(check, "not_reached", "no certificate", leg)
    match check:
        case "chain":
            return _row(check, "pass", str(shown), leg)
        case "validity":
            good = not shown.validity or (shown.validity[0] >= 0 and shown.validity[1] >= 0)
            return _row(check, "pass" if good else "unseen", _validity(shown.validity), leg)
        case _:
            return _row(check, "pass", _usages(shown.usages), leg)


def _presented(leg: Leg) -> str:
    shown = _client_certificate(leg.connection)
    server = leg.connection.server
    seen = (server.established or server.failed) if server else None
    asked = {
        "none": "not asked for on this port",
        "optional": "asked for, not demanded",
        "required": "demanded",
    }.get(seen.client_auth if seen else "", "")
    if shown is None:
        return f"none presented{', ' if asked else ''}{asked}"
    return f"{shown.names[0] if shown.names else 'one without a name'} presented{', ' if asked else ''}{asked}"


def _table_row(leg: Leg) -> ExplainRow:
    server = leg.connection.server
    judged = server.judged if server else None
    if judged is None:
        return _row("name_table", "unseen", "", leg)
    table = ", ".join(judged.table) or "empty"
    if judged.trusted:
        return _row("name_table", "pass", f"{judged.matched} is in the table ({table})", leg)
    offered = ", ".join(judged.offered) or "no name"
    return _row("name_table", "fail", f"offered: {offered}; table: {table}", leg)


def _failure_text(check: str, failure: ev.TlsFailed, connection: Connection) -> str:
    who = connection.client_name if refuser(failure) == "client" else connection.server_name
    if failure.alert is None:
        said = f"{who} left without an alert" if failure.by == "peer" else f"{who} gave up"
    else:
        said = f"{who} refused with alert {failure.alert} {failure.alert_name}"
    parts = [f"{said}: {failure.detail or failure.reason}"]
    if check == "server_certificate":
        shown = _server_certificate(connection)
        dialled = failure.server_name if failure.role == "client" else ""
        parts += (
            [f"presented was {shown}, {_validity(shown.validity)}, {_usages(shown.usages)}"] if shown else []
        )
        parts += [f"dialled as {dialled}"] if dialled else []
        client = connection.client.failed if connection.client else None
        parts += [_trusts(who, client)] if client else []
    elif check in ("chain", "validity", "usage"):
        shown = _client_certificate(connection)
        parts += (
            [f"presented was {shown}, {_validity(shown.validity)}, {_usages(shown.usages)}"] if shown else []
        )
        server = connection.server.failed if connection.server else None
        parts += [_trusts(who, server)] if server and check == "chain" else []
    elif check == "client_certificate":
        parts += ["no certificate was presented"]
    else:
        parts += [_versions(connection)] if _versions(connection) else []
    return "; ".join(parts)


def _trusts(who: str, end: ev.HandshakeSeen) -> str:
    return f"{who} trusts {', '.join(end.own_trust) or 'no authority at all'}"


def _versions(connection: Connection) -> str:
    said = []
    for end, name in (
        (connection.client, connection.client_name),
        (connection.server, connection.server_name),
    ):
        seen = (end.established or end.failed) if end else None
        if seen is not None and seen.own_versions:
            said.append(f"{name} allows {seen.own_versions}")
    return ", ".join(said)


def _server_certificate(connection: Connection) -> Certificate | None:
    return _one_of(connection, seen_by="client")


def _client_certificate(connection: Connection) -> Certificate | None:
    server = connection.server
    seen = (server.established or server.failed) if server else None
    if seen is not None and seen.role == "server" and seen.client_auth == "none":
        return None
    if seen is not None and server is not None and server.established is not None and not seen.peer_names:
        return None
    return _one_of(connection, seen_by="server")


def _one_of(connection: Connection, *, seen_by: str) -> Certificate | None:
    """Return the certificate that `seen_by` was shown, as it saw it, else as the owner reports it."""
    viewer, owner = (
        (connection.client, connection.server)
        if seen_by == "client"
        else (connection.server, connection.client)
    )
    for end in (viewer.established, viewer.failed) if viewer else ():
        if end is not None and end.peer_names:
            return Certificate(
                names=end.peer_names, issuer=end.peer_issuer, usages=end.peer_usages, validity=end.peer_validity
            )
    for end in (owner.established, owner.failed) if owner else ():
        if end is not None and end.own_names:
            return Certificate(
                names=end.own_names, issuer=end.own_issuer, usages=end.own_usages, validity=end.own_validity
            )
    return None


def _validity(validity: tuple[int, ...]) -> str:
    if len(validity) != 2:
        return "validity not known"
    since, left = validity
    if since < 0:
        return f"not valid for another {_span(-since)}"
    return f"expired {_span(-left)} ago" if left < 0 else f"valid for another {_span(left)}"


def _span(hours: int) -> str:
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"


def _usages(usages: tuple[str, ...]) -> str:
    return ", ".join(usages) if usages else "usage not limited"


def _row(check: str, state: State, evidence: str, leg: Leg) -> ExplainRow:
    return ExplainRow(id=check, title=_TITLES[check], state=state, evidence=evidence, leg=leg.name)


def not_reached(row: ExplainRow) -> ExplainRow:
    return replace(row, state="not_reached", evidence="")
