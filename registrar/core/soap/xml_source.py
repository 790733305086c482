"""XML from strangers: no DTD, no entities, no network, bounded in size, depth and number of elements."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1"})
"""All are ASCII where markup is, so that a document type cannot hide in another encoding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlLimits:
    """How much XML a request may hold."""

    size: int = 2 * 1024 * 1024
    """Bytes."""
    depth: int = 40
    elements: int = 100_000


class XmlRefused(ValueError):
    """The text says what was wrong and, for broken XML, in which line; never what the document contained."""


class XmlTooLarge(XmlRefused):
    """The document has more than its limits allow."""


def parse(data: bytes, limits: XmlLimits = XmlLimits()) -> etree._Element:
    """Parse a document and return its root. Raises XmlRefused, whatever the bytes."""
    if len(data) > limits.size:
        raise XmlTooLarge(f"the document has {len(data)} bytes, {limits.size} are allowed")
    if not data.strip():
        raise XmlRefused("the document is empty")
    declared = _DECLARED.match(data.removeprefix(b"\xef\xbb\xbf"))
    encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
    if encoding not in _ENCODINGS or data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data:
        raise XmlRefused("the document must be encoded in UTF-8")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise XmlRefused("a document type declaration is not allowed")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise XmlRefused(f"the document is not well-formed: line {_line(error)}") from None
    _measure(root, limits)
    return root


def _line(error: Exception) -> str:
    return str(getattr(error, "lineno", None) or "unknown")


def _measure(root: etree._Element, limits: XmlLimits) -> None:
    depth = count = 0
    for event, _element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > limits.depth:
            raise XmlRefused(f"the document is nested deeper than {limits.depth} elements")
        if count > limits.elements:
            raise XmlRefused(f"the document has more than {limits.elements} elements")


_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Return `text` without characters XML cannot hold: each becomes U+FFFD."""
    return _ILLEGAL.sub("\ufffd", text)
