"""AXL versions: which a namespace asks for, and which this UCM has."""

from __future__ import annotations

import re

NAMESPACE = "http://www.cisco.com/AXL/API/"
SUPPORTED = ("8.5", "9.0", "9.1", "10.0", "10.5", "11.0", "11.5", "12.0", "12.5", "14.0", "15.0")
ANY = "1.0"
"""The version many scripts write; taken as "whatever you have". [observed: administration 1]"""
Version = tuple[int, int]
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})")


class UnsupportedVersion(ValueError):
    """The text is UCM's, for HTTP status 599. [observed]"""

    def __init__(self) -> None:
        super().__init__(f"Incorrect axl version. Supported axl versions: [{','.join(SUPPORTED)}]")


def parse(text: str) -> Version:
    """Read a version, e.g. 12.5. Raises UnsupportedVersion for a text that is none."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise UnsupportedVersion
    return (int(match[1]), int(match[2]))


NEWEST = parse(SUPPORTED[-1])


def asked(namespace: str) -> Version:
    """Return the version of the request's namespace. Raises UnsupportedVersion."""
    if not namespace.startswith(NAMESPACE):
        raise UnsupportedVersion
    text = namespace.removeprefix(NAMESPACE).rstrip("/")
    if text == ANY:
        return NEWEST
    if text not in SUPPORTED:
        raise UnsupportedVersion
    return parse(text)
