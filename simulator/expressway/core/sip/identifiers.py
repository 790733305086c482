"""The identifiers an Expressway makes up for a transaction it forwards, all derived from the request it got.

Derived and not drawn, so that CANCEL and the ACK of a refusal carry their INVITE's branch (RFC 3261 16.11) and
a request that comes back is recognised (16.6.8) without a table. Keyed, so that no peer can guess another's.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from simulator.core.ids import FlowId
from simulator.core.sip import Request, Via


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifiers:
    """What one forwarded request is called."""

    branch: str
    """`z9hG4bK<32 hex><digits>.<32 hex>`; what follows the dot is `loop`. [observed form]"""
    loop: str
    """The same whenever the same request comes back, whatever Vias it collected on the way."""
    proxy_call_id: str
    taa_tag: str


def identifiers_of(request: Request, via: Via, origin: FlowId, *, secret: str) -> Identifiers:
    """Derive the identifiers of a request; `via` is the previous hop's. Raises RemoteProtocolError."""
    dialog = (request.call_id, request.from_.tag, request.cseq.number)
    own = _digest(secret, "transaction", origin, via.sent_by, via.branch, *dialog)
    loop = _digest(secret, "loop", request.uri_text, *dialog).hex()[:32]
    return Identifiers(
        branch=f"z9hG4bK{own[:16].hex()}{int.from_bytes(own[16:19], 'big')}.{loop}",
        loop=loop,
        proxy_call_id=str(UUID(bytes=_digest(secret, "call", own.hex())[:16], version=4)),
        taa_tag=str(UUID(bytes=_digest(secret, "taa", own.hex())[:16], version=4)),
    )


def to_tag_of(request: Request, *, secret: str) -> str:
    """Return the To tag of the Expressway's own answers: one for a request, however broken (RFC 3261 8.2.7)."""
    copied = (request.headers.get(name) for name in ("From", "Call-ID", "CSeq"))
    return _digest(secret, "to", *copied).hex()[:16]


def _digest(*parts: object) -> bytes:
    # Each part with its length: no two lists of parts read alike.
    texts = [str(part).encode("utf-8", "surrogateescape") for part in parts]
    return sha256(b"".join(len(text).to_bytes(4, "big") + text for text in texts)).digest()
