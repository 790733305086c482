"""Redirect URIs: which ones may be listed at all, and which listed one a request means."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

_LOOPBACK = frozenset({"127.0.0.1", "::1"})


def redirect_problem(uri: str) -> str | None:
    """Why this cannot be a redirect URI (RFC 6749 3.1.2); None: it can."""
    if not uri or not all(33 <= ord(c) <= 126 for c in uri):
        return "must be printable ASCII without spaces"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "is no URI"
    if not parts.scheme:
        return "must be absolute"
    if "#" in uri:
        return "must not have a fragment"
    if parts.scheme in ("javascript", "data", "vbscript"):
        return "must not be code"
    if parts.scheme in ("http", "https") and not parts.hostname:
        return "has no host"
    return None


def redirect_allowed(uri: str, listed: Iterable[str]) -> bool:
    """Exact match (RFC 9700 4.1); only the port of a loopback address is the client's choice (RFC 8252 7.3)."""
    if redirect_problem(uri):
        return False
    listed = tuple(listed)
    if uri in listed:
        return True
    portless = _loopback_without_port(uri)
    return portless is not None and any(portless == _loopback_without_port(item) for item in listed)


def _loopback_without_port(uri: str) -> tuple[str, str, str] | None:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK or "@" in parts.netloc:
        return None
    return parts.hostname, parts.path, parts.query
