"""The shared pieces of RFC 3261 section 25: tokens, quoted strings, parameters, comma lists.

Text is what `bytes.decode("utf-8", "surrogateescape")` gave, so any byte survives a round trip.
"""

from __future__ import annotations

import re

from simulator.core import redact
from simulator.core.sip.errors import MalformedMessage

Params = tuple[tuple[str, str | None], ...]
"""Parameters in order, as written: names keep their case, values their quotes; None for a bare name."""

# RFC 3261 25.1: token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~")
TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]+"  # noqa: S105
# quoted-string: a quoted-pair may escape any ASCII character except CR and LF.
QUOTED = r'"(?:[^"\\\r\n]|\\[^\r\n])*"'

is_token = re.compile(TOKEN).fullmatch

_PARAM = re.compile(rf'[ \t]*;[ \t]*({TOKEN})(?:[ \t]*=[ \t]*({QUOTED}|[^\s;,"<>=?]+))?')
_LIST_PIECE = re.compile(rf'[^",<]+|{QUOTED}|<[^<>]*>|,')
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_EXCERPTED = 400
"""How much of a text is searched for secrets before it is cut: the search takes quadratic time."""
_PASSWORD = re.compile(r"(?i)(\bsips?:[^@\s:]*:)[^@\s]*@")


def unfold(text: str) -> str:
    """Put a folded value on one line: CRLF and the white space around it count as one space (RFC 3261
    7.3.1).
    """
    return " ".join([line.strip(" \t") for line in text.split("\r\n")])


def excerpt(text: str) -> str:
    """Quote a short piece of a peer's text for an error message, without tokens and passwords."""
    clean = _PASSWORD.sub(r"\1***@", redact.text(text[:_EXCERPTED]))
    return repr(clean if len(clean) <= 80 else clean[:77] + "...")


def unquote(value: str) -> str:
    """Return the meaning of a token or quoted string."""
    if value[:1] != '"':
        return value
    inner = value[1:-1]
    return _QUOTED_PAIR.sub(r"\1", inner) if "\\" in inner else inner


def quote(value: str) -> str:
    """Write `value` as a quoted string; it must not hold a line break."""
    if "\r" in value or "\n" in value:
        raise ValueError("a quoted string cannot hold a line break")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_params(text: str, where: str) -> Params:
    """Parse `;a=b;c;d="e;f"` into pairs. `where` names the header field in the error. Raises
    MalformedMessage.
    """
    if not text:
        return ()
    params: list[tuple[str, str | None]] = []
    position, end = 0, len(text)
    while position < end:
        match = _PARAM.match(text, position)
        if match is None:
            rest = text[position:]
            if not rest.strip(" \t"):
                break
            raise MalformedMessage(f"{where}: bad parameter at {excerpt(rest)}")
        params.append((match[1], match[2]))
        position = match.end()
    return tuple(params)


def find_param(params: Params, name: str) -> str | None:
    """Return the unquoted value of the first parameter `name` in any case; "" for a bare one, None if
    absent.
    """
    for key, value in params:
        if key == name or key.lower() == name.lower():
            return "" if value is None else unquote(value)
    return None


def render_params(params: Params) -> str:
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params)


def split_list(text: str, where: str) -> tuple[str, ...]:
    """Split a comma list into its elements; commas inside quotes and angle brackets do not separate."""
    if "," not in text:
        return (text,)
    if '"' not in text and "<" not in text:
        pieces = text.split(",")
    else:
        pieces = [""]
        position = 0
        while position < len(text):
            match = _LIST_PIECE.match(text, position)
            if match is None:
                raise MalformedMessage(f"{where}: unbalanced at {excerpt(text[position:])}")
            if match[0] == ",":
                pieces.append("")
            else:
                pieces[-1] += match[0]
            position = match.end()
    # 7.3.1 / 25.1: an element may be empty in RFC 2616 lists; it carries nothing, so it is dropped.
    return tuple(piece for raw in pieces if (piece := raw.strip(" \t")))
