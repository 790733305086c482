"""A foreign client: says what a scenario's steps tell it, and notes what comes back.

What `send` says goes over one connection; the client knows no SIP rule at all, so it can break every one.
A request over HTTP has a connection of its own.
"""

from __future__ import annotations

from string import Template
from urllib.parse import urlsplit

from simulator.core import redact
from simulator.core.actor.flow import (
    Address,
    CloseFlow,
    Effect,
    Fetch,
    Fetched,
    FlowEnd,
    FlowFacts,
    OpenFlow,
    SendData,
    Transport,
)
from simulator.core.events import Event, FaultInjected, HttpAnswered, SipMalformed, SipReceived, SipSent
from simulator.core.events.log import Journal
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.sip import (
    KeepAlive,
    Need,
    RemoteProtocolError,
    Request,
    Response,
    SipStream,
    parse_message,
    serialize,
)
from simulator.core.tls.settings import ClientTls
from simulator.lab.site.environment.context import LabContext

PLACEHOLDERS = {
    "node": "the node's host name",
    "local": "the client's own address and port",
    "token": "an access token, see `token`",
}
"""What `$name` in a text stands for; `$$` is a dollar."""


class RawClient:
    """An Actor."""

    def __init__(self, name: str, *, journal: Journal, flows: FlowIds) -> None:
        self._name = ActorId(name)
        self._journal, self._flows = journal, flows
        self._out: list[Effect] = []
        self._flow: FlowId | None = None
        self._facts: FlowFacts | None = None
        self._waiting: list[tuple[str | bytes, dict[str, str]]] = []
        self._stream = SipStream()
        self._target: tuple[Transport, Address, ClientTls | None] | None = None
        self._reads = True
        self._asked: Fetch | None = None
        self.answer: Fetched | None = None
        """What came back of the last request over HTTP; None while it is on its way."""

    @property
    def name(self) -> ActorId:
        return self._name

    def connect(
        self, transport: Transport, remote: Address, tls: ClientTls | None, *, sip: bool = True
    ) -> None:
        """Keep the connection if it leads to exactly this target, else open one in its place.

        Not `sip`: what comes back is not read.
        """
        self._reads = sip
        if self._flow is not None and self._target == (transport, remote, tls):
            return
        self.close()
        self._target = (transport, remote, tls)
        self._stream = SipStream()
        self._flow = self._flows.take()
        self._out.append(OpenFlow(flow=self._flow, transport=transport, remote=remote, tls=tls))

    def send(self, what: str | bytes, fields: dict[str, str]) -> None:
        """Send a text or bytes once the connection is open. `fields` fill the placeholders of a text."""
        self._waiting.append((what, fields))
        self._send()

    def close(self) -> None:
        """Close the connection in an orderly way. Harmless without one."""
        if self._flow is not None:
            self._out.append(CloseFlow(self._flow))
        self._forget()

    def ask(self, request: Fetch) -> None:
        """Send a request over HTTP; `answer` is None until something came back, or could not."""
        self._asked, self.answer = request, None
        self._out.append(request)

    # --- Actor ------------------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        if flow == self._flow:
            self._facts = facts
            self._send()

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        if flow != self._flow or not self._reads:
            return
        try:
            if self._facts is not None and self._facts.transport == "udp":
                self._note(parse_message(data))
                return
            self._stream.receive_data(data)
            while (message := self._stream.next_message()) is not Need.DATA:
                self._note(message)
        except RemoteProtocolError as error:
            self._add(SipMalformed(detail=error.detail))

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        if flow == self._flow:
            self._forget()

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        if self._asked is None or key != self._asked.key:
            return
        parts = urlsplit(self._asked.url)
        self._journal.add(
            HttpAnswered(
                method=self._asked.method,
                where=redact.text(f"{parts.netloc}{parts.path}"),
                status=result.status,
                detail=redact.text(result.failure),
            )
        )
        self._asked, self.answer = None, result

    def next_timeout(self) -> Instant | None:
        return None

    def handle_timeout(self, now: Instant) -> None:
        """Never due."""

    def effects(self) -> list[Effect]:
        out, self._out = self._out, []
        return out

    # --- parts ------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        if self._flow is None or self._facts is None:
            return
        waiting, self._waiting = self._waiting, []
        for what, fields in waiting:
            data = what
            if isinstance(data, str):
                data = Template(data).substitute(fields, local=str(self._facts.local)).encode()
            self._add(_sent(data))
            self._out.append(SendData(self._flow, data))

    def _note(self, message: Request | Response | KeepAlive | Need) -> None:
        if isinstance(message, Request | Response):
            self._add(_sip_event(SipReceived, message))

    def _add(self, event: Event) -> None:
        self._journal.add(event, flow=self._flow)

    def _forget(self) -> None:
        self._flow = self._facts = self._target = None
        self._waiting.clear()


def _sent(data: bytes) -> Event:
    """The event of bytes that are sent: a SIP message if they are one."""
    try:
        return _sip_event(SipSent, parse_message(data))
    except RemoteProtocolError:
        shown = redact.text(data.decode("ascii", "backslashreplace")).strip().splitlines()
        return FaultInjected(fault="bytes", detail=f"{len(data)} bytes: {shown[0][:60] if shown else ''}")


def _sip_event(kind: type[SipSent] | type[SipReceived], message: Request | Response) -> Event:
    """Raises RemoteProtocolError where the message lacks what events name."""
    return kind(
        start_line=redact.text(message.start_line),
        method=message.method if isinstance(message, Request) else message.cseq.method,
        status=message.status if isinstance(message, Response) else None,
        call_id=message.call_id,
        cseq=message.cseq.number,
        text=redact.text(serialize(message).decode("utf-8", "replace")),
    )


class RawClients:
    """The foreign clients of a scenario, by name."""

    def __init__(self, context: LabContext) -> None:
        self._context = context
        self._clients: dict[str, RawClient] = {}

    def get(self, name: str) -> RawClient | None:
        """Return the client of this name; None if there is none yet."""
        return self._clients.get(name)

    def add(self, name: str) -> RawClient:
        """Make a client that is no phone of this lab; the network must still be told of it."""
        self._context.plan.assign(name, f"{name}.clients.lab.example", "phone")
        client = RawClient(name, journal=self._context.journal(name), flows=self._context.flows)
        self._clients[name] = client
        return client

    def forget(self, name: str) -> None:
        """Forget a client that has gone."""
        del self._clients[name]
