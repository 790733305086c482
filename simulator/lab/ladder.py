"""The ladder: who sent what to whom, drawn from the event stream. Rows first (`rows_of`), then text (`draw`).

One arrow per message or alert, notes where an actor decided something. A peer that is no actor of the lab (a
foreign client) gets a lane of its own, named by its address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from simulator.core import events as ev
from simulator.core.eventlog import Record
from simulator.core.flow import FlowId

Tone = Literal["good", "bad", "plain", "quiet", "step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    at: float
    """Seconds since the first record."""
    lane: str | None
    """Lane of the note, or where the arrow starts; None: the row crosses the whole page."""
    to: str | None = None
    """Lane the arrow points to; None: a note."""
    text: str = ""
    tone: Tone = "plain"
    opens: bool = False
    """The arrow's start is the client of a connection."""


def rows_of(records: Sequence[Record]) -> list[Row]:
    """The rows of a run, in order."""
    if not records:
        return []
    wires = _Wires(records)
    start = records[0].at
    rows: list[Row] = []
    for record in records:
        rows += [replace(row, at=record.at - start) for row in _rows(record, wires)]
    return rows


def lanes_of(rows: Iterable[Row]) -> list[str]:
    """Lanes from left to right: who only calls, then who calls and is called, then who only answers."""
    names: list[str] = []
    callers: set[str] = set()
    called: set[str] = set()
    for row in rows:
        names += [name for name in (row.lane, row.to) if name is not None and name not in names]
        if row.opens and row.lane is not None and row.to is not None:
            callers.add(row.lane)
            called.add(row.to)
    return sorted(names, key=lambda name: 1 if name in callers & called else 2 if name not in callers else 0)


class _Wires:
    """Which actor is at the other end of a flow. The two ends of a connection mirror their addresses."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.opened: dict[FlowId, Record] = {}
        clients: dict[str, FlowId] = {}
        self.mate: dict[FlowId, FlowId] = {}
        self.established: dict[FlowId, ev.TlsEstablished] = {}
        self._up_at: dict[FlowId, int] = {}
        self.failed: dict[FlowId, ev.TlsFailed] = {}
        self.served: list[Record] = []
        for record in records:
            event, flow = record.event, record.flow
            if isinstance(event, ev.ConfigServed):
                self.served.append(record)
            if flow is None:
                continue
            if isinstance(event, ev.FlowOpened):
                self.opened[flow] = record
                if event.listener is None:
                    clients[event.local] = flow
            elif isinstance(event, ev.TlsEstablished):
                self.established[flow] = event
                self._up_at[flow] = record.seq
            elif isinstance(event, ev.TlsFailed):
                self.failed[flow] = event
        for flow, record in self.opened.items():
            opened = record.event
            if isinstance(opened, ev.FlowOpened) and opened.listener is not None:
                client = clients.get(opened.remote)
                if client is not None:
                    self.mate[flow], self.mate[client] = client, flow

    def peer(self, flow: FlowId | None) -> str:
        """Name of the lane at the other end of `flow`."""
        if flow is None:
            return "?"
        mate = self.mate.get(flow)
        if mate is not None:
            return str(self.opened[mate].actor)
        record = self.opened.get(flow)
        return record.event.remote if record and isinstance(record.event, ev.FlowOpened) else "?"

    def first_up(self, flow: FlowId, mate: FlowId) -> bool:
        """Did this end's handshake finish before the other's? Both did finish."""
        return self._up_at[flow] < self._up_at[mate]

    def is_foreign(self, flow: FlowId | None) -> bool:
        return flow is not None and flow in self.opened and flow not in self.mate

    def server_of(self, url: str) -> str | None:
        """The node that served `url`'s path."""
        path = "/" + url.partition("://")[2].partition("/")[2]
        for record in self.served:
            if isinstance(record.event, ev.ConfigServed) and record.event.path == path:
                return str(record.actor)
        return None


