"""The little AXL an Expressway-C speaks: SOAP requests as text, and answers read without trusting them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable
from xml.parsers import expat
from xml.sax.saxutils import escape

PATH = "/axl/"
VERSION = "12.5"
"""The first version with ExpresswayCConfiguration. [documented: administration 0.2]"""
DUPLICATE = "-239"
"""Informix's code for a row that is there already, in a fault. [observed: administration 1.4]"""
_MOST_BYTES = 4 << 20
_MOST_ELEMENTS = 100_000
_DEEPEST = 32


class AnswerUnreadable(ValueError):
    """Raised for an answer that is not the XML asked for; the text says why."""


class DiscoveredNode:
    """An element of an answer: local name, text directly inside, children."""

    __slots__ = ("children", "name", "text")

    def __init__(self, name: str) -> None:
        self.name, self.text, self.children = name, "", list[DiscoveredNode]()

    def child(self, name: str) -> DiscoveredNode | None:
        """Return the first child of that name."""
        return next((one for one in self.children if one.name == name), None)

    def value(self, *path: str) -> str:
        """Return the text at `path` below; empty if there is no such element."""
        here: DiscoveredNode | None = self
        for name in path:
            here = here.child(name) if here is not None else None
        return here.text.strip() if here is not None else ""

    def find(self, name: str) -> Iterable[DiscoveredNode]:
        """Yield all elements of that name, at any depth."""
        for one in self.children:
            if one.name == name:
                yield one
            yield from one.find(name)


def parse(body: bytes) -> DiscoveredNode:
    """Return the document's root. Raises AnswerUnreadable; a document type is refused, never expanded."""
    if len(body) > _MOST_BYTES:
        raise AnswerUnreadable(f"an answer of more than {_MOST_BYTES} bytes")
    top = DiscoveredNode("")
    open_, count = [top], 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > _MOST_ELEMENTS or len(open_) > _DEEPEST:
            raise AnswerUnreadable("an answer with too many elements")
        node = DiscoveredNode(name.rpartition(":")[2])
        open_[-1].children.append(node)
        open_.append(node)

    def end(name: str) -> None:
        open_.pop()

    def text(data: str) -> None:
        open_[-1].text += data

    def doctype(*_: object) -> None:
        raise AnswerUnreadable("an answer with a document type")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, doctype
    try:
        parser.Parse(body, True)
    except AnswerUnreadable:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter for encodings
        raise AnswerUnreadable(f"the answer is no XML: {error}") from None
    return top.children[0]


def result(body: bytes, operation: str) -> DiscoveredNode:
    """Return `<return>` of the operation's response. Raises AnswerUnreadable."""
    for response in parse(body).find(f"{operation}Response"):
        found = response.child("return")
        if found is not None:
            return found
    raise AnswerUnreadable(f"no {operation}Response in the answer")


def fault(body: bytes) -> tuple[str, str]:
    """Return code and text of an AXL fault; both may be empty."""
    try:
        root = parse(body)
    except AnswerUnreadable:
        return "", ""
    code = next((one.text.strip() for one in root.find("axlcode")), "")
    return code, next((one.text.strip() for one in root.find("faultstring")), "")


def envelope(operation: str, content: str) -> bytes:
    """Return a SOAP request; `content` is XML already."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        f'<ns:{operation} xmlns:ns="http://www.cisco.com/AXL/API/{VERSION}">{content}</ns:{operation}>'
        "</soapenv:Body></soapenv:Envelope>"
    ).encode()


def headers(operation: str, user: str, password: str) -> tuple[tuple[str, str], ...]:
    """Return the header fields of an AXL request."""
    return (
        ("Authorization", basic(user, password)),
        ("Content-Type", "text/xml; charset=utf-8"),
        ("SOAPAction", f'"CUCM:DB ver={VERSION} {operation}"'),
    )


def basic(user: str, password: str) -> str:
    """Return the value of Authorization for Basic credentials."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def user_of_basic(value: str) -> str | None:
    """Return the user of Basic credentials; None if they cannot be read."""
    try:
        user, colon, _ = b64decode(value.partition(" ")[2].strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return user if colon and 0 < len(user) <= 128 else None


def listing(criterion: str, tags: Iterable[str]) -> str:
    """Return the content of a list request: everything, with these tags."""
    asked = "".join(f"<{tag}/>" for tag in tags)
    return f"<searchCriteria><{criterion}>%</{criterion}></searchCriteria><returnedTags>{asked}</returnedTags>"


def element(name: str, text: str) -> str:
    """Return an element with its text escaped."""
    return f"<{name}>{escape(text)}</{name}>"
