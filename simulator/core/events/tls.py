"""TLS handshakes, as the driver at each end saw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from simulator.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeSeen(Event):
    """What one end brought to a TLS handshake, and what it saw of the peer's certificate.

    Names are CN first. Validity is (hours since it began, hours until it ends) by the machine's clock, negative
    for what has not begun or is over; whole hours, so that a repeated run says the same.
    """

    role: Literal["client", "server"]
    peer_names: tuple[str, ...] = ()
    """Names in the peer's certificate; empty if it presented none, or none that this end could read."""
    peer_issuer: str = ""
    peer_usages: tuple[str, ...] = ()
    """Extended key usages; empty: the certificate does not limit them."""
    peer_validity: tuple[int, ...] = ()
    own_names: tuple[str, ...] = ()
    own_issuer: str = ""
    own_usages: tuple[str, ...] = ()
    own_validity: tuple[int, ...] = ()
    own_versions: str = ""
    """TLS versions this end allows, e.g. "TLSv1.2" or "TLSv1.2 to TLSv1.3"."""
    own_trust: tuple[str, ...] = ()
    """Subjects of the authorities this end trusts to sign the peer's certificate."""
    server_name: str = ""
    """Client: the name the server's certificate must carry."""
    client_auth: str = ""
    """Server: does it ask for a client certificate: none, optional, required."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsEstablished(HandshakeSeen):
    """A TLS handshake was finished at this end."""

    kind: ClassVar[str] = "tls:established"
    version: str
    cipher: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFailed(HandshakeSeen):
    """A TLS handshake was refused, as this end knows it. In TLS 1.3 a client may first report
    tls:established.
    """

    kind: ClassVar[str] = "tls:failed"
    by: Literal["us", "peer"]
    alert: int | None
    alert_name: str | None
    reason: str
    detail: str = ""
    verify_code: int | None = None
    """By us, for the peer's certificate: OpenSSL's X509_V_ERR_ number."""
    own_shown: bool = False
    """By the peer, without an alert: it had seen this end's certificate."""
