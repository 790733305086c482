"""The certificate a peer presented, from the bytes of its handshake: OpenSSL hands out none that it refused.

Only TLS 1.2 sends it in clear (RFC 5246 7.4.2); in TLS 1.3 it is encrypted, and nothing is found.
"""

from __future__ import annotations

_HANDSHAKE_RECORD = 22
_CERTIFICATE = 11


def leaf_in_clear(flight: bytes) -> bytes | None:
    """DER of the first certificate in the first Certificate message; None if there is none to be read."""
    messages = _handshake_bytes(flight)
    at = 0
    while at + 4 <= len(messages):
        kind, end = messages[at], at + 4 + int.from_bytes(messages[at + 1 : at + 4], "big")
        if end > len(messages):
            return None
        if kind == _CERTIFICATE:
            return _first_certificate(messages[at + 4 : end])
        at = end
    return None


def _first_certificate(body: bytes) -> bytes | None:
    """`body`: the length of the list, then certificates, each after its length; all of three bytes."""
    size = int.from_bytes(body[3:6], "big")
    der = body[6 : 6 + size]
    return der if size and len(der) == size else None


def _handshake_bytes(flight: bytes) -> bytes:
    """The content of handshake records up to the first record of another kind: what follows is encrypted."""
    at, out = 0, b""
    while at + 5 <= len(flight) and flight[at] == _HANDSHAKE_RECORD:
        end = at + 5 + int.from_bytes(flight[at + 3 : at + 5], "big")
        out += flight[at + 5 : end]
        at = end
    return out
