"""What a verified peer certificate says, and nothing else. Read from DER by `certs.identity.read`."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.instant import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerIdentity:
    common_name: str | None
    dns_names: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    issuer: str = ""
    """The issuer's name, RFC 4514 text."""
    serial: int = 0
    not_before: Instant = Instant(0.0)
    not_after: Instant = Instant(0.0)
    fingerprint_sha256: str = ""
    usages: tuple[str, ...] = ()
    """Extended key usages (serverAuth, clientAuth, or a dotted OID); empty: not limited."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name the certificate offers, the CN first; no duplicates."""
        offered = (self.common_name, *self.dns_names, *self.uris, *self.ip_addresses)
        return tuple(dict.fromkeys(name for name in offered if name))
