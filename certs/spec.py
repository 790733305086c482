"""What a certificate should say, as a value. Everything a peer can object to can be asked for here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

KeyKind = Literal["rsa2048", "ec256", "rsa1024"]
"""rsa1024 is for negative tests: OpenSSL at its usual security level refuses it as too weak."""
Usage = Literal["server", "client"]
SanKind = Literal["dns", "ip", "uri"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertSpec:
    """A leaf certificate. The defaults are those of a UCM node's Tomcat certificate."""

    common_name: str | None = None
    """None: an empty subject; the SAN is then critical (RFC 5280 4.2.1.6)."""
    sans: tuple[str, ...] = ()
    """Host names (`*.` allowed), addresses and URIs; the kind follows from the text. Empty: no SAN at all."""
    usages: frozenset[Usage] | None = frozenset({"server", "client"})
    """Extended key usage. None: no such extension (fit for all); empty: an extension that allows neither."""
    not_before: datetime | None = None
    """None: a day before `now`."""
    not_after: datetime | None = None
    """None: five years after `now`, as UCM's self-signed certificates."""
    key: KeyKind = "rsa2048"
    holder: str = ""
    """Whose key it is, such as "ucm-pub/tomcat"; empty: of the holder of these names."""
    generation: int = 0
    """Which key of this holder: a regenerated certificate has the next number, hence another key."""


def san_kind(text: str) -> SanKind:
    """Return what kind of name this is: an address, a URI or a host name."""
    if _address(text) is not None:
        return "ip"
    return "uri" if ":" in text else "dns"


def san_address(text: str) -> IPv4Address | IPv6Address:
    """Parse a name of a SAN that is an address. Raises ValueError for another."""
    address = _address(text)
    if address is None:
        raise ValueError(f"not an IP address: {text!r}")
    return address


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
