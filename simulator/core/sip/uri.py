"""SIP and SIPS URIs (RFC 3261 19.1); other schemes are kept unread in `opaque`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from simulator.core.sip.errors import MalformedMessage
from simulator.core.sip.grammar import Params, excerpt

_ESCAPED = r"%[0-9A-Fa-f]{2}"
_UNRESERVED = r"A-Za-z0-9\-_.!~*'()"
# "#" is not in the RFC's user-unreserved. [assumed] Phones with a DN such as #55 deserve a 404, not a 400.
_USER = rf"(?:[{_UNRESERVED}&=+$,;?/#]|{_ESCAPED})+"
_PASSWORD = rf"(?:[{_UNRESERVED}&=+$,]|{_ESCAPED})*"
# "_" is not in the RFC's hostname. [assumed] UCM server entries may hold one, as host names in Windows do.
HOST = r"(?:[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])"
_PARAM_CHARS = rf"(?:[{_UNRESERVED}\[\]/:&+$]|{_ESCAPED})+"
_HEADER_CHARS = rf"(?:[{_UNRESERVED}\[\]/?:+$]|{_ESCAPED})"

_SIP_URI = re.compile(
    rf"(?:({_USER})(?::({_PASSWORD}))?@)?({HOST})(?::([0-9]{{1,5}}))?"
    rf"((?:;{_PARAM_CHARS}(?:={_PARAM_CHARS})?)*)"
    rf"(?:\?({_HEADER_CHARS}+={_HEADER_CHARS}*(?:&{_HEADER_CHARS}+={_HEADER_CHARS}*)*))?"
)
# RFC 3986 3.1 and 2: any other absolute URI is a scheme and printable ASCII without the delimiters.
_OTHER_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):([!#-;=?-Z\[\]_a-z~]+)")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_DECODES_EQUAL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")
# 19.1.4: these never match a URI that lacks them; the others are ignored if only one side has them.
# `transport` is in the RFC's examples (and its erratum), not in its list.
_MUST_MATCH = ("user", "ttl", "method", "maddr", "transport")


@dataclass(frozen=True, slots=True)
class SipUri:
    """One URI; texts are as written (escapes kept). `opaque` holds what follows the colon of a scheme that
    is neither sip nor sips; host is empty then."""

    scheme: str
    """Lower case."""
    host: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    port: int | None = None
    params: Params = ()
    headers: tuple[tuple[str, str], ...] = ()
    opaque: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> SipUri:
        """Parse one URI. Raises MalformedMessage."""
        return parse_uri(text)

    @property
    def is_sip(self) -> bool:
        return self.scheme in ("sip", "sips")

    @property
    def unescaped_user(self) -> str | None:
        """Return the user part with its escapes read as UTF-8."""
        return None if self.user is None else unescape(self.user)

    def param(self, name: str) -> str | None:
        """Return a URI parameter's value in any case of its name; "" for a bare one, None if absent."""
        wanted = name.lower()
        for key, value in self.params:
            if key.lower() == wanted:
                return value or ""
        return None

    def equivalent(self, other: SipUri) -> bool:
        """Compare by RFC 3261 19.1.4. Not transitive: parameters that only one side has are ignored."""
        if (
            self.scheme != other.scheme
            or self.opaque != other.opaque
            or self.host.lower() != other.host.lower()
            or self.port != other.port
            or _canonical(self.user) != _canonical(other.user)
            or _canonical(self.password) != _canonical(other.password)
        ):
            return False
        ours, theirs = _comparable(self.params), _comparable(other.params)
        if any((name in ours) != (name in theirs) for name in _MUST_MATCH):
            return False
        if any(theirs.get(name, value) != value for name, value in ours.items()):
            return False
        return _header_set(self.headers) == _header_set(other.headers)

    def __str__(self) -> str:
        if self.opaque:
            return f"{self.scheme}:{self.opaque}"
        out = f"{self.scheme}:"
        if self.user is not None:
            out += self.user if self.password is None else f"{self.user}:{self.password}"
            out += "@"
        out += self.host
        if self.port is not None:
            out += f":{self.port}"
        for name, value in self.params:
            out += f";{name}" if value is None else f";{name}={value}"
        if self.headers:
            out += "?" + "&".join(f"{name}={value}" for name, value in self.headers)
        return out


def parse_uri(text: str) -> SipUri:
    """Parse one URI without brackets or white space. Raises MalformedMessage."""
    return _cached(text) if len(text) <= _CACHED_LENGTH else read_uri(text)


def read_uri(text: str) -> SipUri:
    """Parse one URI without the cache of `parse_uri`, for what is kept in another one."""
    scheme, _, rest = text.partition(":")
    scheme = scheme.lower()
    if scheme not in ("sip", "sips"):
        other = _OTHER_URI.fullmatch(text)
        if other is None:
            raise MalformedMessage(f"not a URI: {excerpt(text)}")
        return SipUri(scheme, "", opaque=other[2])
    match = _SIP_URI.fullmatch(rest)
    if match is None:
        raise MalformedMessage(f"malformed {scheme} URI: {excerpt(text)}")
    user, password, host, port, params, headers = match.groups()
    if port is not None and int(port) > 65_535:
        raise MalformedMessage(f"port {port} in {excerpt(text)} is over 65535")
    return SipUri(
        scheme,
        host,
        user,
        password,
        None if port is None else int(port),
        tuple(_pair(piece) for piece in params[1:].split(";")) if params else (),
        tuple((name, value) for name, _, value in (h.partition("=") for h in headers.split("&")))
        if headers
        else (),
    )


# Request-URIs are few: node names on the way to UCM, contacts on the way to phones.
_CACHED_LENGTH = 512
_cached = lru_cache(maxsize=4_096)(read_uri)


def _pair(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    return name, value if equals else None


def unescape(text: str) -> str:
    """Read percent escapes as UTF-8; bytes that are no UTF-8 survive as surrogate escapes."""
    if "%" not in text:
        return text
    raw = re.sub(
        rb"%([0-9A-Fa-f]{2})",
        lambda m: bytes((int(m[1], 16),)),
        text.encode("utf-8", "surrogateescape"),
    )
    return raw.decode("utf-8", "surrogateescape")


def _canonical(text: str | None) -> str | None:
    """Escapes of unreserved characters decoded, the others in upper case: equal texts are equivalent."""
    if text is None or "%" not in text:
        return text

    def decode(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _DECODES_EQUAL else match[0].upper()

    return _ESCAPE.sub(decode, text)


def _comparable(params: Params) -> dict[str, str]:
    return {(_canonical(name) or "").lower(): (_canonical(value) or "").lower() for name, value in params}


def _header_set(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return sorted(((_canonical(name) or "").lower(), _canonical(value) or "") for name, value in headers)