def _rows(record: Record, wires: _Wires) -> list[Row]:
    me, event, flow = str(record.actor), record.event, record.flow

    def note(text: str, tone: Tone = "plain") -> list[Row]:
        return [Row(at=0, lane=me, text=text, tone=tone)]

    def arrow(text: str, tone: Tone = "plain", *, inward: bool = False) -> list[Row]:
        ends = (wires.peer(flow), me) if inward else (me, wires.peer(flow))
        return [Row(at=0, lane=ends[0], to=ends[1], text=text, tone=tone)]

    match event:
        case ev.StepTaken():
            return [Row(at=0, lane=None, text=event.step, tone="step")]
        case ev.ServiceStarted():
            return note(f"{event.service} started" + (f": {event.detail}" if event.detail else ""), "quiet")
        case ev.ServiceStopped():
            return note(f"{event.service} stopped", "quiet")
        case ev.ClusterChanged() if event.detail:
            return note(f"{event.what}: {event.detail}", "quiet")
        case ev.ConfigFetched():
            return _config_rows(me, event, wires)
        case ev.PhonePortDecided():
            return note(f"{event.element} {event.port}, {event.transport.upper()} (row {event.row})", "quiet")
        case ev.FlowFailed():
            return [Row(at=0, lane=me, text=f"no connection to {event.remote}: {event.detail}", tone="bad")]
        case ev.FlowClosed() if event.by == "us" and event.detail:
            return arrow(f"closes: {event.detail}", "bad")
        case ev.TlsEstablished() | ev.TlsFailed():
            return _tls_rows(me, event, flow, wires)
        case ev.SipSent():
            return arrow(_sip_text(event), _sip_tone(event))
        case ev.SipReceived() if wires.is_foreign(flow):
            return arrow(_sip_text(event), _sip_tone(event), inward=True)
        case ev.SipMalformed():
            return note(f"malformed: {event.detail}", "bad")
        case ev.PeerJudged():
            if event.trusted:
                return note(f"certificate name {event.matched} is in the Expressway-C table", "good")
            return note(f"{', '.join(event.offered) or 'no name'} not in the Expressway-C table", "bad")
        case ev.RegistrarRejected():
            return note(f"{event.reason} [{event.mark}]", "bad")
        case ev.RegistrarChallenged() if event.reason != "token_absent":
            return note(f"token refused: {event.reason} [{event.mark}]", "bad")
        case ev.RegistrarAccepted() if event.what != "refreshed":
            return note(f"{event.device} {event.what.replace('_', ' ')}, {event.expires} s", "good")
        case ev.BindingChanged() if event.what in ("expired", "lost", "replaced"):
            return note(f"{event.device}: registration {event.what}", "bad")
        case ev.PhoneFailed():
            return note(f"{event.code}: {event.detail}", "bad")
        case ev.PhoneFailedOver():
            return note(f"fails over from {event.old} to {event.new}", "bad")
        case ev.PhoneWarned():
            return note(f"{event.code} {event.detail}".rstrip(), "quiet")
        case ev.ZoneChanged():
            return note(f"zone {event.zone} {event.state}", "good" if event.state == "active" else "bad")
        case ev.FaultInjected():
            return note(f"fault: {event.fault}", "quiet")
        case _:
            return []


def _config_rows(me: str, event: ev.ConfigFetched, wires: _Wires) -> list[Row]:
    server = wires.server_of(event.url)
    file = event.url.rpartition("/")[2]
    good = event.status == 200 and event.problem is None
    outcome = f"{event.problem}: {event.detail}" if event.problem else f"{event.status} {file}"
    if server is None:
        return [Row(at=0, lane=me, text=f"{file}: {outcome}", tone="plain" if good else "bad")]
    answer = "200 OK, cnf.xml" if event.status == 200 else f"{event.status}"
    rows = [
        Row(at=0, lane=me, to=server, text=f"GET {file}", opens=True),
        Row(at=0, lane=server, to=me, text=answer, tone="plain" if event.status == 200 else "bad"),
    ]
    if event.problem and event.status == 200:
        rows.append(Row(at=0, lane=me, text=outcome, tone="bad"))
    return rows


def _tls_rows(
    me: str, event: ev.TlsEstablished | ev.TlsFailed, flow: FlowId | None, wires: _Wires
) -> list[Row]:
    peer = wires.peer(flow)
    mate = wires.mate.get(flow) if flow is not None else None
    if isinstance(event, ev.TlsFailed):
        alert = (
            "refused without an alert" if event.alert is None else f"TLS alert {event.alert} {event.alert_name}"
        )
        if event.by == "us":
            return [
                Row(at=0, lane=me, text=event.detail or event.reason, tone="bad"),
                Row(at=0, lane=me, to=peer, text=alert, tone="bad"),
            ]
        if mate is not None and mate in wires.failed:
            return [Row(at=0, lane=me, text=f"received {alert.removeprefix('TLS ')}", tone="bad")]
        return [Row(at=0, lane=peer, to=me, text=alert, tone="bad")]
    # Drawn once, where the first end finishes, if the other one will finish too.
    other = wires.established.get(mate) if mate is not None else None
    if mate is not None and other is None:
        return [Row(at=0, lane=me, text=f"{event.version} finished on this side", tone="quiet")]
    if mate is not None and flow is not None and not wires.first_up(flow, mate):
        return []
    server, client = (me, peer) if event.role == "server" else (peer, me)
    text = event.version
    seen_by_server = event if event.role == "server" else other
    if seen_by_server is not None:
        names = seen_by_server.peer_names
        text += f", client certificate {names[0]}" if names else ", no client certificate"
    return [Row(at=0, lane=client, to=server, text=text, tone="quiet", opens=True)]


