"""Which two ends of the event stream are one connection, and what became of it.

The two ends mirror their addresses. A foreign peer has no end of its own: it is known by its address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from simulator.core import events as ev
from simulator.core.events.log import Record
from simulator.core.ids import FlowId


@dataclass(slots=True, eq=False)
class End:
    """One end of a connection: a flow of one actor."""

    actor: str
    flow: FlowId
    opened: ev.FlowOpened
    first: Record
    established: ev.TlsEstablished | None = None
    failed: ev.TlsFailed | None = None
    closed: ev.FlowClosed | None = None
    judged: ev.PeerJudged | None = None
    seqs: dict[str, int] = field(default_factory=dict)
    """seq of those records, by event kind."""


@dataclass(slots=True, eq=False)
class Connection:
    """Two ends that belong together. A foreign peer has no end here."""

    client: End | None
    server: End | None

    @property
    def ends(self) -> tuple[End, ...]:
        """Return the ends that report events, the client first."""
        return tuple(end for end in (self.client, self.server) if end is not None)

    @property
    def first(self) -> Record:
        return min((end.first for end in self.ends), key=lambda record: record.seq)

    @property
    def transport(self) -> str:
        return (self.client or self._any).opened.transport

    @property
    def secured(self) -> bool:
        """Tell whether either end speaks TLS; the other may have been told to speak plain text."""
        return any(end.opened.transport == "tls" for end in self.ends)

    @property
    def listener(self) -> str | None:
        """Return the name of the listener that accepted it; None if the server is foreign."""
        return self.server.opened.listener if self.server else None

    @property
    def client_name(self) -> str:
        """Return the client's actor, or a foreign client's address."""
        return self.client.actor if self.client else self._any.opened.remote

    @property
    def server_name(self) -> str:
        return self.server.actor if self.server else self._any.opened.remote

    @property
    def target(self) -> str:
        """Return where the client went: name and port as the client calls them, else as the server does."""
        return self.client.opened.remote if self.client else self._any.opened.local

    @property
    def source(self) -> str:
        return self.client.opened.local if self.client else self._any.opened.remote

    @property
    def established(self) -> bool:
        """Tell whether every end that reports has finished its handshake."""
        return all(end.established is not None for end in self.ends)

    @property
    def failed(self) -> bool:
        return any(end.failed is not None for end in self.ends)

    @property
    def _any(self) -> End:
        return self.ends[0]

    def end_of(self, flow: FlowId) -> End:
        return next(end for end in self.ends if end.flow == flow)

    def other(self, flow: FlowId) -> End | None:
        return next((end for end in self.ends if end.flow != flow), None)


class Connections:
    """Find every connection in some records, in order. `of(flow)` returns the one that a flow belongs to."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._by_flow: dict[FlowId, Connection] = {}
        self._all: list[Connection] = []
        self._clients: dict[str, Connection] = {}
        self._servers: dict[str, Connection] = {}
        for record in records:
            if record.flow is None:
                continue
            if isinstance(record.event, ev.FlowOpened):
                self._open(record, record.flow, record.event)
            elif record.flow in self._by_flow:
                self._note(self._by_flow[record.flow].end_of(record.flow), record)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._all)

    def of(self, flow: FlowId | None) -> Connection | None:
        return self._by_flow.get(flow) if flow is not None else None

    def _open(self, record: Record, flow: FlowId, opened: ev.FlowOpened) -> None:
        end = End(actor=str(record.actor), flow=flow, opened=opened, first=record)
        if opened.listener is None:
            met = self._servers.pop(opened.local, None)
            connection = met or Connection(client=end, server=None)
            connection.client = end
            if met is None:
                self._clients[opened.local] = connection
        else:
            met = self._clients.pop(opened.remote, None)
            connection = met or Connection(client=None, server=end)
            connection.server = end
            if met is None:
                self._servers[opened.remote] = connection
        if met is None:
            self._all.append(connection)
        self._by_flow[flow] = connection

    @staticmethod
    def _note(end: End, record: Record) -> None:
        event = record.event
        match event:
            case ev.TlsEstablished():
                end.established = event
            case ev.TlsFailed():
                end.failed = event
            case ev.FlowClosed():
                end.closed = event
            case ev.PeerJudged():
                end.judged = event
            case _:
                return
        end.seqs.setdefault(event.kind, record.seq)


def foreign(connections: Sequence[Connection]) -> set[str]:
    """Names of peers that report nothing here."""
    return {
        name
        for connection in connections
        for end, name in (
            (connection.client, connection.client_name),
            (connection.server, connection.server_name),
        )
        if end is None
    }
