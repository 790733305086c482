"""Authentication header values: credentials and challenges (RFC 3261 25.1, RFC 6750 2.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from simulator.core.sip.errors import MalformedMessage
from simulator.core.sip.grammar import QUOTED, TOKEN, Params, find_param

_SCHEME = re.compile(rf"({TOKEN})(?:[ \t]+(.*))?", re.DOTALL).fullmatch
# RFC 6750 2.1: b64token. It is no RFC 3261 auth-param, so both forms are tried (sip-wire 3.3).
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/\-]+=*").fullmatch
_PARAM = re.compile(rf"[ \t]*({TOKEN})[ \t]*=[ \t]*({QUOTED}|{TOKEN})[ \t]*")


@dataclass(frozen=True, slots=True)
class AuthValue:
    """Credentials or a challenge: `Scheme token68` or `Scheme name=value, ...`.

    Parameter values are as written. The repr shows no secret.
    """

    scheme: str
    token68: str | None = field(default=None, repr=False)
    params: Params = field(default=(), repr=False)

    def param(self, name: str) -> str | None:
        """Return the unquoted value of a parameter in any case of its name; None if absent."""
        return find_param(self.params, name)

    def is_scheme(self, name: str) -> bool:
        return self.scheme.lower() == name.lower()


def parse_auth(text: str) -> AuthValue:
    """Parse one credentials or challenge value. Raises MalformedMessage, which never quotes the value."""
    match = _SCHEME(text.strip(" \t"))
    if match is None:
        raise MalformedMessage("authentication value without a scheme")
    scheme, rest = match[1], (match[2] or "").strip(" \t")
    if not rest:
        return AuthValue(scheme)
    if _TOKEN68(rest):
        return AuthValue(scheme, rest)
    params: list[tuple[str, str | None]] = []
    position = 0
    while True:
        piece = _PARAM.match(rest, position)
        if piece is None:
            break
        params.append((piece[1], piece[2]))
        position = piece.end()
        if position == len(rest):
            return AuthValue(scheme, None, tuple(params))
        if rest[position] != ",":
            break
        position += 1
    raise MalformedMessage(f"{scheme}: malformed authentication parameter number {len(params) + 1}")