_WARNING = re.compile(r'(?im)^Warning: 399 \S+ "([^"]*)"')
_RETRY = re.compile(r"(?im)^Retry-After: (\d+)")
_EXPIRES = re.compile(r"(?im)^Expires: (\d+)")
_BEARER = re.compile(r"(?im)^(?:Proxy-)?Authorization: Bearer")


def _sip_text(event: ev.SipMessageSeen) -> str:
    if event.status is None:
        text = event.method
        if event.method == "REGISTER":
            text += " + token" if _BEARER.search(event.text) else ""
            expires = _EXPIRES.search(event.text)
            text += ", Expires: 0" if expires and expires[1] == "0" else ""
        return text
    text = event.start_line.removeprefix("SIP/2.0 ")
    warning, retry = _WARNING.search(event.text), _RETRY.search(event.text)
    text += f' "{warning[1]}"' if warning else ""
    return text + (f" retry {retry[1]} s" if retry else "")


def _sip_tone(event: ev.SipMessageSeen) -> Tone:
    if event.status is None or event.status in (401, 407) or event.status < 200:
        return "plain"
    return "good" if event.status < 300 else "bad"


# --- drawing -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    tone: Tone


_GUTTER = 9


def draw(rows: Sequence[Row], *, width: int = 80) -> list[Line]:
    """Text lines of the ladder, none wider than `width` (at least 60) columns."""
    lanes = lanes_of(rows)
    if not lanes:
        return []
    width = max(width, 60)
    columns = _columns(lanes, width)
    lines = [Line(_header(lanes, columns, width), "plain")]
    shown = ""
    for row in rows:
        stamp = f"{row.at:8.3f}"
        page = _Page(columns.values(), width)
        if row.lane is None:
            lines.append(Line(f"{'':{_GUTTER}}── {row.text} ".ljust(width, "─")[:width], "step"))
            continue
        if row.to is None or row.to == row.lane:
            parts = page.note(columns[row.lane], row.text)
        else:
            parts = page.arrow(columns[row.lane], columns[row.to], row.text)
        if stamp != shown:
            parts[0] = stamp + parts[0][len(stamp) :]
            shown = stamp
        lines += [Line(part, row.tone) for part in parts]
    return lines


def _columns(lanes: Sequence[str], width: int) -> dict[str, int]:
    first, last = _GUTTER + 4, width - 12
    if len(lanes) == 1:
        return {lanes[0]: first}
    step = (last - first) / (len(lanes) - 1)
    return {lane: round(first + index * step) for index, lane in enumerate(lanes)}


def _header(lanes: Sequence[str], columns: dict[str, int], width: int) -> str:
    room = (width - _GUTTER) // max(len(lanes), 1) - 1
    line = [" "] * width
    for lane in lanes:
        name = lane if len(lane) <= room else lane[: room - 1] + "…"
        start = min(max(columns[lane] - len(name) // 2, 0), width - len(name))
        line[start : start + len(name)] = name
    return "".join(line).rstrip()


class _Page:
    """One row of lifelines to write on."""

    def __init__(self, columns: Iterable[int], width: int) -> None:
        self._columns = list(columns)
        self._width = width

    def _blank(self) -> list[str]:
        line = [" "] * self._width
        for column in self._columns:
            line[column] = "│"
        return line

    def note(self, column: int, text: str) -> list[str]:
        """`● text` at the lifeline: to its right if there is more room there, else to its left."""
        right, left = self._width - column - 3, column - _GUTTER - 2
        room = max(right, left)
        out = []
        for index, part in enumerate(_wrap(text, room)):
            line = self._blank()
            line[column] = "●" if index == 0 else "│"
            start = column + 2 if right >= left else column - 1 - len(part)
            line[start : start + len(part)] = part
            out.append("".join(line).rstrip())
        return out

    def arrow(self, start: int, end: int, text: str) -> list[str]:
        """The arrow with its label inside, or above it where it does not fit."""
        left, right = min(start, end), max(start, end)
        gap = right - left - 1
        out = []
        label = f" {text} "
        if len(label) > gap - 4:
            for part in _wrap(text, max(gap - 2, self._width - left - 3)):
                line = self._blank()
                line[left + 2 : left + 2 + len(part)] = part
                out.append("".join(line).rstrip())
            label = ""
        line = self._blank()
        shaft = label.center(gap - 1, "─")
        line[left + 1 : right] = list(f"{shaft}>" if start < end else f"<{shaft}")
        out.append("".join(line).rstrip())
        return out


def _wrap(text: str, room: int) -> list[str]:
    """Words in lines of at most `room` columns; a longer word is cut."""
    lines = [""]
    for word in text.split():
        while len(word) > room:
            lines.append(word[:room])
            word = word[room:]
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) <= room:
            lines[-1] = joined
        else:
            lines.append(word)
    return [line for line in lines if line] or [""]
