"""The remotecc bodies around a REGISTER: what a phone offers in its request, what UCM answers in its 200.

Both are rebuilt to the byte: 1271 bytes of Jabber's request are read, 381 or 367 bytes of answer written.
[verified by length against published traces: sip-wire 3.4]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from xml.parsers import expat

REQUEST_TYPE = "application/x-cisco-remotecc-request+xml"
RESPONSE_TYPE = "application/x-cisco-remotecc-response+xml"

_BOUNDARY = re.compile(r'(?i)^multipart/[^;]+;.*?\bboundary=(?:"([^"\r\n]+)"|([^\s;"]+))')
_MAX_DEPTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterOptions:
    """What the bodies of a REGISTER ask for."""

    bulk: bool = False
    """`bulkregisterreq`: register all lines of the device at once. [observed]"""
    options: frozenset[str] | None = None
    """Names of the elements in `optionsind`; None if the phone sent none."""


NO_OPTIONS = RegisterOptions()


def read_options(content_type: str | None, body: bytes) -> RegisterOptions:
    """Read a single part or a multipart body. What cannot be read offers nothing. [assumed: no trace]"""
    return _read(content_type, body) if content_type and body else NO_OPTIONS


@lru_cache(maxsize=256)
def _read(content_type: str, body: bytes) -> RegisterOptions:
    bulk = False
    options: frozenset[str] | None = None
    for part_type, xml in _parts(content_type, body):
        if part_type != REQUEST_TYPE:
            continue
        paths = _element_paths(xml)
        bulk = bulk or "x-cisco-remotecc-request/bulkregisterreq" in paths
        prefix = "x-cisco-remotecc-request/optionsind"
        if prefix in paths:
            options = frozenset(path.rpartition("/")[2] for path in paths if path.startswith(prefix + "/"))
    return RegisterOptions(bulk=bulk, options=options)


def _parts(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    match = _BOUNDARY.match(content_type)
    if match is None:
        return [(content_type.partition(";")[0].strip().lower(), body)]
    delimiter = b"--" + (match[1] or match[2]).encode("utf-8", "surrogateescape")
    parts = []
    for piece in body.split(delimiter)[1:]:
        if piece.startswith(b"--"):
            break
        head, _, content = piece.partition(b"\r\n\r\n")
        part_type = ""
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            if name.strip().lower() == "content-type":
                part_type = value.partition(";")[0].strip().lower()
        parts.append((part_type, content.strip()))
    return parts


class _Refused(Exception):
    pass


def _element_paths(xml: bytes) -> frozenset[str]:
    """Paths of all elements; empty for XML that is broken, too deep, or has a document type."""
    parser = expat.ParserCreate()
    stack: list[str] = []
    paths: set[str] = set()

    def start(name: str, _attributes: dict[str, str]) -> None:
        stack.append(name)
        if len(stack) > _MAX_DEPTH:
            raise _Refused
        paths.add("/".join(stack))

    def end(_name: str) -> None:
        stack.pop()

    def doctype(*_ignored: object) -> None:
        raise _Refused

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, _Refused, LookupError, ValueError):  # the latter for encodings
        return frozenset()
    return frozenset(paths)


# Every line ends in LF; one CRLF follows. 381 bytes with ix and bfcp. [verified: sip-wire 3.4]
_RESPONSE_HEAD = """\
<x-cisco-remotecc-response>
<response>
<code>200</code>
<optionsind>
<combine max="6">
<remotecc><status/></remotecc>
<service-control/>
</combine>
<dialog usage="hook status"><unot/></dialog>
<dialog usage="shared line"><unot/></dialog>
<presence usage="blf speed dial"><unot/></presence>
<joinreq></joinreq>
"""
_RESPONSE_TAIL = """\
</optionsind>
</response>
</x-cisco-remotecc-response>
\r
"""


@lru_cache(maxsize=64)
def response_body(options: frozenset[str] | None) -> str:
    """Return the body of a new registration's 200; empty if the phone sent no options.

    ix and bfcp are answered only to a phone that offers them. [inferred from two traces: sip-wire 3.2]
    """
    if options is None:
        return ""
    agreed = "".join(f"<{name}/>\n" for name in ("ix", "bfcp") if name in options)
    return _RESPONSE_HEAD + agreed + _RESPONSE_TAIL
