"""The lab's name server: what it answers to any datagram, and over TCP."""

from __future__ import annotations

import dns.flags
import dns.message
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.core.actor.flow import Address, FlowFacts, SendData
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant, ManualClock
from simulator.lab.site.environment.name_server import NameServer, Records, SrvRecord

NOW = Instant(1_800_000_000.0)


def name_server(count: int = 1) -> NameServer:
    services = tuple(
        SrvRecord(name="_cisco-uds._tcp.lab.example", host=f"node-{n}.lab.example", port=8443)
        for n in range(count)
    )
    hosts = {f"node-{n}.lab.example": f"192.0.2.{n + 1}" for n in range(count)}
    records = Records(zones=("lab.example",), services=services, hosts=hosts)
    journal = EventLog(ManualClock(NOW)).journal(ActorId("dns"))
    return NameServer(Address("192.0.2.53", 53), lambda: records, journal=journal)


def ask(server: NameServer, data: bytes, transport: str = "udp") -> list[bytes]:
    here = Address("192.0.2.53", 53)
    facts = FlowFacts(transport=transport, local=here, remote=Address("192.0.2.9", 4000))  # type: ignore[arg-type]
    server.flow_opened(FlowId(1), facts, NOW)
    server.flow_data(FlowId(1), data, NOW)
    return [effect.data for effect in server.effects() if isinstance(effect, SendData)]


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_any_datagram_is_answered_with_at_most_one_small_one(data: bytes) -> None:
    answers = ask(name_server(), data)
    assert len(answers) <= 1
    assert all(len(answer) <= 1232 for answer in answers)


def test_an_answer_too_long_for_a_datagram_is_truncated_and_whole_over_tcp() -> None:
    query = dns.message.make_query("_cisco-uds._tcp.lab.example", "SRV").to_wire()
    (short,) = ask(name_server(60), query)
    assert dns.message.from_wire(short).flags & dns.flags.TC
    (whole,) = ask(name_server(60), len(query).to_bytes(2) + query, "tcp")
    assert len(dns.message.from_wire(whole[2:]).answer[0]) == 60


def test_an_answer_is_no_question() -> None:
    reply = dns.message.make_response(dns.message.make_query("lab.example", "SRV"))
    assert ask(name_server(), reply.to_wire()) == []
