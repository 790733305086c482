"""What a finished TLS handshake agreed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulator.core.tls.identity import PeerIdentity

TlsVersionName = Literal["TLSv1.2", "TLSv1.3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFacts:
    """What a finished handshake agreed on."""

    version: TlsVersionName
    cipher: str
    peer: PeerIdentity | None
    """The peer's certificate; None if it presented none."""
