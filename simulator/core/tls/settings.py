"""What one end brings to a TLS handshake, as values. `certs.contexts` turns them into an `ssl.SSLContext`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

TlsVersion = Literal["1.2", "1.3"]


class ClientAuth(Enum):
    """Whether a server asks for a client certificate."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate chain (leaf first) and its private key, PEM."""

    chain: bytes
    private_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTls:
    """What a server brings to a TLS handshake."""

    credential: Credential
    client_auth: ClientAuth = ClientAuth.NONE
    trust: tuple[bytes, ...] = ()
    """CA certificates (PEM) that may have signed a client's certificate."""
    minimum: TlsVersion = "1.2"
    maximum: TlsVersion = "1.2"
    """UCM's SIP listeners are only known to speak 1.2; 1.3 is an option. [assumed: sip-wire Q10]"""
    ciphers: str = ""
    """OpenSSL's list for TLS 1.2, e.g. of UCM's "TLS Ciphers" (sip-wire 2); empty: the library's own."""
    crls: tuple[bytes, ...] = ()
    """Revocation lists (PEM). If there is one, the client's certificate must be covered and not revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTls:
    """What a client brings to a TLS handshake."""

    server_name: str
    """Sent as SNI (unless it is an address) and checked against the server's certificate."""
    trust: tuple[bytes, ...] = ()
    credential: Credential | None = None
    check_hostname: bool = True
    verify: bool = True
    """False: accept any server certificate (a scripted misbehaviour, never a default)."""
    minimum: TlsVersion = "1.2"
    maximum: TlsVersion = "1.3"
    ciphers: str = ""
    """OpenSSL's list for TLS 1.2; empty: the library's own."""
    crls: tuple[bytes, ...] = ()
    """Revocation lists (PEM). If there is one, the server's certificate must be covered and not revoked."""
