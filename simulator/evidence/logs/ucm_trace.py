"""A node's SIP trace in the manner of UCM's SDL traces (sip-wire 9; the `AppInfo` frame is assumed).

Lines of `ucmsim` are ours: what the registrar decided, which a real trace spreads over its own signals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.core import events as ev
from simulator.core.events.log import Record
from simulator.core.instant import to_datetime
from simulator.evidence.connections import Connections
from simulator.evidence.logs.shape import Ends, ends_of, message_lines, plain


def lines(records: Sequence[Record], actor: str) -> Iterator[str]:
    connections = Connections(records)
    number = 0
    for record in records:
        if record.actor != actor:
            continue
        said = _said(record, ends_of(connections, record.flow))
        if said is None:
            continue
        number += 1
        moment = to_datetime(record.at)
        clock = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"
        yield f"{number:08d}.000 |{clock} |AppInfo  |{plain(said)}"
        if isinstance(record.event, ev.SipMessageSeen):
            yield f"[{number},NET]"
            yield from message_lines(record.event.text or record.event.start_line)
            yield ""


def _said(record: Record, ends: Ends) -> str | None:
    event = record.event
    process = "SIPUdp" if ends.transport == "udp" else "SIPTcp"
    carrier = "UDP" if ends.transport == "udp" else "TCP"
    peer = f"{ends.remote_ip} on port {ends.remote_port} index {record.flow}"
    match event:
        case ev.SipReceived():
            size = len(event.text.encode("utf-8", "replace"))
            return f"{process} - wait_SdlReadRsp: Incoming SIP {carrier} message from {peer} with {size} bytes:"
        case ev.SipSent():
            return f"{process} - wait_SdlSPISignal: Outgoing SIP {carrier} message to {peer}"
        case ev.RegistrarChallenged() | ev.RegistrarRejected():
            who = event.device or event.aor or ends.remote_ip
            return f"ucmsim - {event.kind} {who}: {event.reason}: {event.detail} [{event.mark}]"
        case ev.RegistrarAccepted():
            return f"ucmsim - {event.kind} {event.device}: {event.what}, {event.expires} s"
        case ev.BindingChanged() if event.what in ("expired", "replaced", "lost"):
            return f"ucmsim - {event.kind} {event.device}: {event.what}, reason {event.cause}"
        case ev.TlsFailed():
            alert = f"alert {event.alert} {event.alert_name}" if event.alert is not None else "no alert"
            return f"ucmsim - {event.kind} {peer}: by {event.by}, {alert}: {event.detail or event.reason}"
        case ev.PeerJudged() if not event.trusted:
            return f"ucmsim - {event.kind} {peer}: {', '.join(event.offered) or 'no name'} is in no row"
        case ev.SipMalformed():
            return f"ucmsim - {event.kind} {peer}: {event.detail}"
        case ev.ServiceStarted() | ev.ServiceStopped():
            return f"ucmsim - {event.kind} {event.service}"
        case _:
            return None
