"""The rows of a ladder, read from the event stream: who sent what to whom, and what each decided.

One arrow per message, handshake step or alert, notes where an actor decided something. A peer that is no actor
of the lab (a foreign client) gets a lane of its own, named by its address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from simulator.core import events as ev
from simulator.core.events.log import Record
from simulator.evidence.connections import Connection, Connections
from simulator.evidence.ladder import handshake, https
from simulator.evidence.ladder.lanes import INNER
from simulator.evidence.ladder.row import LadderRow, Tone


def rows_of(records: Sequence[Record]) -> list[LadderRow]:
    """Read the rows of a run from its records, in order."""
    if not records:
        return []
    wires = _Wires(records)
    start = records[0].at
    return [
        replace(
            row,
            at=record.at - start,
            seq=record.seq,
            turned=wires.turned(record),
            text=row.text.translate(_UNPRINTABLE),
            detail=row.detail.translate(_UNPRINTABLE),
        )
        for record in records
        for row in _rows(record, wires)
    ]


# What a hostile peer sent may hold anything; no picture, page or terminal may be given a control character.
_UNPRINTABLE = dict.fromkeys(
    (*range(32), *range(127, 160), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\N{REPLACEMENT CHARACTER}"
)
for _allowed in "\t\n\r":
    del _UNPRINTABLE[ord(_allowed)]


class _Wires:
    """What a record alone does not say."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.connections = Connections(records)
        self._served: dict[str, str] = {}
        self.asked: dict[int, https.Asked] = {}
        """By seq of the client's tls:established: what it asked there over HTTP."""
        self.answering: dict[int, str] = {}
        """By seq of an answer over HTTP: who gave it."""
        for record in records:
            if isinstance(record.event, ev.ConfigServed):
                self._served.setdefault(record.event.path, str(record.actor))
            elif isinstance(record.event, https.Asked) and record.event.status is not None:
                self._note_request(record, record.event)

    def _note_request(self, record: Record, event: https.Asked) -> None:
        """Which connection a request was sent on: the client's last one to that port, by whatever name."""
        mine = (str(record.actor), _port(event.where.partition("/")[0]))
        for connection in reversed(list(self.connections)):
            if (connection.client_name, _port(connection.target)) == mine and connection.first.seq < record.seq:
                self.answering[record.seq] = connection.server_name
                up = connection.client.seqs.get(ev.TlsEstablished.kind) if connection.client else None
                if up is not None:
                    self.asked[up] = event
                return

    def turned(self, record: Record) -> bool:
        connection = self.connections.of(record.flow)
        return connection is not None and connection.listener in INNER

    def server_of(self, url: str) -> str | None:
        """The node that served `url`'s path."""
        return self._served.get("/" + url.partition("://")[2].partition("/")[2])


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _rows(record: Record, wires: _Wires) -> list[LadderRow]:
    me, event = str(record.actor), record.event
    connection = wires.connections.of(record.flow)

    def note(text: str, tone: Tone = "plain", detail: str = "") -> list[LadderRow]:
        return [LadderRow(lane=me, text=text, tone=tone, detail=detail)]

    def page(text: str, tone: Tone) -> list[LadderRow]:
        return [LadderRow(lane=None, text=text, tone=tone)]

    match event:
        case ev.StepTaken():
            return page(event.step, "step")
        case ev.ServiceStarted():
            return note(f"{event.service} started" + (f": {event.detail}" if event.detail else ""), "quiet")
        case ev.ServiceStopped():
            return note(f"{event.service} stopped", "quiet")
        case ev.ClusterChanged():
            return page(f"{event.what}: {event.detail}" if event.detail else event.what, "quiet")
        case ev.ConfigFetched():
            return _config_rows(me, event, wires)
        case ev.PhonePortDecided():
            return note(
                f"uses {event.element} {event.port} over {event.transport.upper()}",
                "quiet",
                f"{event.node}, row {event.row} of the port table (device-config 5)",
            )
        case ev.FlowFailed():
            return note(f"no connection to {event.remote}: {event.detail}", "bad")
        case ev.FlowOpened() | ev.TlsEstablished() | ev.TlsFailed() if connection is not None:
            request = wires.asked.get(record.seq)
            asked = [https.question(me, connection.server_name, request)] if request is not None else []
            return handshake.rows(connection, record) + asked
        case ev.FlowClosed() if connection is not None:
            return _closed(me, event, connection, record)
        case ev.SipSent() | ev.SipReceived() if connection is not None:
            return _sip_rows(me, event, connection, record)
        case ev.SipMalformed():
            return note(f"malformed: {event.detail}", "bad")
        case ev.PeerJudged():
            return _table_row(me, event)
        case ev.RegistrarRejected():
            return note(_judged(event), "bad")
        case ev.RegistrarChallenged() if event.reason != "token_absent":
            return note(f"token refused: {_judged(event)}", "bad")
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
            return note(
                f"zone {event.zone} {event.state}", "good" if event.state == "active" else "bad", event.detail
            )
        case ev.TraversalPeerRefused():
            names = ", ".join(event.offered) or "no name"
            return note(f"{names} is not {event.wanted}: {event.detail}", "bad")
        case ev.KeepAliveJudged() if not event.answered:
            return note(f"zone {event.zone}: no answer to the keep-alive", "bad", event.detail)
        case ev.SignInStepAnswered() | ev.HttpAnswered():
            return [https.answer(me, wires.answering.get(record.seq), event)]
        case ev.FaultInjected():
            return note(f"fault: {event.fault}", "quiet", event.detail)
        case _:
            told = https.note_of(event)
            return note(*told) if told is not None else []


