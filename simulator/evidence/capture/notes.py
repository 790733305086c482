"""Comments for packets: what the simulator knew at that moment, one short line from one record, or none."""

from __future__ import annotations

from typing import Literal

from simulator.core import events as ev
from simulator.core.events.log import Record

Where = Literal["coming", "heard", "beginning"]
"""On the next packet this end sends, on the latest one it got, or on the first of the connection."""


def note_of(record: Record) -> tuple[Where, str] | None:
    said = _said(record.event)
    if said is None:
        return None
    where, text = said
    return where, f"{record.actor} {record.event.kind} {text}".rstrip()


def _said(event: ev.Event) -> tuple[Where, str] | None:
    match event:
        case ev.FlowOpened():
            return "beginning", f"listener {event.listener}" if event.listener else f"to {event.remote}"
        case ev.FlowClosed() if event.detail and not event.clean:
            return ("coming" if event.by == "us" else "heard"), f"by {event.by}: {event.detail}"
        case ev.TlsEstablished():
            peer = f", peer {event.peer_names[0]}" if event.peer_names else ""
            return "heard", f"{event.version} {event.cipher}{peer}"
        case ev.TlsFailed():
            alert = f"alert {event.alert} {event.alert_name}" if event.alert is not None else "no alert"
            why = event.detail or event.reason
            return ("coming" if event.by == "us" else "heard"), f"by {event.by}, {alert}: {why}"
        case ev.PeerJudged():
            names = ", ".join(event.offered) or "no name"
            where = f"matches {event.matched}" if event.trusted else "is not in the Expressway-C table"
            return "heard", f"{names} {where}"
        case ev.SipMalformed():
            return "heard", event.detail
        case ev.RegistrarChallenged() | ev.RegistrarRejected():
            return "coming", f"{event.reason}: {event.detail} [{event.mark}]"
        case ev.RegistrarAccepted():
            return "coming", f"{event.device} {event.what}, {event.expires} s"
        case ev.BindingChanged() if event.what in ("expired", "replaced", "lost"):
            return "coming", f"{event.device} {event.what}"
        case ev.ConfigFetched() if event.problem:
            return "heard", f"{event.problem}: {event.detail}"
        case ev.PhoneRegistered():
            return "heard", f"at {event.node}:{event.port} for {event.expires} s"
        case ev.PhoneRefused():
            warning = f' "{event.warning}"' if event.warning else ""
            return "heard", f"{event.status} {event.phrase}{warning}"
        case ev.PhoneFailed():
            return "heard", f"{event.code}: {event.detail}"
        case ev.ZoneChanged():
            return "heard", f"{event.zone} {event.state} {event.detail}"
        case ev.PatienceEnded():
            return "coming", str(event)
        case ev.ActorFailed():
            return "coming", f"in {event.during}: {event.error}"
        case _:
            return None
