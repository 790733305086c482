"""STUN binding requests on a SIP connection, as keep-alives (RFC 5389 6; RFC 5626 4.4.2 has them on UDP).

Expressway sends one every 30 s and UCM answers it [documented: administration 0.4]; how it lies between the SIP
messages of a stream is assumed: between two of them, told by its first byte and its cookie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

COOKIE = b"\x21\x12\xa4\x42"
HEADER = 20
"""Bytes."""
LIMIT = 548
"""Bytes of a message that we read: a keep-alive has few attributes."""
StunClass = Literal["request", "response", "error"]
_TYPES: dict[int, StunClass] = {0x0001: "request", 0x0101: "response", 0x0111: "error"}


@dataclass(frozen=True, slots=True)
class StunMessage:
    """A STUN message: class, transaction id, attributes unread."""

    kind: StunClass
    transaction: bytes
    """12 bytes."""


def render(message: StunMessage) -> bytes:
    number = next(number for number, kind in _TYPES.items() if kind == message.kind)
    return number.to_bytes(2) + (0).to_bytes(2) + COOKIE + message.transaction


def may_begin(data: bytes) -> bool:
    """Tell whether these first bytes could become a STUN binding."""
    known = any(number.to_bytes(2).startswith(data[:2]) for number in _TYPES)
    return known and COOKIE.startswith(data[4:8])


def length(head: bytes) -> int | None:
    """Return the length in bytes of the message that begins with these; None: too few to tell. ValueError: no
    STUN.
    """
    if len(head) < HEADER:
        return None
    size = int.from_bytes(head[2:4]) + HEADER
    if head[4:8] != COOKIE or size > LIMIT or size % 4:
        raise ValueError("no STUN message")
    return size


def parse(data: bytes) -> StunMessage:
    """Parse a whole message; its attributes are ignored. ValueError for a type that is no binding."""
    kind = _TYPES.get(int.from_bytes(data[:2]))
    if kind is None:
        raise ValueError("no STUN binding")
    return StunMessage(kind, data[8:20])
