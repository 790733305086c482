"""Ethernet frames around bytes that never had any: IPv4, IPv6, TCP, UDP, and 1,500 bytes at most."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from simulator.core.actor.flow import Address

MTU = 1500
_IPV4, _IPV6 = 0x0800, 0x86DD
_TCP, _UDP, _FRAGMENT = 6, 17, 44
_HOPS = 64

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10

_WINDOW = 65_535
_SCALE = 7
"""The window is 8 MiB: whatever a phone or a registrar sends at once fits in."""


@dataclass(frozen=True, slots=True)
class Path:
    """The two addresses of a packet, from its sender to its receiver."""

    source: Address
    target: Address

    @property
    def hosts(self) -> tuple[IPv4Address, IPv4Address] | tuple[IPv6Address, IPv6Address]:
        """Return both IP addresses; they are of one family."""
        source, target = _ip(self.source.host), _ip(self.target.host)
        if isinstance(source, IPv4Address) and isinstance(target, IPv4Address):
            return source, target
        return _six(source), _six(target)

    @property
    def segment(self) -> int:
        """Return the largest payload in bytes that one TCP segment can carry here."""
        return MTU - 20 - (20 if isinstance(self.hosts[0], IPv4Address) else 40)


def tcp(path: Path, *, seq: int, ack: int, flags: int, data: bytes = b"", number: int = 0) -> bytes:
    """Build the frame of one TCP segment. `number`: identification of the IPv4 packet."""
    options = b""
    if flags & SYN:
        options = struct.pack("!BBHBBBB", 2, 4, path.segment, 1, 3, 3, _SCALE)
    offset = (20 + len(options)) // 4 << 4
    acknowledged = ack & 0xFFFFFFFF if flags & ACK else 0
    ports = (path.source.port, path.target.port)
    head = struct.pack("!HHIIBBHHH", *ports, seq & 0xFFFFFFFF, acknowledged, offset, flags, _WINDOW, 0, 0)
    segment = head + options + data
    check = _checksum(_pseudo(path, _TCP, len(segment)) + segment)
    segment = segment[:16] + struct.pack("!H", check) + segment[18:]
    return next(_packets(path, _TCP, segment, number))


def udp(path: Path, data: bytes, *, number: int = 0) -> Iterator[bytes]:
    """Build the frames of one datagram: as many IP fragments as it needs."""
    length = 8 + len(data)
    head = struct.pack("!HHHH", path.source.port, path.target.port, length, 0)
    # Zero would mean "no checksum" (RFC 768).
    check = _checksum(_pseudo(path, _UDP, length) + head + data) or 0xFFFF
    yield from _packets(path, _UDP, head[:6] + struct.pack("!H", check) + data, number)


def _packets(path: Path, protocol: int, payload: bytes, number: int) -> Iterator[bytes]:
    source, target = path.hosts
    ethernet = _mac(target) + _mac(source)
    if isinstance(source, IPv4Address):
        yield from _ipv4(source.packed, target.packed, ethernet, protocol, payload, number)
    else:
        yield from _ipv6(source.packed, target.packed, ethernet, protocol, payload, number)


def _ipv4(
    source: bytes, target: bytes, ethernet: bytes, protocol: int, payload: bytes, number: int
) -> Iterator[bytes]:
    most = MTU - 20
    whole = len(payload) <= most
    for start in range(0, max(len(payload), 1), most):
        piece = payload[start : start + most]
        more = start + most < len(payload)
        fragment = 0x4000 if whole else (0x2000 if more else 0) | start // 8
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(piece), number & 0xFFFF, fragment, _HOPS, protocol, 0)
        head += source + target
        head = head[:10] + struct.pack("!H", _checksum(head)) + head[12:]
        yield ethernet + struct.pack("!H", _IPV4) + head + piece


def _ipv6(
    source: bytes, target: bytes, ethernet: bytes, protocol: int, payload: bytes, number: int
) -> Iterator[bytes]:
    whole = len(payload) <= MTU - 40
    most = MTU - 40 if whole else (MTU - 48) // 8 * 8
    for start in range(0, max(len(payload), 1), most):
        piece = payload[start : start + most]
        following = protocol
        if not whole:
            more = start + most < len(payload)
            piece = struct.pack("!BBHI", protocol, 0, start | more, number) + piece
            following = _FRAGMENT
        head = struct.pack("!IHBB", 6 << 28, len(piece), following, _HOPS) + source + target
        yield ethernet + struct.pack("!H", _IPV6) + head + piece


def _pseudo(path: Path, protocol: int, length: int) -> bytes:
    source, target = path.hosts
    if isinstance(source, IPv4Address):
        return source.packed + target.packed + struct.pack("!BBH", 0, protocol, length)
    return source.packed + target.packed + struct.pack("!II", length, protocol)


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _ip(host: str) -> IPv4Address | IPv6Address:
    try:
        address = ip_address(host)
    except ValueError:
        return IPv4Address(0)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _six(address: IPv4Address | IPv6Address) -> IPv6Address:
    return address if isinstance(address, IPv6Address) else IPv6Address(f"::ffff:{address}")


def _mac(address: IPv4Address | IPv6Address) -> bytes:
    """A locally administered one, told from the address."""
    return b"\x02\x00" + address.packed[-4:]
