"""Frames and blocks byte by byte, read back here by hand; no tshark needed."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.actor.flow import Address
from simulator.evidence.capture import blocks, frames
from simulator.evidence.capture.frames import ACK, PSH, SYN, Path

HOSTS = [("192.0.2.1", "10.0.0.3"), ("2001:db8::1", "2001:db8::2"), ("::ffff:192.0.2.1", "10.0.0.3")]
hosts = st.sampled_from(HOSTS)
ports = st.integers(1, 65_535)
payloads = st.binary(max_size=4000)


def ones_sum(data: bytes) -> int:
    """0xFFFF for data that includes its own right checksum."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


class Read:
    """A frame taken apart; lengths and the checksum of IPv4 are checked on the way."""

    def __init__(self, frame: bytes) -> None:
        (kind,) = struct.unpack("!H", frame[12:14])
        packet = frame[14:]
        assert len(packet) <= frames.MTU
        if kind == 0x0800:
            assert packet[0] == 0x45
            assert ones_sum(packet[:20]) == 0xFFFF
            (length, self.number, fragment) = struct.unpack("!HHH", packet[2:8])
            assert length == len(packet)
            self.more, self.offset = bool(fragment & 0x2000), (fragment & 0x1FFF) * 8
            self.protocol, self.source, self.target = packet[9], packet[12:16], packet[16:20]
            self.payload = packet[20:]
        else:
            assert kind == 0x86DD
            (length,) = struct.unpack("!H", packet[4:6])
            assert length == len(packet) - 40
            self.protocol, self.source, self.target = packet[6], packet[8:24], packet[24:40]
            self.payload = packet[40:]
            self.more, self.offset = False, 0
            if self.protocol == 44:
                self.protocol, fragment, self.number = struct.unpack("!BxHI", self.payload[:8])
                self.more, self.offset = bool(fragment & 1), fragment & 0xFFF8
                self.payload = self.payload[8:]

    def sum(self, payload: bytes) -> int:
        """With the pseudo header."""
        if len(self.source) == 4:
            pseudo = self.source + self.target + struct.pack("!BBH", 0, self.protocol, len(payload))
        else:
            pseudo = self.source + self.target + struct.pack("!II", len(payload), self.protocol)
        return ones_sum(pseudo + payload)


@given(hosts, ports, ports, st.integers(0, 2**33), st.integers(0, 2**33), st.binary(max_size=1440))
def test_a_segment_reads_back(
    pair: tuple[str, str], source: int, target: int, seq: int, ack: int, data: bytes
) -> None:
    path = Path(Address(pair[0], source), Address(pair[1], target))
    read = Read(frames.tcp(path, seq=seq, ack=ack, flags=PSH | ACK, data=data))
    assert read.sum(read.payload) == 0xFFFF
    got = struct.unpack("!HHIIBB", read.payload[:14])
    assert got == (source, target, seq % 2**32, ack % 2**32, 0x50, PSH | ACK)
    assert read.payload[20:] == data
    assert ip_address(read.source) == ip_address(pair[0].removeprefix("::ffff:"))


def test_the_first_segment_announces_its_size_and_window_scale() -> None:
    path = Path(Address("192.0.2.1", 1), Address("192.0.2.2", 2))
    payload = Read(frames.tcp(path, seq=1, ack=9, flags=SYN)).payload
    assert payload[12] >> 4 == 7
    assert payload[8:12] == bytes(4), "no acknowledgement without ACK"
    assert payload[20:] == bytes([2, 4, 1460 >> 8, 1460 & 255, 1, 3, 3, 7])


@given(hosts, ports, ports, payloads, st.integers(0, 2**20))
def test_a_datagram_reads_back_from_its_fragments(
    pair: tuple[str, str], source: int, target: int, data: bytes, number: int
) -> None:
    path = Path(Address(pair[0], source), Address(pair[1], target))
    whole = b""
    pieces = [Read(frame) for frame in frames.udp(path, data, number=number)]
    for piece in pieces:
        assert piece.offset == len(whole)
        assert piece.more == (piece is not pieces[-1])
        assert piece.protocol == 17
        whole += piece.payload
    assert struct.unpack("!HHH", whole[:6]) == (source, target, 8 + len(data))
    assert pieces[0].sum(whole) == 0xFFFF
    assert whole[8:] == data
    assert whole[6:8] != bytes(2), "zero means no checksum"


def test_a_host_that_is_no_address_becomes_none() -> None:
    read = Read(next(frames.udp(Path(Address("nowhere", 1), Address("192.0.2.1", 2)), b"")))
    assert read.source == bytes(4)


def options_of(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        code, length = struct.unpack("<HH", data[:4])
        if code == 0:
            assert (length, data[4:]) == (0, b"")
            return found
        found.append((code, data[4 : 4 + length]))
        data = data[4 + length + -length % 4 :]
    return found


@given(payloads, st.floats(0, 2**33), st.lists(st.text(max_size=50), max_size=3))
def test_a_packet_block_reads_back(frame: bytes, at: float, comments: list[str]) -> None:
    block = blocks.packet(frame, at, comments)
    kind, length = struct.unpack("<II", block[:8])
    assert kind == 6
    assert length == len(block) == struct.unpack("<I", block[-4:])[0]
    assert length % 4 == 0
    interface, high, low, captured, original = struct.unpack("<IIIII", block[8:28])
    assert (interface, captured, original) == (0, len(frame), len(frame))
    assert (high << 32 | low) == round(at * 1e6)
    padded = len(frame) + -len(frame) % 4
    assert block[28 : 28 + len(frame)] == frame
    assert options_of(block[28 + padded : -4]) == [
        (1, comment.encode("utf-8", "replace")) for comment in comments
    ]


def test_a_long_comment_is_cut_between_two_characters() -> None:
    ((_, comment),) = options_of(blocks.packet(b"", 0, ["x" + "ü" * 5000])[28:-4])
    assert comment.decode() == "x" + "ü" * 999


def test_secrets_are_a_block_of_key_log_lines() -> None:
    block = blocks.tls_secrets(["CLIENT_RANDOM aa bb"])
    assert struct.unpack("<IIII", block[:16]) == (10, len(block), 0x544C534B, 20)
    assert block[16:36] == b"CLIENT_RANDOM aa bb\n"


@pytest.mark.parametrize("block", [blocks.section(application="a", comment="b"), blocks.interface("c")])
def test_head_blocks_tell_their_length_at_both_ends(block: bytes) -> None:
    assert struct.unpack("<I", block[4:8])[0] == len(block) == struct.unpack("<I", block[-4:])[0]