def _judged(event: ev.RegistrarRejected | ev.RegistrarChallenged) -> str:
    """Reason, what was found, and the evidence that UCM does so."""
    if event.detail.startswith(event.reason):  # "expired 3 s ago"
        return f"{event.detail} [{event.mark}]"
    return (
        f"{event.reason}: {event.detail} [{event.mark}]" if event.detail else f"{event.reason} [{event.mark}]"
    )


def _config_rows(me: str, event: ev.ConfigFetched, wires: _Wires) -> list[LadderRow]:
    server = wires.server_of(event.url)
    file = event.url.rpartition("/")[2]
    good = event.status == 200 and event.problem is None
    outcome = f"{event.problem}: {event.detail}" if event.problem else f"{event.status} OK"
    if server is None:
        return [
            LadderRow(lane=me, text=f"GET {file}: {outcome}", tone="plain" if good else "bad", detail=event.url)
        ]
    answer = "200 OK, cnf.xml" if event.status == 200 else f"{event.status}"
    rows = [
        LadderRow(lane=me, to=server, text=f"GET {file}", opens=True, detail=event.url),
        LadderRow(lane=server, to=me, text=answer, tone="plain" if event.status == 200 else "bad"),
    ]
    if event.problem and event.status == 200:
        rows.append(LadderRow(lane=me, text=outcome, tone="bad"))
    return rows


def _closed(me: str, event: ev.FlowClosed, connection: Connection, record: Record) -> list[LadderRow]:
    """Only what would puzzle: an end that was forced. The end of a refused handshake is told by its alert."""
    if event.by != "us" or connection.failed or record.flow is None:
        return []
    end, other = connection.end_of(record.flow), connection.other(record.flow)
    peer = other.actor if other is not None else end.opened.remote
    if end.judged is not None and not end.judged.trusted:
        return [LadderRow(lane=me, to=peer, text="closes, without any SIP", tone="bad")]
    return [LadderRow(lane=me, to=peer, text=f"closes: {event.detail}", tone="bad")] if event.detail else []


def _table_row(me: str, event: ev.PeerJudged) -> list[LadderRow]:
    table = f"table: {', '.join(event.table) or 'empty'}\noffered: {', '.join(event.offered) or 'nothing'}"
    if event.trusted:
        return [
            LadderRow(lane=me, text=f"{event.matched} is in the Expressway-C table", tone="good", detail=table)
        ]
    offered = event.offered[0] if event.offered else "no name"
    return [LadderRow(lane=me, text=f"{offered} is not in the Expressway-C table", tone="bad", detail=table)]


_WARNING = re.compile(r'(?im)^Warning: 399 \S+ "([^"]*)"')
_RETRY = re.compile(r"(?im)^Retry-After: (\d+)")
_EXPIRES = re.compile(r"(?im)^Expires: (\d+)")
_BEARER = re.compile(r"(?im)^(?:Proxy-)?Authorization: Bearer")


def _sip_rows(
    me: str, event: ev.SipSent | ev.SipReceived, connection: Connection, record: Record
) -> list[LadderRow]:
    """Drawn where it is sent; what a foreign peer sent, where it is received."""
    assert record.flow is not None
    other = connection.other(record.flow)
    sent = isinstance(event, ev.SipSent)
    if not sent and other is not None:
        return []
    peer = other.actor if other is not None else connection.end_of(record.flow).opened.remote
    lane, to = (me, peer) if sent else (peer, me)
    client = connection.client_name == lane
    return [
        LadderRow(
            lane=lane,
            to=to,
            text=_sip_text(event),
            tone=_sip_tone(event),
            opens=client,
            detail=event.text.strip(),
        )
    ]


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
    text += f' "{warning[1]}"' if warning and warning[1] not in text else ""
    return text + (f" retry {retry[1]} s" if retry else "")


def _sip_tone(event: ev.SipMessageSeen) -> Tone:
    if event.status is None or event.status in (401, 407) or event.status < 200:
        return "plain"
    return "good" if event.status < 300 else "bad"
