"""One connection, or the datagrams between two addresses, as packets with TCP's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from zlib import crc32

from simulator.core.actor.flow import Address
from simulator.core.ids import FlowId
from simulator.evidence.capture import frames
from simulator.evidence.capture.frames import ACK, FIN, PSH, RST, SYN, Path

Side = Literal[0, 1]
CLIENT: Side = 0
SERVER: Side = 1

OVERHEAD = 200
"""Bytes of memory a packet or a conversation is counted with besides its data; about right."""


@dataclass(slots=True)
class Packet:
    """What one end sent at one moment: one TCP segment, or as many as its data needs."""

    at: float
    order: int
    side: Side
    flags: int
    seq: int
    ack: int
    data: bytes = field(repr=False)
    notes: list[str]


class Conversation:
    """Turn what two ends sent into packets, in growing `order`.

    Takes nothing more once both ends have sent FIN or one has sent RST.
    """

    def __init__(self, client: Address, server: Address, *, datagrams: bool) -> None:
        self.datagrams = datagrams
        self.flows: list[FlowId] = []
        """One, or both ends' if both are tapped."""
        self.packets: list[Packet] = []
        self.size = OVERHEAD
        self.cut = False
        """No room was left for the rest of it."""
        self.key = (client, server)
        self.wire = (client, server)
        """The same, if they are shown as something else than they are."""
        self._paths = (Path(client, server), Path(server, client))
        # Stable and different, so that a reader that forgets a connection does not take one for another.
        self._next = [crc32(f"{client}>{server}".encode()), crc32(f"{server}>{client}".encode())]
        self._ended = [False, False]
        self._reset = False
        self._coming: tuple[list[str], list[str]] = ([], [])

    @property
    def over(self) -> bool:
        return self._reset or all(self._ended)

    @property
    def last_at(self) -> float:
        return self.packets[-1].at if self.packets else 0.0

    def open(self, at: float, order: int) -> None:
        """Add the three packets of the TCP handshake."""
        if not self.datagrams:
            self._segment(at, order, CLIENT, SYN)
            self._segment(at, order + 1, SERVER, SYN | ACK)
            self._segment(at, order + 2, CLIENT, ACK)

    def say(self, at: float, order: int, side: Side, data: bytes) -> None:
        if self.datagrams:
            self._add(Packet(at, order, side, 0, 0, 0, data, []))
        elif not (self._ended[side] or self._reset) and data:
            self._segment(at, order, side, PSH | ACK, data)

    def finish(self, at: float, order: int, side: Side) -> None:
        if self._ended[side] or self._reset:
            return
        self._segment(at, order, side, FIN | ACK)
        self._ended[side] = True
        if all(self._ended):
            self._segment(at, order + 1, 1 if side == CLIENT else 0, ACK)

    def reset(self, at: float, order: int, side: Side) -> None:
        if not self.over:
            self._segment(at, order, side, RST | ACK)
            self._reset = True

    def note_coming(self, side: Side, text: str) -> None:
        """Comment the next packet that this side sends: it carries the decision described."""
        self._coming[side].append(text)

    def note_heard(self, side: Side, text: str) -> None:
        """Comment the latest packet that this side received: the note says what became of it."""
        for packet in reversed(self.packets):
            if packet.side != side:
                packet.notes.append(text)
                return
        self.note_coming(side, text)

    def note_beginning(self, text: str) -> None:
        if self.packets:
            self.packets[0].notes.append(text)
        else:
            self.note_coming(CLIENT, text)

    def settle_notes(self) -> None:
        """Move comments whose packets never came to the last packet."""
        for side in (CLIENT, SERVER):
            texts = self._coming[side]
            if self.packets:
                self.packets[-1].notes.extend(texts)
            texts.clear()

    def frames(self, packet: Packet) -> Iterator[bytes]:
        """Build the Ethernet frames of one packet."""
        path = self._paths[packet.side]
        if self.datagrams:
            yield from frames.udp(path, packet.data, number=packet.order)
            return
        most = path.segment
        pieces = [packet.data[start : start + most] for start in range(0, max(len(packet.data), 1), most)]
        seq = packet.seq
        for index, piece in enumerate(pieces):
            flags = packet.flags if index == len(pieces) - 1 else packet.flags & ~PSH
            yield frames.tcp(
                path, seq=seq, ack=packet.ack, flags=flags, data=piece, number=packet.order + index
            )
            seq += len(piece)

    def client_random(self) -> str | None:
        """Find the ClientHello's random, in hex: key log lines are looked up by it. None: this is not TLS."""
        hello = next((packet.data for packet in self.packets if packet.side == CLIENT and packet.data), b"")
        # Record: type 22, version, length; handshake: type 1, length; version; random (RFC 8446 4.1.2, 5.1).
        if len(hello) < 43 or hello[0] != 22 or hello[5] != 1:
            return None
        return hello[11:43].hex()

    def _segment(self, at: float, order: int, side: Side, flags: int, data: bytes = b"") -> None:
        seq, ack = self._next[side], self._next[1 - side] if flags & ACK else 0
        self._next[side] += len(data) + bool(flags & (SYN | FIN))
        self._add(Packet(at, order, side, flags, seq, ack, data, []))

    def _add(self, packet: Packet) -> None:
        packet.notes.extend(self._coming[packet.side])
        self._coming[packet.side].clear()
        self.packets.append(packet)
        self.size += len(packet.data) + OVERHEAD
