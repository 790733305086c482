"""What the platform CLI asks of the node it runs on: small methods, which `ClusterAdministration` answers.

All of them are called with the administrator waiting: they answer at once. What cannot be done is an
`AdministrationRefused`, whose text the administrator sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from registrar.core.database import QueryResult
from registrar.core.soap.control import ServiceStatus
from simulator.core.instant import Instant

CertificateKind = Literal["own", "trust"]
KeyName = Literal["signing", "encryption"]


class AdministrationRefused(ValueError):
    """The node will not or cannot do it; nothing was changed. No secret is in the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFile:
    """One certificate as `show cert list` names it."""

    unit: str
    """tomcat, CallManager, CAPF; of trusted ones tomcat-trust, CallManager-trust."""
    file: str
    """e.g. tomcat.pem, unique in its unit."""
    pem: bytes

    @property
    def name(self) -> str:
        """What `show cert` takes for its name, e.g. tomcat/tomcat.pem."""
        return f"{self.unit}/{self.file}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPort:
    """A socket that is really open, for `show open ports`."""

    process: str
    """What owns it, e.g. ccm."""
    user: str
    pid: int
    protocol: Literal["TCP", "UDP"]
    local: str
    """host:port."""
    remote: str | None = None
    """host:port of the peer of an established connection; None: it listens."""
    family: Literal["IPv4", "IPv6"] = "IPv4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A node of the cluster, for `show network cluster`."""

    host: str
    """processnode.name."""
    address: str
    publisher: bool
    since: Instant
    """When it joined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachability:
    """What `utils network ping` finds out."""

    address: str | None
    """None: the name does not resolve."""
    alive: bool = False


class NodeAdministration(Protocol):
    """One node. Methods that change something, or ask what no such node has, raise AdministrationRefused; SQL
    raises the database's own DatabaseRefusal, services ServiceRefused.
    """

    @property
    def host(self) -> str:
        """This node's processnode.name."""
        ...

    @property
    def version(self) -> str:
        """e.g. 15.0.1.11900(40)."""
        ...

    def members(self) -> tuple[Member, ...]:
        """Return all nodes, the publisher first."""
        ...

    def set_oauth_mode(self, on: bool) -> None:
        """Switch SIP OAuth mode; counts after restarts.

        Only on the publisher, and with export-controlled functionality.
        """
        ...

    def query(self, sql: str) -> QueryResult:
        """Run a SELECT."""
        ...

    def update(self, sql: str) -> int:
        """Run an INSERT, UPDATE or DELETE and return how many rows it changed."""
        ...

    def open_ports(self) -> tuple[OpenPort, ...]:
        """Return the sockets that are open on the node."""
        ...

    def services(self, now: Instant) -> tuple[ServiceStatus, ...]:
        """Return the node's services and their states."""
        ...

    def start_service(self, name: str, now: Instant) -> None:
        """Begin to start a service."""
        ...

    def stop_service(self, name: str, now: Instant) -> None:
        """Begin to stop a service."""
        ...

    def restart_service(self, name: str, now: Instant) -> None:
        """Begin to stop a service and start it again."""
        ...

    def certificates(self, kind: CertificateKind) -> tuple[CertificateFile, ...]:
        """Return the node's own certificates, or those it trusts."""
        ...

    def regenerate_certificate(self, unit: str) -> None:
        """Make a new self-signed certificate; the services that use it notice when they restart."""
        ...

    def import_certificate(self, kind: CertificateKind, unit: str, pem: bytes) -> None:
        """Trust a certificate, or install the own one that a CA made of this node's request."""
        ...

    def delete_certificate(self, unit: str, file: str) -> None:
        """Delete a certificate from a trust store."""
        ...

    def generate_request(self, unit: str) -> None:
        """Make a certificate signing request with a new key, in the place of the one there was."""
        ...

    def requests(self) -> tuple[CertificateFile, ...]:
        """Return the requests made and not yet answered; their files are `<unit>.csr`."""
        ...

    def key_checksum(self, key: KeyName) -> str:
        """Return the checksum of the OAuth key that this node's database has: 64 hex digits."""
        ...

    def regenerate_key(self, key: KeyName) -> None:
        """Make a new OAuth key, on the publisher only; all tokens made before are invalid."""
        ...

    def reach(self, host: str) -> Reachability:
        """Look up another host and see whether it answers."""
        ...
