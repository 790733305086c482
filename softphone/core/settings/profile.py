"""What a phone is given before it starts: who it is, where its configuration lies, what it trusts, tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from simulator.core.actor.flow import Address
from simulator.core.instant import Instant
from simulator.core.tls.settings import Credential, TlsVersion
from softphone.core.settings.behaviours import Behaviour

_DEVICE = re.compile(r"[A-Za-z0-9._-]{1,128}")
_MAC = re.compile(r"[0-9a-f]{12}")
HEADER_TEXT = re.compile(r"[ -!#-~]+")
"""Printable ASCII without the double quote."""
_UNSENDABLE = re.compile("[\r\n\ud800-\udfff]")


class Deployment(StrEnum):
    """Where the phone is; discovery tells, never the file (device-config 5)."""

    ON_PREM = "on-prem"
    MRA = "mra"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token as text, and when it expires by the phone's clock."""

    text: str = field(repr=False)
    expires_at: Instant

    @property
    def sendable(self) -> bool:
        """A header field can carry it: no line break, no half of a surrogate pair."""
        return _UNSENDABLE.search(self.text) is None


class TokenSource(Protocol):
    """Where access tokens come from. Neither call waits: a source that fetches does so ahead of time."""

    def current(self, now: Instant) -> AccessToken | None:
        """Return the token held now, expired or not; None if there is none."""
        ...

    def renewed(self, now: Instant) -> AccessToken | None:
        """Return a newer token than the current one; None if none can be had now."""
        ...


class RenewsItself:
    """A TokenSource that renews ahead of time without being asked."""


@dataclass(frozen=True, slots=True)
class FixedToken:
    """A token that is never renewed: a test's, or one pasted on a command line."""

    token: AccessToken | None = None

    def current(self, now: Instant) -> AccessToken | None:
        return self.token

    def renewed(self, now: Instant) -> AccessToken | None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortOverride:
    """For Behaviour.WRONG_PORT: another element of the node, another number, or both."""

    element: str | None = None
    """sipPort, securedSipPort, sipOAuthPort or sipMRAOAuthPort; it also decides TCP or TLS."""
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeServer:
    """A way in from outside, as an Expressway's edge configuration describes it."""

    address: Address
    """Expressway-E's SIP address (sipEdgeServer, tlsPort 5061)."""
    route: str | None = None
    """The edge configuration's sipRequest/route, sent as Route."""
    base: str = ""
    """`https://host:port` of the same Expressway, where `cookie` is good."""
    cookie: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.route is not None and not HEADER_TEXT.fullmatch(self.route):
            raise ValueError(f"edge {self.address}: route cannot stand in a header field")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneProfile:
    """Everything about one phone that is known before it starts."""

    device: str
    """Device name as UCM knows it, e.g. CSFALICE."""
    user: str = ""
    config_urls: tuple[str, ...]
    """Of the cnf.xml file, one per TFTP server, tried in order."""
    deployment: Deployment = Deployment.ON_PREM
    edges: tuple[EdgeServer, ...] = ()
    """MRA: the ways in, tried in order."""
    trust: tuple[bytes, ...] = ()
    """CA certificates (PEM) the phone trusts."""
    credential: Credential | None = None
    """The LSC; only used where the decision table asks for one."""
    tls_minimum: TlsVersion = "1.2"
    tls_maximum: TlsVersion = "1.3"
    crls: tuple[bytes, ...] = ()
    """Revocation lists (PEM) it checks servers against; empty: it does not."""
    requested_expires: int | None = None
    """Seconds; None: timerRegisterExpires of the configuration (3600)."""
    user_agent: str = "Cisco-CSF"
    model: int = 503
    load: str = "Jabber_for_Windows-12.8.0.51973"
    mac: str | None = None
    """12 hex digits for instance, tags and Call-IDs; None: drawn from the phone's entropy."""
    takeover: bool = False
    """Register with cisco-alarm 111: drop another client that holds the device (sip-wire 5)."""
    failover: bool = True
    """Try the next node when one cannot be reached; False for a phone that tests one node."""
    behaviours: frozenset[Behaviour] = frozenset()
    port_override: PortOverride | None = None

    def __post_init__(self) -> None:
        """Refuses what cannot work, and what would break out of a header line."""
        if not _DEVICE.fullmatch(self.device):
            raise ValueError(f"a device name is 1 to 128 letters, digits, '-', '_' or '.', not {self.device!r}")
        if not self.config_urls:
            raise ValueError(f"phone {self.device}: no config_urls")
        if self.mac is not None and not _MAC.fullmatch(self.mac):
            raise ValueError(f"phone {self.device}: mac must be 12 lower-case hex digits, not {self.mac!r}")
        if self.requested_expires is not None and self.requested_expires <= 0:
            raise ValueError(f"phone {self.device}: requested_expires must be positive")
        for name in ("user_agent", "load"):
            text = getattr(self, name)
            if not HEADER_TEXT.fullmatch(text):
                raise ValueError(f"phone {self.device}: {name} cannot stand in a header field")
