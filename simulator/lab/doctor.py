"""Is this machine fit to run a lab? Versions, the installation, and ports that are already taken."""

from __future__ import annotations

import platform
import socket
import ssl
from dataclasses import asdict, dataclass
from importlib import metadata

from simulator import __version__, installation
from simulator.lab.config.defaults import default_lab

LIBRARIES = (
    "aiohttp",
    "asyncssh",
    "cryptography",
    "dnspython",
    "google-re2",
    "h11",
    "jinja2",
    "joserfc",
    "lxml",
    "pydantic",
    "PyJWT",
    "rich",
    "ruamel.yaml",
    "typer",
)


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    ok: bool
    detail: str

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def examine(host: str = "127.0.0.1") -> list[Finding]:
    """Every finding, good or bad, in a fixed order."""
    return [
        _python(),
        Finding("ucmsim", True, __version__),
        _openssl(),
        *(_library(name) for name in LIBRARIES),
        _installation(),
        *_ports(host),
    ]


def _default_ports() -> list[tuple[str, int]]:
    """What `ucmsim up` listens on without a file and without --port-base."""
    lab = default_lab()
    nodes = [item for node in lab.nodes for item in node.ports]
    return nodes + [(f"{expressway.name} edge", expressway.port) for expressway in lab.expressways]


def _python() -> Finding:
    version = platform.python_version_tuple()
    ok = (int(version[0]), int(version[1])) >= (3, 11)
    return Finding("Python", ok, platform.python_version() + ("" if ok else " (3.11 or newer is needed)"))


def _openssl() -> Finding:
    ok = ssl.OPENSSL_VERSION_INFO >= (1, 1, 1) and ssl.HAS_TLSv1_3
    return Finding("OpenSSL", ok, ssl.OPENSSL_VERSION + ("" if ok else " (TLS 1.3 is needed)"))


def _library(name: str) -> Finding:
    try:
        return Finding(name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, False, "not installed")


def _installation() -> Finding:
    try:
        installation.check()
    except installation.InstallationError as error:
        return Finding("installation", False, str(error))
    return Finding("installation", True, "all five packages come from one place")


def _ports(host: str) -> list[Finding]:
    """The default lab's ports on `host`; a conflict is only a problem without --port-base 0."""
    try:
        family, _, _, _, (address, *_) = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.bind((address, 0))
    except OSError as error:
        return [Finding(f"address {host}", False, error.strerror or str(error))]
    return [_port(name, (str(address), port), family, host) for name, port in _default_ports()]


def _port(name: str, address: tuple[str, int], family: socket.AddressFamily, host: str) -> Finding:
    what = f"port {address[1]} ({name})"
    for kind in [socket.SOCK_STREAM] + ([socket.SOCK_DGRAM] if name == "sip" else []):
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                return Finding(what, False, f"{error.strerror}; try `ucmsim up --port-base 0`")
    return Finding(what, True, f"free on {host}")
