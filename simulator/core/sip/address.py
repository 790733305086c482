"""From, To, Contact and their like: name-addr and addr-spec with parameters (RFC 3261 20.10, 20.20, 20.39)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, Literal

from simulator.core.sip.errors import MalformedMessage
from simulator.core.sip.grammar import (
    QUOTED,
    TOKEN,
    Params,
    excerpt,
    find_param,
    is_token,
    parse_params,
    quote,
    render_params,
    split_list,
    unquote,
)
from simulator.core.sip.uri import SipUri, read_uri


class Star(Enum):
    """The value of `Contact: *`; there is one."""

    STAR = "*"


STAR: Final = Star.STAR
Contacts = tuple["NameAddr", ...] | Literal[Star.STAR]

# 20: a URI with a comma, question mark or semicolon must stand in brackets; without them what follows a
# semicolon are header parameters.
_NAME_ADDR = re.compile(
    rf"[ \t]*(?:({QUOTED})[ \t]*|({TOKEN}(?:[ \t]+{TOKEN})*[ \t]*)?)<([^<>\s]*)>(.*)", re.DOTALL
)
_ADDR_SPEC = re.compile(r'[ \t]*([^\s<>,;?"]+)(.*)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class NameAddr:
    """An address `"display" <uri>;params`. Parameter values are as written, quotes included; `param` unquotes
    them.
    """

    display: str
    """Unquoted; empty if there is none."""
    uri: SipUri
    params: Params = ()

    def param(self, name: str) -> str | None:
        """Return the unquoted value of a header parameter; "" for a bare one (`;video`), None if absent."""
        return find_param(self.params, name)

    @property
    def tag(self) -> str | None:
        return find_param(self.params, "tag")

    def with_param(self, name: str, value: str | None = None) -> NameAddr:
        """Return a copy with the parameter set in its place, or appended. `value` is written as given."""
        kept = tuple((key, old) for key, old in self.params if key.lower() != name.lower())
        return NameAddr(self.display, self.uri, (*kept, (name, value)))

    def __str__(self) -> str:
        if not self.display:
            shown = ""
        elif all(map(is_token, self.display.split(" "))):
            shown = f"{self.display} "
        else:
            shown = f"{quote(self.display)} "
        return f"{shown}<{self.uri}>{render_params(self.params)}"


def parse_name_addr(text: str) -> NameAddr:
    """Parse one address. Raises MalformedMessage."""
    return _cached(text) if len(text) <= _CACHED_LENGTH else _parse(text)


def _parse(text: str) -> NameAddr:
    match = _NAME_ADDR.fullmatch(text)
    if match is not None:
        quoted, tokens, uri, params = match.groups()
        display = unquote(quoted) if quoted else " ".join((tokens or "").split())
    else:
        bare = _ADDR_SPEC.fullmatch(text)
        if bare is None:
            raise MalformedMessage(f"malformed address: {excerpt(text)}")
        display = ""
        uri, params = bare.groups()
    # The parameters first: a stray "<" among them says better what is wrong than the URI before it.
    parsed = parse_params(params, "address")
    return NameAddr(display, read_uri(uri), parsed)


# One exchange asks for the same addresses several times, and a phone's next message repeats them. What a
# registrar needs of them for longer it remembers in its own form: a second copy costs 2 KiB a phone. Long texts
# are not kept: they would make the bound meaningless.
_CACHED_LENGTH = 768
_cached = lru_cache(maxsize=1_024)(_parse)


def parse_contacts(text: str) -> Contacts:
    """Parse the value of one Contact field: a list of addresses, or STAR. Raises MalformedMessage."""
    return _cached_contacts(text) if len(text) <= _CACHED_LENGTH else _parse_contacts(text)


def _parse_contacts(text: str) -> Contacts:
    if text.strip(" \t") == "*":
        return STAR
    return tuple(_parse(element) for element in split_list(text, "Contact"))


_cached_contacts = lru_cache(maxsize=512)(_parse_contacts)
