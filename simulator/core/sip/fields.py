"""Via, CSeq and numeric header values. Each request brings new ones, so they are cheap and never cached."""

from __future__ import annotations

import re
from typing import NamedTuple

from simulator.core.sip.errors import MalformedMessage
from simulator.core.sip.grammar import TOKEN, Params, excerpt, find_param, parse_params, render_params
from simulator.core.sip.uri import HOST

# 25.1: sent-protocol and sent-by allow white space around "/" and ":".
_VIA = re.compile(
    rf"[ \t]*SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*({TOKEN})[ \t]+({HOST})(?:[ \t]*:[ \t]*([0-9]{{1,5}}))?(.*)",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN_VIA = re.compile(
    r"SIP/2\.0/([A-Z]+) ([A-Za-z0-9.\-]+)(?::([0-9]{1,5}))?;branch=([A-Za-z0-9.\-_]+)"
).fullmatch
_SURE_VIA = re.compile(
    r"SIP/2\.0/[A-Z]+ [A-Za-z0-9.\-]+(?::(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}))?;branch=[A-Za-z0-9.\-_]+"
).fullmatch
"""A part of `_PLAIN_VIA` in which no port can be too high."""
_CSEQ = re.compile(rf"([0-9]+)[ \t]+({TOKEN})").fullmatch
_DIGITS = re.compile(r"[0-9]+").fullmatch

MAX_CSEQ = 2**31 - 1
"""8.1.1.5: the sequence number MUST be less than 2**31."""
MAX_DELTA = 2**32 - 1
"""20.19: delta-seconds are between 0 and 2**32-1."""


class Via(NamedTuple):
    """One Via element. Parameter values are as written."""

    transport: str
    """As written: "TLS", "UDP", ..."""
    host: str
    port: int | None
    params: Params

    @property
    def branch(self) -> str | None:
        return find_param(self.params, "branch")

    @property
    def sent_by(self) -> str:
        """Return `host[:port]` in lower case, as transactions compare it (RFC 3261 17.2.3)."""
        host = self.host.lower()
        return host if self.port is None else f"{host}:{self.port}"

    def param(self, name: str) -> str | None:
        """Return a parameter's unquoted value; "" for a bare one (`;rport`), None if absent."""
        return find_param(self.params, name)

    def with_param(self, name: str, value: str | None) -> Via:
        """Return a copy with the parameter set in its place, or appended."""
        if self.param(name) is None:
            return self._replace(params=(*self.params, (name, value)))
        wanted = name.lower()
        return self._replace(
            params=tuple((key, value if key.lower() == wanted else old) for key, old in self.params)
        )

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{render_params(self.params)}"


class CSeq(NamedTuple):
    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def parse_via(text: str) -> Via:
    """Parse one Via element. Raises MalformedMessage."""
    plain = _PLAIN_VIA(text)
    if plain is not None:
        transport, host, port, branch = plain.groups()
        params: Params = (("branch", branch),)
    else:
        match = _VIA.fullmatch(text)
        if match is None:
            raise MalformedMessage(f"malformed Via: {excerpt(text)}")
        transport, host, port, rest = match.groups()
        params = parse_params(rest, "Via")
    if port is None:
        return Via(transport, host, None, params)
    number = int(port)
    if number > 65_535:
        raise MalformedMessage(f"Via: port {port} is over 65535")
    return Via(transport, host, number, params)


def check_via(text: str) -> None:
    """Raise what `parse_via` would raise, at a third of its cost, where nobody needs the parts."""
    if not _SURE_VIA(text):
        parse_via(text)


def parse_cseq(text: str) -> CSeq:
    """Parse a CSeq value. Raises MalformedMessage; the number must be below 2**31."""
    match = _CSEQ(text)
    if match is None:
        raise MalformedMessage(f"malformed CSeq: {excerpt(text)}")
    digits = match[1]
    if len(digits) > 10:
        digits = digits.lstrip("0")[:11] or "0"  # int() refuses texts from 4300 digits on
    number = int(digits)
    if number > MAX_CSEQ:
        raise MalformedMessage("CSeq: the number is not below 2**31")
    return CSeq(number, match[2])


def parse_number(text: str, where: str, ceiling: int) -> int:
    """Parse digits as a number; more than `ceiling` is `ceiling`. Raises MalformedMessage."""
    if not _DIGITS(text):
        raise MalformedMessage(f"{where} is not a number: {excerpt(text)}")
    # As above: the length decides first.
    return ceiling if len(text) > 20 and len(text.lstrip("0")) > 20 else min(int(text[-20:]), ceiling)
