"""pcapng blocks as bytes (draft-ietf-opsawg-pcapng), little-endian; only the kinds a capture of ours needs."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

_SECTION = 0x0A0D0D0A
_INTERFACE = 0x00000001
_PACKET = 0x00000006
_SECRETS = 0x0000000A

_COMMENT = 1
_APPLICATION = 4
_INTERFACE_NAME = 2
_RESOLUTION = 9

_ETHERNET = 1
_TLS_KEY_LOG = 0x544C534B
_COMMENT_LIMIT = 2000
"""Bytes of one comment: an option holds 65,535, a reader's patience less."""


def section(*, application: str, comment: str) -> bytes:
    """Build the Section Header Block, the first of a file."""
    head = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    return _block(_SECTION, head, [(_APPLICATION, application.encode()), (_COMMENT, comment.encode())])


def interface(name: str) -> bytes:
    """Build an Interface Description Block: Ethernet, times in microseconds, whole packets."""
    head = struct.pack("<HHI", _ETHERNET, 0, 0)
    return _block(_INTERFACE, head, [(_INTERFACE_NAME, name.encode()), (_RESOLUTION, b"\x06")])


def tls_secrets(lines: Iterable[str]) -> bytes:
    """Build a Decryption Secrets Block of key log lines. It must stand before the packet with the
    ServerHello.
    """
    data = "".join(f"{line}\n" for line in lines).encode("ascii")
    return _block(_SECRETS, struct.pack("<II", _TLS_KEY_LOG, len(data)) + _padded(data), [])


def packet(frame: bytes, at: float, comments: Sequence[str] = ()) -> bytes:
    """Build an Enhanced Packet Block of the one interface. `at`: seconds since the epoch."""
    stamp = round(at * 1_000_000)
    head = struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), len(frame))
    options = [(_COMMENT, _cut(comment.encode("utf-8", "replace"))) for comment in comments]
    return _block(_PACKET, head + _padded(frame), options)


def _block(kind: int, body: bytes, options: Sequence[tuple[int, bytes]]) -> bytes:
    for code, value in options:
        body += struct.pack("<HH", code, len(value)) + _padded(value)
    if options:
        body += struct.pack("<HH", 0, 0)
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def _cut(comment: bytes) -> bytes:
    """Between two characters."""
    if len(comment) <= _COMMENT_LIMIT:
        return comment
    return comment[:_COMMENT_LIMIT].decode("utf-8", "ignore").encode()


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
