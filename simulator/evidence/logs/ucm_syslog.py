"""A node's alarms as it sends them to syslog (administration 8.1-8.3; the whole line is observed, A45).

Parameters that the simulator does not know are left out. Which alarm a SIP OAuth failure raises, with which
reason, is our mapping (administration 8.3, assumed). SSLorTCPConnectionFailure's ReasonCode has no published
values for TLS: the alert's number stands there (assumed).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.core import events as ev
from simulator.core.events.log import Record
from simulator.core.ids import FlowId
from simulator.core.instant import to_datetime
from simulator.evidence.logs.shape import Ends, own_ends, plain

_ERROR, _INFORMATIONAL = 3, 6
_LOCAL7 = 23
TEXTS = {
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

_Raised = tuple[str, dict[str, object]]


class Alarms:
    """Turn one node's records into alarms, record by record. A flow is forgotten when it has closed."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._number = 0
        self._ends: dict[FlowId, Ends] = {}
        self._known: dict[str, dict[str, object]] = {}
        self._models: dict[FlowId, str] = {}

    def read(self, record: Record) -> Alarm | None:
        """Return the alarm that the record raises; None: none."""
        if record.actor != self._node:
            return None
        event, flow = record.event, record.flow
        if flow is not None and isinstance(event, ev.FlowOpened):
            self._ends[flow] = own_ends(event)
        ends = self._ends.get(flow, Ends()) if flow is not None else Ends()
        if flow is not None and isinstance(event, ev.FlowClosed):
            self._ends.pop(flow, None)
            self._models.pop(flow, None)
        if flow is not None and isinstance(event, ev.SipReceived) and (model := _found(_MODEL, event.text)):
            self._models[flow] = model
        raised = _alarm(record, ends, self._known, self._models.get(flow, "") if flow is not None else "")
        if raised is None:
            return None
        self._number += 1
        return Alarm(record, self._number, *raised)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm with its parameters."""

    record: Record
    number: int
    name: str
    parameters: dict[str, object]

    @property
    def severity(self) -> int:
        return TEXTS[self.name][0]

    @property
    def message(self) -> str:
        """Format the message that follows the priority in a syslog datagram."""
        moment, node = to_datetime(self.record.at), self.record.actor
        everything = {
            **{key: value for key, value in self.parameters.items() if value not in (None, "")},
            "AppID": "Cisco CallManager",
            "ClusterID": "StandAloneCluster",
            "NodeID": node,
        }
        fields = "".join(f"[{key}={_value(value)}]" for key, value in everything.items())
        severity, text = TEXTS[self.name]
        return (
            f"{self.number}: {node} {moment:%b %d %Y %H:%M:%S} UTC :   "
            f"%UC_CALLMANAGER-{severity}-{self.name}: %{fields}: {text}"
        )

    @property
    def line(self) -> str:
        """Format the alarm as the node's log file shows it.

        Of the observed line's own time only `31` is left, the seconds of its alarm; the rest is syslog's usual
        form. [assumed]
        """
        moment = to_datetime(self.record.at)
        stamp = f"{moment:%b} {moment.day:2} {moment:%H:%M:%S}"
        return f"{stamp} {self.record.actor} local7 {self.severity} : {self.message}"

    @property
    def datagram(self) -> bytes:
        """Format the datagram for a syslog server: the priority of RFC 3164 4.1.1 in front, facility local7."""
        return f"<{_LOCAL7 * 8 + self.severity}>{self.message}".encode()


def lines(records: Sequence[Record], actor: str) -> Iterator[str]:
    alarms = Alarms(actor)
    for record in records:
        alarm = alarms.read(record)
        if alarm is not None:
            yield alarm.line


def _value(value: object) -> str:
    return plain(str(value)).replace("[", "(").replace("]", ")")


def _alarm(record: Record, ends: Ends, known: dict[str, dict[str, object]], model: str) -> _Raised | None:
    """`known`: what is remembered of registered devices, for when they are gone. `model`: the flow's last."""
    event = record.event
    match event:
        case ev.BindingChanged() if event.what == "added":
            device: dict[str, object] = {
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
            return "EndPointTransientConnection", _attempt(ends, event, event.cause, model)
        case ev.RegistrarChallenged() if event.reason != _TOKEN_ABSENT:
            return "EndPointTransientConnection", _attempt(ends, event, _AUTHENTICATION_ERROR, model)
        case ev.TlsFailed():
            return "SSLorTCPConnectionFailure", _peer(ends, event.alert or 0, event.detail or event.reason)
        case _:
            return None


def _attempt(
    ends: Ends, event: ev.RegistrarRejected | ev.RegistrarChallenged, reason: int, model: str
) -> dict[str, object]:
    return {
        "ConnectingPort": ends.local_port,
        "DeviceName": event.device,
        "IPAddress": ends.remote_ip,
        "DeviceType": model,
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
