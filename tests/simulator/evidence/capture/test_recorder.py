"""What a capture keeps of what taps tell: one copy of each byte, TCP's numbers, comments, bounds."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.core.actor.flow import Address, FlowFacts, Transport
from simulator.core.actor.tap import WireEnd
from simulator.core.events import RegistrarRejected, SipReceived, TlsFailed
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import ManualClock
from simulator.evidence.capture import Capture
from simulator.evidence.capture.keylog import secrets_of

PHONE, NODE = Address("10.0.0.3", 49152), Address("192.0.2.1", 5090)
FIN, SYN, RST, ACK = 1, 2, 4, 16


class Bench:
    """A capture with a clock and a log, and its packets read back."""

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        self.clock = ManualClock(1000.0)
        self.log = EventLog(self.clock)
        capture.attach(self.log, self.clock)

    def open(
        self,
        flow: int,
        *,
        server: bool = False,
        here: Address = PHONE,
        there: Address = NODE,
        over: Transport = "tls",
    ) -> FlowId:
        local, remote = (there, here) if server else (here, there)
        listener = "oauth" if server else None
        self.capture.opened(
            FlowId(flow), FlowFacts(transport=over, local=local, remote=remote, listener=listener)
        )
        return FlowId(flow)

    def pair(self, first: int = 1) -> tuple[FlowId, FlowId]:
        return self.open(first), self.open(first + 1, server=True)

    def packets(self) -> list[tuple[int, int, int, int, int, bytes, list[str]]]:
        """(source port, target port, flags, seq, ack, payload, comments) of each TCP packet."""
        return [
            (
                *struct.unpack("!HH", tcp[:4]),
                tcp[13],
                *struct.unpack("!II", tcp[4:12]),
                tcp[(tcp[12] >> 4) * 4 :],
                notes,
            )
            for tcp, notes in self.transports()
        ]

    def transports(self) -> Iterator[tuple[bytes, list[str]]]:
        for kind, body in blocks_of(self.capture.data()):
            if kind == 6:
                (length,) = struct.unpack("<I", body[12:16])
                frame, options = body[20 : 20 + length], body[20 + length + -length % 4 :]
                yield frame[34:], comments_of(options)

    def said(self) -> list[tuple[int, bytes]]:
        return [(source, data) for source, _, _, _, _, data, _ in self.packets() if data]


def blocks_of(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        kind, length = struct.unpack("<II", data[:8])
        yield kind, data[8 : length - 4]
        data = data[length:]


def comments_of(options: bytes) -> list[str]:
    found = []
    while options:
        code, length = struct.unpack("<HH", options[:4])
        if code == 1:
            found.append(options[4 : 4 + length].decode())
        options = options[4 + length + -length % 4 :]
    return found


@pytest.fixture
def capture() -> Iterator[Capture]:
    with Capture() as capture:
        yield capture


@pytest.fixture
def bench(capture: Capture) -> Bench:
    return Bench(capture)


def test_what_both_ends_tell_is_there_once(bench: Bench) -> None:
    phone, node = bench.pair()
    bench.capture.sent(phone, b"question")
    bench.capture.received(node, b"question")
    bench.capture.sent(node, b"answer")
    bench.capture.received(phone, b"answer")
    assert bench.said() == [(49152, b"question"), (5090, b"answer")]


def test_the_server_end_may_be_told_first(bench: Bench) -> None:
    node = bench.open(1, server=True)
    phone = bench.open(2)
    bench.capture.sent(phone, b"question")
    bench.capture.received(node, b"question")
    assert bench.said() == [(49152, b"question")]
    assert sum(flags == SYN for _, _, flags, *_ in bench.packets()) == 1


def test_a_foreign_peer_is_heard_through_our_end(bench: Bench) -> None:
    node = bench.open(1, server=True)
    bench.capture.received(node, b"question")
    bench.capture.sent(node, b"answer")
    bench.capture.ended(node, WireEnd.FIN_RECEIVED)
    bench.capture.ended(node, WireEnd.FIN_SENT)
    assert bench.said() == [(49152, b"question"), (5090, b"answer")]
    assert [(source, flags) for source, _, flags, *_ in bench.packets()][-3:] == [
        (49152, FIN | ACK),
        (5090, FIN | ACK),
        (49152, ACK),
    ]


def test_numbers_are_tcps(bench: Bench) -> None:
    phone, node = bench.pair()
    bench.capture.sent(phone, b"x" * 3000)
    bench.capture.sent(node, b"yy")
    bench.capture.ended(phone, WireEnd.FIN_SENT)
    bench.capture.sent(node, b"zzz")
    bench.capture.ended(node, WireEnd.FIN_SENT)
    packets = bench.packets()
    begun = {49152: packets[0][3], 5090: packets[1][3]}
    other = {49152: 5090, 5090: 49152}
    seen = [
        (source, flags, (seq - begun[source]) % 2**32, (ack - begun[other[source]]) % 2**32, len(data))
        for source, _, flags, seq, ack, data, _ in packets[1:]
    ]
    assert seen == [
        (5090, SYN | ACK, 0, 1, 0),
        (49152, ACK, 1, 1, 0),
        (49152, ACK, 1, 1, 1460),
        (49152, ACK, 1461, 1, 1460),
        (49152, ACK | 8, 2921, 1, 80),
        (5090, ACK | 8, 1, 3001, 2),
        (49152, FIN | ACK, 3001, 3, 0),
        (5090, ACK | 8, 3, 3002, 3),
        (5090, FIN | ACK, 6, 3002, 0),
        (49152, ACK, 3002, 7, 0),
    ]


def test_nothing_follows_a_reset(bench: Bench) -> None:
    phone, node = bench.pair()
    bench.capture.ended(phone, WireEnd.RESET_SENT)
    bench.capture.ended(node, WireEnd.RESET_RECEIVED)
    bench.capture.sent(node, b"too late")
    bench.capture.ended(node, WireEnd.FIN_SENT)
    assert [flags for _, _, flags, *_ in bench.packets()][3:] == [RST | ACK]


def test_a_port_that_is_used_again_is_another_connection(bench: Bench) -> None:
    phone, node = bench.pair()
    for flow in (phone, node):
        bench.capture.ended(flow, WireEnd.FIN_SENT)
    phone, node = bench.pair(3)
    bench.capture.sent(phone, b"again")
    bench.capture.received(node, b"again")
    assert bench.said() == [(49152, b"again")]
    assert sum(flags == SYN for _, _, flags, *_ in bench.packets()) == 2


def test_addresses_are_shown_as_documented_and_stay_distinct(bench: Bench) -> None:
    """Two nodes of a lab on one address, both with 5090, and a client with the same port towards each."""
    bench.capture.attach(
        bench.log,
        bench.clock,
        lambda address: Address(address.host, 5090 if address.port < 4000 else address.port),
    )
    here = Address("127.0.0.1", 50_000)
    bench.open(1, here=here, there=Address("127.0.0.1", 3001))
    bench.open(2, here=here, there=Address("127.0.0.1", 3002))
    opened = [
        (source, target, notes) for source, target, flags, _, _, _, notes in bench.packets() if flags == SYN
    ]
    assert opened == [(50_000, 5090, []), (50_001, 5090, ["client port 50000 on the wire"])]


def test_datagrams_know_no_connection(bench: Bench) -> None:
    here, there = Address("127.0.0.1", 50_000), Address("0.0.0.0", 5060)
    phone = bench.open(1, here=here, there=Address("127.0.0.1", 5060), over="udp")
    node = bench.open(2, server=True, here=here, there=there, over="udp")
    bench.capture.sent(phone, b"question")
    bench.capture.received(node, b"question")
    bench.capture.sent(node, b"answer")
    assert [udp[8:] for udp, _ in bench.transports()] == [b"question", b"answer"]


def test_a_decision_is_noted_on_the_answer_and_an_observation_on_what_was_heard(bench: Bench) -> None:
    phone, node = bench.pair()
    bench.capture.sent(phone, b"REGISTER")
    rejected = RegistrarRejected(
        device="CSFALICE",
        aor="sip:1010@x",
        reason="profile_not_oauth",
        detail="no",
        status=403,
        cause=28,
        mark="documented",
    )
    bench.log.emit(ActorId("ucm-pub"), rejected, flow=node)
    bench.log.emit(ActorId("ucm-pub"), SipReceived(start_line="x", method="y"), flow=node)
    bench.capture.sent(node, b"403")
    failed = TlsFailed(
        role="client", by="peer", alert=48, alert_name="unknown_ca", reason="TLSV1_ALERT_UNKNOWN_CA"
    )
    bench.log.emit(ActorId("CSFALICE"), failed, flow=phone)
    bench.capture.sent(phone, b"bye")
    notes = {data: notes for _, _, _, _, _, data, notes in bench.packets() if data}
    assert notes == {
        b"REGISTER": [],
        b"403": [
            "ucm-pub registrar:rejected profile_not_oauth: no [documented]",
            "CSFALICE tls:failed by peer, alert 48 unknown_ca: TLSV1_ALERT_UNKNOWN_CA",
        ],
        b"bye": [],
    }


def test_a_decision_without_an_answer_is_noted_at_the_end(bench: Bench) -> None:
    _, node = bench.pair()
    failed = TlsFailed(role="server", by="us", alert=None, alert_name=None, reason="HANDSHAKE_TIMEOUT")
    bench.log.emit(ActorId("ucm-pub"), failed, flow=node)
    assert bench.packets()[-1][-1] == ["ucm-pub tls:failed by us, no alert: HANDSHAKE_TIMEOUT"]


def test_a_full_capture_forgets_what_is_over_and_keeps_within_its_bound() -> None:
    with Capture(limit=100_000) as capture:
        bench = Bench(capture)
        for number in range(100):
            phone, node = bench.pair(2 * number + 1)
            bench.capture.sent(phone, bytes([number]) * 3000)
            for flow in (phone, node):
                bench.capture.ended(flow, WireEnd.FIN_SENT)
        assert len(capture.data()) < 120_000
        heard = {data[0] for _, data in bench.said()}
        assert max(heard) == 99
        assert 0 not in heard
        assert sorted(heard) == list(range(min(heard), 100))
        assert capture.forgotten > 0
        assert "found no room" in str(capture.data())


def test_one_endless_connection_keeps_within_the_bound_too() -> None:
    with Capture(limit=100_000) as capture:
        bench = Bench(capture)
        phone = bench.open(1)
        for _ in range(1000):
            capture.received(phone, b"x" * 1000)
        assert len(capture.data()) < 120_000
        other = bench.open(3, here=Address("10.0.0.4", 1))
        capture.sent(other, b"there is room for the next")
        assert bench.said()[-1][1] == b"there is room for the next"


def test_flows_nobody_opened_are_ignored(bench: Bench) -> None:
    bench.capture.sent(FlowId(7), b"x")
    bench.capture.received(FlowId(7), b"x")
    bench.capture.ended(FlowId(7), WireEnd.FIN_SENT)
    assert bench.packets() == []


def test_the_private_key_log_is_gone_with_the_capture() -> None:
    with Capture() as capture:
        assert Path(capture.keylog).exists()
    assert not Path(capture.keylog).exists()
    capture.close()


def test_a_key_log_of_ones_own_stays(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("")
    with Capture(keylog=str(file)):
        pass
    assert file.exists()


def test_secrets_are_those_of_the_connections_asked_for_and_each_once(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# comment\nCLIENT_RANDOM aa 01\nCLIENT_RANDOM bb 02\nCLIENT_RANDOM aa 01\nhalf a li")
    assert secrets_of(file, {"aa", "cc"}) == {"aa": ["CLIENT_RANDOM aa 01"]}
    assert secrets_of(tmp_path / "none", {"aa"}) == {}
