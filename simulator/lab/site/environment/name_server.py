"""The lab's name server: SRV and address records of nodes and Expressways, over UDP and TCP (RFC 1035, 2782).

An actor like the others, so a client finds the lab by DNS in the World, in scenarios and from outside alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from simulator.core.actor.flow import Address, CloseFlow, Effect, FlowEnd, FlowFacts, Listen, SendData
from simulator.core.events import NamesAnswered
from simulator.core.events.log import Journal
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant

TTL = 60
_UDP_SIZE = 512
"""Bytes of a datagram for a client that says nothing of EDNS (RFC 1035 4.2.1)."""
_MOST_UDP = 1232
"""[assumed: the usual limit since 2020]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SrvRecord:
    """One SRV record."""

    name: str
    """E.g. _cisco-uds._tcp.lab.example."""
    host: str
    port: int
    priority: int = 10
    weight: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    zones: tuple[str, ...]
    """A name below one of them without a record does not exist; of other names the server knows nothing."""
    services: tuple[SrvRecord, ...]
    hosts: dict[str, str]
    """Host name -> address."""


class NameServer:
    """An Actor that answers DNS questions about the lab."""

    def __init__(self, address: Address, records: Callable[[], Records], *, journal: Journal) -> None:
        """`records` is called with every question, because the ports of a lab may change."""
        self._address, self._records, self._journal = address, records, journal
        self._streams: dict[FlowId, bytearray] = {}
        self._out: list[Effect] = []

    @property
    def name(self) -> ActorId:
        return self._journal.actor

    def listens(self) -> tuple[Listen, ...]:
        return (
            Listen(name="dns-udp", transport="udp", address=self._address),
            Listen(name="dns-tcp", transport="tcp", address=self._address),
        )

    # --- the actor ----------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        if facts.transport == "tcp":
            self._streams[flow] = bytearray()

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        buffer = self._streams.get(flow)
        if buffer is None:
            reply = self._reply(data, datagram=True)
            if reply is not None:
                self._out.append(SendData(flow, reply))
            return
        buffer += data
        while len(buffer) >= 2 and len(buffer) >= 2 + (size := int.from_bytes(buffer[:2])):
            reply = self._reply(bytes(buffer[2 : 2 + size]), datagram=False)
            del buffer[: 2 + size]
            if reply is None:
                del self._streams[flow]
                self._out.append(CloseFlow(flow))
                return
            self._out.append(SendData(flow, len(reply).to_bytes(2) + reply))

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        self._streams.pop(flow, None)

    def next_timeout(self) -> Instant | None:
        return None

    def handle_timeout(self, now: Instant) -> None:
        """It waits for nothing."""

    def effects(self) -> list[Effect]:
        out, self._out = self._out, []
        return out

    # --- answers ------------------------------------------------------------------------------------------

    def _reply(self, data: bytes, *, datagram: bool) -> bytes | None:
        """Return the answer; None if the question is not one that can be answered."""
        try:
            query = dns.message.from_wire(data, ignore_trailing=True)
        except (dns.exception.DNSException, ValueError):
            return _format_error(data)
        if query.flags & dns.flags.QR:
            return None
        reply = dns.message.make_response(query)
        if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
            reply.set_rcode(dns.rcode.NOTIMP)
            return reply.to_wire()
        self._fill(reply, query.question[0])
        asked = query.question[0]
        self._journal.add(
            NamesAnswered(
                name=asked.name.to_text()[:200],
                type=dns.rdatatype.to_text(asked.rdtype),
                rcode=dns.rcode.to_text(reply.rcode()),
                records=sum(len(one) for one in reply.answer),
            )
        )
        limit = min(max(query.payload, _UDP_SIZE), _MOST_UDP) if datagram else 65_535
        try:
            return reply.to_wire(max_size=limit)
        except dns.exception.TooBig:
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC | dns.flags.AA
            return short.to_wire()

    def _fill(self, reply: dns.message.Message, asked: dns.rrset.RRset) -> None:
        records = self._records()
        wanted = asked.name.to_text(omit_final_dot=True).lower()
        zones = tuple(zone.lower() for zone in records.zones)
        services = [one for one in records.services if one.name.lower() == wanted]
        address = records.hosts.get(wanted)
        inside = any(wanted == zone or wanted.endswith(f".{zone}") for zone in zones)
        if not inside and address is None:
            reply.set_rcode(dns.rcode.REFUSED)
            return
        reply.flags |= dns.flags.AA
        if not services and address is None and wanted not in zones and not _is_above(wanted, records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
            return
        if asked.rdtype == dns.rdatatype.SRV and services:
            texts = [f"{one.priority} {one.weight} {one.port} {one.host}." for one in services]
            reply.answer.append(_rrset(asked.name, "SRV", texts))
            for host in dict.fromkeys(one.host.lower() for one in services):
                if host in records.hosts:
                    reply.additional.append(_address_set(dns.name.from_text(host), records.hosts[host]))
        elif address is not None and asked.rdtype == _kind(address):
            reply.answer.append(_address_set(asked.name, address))


def _is_above(name: str, records: Records) -> bool:
    """A name without records of its own that others lie below exists nevertheless (RFC 8020)."""
    names: Iterable[str] = (*records.hosts, *(one.name.lower() for one in records.services))
    return any(other.endswith(f".{name}") for other in names)


def _kind(address: str) -> dns.rdatatype.RdataType:
    return dns.rdatatype.AAAA if ":" in address else dns.rdatatype.A


def _address_set(name: dns.name.Name, address: str) -> dns.rrset.RRset:
    return _rrset(name, dns.rdatatype.to_text(_kind(address)), [address])


def _rrset(name: dns.name.Name, kind: str, texts: list[str]) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(name, TTL, "IN", kind, texts)


def _format_error(data: bytes) -> bytes | None:
    """FORMERR with the client's own id, if there is one to be read and it is a question."""
    if len(data) < 12 or data[2] & 0x80:
        return None
    reply = dns.message.Message(id=int.from_bytes(data[:2]))
    reply.flags = dns.flags.QR
    reply.set_rcode(dns.rcode.FORMERR)
    return reply.to_wire()
