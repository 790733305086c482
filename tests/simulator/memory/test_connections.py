"""Connections without sockets: every hop takes its time, and the tap sees what a wire would carry."""

from __future__ import annotations

import time

import pytest

from certs.authority import Authority, IssuedCertificate
from certs.spec import CertSpec
from simulator.core.actor.flow import (
    Address,
    CloseFlow,
    FlowFacts,
    Listen,
    OpenFlow,
    SendData,
    Transport,
)
from simulator.core.actor.tap import WireEnd
from simulator.core.events import FlowClosed, FlowFailed, FlowOpened, TlsFailed
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.core.network.endpoint import Endpoint
from simulator.core.tls.settings import ClientTls, ServerTls
from simulator.lab.run.world import run_now
from simulator.memory.network import LATENCY, MemoryNetwork
from tests.drivers.bench import Talker

NODE = Address("192.0.2.1", 5060)
REAL_NOW = Instant(time.time())


class Hosts:
    """The phone has an address of its own, and the node a name."""

    def resolve(self, host: str) -> str | None:
        return {"ucm.lab.example": NODE.host, NODE.host: NODE.host}.get(host)

    def address(self, name: str) -> str:
        return "10.0.0.7"


class Wiretap:
    """A `Tap` that keeps one line for each thing it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def opened(self, flow: FlowId, facts: FlowFacts) -> None:
        self.lines.append(f"{flow} opened {facts.local} {facts.remote}")

    def sent(self, flow: FlowId, data: bytes) -> None:
        self.lines.append(f"{flow} sent {len(data)}")

    def received(self, flow: FlowId, data: bytes) -> None:
        self.lines.append(f"{flow} received {len(data)}")

    def ended(self, flow: FlowId, how: WireEnd) -> None:
        self.lines.append(f"{flow} {how.value}")


class Lab:
    """A node and a phone on one memory network."""

    def __init__(self) -> None:
        self.clock = ManualClock(0.0)
        self.log = EventLog(self.clock)
        self.flows = FlowIds()
        self.tap = Wiretap()
        self.network = MemoryNetwork(
            log=self.log,
            clock=self.clock,
            flows=self.flows,
            hosts=Hosts(),
            real_now=REAL_NOW,
            tap=self.tap,
        )
        self.node, self.phone = Talker("ucm", reply=bytes.upper), Talker("phone")
        run_now(self.network.join(self.phone))

    def serve(self, *, transport: Transport = "tcp", tls: ServerTls | None = None) -> Endpoint:
        listen = Listen(name="sip", transport=transport, address=NODE, tls=tls)
        endpoint = Endpoint(owner=self.node.name, listen=listen, handler=self.node)
        assert run_now(self.network.open(endpoint)) == (NODE,)
        return endpoint

    def dial(
        self, *, host: str = "ucm.lab.example", transport: Transport = "tcp", tls: ClientTls | None = None
    ) -> FlowId:
        flow = self.flows.take()
        remote = Address(host, NODE.port)
        self.phone.todo.append(OpenFlow(flow=flow, transport=transport, remote=remote, tls=tls))
        self.network.run(self.phone)
        return flow

    def settle(self) -> None:
        run_now(self.network.until_idle())

    def times(self, kind: type) -> list[tuple[str, float]]:
        """Who emitted an event of this kind, and how many hops after the beginning."""
        found = [r for r in self.log.records() if isinstance(r.event, kind)]
        return [(str(r.actor), round(r.at / LATENCY, 3)) for r in found]


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture(scope="module")
def ca() -> Authority:
    return Authority.create("Lab CA", now=REAL_NOW, key="ec256")


@pytest.fixture(scope="module")
def node(ca: Authority) -> IssuedCertificate:
    return ca.issue(CertSpec(common_name="ucm", sans=("ucm.lab.example",), key="ec256"), now=REAL_NOW)


def test_a_connection_takes_two_hops_and_data_one(lab: Lab) -> None:
    lab.serve()
    flow = lab.dial()
    lab.settle()
    assert lab.times(FlowOpened) == [("phone", 2), ("ucm", 2)]
    lab.phone.todo.append(SendData(flow, b"register"))
    lab.network.run(lab.phone)
    lab.settle()
    assert lab.phone.heard[flow] == b"REGISTER"
    assert lab.clock.now() == pytest.approx(4 * LATENCY)


def test_addresses_are_those_of_the_lab_and_ports_count_up(lab: Lab) -> None:
    lab.serve()
    first, second = lab.dial(), lab.dial()
    lab.settle()
    assert lab.phone.facts[first].local == Address("10.0.0.7", 49_152)
    assert lab.phone.facts[second].local == Address("10.0.0.7", 49_153)
    assert lab.phone.facts[first].remote == Address("ucm.lab.example", 5060), "as it was dialled"
    assert {facts.local for facts in lab.node.facts.values()} == {NODE}


def test_an_unknown_name_is_told_two_hops_later(lab: Lab) -> None:
    flow = lab.dial(host="nowhere.lab.example")
    lab.settle()
    assert lab.phone.ends[flow].detail == "nowhere.lab.example:5060: name does not resolve"
    assert lab.times(FlowFailed) == [("phone", 2)]
    assert lab.tap.lines == []


def test_a_port_that_closes_while_it_is_dialled_refuses(lab: Lab) -> None:
    endpoint = lab.serve()
    flow = lab.dial()
    run_now(lab.network.close(endpoint))
    lab.settle()
    assert lab.phone.ends[flow].detail == "ucm.lab.example:5060: connection refused"


def test_the_tap_sees_both_ends_of_a_connection(lab: Lab) -> None:
    lab.serve()
    flow = lab.dial()
    lab.settle()
    lab.phone.todo += [SendData(flow, b"four"), CloseFlow(flow)]
    lab.network.run(lab.phone)
    lab.settle()
    assert lab.tap.lines == [
        "1 opened 10.0.0.7:49152 192.0.2.1:5060",
        "2 opened 192.0.2.1:5060 10.0.0.7:49152",
        "1 sent 4",
        "1 fin sent",
        "2 received 4",
        "2 sent 4",
        "2 fin received",
        "2 fin sent",
        "1 received 4",
        "1 fin received",
    ]


def test_the_tap_sees_a_reset(lab: Lab) -> None:
    lab.serve()
    lab.dial()
    lab.settle()
    run_now(lab.network.drop(lab.phone))
    lab.settle()
    assert lab.tap.lines[2:] == ["1 reset sent", "2 reset received"]
    closed = [
        (r.actor, r.event.by, r.event.clean) for r in lab.log.records() if isinstance(r.event, FlowClosed)
    ]
    assert closed == [("phone", "us", False), ("ucm", "network", False)]


def test_a_datagram_to_nobody_is_lost_in_silence(lab: Lab) -> None:
    flow = lab.dial(transport="udp")
    lab.settle()
    lab.phone.todo.append(SendData(flow, b"anybody?"))
    lab.network.run(lab.phone)
    lab.settle()
    assert lab.phone.ends == {}
    assert lab.tap.lines == ["1 opened 10.0.0.7:49152 192.0.2.1:5060", "1 sent 8"]


def test_a_handshake_that_does_not_go_on_is_given_up_by_the_server(lab: Lab, node: IssuedCertificate) -> None:
    lab.serve(tls=ServerTls(credential=node.credential))
    lab.dial()  # plain TCP, and not a word
    run_now(lab.network.advance(9.9))
    assert lab.times(TlsFailed) == []
    run_now(lab.network.advance(1))
    (failed,) = [r.event for r in lab.log.records() if isinstance(r.event, TlsFailed)]
    assert (failed.by, failed.reason) == ("us", "HANDSHAKE_TIMEOUT")
    assert [(end.by, end.clean) for end in lab.phone.ends.values()] == [("network", False)]
    assert lab.node.calls == []


def test_a_handshake_that_does_not_go_on_is_given_up_by_the_client(lab: Lab, ca: Authority) -> None:
    lab.serve()  # answers nothing that is TLS
    lab.node.reply = None
    flow = lab.dial(tls=ClientTls(server_name="ucm.lab.example", trust=(ca.certificate,)))
    run_now(lab.network.advance(8.1))
    refusal = lab.phone.ends[flow].refusal
    assert refusal is not None
    assert (refusal.by, refusal.reason) == ("us", "HANDSHAKE_TIMEOUT")


def talk(lab: Lab, ca: Authority, node: IssuedCertificate) -> list[str]:
    lab.serve(tls=ServerTls(credential=node.credential))
    flows = [lab.dial(tls=ClientTls(server_name="ucm.lab.example", trust=(ca.certificate,))) for _ in range(3)]
    lab.settle()
    lab.phone.todo += [SendData(flow, b"register") for flow in flows]
    lab.network.run(lab.phone)
    lab.settle()
    run_now(lab.network.leave(lab.phone))
    lab.settle()
    return [f"{record.at:.6f} {record.actor} {record.flow} {record.event.kind}" for record in lab.log.records()]


def test_the_same_calls_make_the_same_events_at_the_same_times(
    lab: Lab, ca: Authority, node: IssuedCertificate
) -> None:
    assert talk(lab, ca, node) == talk(Lab(), ca, node)
