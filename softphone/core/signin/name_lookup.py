"""SRV and address records, asked of the account's name servers over the client's own flows (RFC 1035, 2782).

All questions go out at once, each as a datagram [documented: device-config 4.1, separate simultaneous
requests]; what arrives truncated is asked again over TCP. A server that keeps silent or fails is followed by
the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from simulator.core.actor.flow import Address, CloseFlow, Effect, OpenFlow, SendData
from simulator.core.entropy import Entropy
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import Instant

RESEND = 2.0
SENDINGS = 3
"""Of each question to each server. [assumed: usual resolver settings]"""
Question = tuple[str, str]
"""(name, type), e.g. ("_cisco-uds._tcp.lab.example", "SRV")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SrvTarget:
    """One SRV record."""

    host: str
    port: int
    priority: int
    weight: int


class NameLookup:
    """One set of questions at a time: `ask` forgets the ones before."""

    def __init__(
        self, servers: tuple[Address, ...], *, entropy: Entropy, flows: FlowIds, out: list[Effect]
    ) -> None:
        self._servers, self._entropy, self._flows, self._out = servers, entropy, flows, out
        self.addresses: dict[str, str] = {}
        """Host name (lower case) -> address, of everything seen in answers."""
        self._place = 0
        self._sent = 0
        self._due: Instant | None = None
        self._open: dict[int, Question] = {}
        self._answers: dict[Question, tuple[SrvTarget, ...]] = {}
        self._streams: dict[FlowId, tuple[int, bytearray]] = {}
        self._datagrams: FlowId | None = None
        self._ready: set[FlowId] = set()

    @property
    def done(self) -> bool:
        """Every question is answered, or no server is left to ask."""
        return self._due is None

    @property
    def unanswered(self) -> bool:
        return bool(self._open)

    def targets(self, question: Question) -> tuple[SrvTarget, ...]:
        """Return the records by priority, then the heavier first; empty if there are none."""
        return tuple(sorted(self._answers.get(question, ()), key=lambda t: (t.priority, -t.weight, t.host)))

    def ask(self, questions: tuple[Question, ...], now: Instant) -> None:
        """Ask the first name server all `questions`."""
        self.cancel()
        self._answers = {}
        self._place = 0
        self._open = {}
        for question in questions:
            number = self._entropy.integer(0, 0xFFFF)
            while number in self._open:
                number = (number + 1) & 0xFFFF
            self._open[number] = question
        self._ask_server(now)

    def cancel(self) -> None:
        """Close every flow and await no answer."""
        for flow in (*self._streams, *((self._datagrams,) if self._datagrams is not None else ())):
            self._out.append(CloseFlow(flow))
        self._streams.clear()
        self._ready.clear()
        self._datagrams = self._due = None

    def owns(self, flow: FlowId) -> bool:
        """Whether `flow` is one to a name server."""
        return flow == self._datagrams or flow in self._streams

    def opened(self, flow: FlowId, now: Instant) -> None:
        """Send the questions over a flow that has come up."""
        if flow == self._datagrams:
            self._ready.add(flow)
            self._send()
        elif flow in self._streams:
            query = self._query(self._streams[flow][0])
            self._out.append(SendData(flow, len(query).to_bytes(2) + query))

    def received(self, flow: FlowId, data: bytes, now: Instant) -> None:
        """Take an answer; one that is truncated is asked for again over TCP."""
        if flow in self._streams:
            buffer = self._streams[flow][1]
            buffer += data
            size = int.from_bytes(buffer[:2])
            if len(buffer) < 2 or len(buffer) < size + 2:
                return
            data = bytes(buffer[2 : size + 2])
            del self._streams[flow]
            self._out.append(CloseFlow(flow))
        self._read(data, now, stream=flow != self._datagrams)
        if not self._open:
            self.cancel()

    def lost(self, flow: FlowId, now: Instant) -> None:
        """Ask the next name server: this one is not there."""
        if self._streams.pop(flow, None) is None:
            self._datagrams = None
        self._next_server(now)

    def next_timeout(self) -> Instant | None:
        return self._due

    def handle_timeout(self, now: Instant) -> None:
        """Ask again, or the next name server."""
        if self._due is None or now < self._due:
            return
        if self._sent >= SENDINGS:
            self._next_server(now)
        else:
            self._due = Instant(now + RESEND)
            self._send()

    # --- parts ------------------------------------------------------------------------------------------------

    def _ask_server(self, now: Instant) -> None:
        self._sent = 0
        self._due = Instant(now + RESEND)
        self._datagrams = self._flows.take()
        self._out.append(
            OpenFlow(flow=self._datagrams, transport="udp", remote=self._servers[self._place], timeout=RESEND)
        )

    def _next_server(self, now: Instant) -> None:
        self.cancel()
        self._place += 1
        if self._place < len(self._servers):
            self._ask_server(now)

    def _send(self) -> None:
        if self._datagrams is None or self._datagrams not in self._ready:
            return
        self._sent += 1
        asked_over_tcp = {number for number, _ in self._streams.values()}
        for number in self._open:
            if number not in asked_over_tcp:
                self._out.append(SendData(self._datagrams, self._query(number)))

    def _query(self, number: int) -> bytes:
        name, kind = self._open[number]
        return dns.message.make_query(name, kind, id=number).to_wire()

    def _read(self, data: bytes, now: Instant, *, stream: bool) -> None:
        """What is no answer to an open question is dropped, as anybody may send a datagram."""
        try:
            message = dns.message.from_wire(data, ignore_trailing=True)
        except (dns.exception.DNSException, ValueError):
            return
        question = self._open.get(message.id)
        if question is None or not message.flags & dns.flags.QR or not _same(message, question):
            return
        if message.flags & dns.flags.TC and not stream:
            flow = self._flows.take()
            self._streams[flow] = message.id, bytearray()
            remote = self._servers[self._place]
            self._out.append(OpenFlow(flow=flow, transport="tcp", remote=remote, timeout=RESEND))
            return
        if message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            self._next_server(now)
            return
        del self._open[message.id]
        self._answers[question] = _targets(message)
        self.addresses.update(_addresses(message))


def _same(message: dns.message.Message, question: Question) -> bool:
    asked = message.question[0] if message.question else None
    return (
        asked is not None
        and asked.name.to_text(omit_final_dot=True).lower() == question[0].rstrip(".").lower()
        and asked.rdtype == dns.rdatatype.from_text(question[1])
    )


def _targets(message: dns.message.Message) -> tuple[SrvTarget, ...]:
    """A lone "." says that the service is not offered (RFC 2782)."""
    return tuple(
        SrvTarget(
            host=record.target.to_text(omit_final_dot=True).lower(),
            port=record.port,
            priority=record.priority,
            weight=record.weight,
        )
        for rrset in message.answer
        if rrset.rdtype == dns.rdatatype.SRV
        for record in rrset
        if record.target.to_text() != "." and record.port
    )


def _addresses(message: dns.message.Message) -> dict[str, str]:
    """Of every name that has one, aliases followed."""
    sets = [*message.answer, *message.additional]
    found: dict[str, str] = {}
    for rrset in sets:
        if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            found.setdefault(rrset.name.to_text(omit_final_dot=True).lower(), next(iter(rrset)).address)
    aliases: dict[str, str] = {
        rrset.name.to_text(omit_final_dot=True).lower(): next(iter(rrset)).target.to_text(True).lower()
        for rrset in sets
        if rrset.rdtype == dns.rdatatype.CNAME
    }
    for name in aliases:
        there, left = name, 8
        while there in aliases and left:
            there, left = aliases[there], left - 1
        if there in found:
            found[name] = found[there]
    return found
