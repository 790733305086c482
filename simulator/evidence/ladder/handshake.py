"""The steps of a TLS handshake as rows. They follow from the outcome: which end finished, refused, and why.

The event stream holds no handshake messages: what either end must have sent before its outcome, the protocol
says (RFC 5246 7.3, RFC 8446 2). Nothing is drawn of which that cannot be said.
"""

from __future__ import annotations

from simulator.core import events as ev
from simulator.core.events.log import Record
from simulator.evidence.connections import Connection, End
from simulator.evidence.explain.tls_faults import VERIFY_FAULTS, TlsFault
from simulator.evidence.ladder.row import LadderRow

Seen = ev.TlsEstablished | ev.TlsFailed
_NEVER_BEGAN = ("HTTP_REQUEST", "WRONG_VERSION_NUMBER", "HANDSHAKE_TIMEOUT", "CONNECTION_LOST")
_BEFORE_CERTIFICATES = (40, 47, 70, 71, 80, 86, 109, 110, 112, 120)
"""Alerts that answer the ClientHello, unless a certificate was asked for (40)."""


def rows(connection: Connection, record: Record) -> list[LadderRow]:
    """Write what this record adds to the ladder: for a connection's first record the ClientHello, and so on."""
    event = record.event
    if isinstance(event, ev.FlowOpened):
        return _hello(connection) if connection.first is record else []
    assert isinstance(event, ev.TlsEstablished | ev.TlsFailed)
    steps = _flights(connection) if record.seq == _first_outcome(connection) else []
    return steps + (_refusal(connection, record, event) if isinstance(event, ev.TlsFailed) else [])


def _row(
    lane: str, to: str | None, text: str, detail: str = "", *, bad: bool = False, opens: bool = False
) -> LadderRow:
    return LadderRow(lane=lane, to=to, text=text, tone="bad" if bad else "quiet", detail=detail, opens=opens)


def _outcomes(connection: Connection) -> list[Seen]:
    return [one for end in connection.ends for one in (end.established, end.failed) if one is not None]


def _first_outcome(connection: Connection) -> int:
    kinds = (ev.TlsEstablished.kind, ev.TlsFailed.kind)
    return min(seq for end in connection.ends for kind, seq in end.seqs.items() if kind in kinds)


def _failure(connection: Connection) -> ev.TlsFailed | None:
    seen = [end.failed for end in connection.ends if end.failed is not None]
    return next((one for one in seen if one.by == "us"), seen[0] if seen else None)


def _began(connection: Connection) -> bool:
    failure = _failure(connection)
    if any(end.established for end in connection.ends):
        return True
    if failure is None:
        return False
    silent = failure.alert is None and failure.by == "peer" and not failure.own_shown
    return failure.reason not in _NEVER_BEGAN and not silent


def _hello(connection: Connection) -> list[LadderRow]:
    if not connection.secured or not _began(connection):
        return []
    client = _seen(connection.client)
    text, detail = f"TLS ClientHello to port {connection.target.rpartition(':')[2]}", ""
    if client is not None:
        detail = f"versions: {client.own_versions}\nserver name: {client.server_name or 'none'}"
    return [_row(connection.client_name, connection.server_name, text, detail, opens=True)]


def _flights(connection: Connection) -> list[LadderRow]:
    """After the ClientHello, as far as both ends must have come."""
    if not _began(connection):
        return []
    failure = _failure(connection)
    up = next((end.established for end in connection.ends if end.established), None)
    client, server = connection.client_name, connection.server_name
    if up is None and failure is not None and _answers_hello(failure):
        return []
    new = (up.version if up else _version(connection)) == "TLSv1.3"
    shown = _certificate(connection.client, connection.server)
    first = f"ServerHello, certificate {shown[0]}".rstrip() + (", Finished" if new else "")
    out = [_row(server, client, first, shown[1])]
    if up is None and failure is not None and _refuser(failure) == "client":
        return out
    if failure is not None and failure.alert is None and failure.own_shown:
        return out
    return out + _second_flight(connection, up, failure, new=new)


