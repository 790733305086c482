"""A node's alarms as it sends them to syslog (administration 8.1-8.3; the whole line is observed, A45).

Parameters that the simulator does not know are left out. Which alarm a SIP OAuth failure raises, with which
reason, is our mapping (administration 8.3, assumed). SSLorTCPConnectionFailure's ReasonCode has no published
values for TLS: the alert's number stands there (assumed).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from simulator.core import events as ev
from simulator.core.eventlog import Record
from simulator.core.instant import to_datetime
from simulator.lab.connections import Connections
from simulator.lab.logs.shape import Ends, ends_of, plain

_ERROR, _INFORMATIONAL = 3, 6
_TEXTS = {
    "EndPointRegistered": (_INFORMATIONAL, "Endpoint registered."),
    "EndPointUnregistered": (_ERROR, "An endpoint has unregistered"),
    "EndPointTransientConnection": (
        _ERROR,
        "An endpoint attempted to register but did not complete registration.",
    ),
    "SSLorTCPConnectionFailure": (
        _INFORMATIONAL,
        "Unified CM failed to open a TCP/TLS connection for the indicated device",
    ),
}
_AUTHENTICATION_ERROR = 10
_TOKEN_ABSENT = "token_absent"  # noqa: S105
_MODEL = re.compile(r'\+u\.sip!model\.ccm\.cisco\.com="(\d{1,6})"')
_USER = re.compile(r"sips?:([^@;>]+)@")

_Alarm = tuple[str, dict[str, object]]


def lines(records: Sequence[Record], actor: str) -> Iterator[str]:
    connections = Connections(records)
    known: dict[str, dict[str, object]] = {}
    number = 0
    for record in records:
        alarm = _alarm(record, ends_of(connections, record.flow), known) if record.actor == actor else None
        if alarm is not None:
            number += 1
            yield _line(record, number, *alarm)


def _line(record: Record, number: int, name: str, parameters: dict[str, object]) -> str:
    severity, text = _TEXTS[name]
    moment, node = to_datetime(record.at), record.actor
    everything = {
        **{key: value for key, value in parameters.items() if value not in (None, "")},
        "AppID": "Cisco CallManager",
        "ClusterID": "StandAloneCluster",
        "NodeID": node,
    }
    fields = "".join(f"[{key}={_value(value)}]" for key, value in everything.items())
    return (
        f"{moment:%d} {node} local7 {severity} : {number}: {node} {moment:%b %d %Y %H:%M:%S} UTC :   "
        f"%UC_CALLMANAGER-{severity}-{name}: %{fields}: {text}"
    )


def _value(value: object) -> str:
    return plain(str(value)).replace("[", "(").replace("]", ")")


def _alarm(record: Record, ends: Ends, known: dict[str, dict[str, object]]) -> _Alarm | None:
    """`known`: what is remembered of registered devices, for when they are gone."""
    event = record.event
    match event:
        case ev.BindingChanged() if event.what == "added":
            device = {
                "DeviceName": event.device,
                "IPAddress": ends.remote_ip,
                "Protocol": "SIP",
                "DeviceType": _found(_MODEL, event.contact),
            }
            known[event.device] = device
            return "EndPointRegistered", device | {
                "AssociatedDNs": _found(_USER, event.aor),
                "IPAddrAttributes": 0,
            }
        case ev.BindingChanged() if event.what != "refreshed":
            device = known.pop(event.device, {"DeviceName": event.device, "Protocol": "SIP"})
            return "EndPointUnregistered", device | {"Reason": event.cause, "IPAddrAttributes": 0}
        case ev.RegistrarRejected() if event.status == 0:
            return "SSLorTCPConnectionFailure", _peer(ends, event.cause, event.reason)
        case ev.RegistrarRejected():
            return "EndPointTransientConnection", _attempt(ends, event, event.cause)
        case ev.RegistrarChallenged() if event.reason != _TOKEN_ABSENT:
            return "EndPointTransientConnection", _attempt(ends, event, _AUTHENTICATION_ERROR)
        case ev.TlsFailed():
            return "SSLorTCPConnectionFailure", _peer(ends, event.alert or 0, event.detail or event.reason)
        case _:
            return None


def _attempt(
    ends: Ends, event: ev.RegistrarRejected | ev.RegistrarChallenged, reason: int
) -> dict[str, object]:
    return {
        "ConnectingPort": ends.local_port,
        "DeviceName": event.device,
        "IPAddress": ends.remote_ip,
        "Reason": reason,
        "Protocol": "SIP",
        "SIPUser": _found(_USER, event.aor),
        "LastSignalReceived": "SIPRegisterInd",
    }


def _peer(ends: Ends, code: int, reason: str) -> dict[str, object]:
    return {
        "PeerAddr": ends.remote_ip,
        "PeerPortNo": ends.remote_port,
        "ReasonCode": code,
        "Reason": reason,
    }


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""
