"""What h11 reads generously in the head of a request, and we refuse: each is a way to smuggle a request past
whoever reads it otherwise (RFC 9112 11.2).
"""

from __future__ import annotations

import re

from simulator.core.http.problem import HttpProblem

_VERSION = re.compile(rb" HTTP/([0-9]\.[0-9])")
_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LENGTH = re.compile(rb"[0-9]{1,12}")


def check_head(head: bytes) -> None:
    """Look at a request's head, without the empty line at its end. Raises HttpProblem."""
    start, *lines = head.split(b"\r\n")
    if _CONTROLS.search(start) or any(map(_CONTROLS.search, lines)):
        # RFC 9112 2.2: neither a bare CR nor a bare LF ends a line.
        raise HttpProblem(400, "a control character in the head")
    if any(line[:1] in (b" ", b"\t") for line in lines):
        raise HttpProblem(400, "a header folded over two lines")  # RFC 9112 5.2
    version = _VERSION.search(start, max(0, len(start) - 9))
    if version is not None and version[1] not in (b"1.0", b"1.1"):
        raise HttpProblem(505, "a version that is neither HTTP/1.1 nor HTTP/1.0")
    if start.startswith(b"CONNECT "):
        raise HttpProblem(501, "CONNECT asks for a tunnel")
    _check_framing(lines, old=version is not None and version[1] == b"1.0")


def _check_framing(lines: list[bytes], *, old: bool) -> None:
    """One way only to tell where the body ends (RFC 9112 6.3)."""
    values: dict[bytes, list[bytes]] = {b"content-length": [], b"transfer-encoding": []}
    for line in lines:
        name, _, value = line.partition(b":")
        if name.lower() in values:
            values[name.lower()].append(value.strip(b" \t"))
    lengths, codings = values[b"content-length"], values[b"transfer-encoding"]
    if any(_LENGTH.fullmatch(length) is None for length in lengths):
        raise HttpProblem(400, "a Content-Length that is not one number")
    if len(set(lengths)) > 1:
        raise HttpProblem(400, "two different lengths")
    if len(codings) > 1:
        raise HttpProblem(400, "two Transfer-Encoding fields")
    if codings and (lengths or old):
        # RFC 9112 6.1: a gateway that knows no codings would read the body otherwise.
        raise HttpProblem(400, "a Transfer-Encoding beside a length, or in HTTP/1.0")