def _second_flight(
    connection: Connection, up: ev.TlsEstablished | None, failure: ev.TlsFailed | None, *, new: bool
) -> list[LadderRow]:
    client, server = connection.client_name, connection.server_name
    name, detail = _certificate(connection.server, connection.client)
    certificate = f"certificate {name}, " if name else "no certificate, " if _asked(connection) else ""
    last = f"{certificate}Finished" + (f": {up.version}" if up and new else "")
    out = [_row(client, server, last[0].upper() + last[1:], detail)]
    if up is not None and not new and failure is None:
        out.append(_row(server, client, f"Finished: {up.version}", up.cipher))
    return out


def _refusal(connection: Connection, record: Record, event: ev.TlsFailed) -> list[LadderRow]:
    assert record.flow is not None
    me, other = str(record.actor), connection.other(record.flow)
    peer = other.actor if other is not None else connection.end_of(record.flow).opened.remote
    alert = f"TLS alert {event.alert} {event.alert_name}"
    if event.by == "us":
        out = [_row(me, None, _verdict(connection, event), _words(event), bad=True)]
        sent = [_row(me, peer, alert, _words(event), bad=True)] if event.alert is not None else []
        return out + sent
    if event.alert is None:
        return [_row(peer, me, "leaves without an alert", event.detail, bad=True)]
    if other is not None and other.failed is not None:
        return [_row(me, None, f"received alert {event.alert} {event.alert_name}", event.reason, bad=True)]
    return [_row(peer, me, alert, event.reason, bad=True)]


def _verdict(connection: Connection, event: ev.TlsFailed) -> str:
    """What this end says, and of whose certificate."""
    if event.verify_code is None:
        return event.detail or event.reason
    viewer, owner = connection.client, connection.server
    if event.role == "server":
        viewer, owner = owner, viewer
    name, _ = _certificate(viewer, owner)
    name = name or "the certificate"
    if VERIFY_FAULTS.get(event.verify_code) is TlsFault.UNKNOWN_CA:
        brought = _seen(owner)  # OpenSSL may not show what it refused
        issuer = event.peer_issuer or (brought.own_issuer if brought is not None else "")
        if issuer == f"CN={name}":
            return f"does not trust {name}, which is self-signed"
        if issuer and issuer not in event.own_trust:  # else a forged twin of one that is trusted
            return f"does not trust {issuer.removeprefix('CN=')}, which signed {name}"
    return f"refuses {name}: {event.detail}"


def _answers_hello(failure: ev.TlsFailed) -> bool:
    if failure.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE" or failure.verify_code is not None:
        return False
    return failure.alert in _BEFORE_CERTIFICATES and failure.detail != "peer did not return a certificate"


def _refuser(failure: ev.TlsFailed) -> str:
    return failure.role if failure.by == "us" else {"client": "server", "server": "client"}[failure.role]


def _version(connection: Connection) -> str:
    """The newest version that every reporting end allows, where no handshake was finished."""
    allowed = [one.own_versions.rpartition(" to ")[2] for one in _outcomes(connection) if one.own_versions]
    return min(allowed, default="")


def _asked(connection: Connection) -> bool:
    server = _seen(connection.server)
    return server is not None and server.client_auth in ("optional", "required")


def _seen(end: End | None) -> Seen | None:
    return (end.established or end.failed) if end is not None else None


def _certificate(viewer: End | None, owner: End | None) -> tuple[str, str]:
    """(name, details) of the owner's certificate: as the viewer saw it, else as the owner brought it."""
    saw, brought = _seen(viewer), _seen(owner)
    if saw is not None and saw.role == "server" and saw.client_auth == "none":
        return "", ""
    if saw is not None and saw.peer_names:
        return _shown(saw.peer_names, saw.peer_issuer, saw.peer_usages)
    finished = viewer is not None and viewer.established is not None
    if brought is not None and brought.own_names and not finished:
        return _shown(brought.own_names, brought.own_issuer, brought.own_usages)
    return "", ""


def _shown(names: tuple[str, ...], issuer: str, usages: tuple[str, ...]) -> tuple[str, str]:
    lines = (
        f"names: {', '.join(names)}",
        f"issuer: {issuer}",
        f"extended key usage: {', '.join(usages) or 'not limited'}",
    )
    return names[0], "\n".join(lines)


def _words(event: ev.TlsFailed) -> str:
    trust = f"\ntrusts: {', '.join(event.own_trust)}" if event.verify_code is not None else ""
    return f"{event.reason}: {event.detail}{trust}"
