"""Requests and responses as values. Typed header access parses when asked, never earlier.

Plain slotted classes: one is made per message on the hot path, where a frozen dataclass costs three times as
much. They are read-only by convention (and by `Final`); `replace` makes changed copies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.core.sip.address import STAR, Contacts, NameAddr, parse_contacts, parse_name_addr
from simulator.core.sip.errors import MalformedMessage, MissingHeader
from simulator.core.sip.fields import MAX_DELTA, CSeq, Via, parse_cseq, parse_number, parse_via
from simulator.core.sip.grammar import excerpt, split_list
from simulator.core.sip.headers import Headers
from simulator.core.sip.uri import SipUri, parse_uri

SIP_VERSION = "SIP/2.0"


class _TypedHeaders:
    """What requests and responses have in common; every property raises RemoteProtocolError subclasses."""

    __slots__ = ()
    if TYPE_CHECKING:  # read-only here, Final attributes below

        @property
        def headers(self) -> Headers: ...

        @property
        def body(self) -> bytes: ...

    @property
    def top_via(self) -> Via:
        value = self.headers.get("via")
        if value is None:
            raise MissingHeader("no Via header field")
        if "," in value:
            value = next(iter(split_list(value, "Via")), "")
        return parse_via(value)

    @property
    def from_(self) -> NameAddr:
        return _address(self.headers, "From")

    @property
    def to(self) -> NameAddr:
        return _address(self.headers, "To")

    @property
    def call_id(self) -> str:
        return self.headers.single("Call-ID")

    @property
    def cseq(self) -> CSeq:
        return parse_cseq(self.headers.single("CSeq"))

    @property
    def contacts(self) -> Contacts:
        """Return all Contact addresses in order; STAR for `Contact: *`, which must stand alone."""
        values = self.headers.fields("contact")
        if len(values) == 1:
            return parse_contacts(values[0])
        addresses: list[NameAddr] = []
        for value in values:
            some = parse_contacts(value)
            if some is STAR:
                raise MalformedMessage("Contact: * stands beside other contacts")
            addresses += some
        return tuple(addresses)

    @property
    def expires(self) -> int | None:
        """Return the Expires value in seconds; None without the header field. Over 2**32-1 counts as
        2**32-1.
        """
        if "expires" not in self.headers:
            return None
        return parse_number(self.headers.single("Expires"), "Expires", MAX_DELTA)

    @property
    def content_length(self) -> int | None:
        if "content-length" not in self.headers:
            return None
        return parse_number(self.headers.single("Content-Length"), "Content-Length", MAX_DELTA)


class Request(_TypedHeaders):
    """A request. `uri_text` is the Request-URI as written; `uri` parses it when asked.

    A URI of another scheme than sip and sips (`tel:`, `urn:`) is a SipUri with `opaque` set and `is_sip` false.
    """

    __slots__ = ("body", "headers", "method", "uri_text", "version")
    __match_args__ = ("method", "uri", "headers", "body")

    def __init__(
        self,
        method: str,
        uri: SipUri | str,
        headers: Headers,
        body: bytes = b"",
        version: str = SIP_VERSION,
    ) -> None:
        self.method: Final = method
        self.uri_text: Final = uri if isinstance(uri, str) else str(uri)
        self.headers: Final = headers
        self.body: Final = body
        self.version: Final = version

    @property
    def uri(self) -> SipUri:
        """Parse the Request-URI. Raises MalformedMessage if it is none."""
        return parse_uri(self.uri_text)

    @property
    def start_line(self) -> str:
        return f"{self.method} {self.uri_text} {self.version}"

    def replace(
        self,
        *,
        method: str | None = None,
        uri: SipUri | str | None = None,
        headers: Headers | None = None,
        body: bytes | None = None,
    ) -> Request:
        """Return a copy with some parts changed; Content-Length is not touched (see `with_body`)."""
        return Request(
            self.method if method is None else method,
            self.uri_text if uri is None else uri,
            self.headers if headers is None else headers,
            self.body if body is None else body,
            self.version,
        )

    def with_body(self, content_type: str, body: bytes) -> Request:
        """Return a copy with this body and the Content-Type and Content-Length that fit it."""
        return self.replace(headers=_describe_body(self.headers, content_type, body), body=body)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Request):
            return NotImplemented
        return self.start_line == other.start_line and self.body == other.body and self.headers == other.headers

    def __hash__(self) -> int:
        return hash((self.start_line, self.headers, self.body))

    def __repr__(self) -> str:
        return f"<Request {self.method} {excerpt(self.uri_text)} {self.headers!r} body={len(self.body)} bytes>"


class Response(_TypedHeaders):
    """A response; `status` is 100..699."""

    __slots__ = ("body", "headers", "reason", "status")
    __match_args__ = ("status", "reason", "headers", "body")

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        self.status: Final = status
        self.reason: Final = reason
        self.headers: Final = headers
        self.body: Final = body

    @property
    def start_line(self) -> str:
        return f"{SIP_VERSION} {self.status} {self.reason}"

    def replace(
        self,
        *,
        status: int | None = None,
        reason: str | None = None,
        headers: Headers | None = None,
        body: bytes | None = None,
    ) -> Response:
        """Return a copy with some parts changed; Content-Length is not touched (see `with_body`)."""
        return Response(
            self.status if status is None else status,
            self.reason if reason is None else reason,
            self.headers if headers is None else headers,
            self.body if body is None else body,
        )

    def with_body(self, content_type: str, body: bytes) -> Response:
        """Return a copy with this body and the Content-Type and Content-Length that fit it."""
        return self.replace(headers=_describe_body(self.headers, content_type, body), body=body)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Response):
            return NotImplemented
        return self.start_line == other.start_line and self.body == other.body and self.headers == other.headers

    def __hash__(self) -> int:
        return hash((self.start_line, self.headers, self.body))

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason!r} {self.headers!r} body={len(self.body)} bytes>"


Message = Request | Response


def _address(headers: Headers, name: str) -> NameAddr:
    text = headers.single(name)
    try:
        return parse_name_addr(text)
    except MalformedMessage as error:
        raise MalformedMessage(f"{name}: {error.detail}") from None


def _describe_body(headers: Headers, content_type: str, body: bytes) -> Headers:
    length = str(len(body))
    return (
        headers.without("Content-Length")
        .with_field("Content-Type", content_type)
        .with_added("Content-Length", length)
    )
