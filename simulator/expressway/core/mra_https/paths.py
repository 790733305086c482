"""Paths at Expressway-E's 8443: the first segment is base64 without padding, of a domain or a place inside.

`/<domain>/get_edge_config` [observed: device-config 4.8]; what is relayed has the base64 of
`<domain>/<protocol>/<host>/<port>` before its own path [assumed].
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_SEGMENT = re.compile(r"[A-Za-z0-9+_\-]{2,512}={0,2}")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?|\[?[0-9A-Fa-f:]{2,45}\]?")
_PCHARS = r"[A-Za-z0-9._~!$&'()*+,;=:@\-]+"
"""A segment of a path, without escapes (RFC 3986 3.3)."""
_INSIDE = (
    re.compile(rf"/cucm-uds(?:/{_PCHARS})*/?"),
    re.compile(rf"/ssosp(?:/{_PCHARS})*/?"),
    re.compile(r"/[A-Za-z0-9._\-]{1,128}\.(?:cnf\.xml|xml|json)"),
)
"""The allow list: UDS, sign-in, configuration files. [documented kinds, own patterns]"""
_OPEN = (re.compile(r"/ssosp/.*"), re.compile(r"/cucm-uds/(?:clusterUser|servers|version)"))
"""What inside asks for no credentials, or asks itself."""


class BadPath(ValueError):
    """Raised for a path that leads nowhere; `status` is the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class MraPath:
    """What a client asks for."""

    domain: str
    action: Literal["get_edge_config", "get_edge_sso", "relay"]
    scheme: str = ""
    host: str = ""
    port: int = 0
    path: str = ""

    @property
    def inside(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def is_open(self) -> bool:
        return any(pattern.fullmatch(self.path) for pattern in _OPEN)


def encode(text: str) -> str:
    """Return `text` in base64 without padding. [observed]"""
    return b64encode(text.encode()).decode().rstrip("=")


def parse(path: str, domain: str, inside: Iterable[tuple[str, str, int]]) -> MraPath:
    """Read a path. Raises BadPath.

    `inside`: (scheme, host, port) of each place that may be reached.
    """
    segment, _, rest = path.lstrip("/").partition("/")
    parts = _decoded(segment).split("/")
    if not _DOMAIN.fullmatch(parts[0]):
        raise BadPath(400, "the first segment is no domain")
    if parts[0].lower() != domain.lower():
        raise BadPath(403, "a domain that is not served here")
    if len(parts) == 1:
        if rest not in ("get_edge_config", "get_edge_sso"):
            raise BadPath(404, "nothing there")
        return MraPath(domain=domain, action="get_edge_sso" if rest == "get_edge_sso" else "get_edge_config")
    if len(parts) != 4 or not _HOST.fullmatch(parts[2]) or not re.fullmatch(r"[0-9]{1,5}", parts[3]):
        raise BadPath(400, "the first segment names no place inside")
    _, scheme, host, port = parts
    allowed = (scheme.lower(), host.lower(), int(port)) in {(s, h.lower(), p) for s, h, p in inside}
    where = f"/{rest}"
    if not allowed or ".." in where or "%" in where or not any(one.fullmatch(where) for one in _INSIDE):
        raise BadPath(403, "not in allow list")
    return MraPath(
        domain=domain, action="relay", scheme=scheme.lower(), host=host.lower(), port=int(port), path=where
    )


def _decoded(segment: str) -> str:
    if not _SEGMENT.fullmatch(segment):
        raise BadPath(400, "the first segment is no base64")
    text = segment.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True).decode("ascii")
    except (NoBase64, UnicodeDecodeError):
        raise BadPath(400, "the first segment is no base64") from None
