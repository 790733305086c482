"""HTTP/1.1 as a client speaks it (RFC 9112): one request out, its answer in. h11 does the framing.

Pure: bytes in, values and bytes out. Whose request it is and which flow it goes over is `exchange`'s business.
"""

from __future__ import annotations

import re
import zlib

import h11

from simulator.core.http.message import HttpResponse, header
from simulator.core.http.problem import HttpProblem

BODY_LIMIT = 1 << 20
"""Octets that an answer's body may have, counted after decompression."""
_HEAD_LIMIT = 1 << 16
_WIRE_LIMIT = BODY_LIMIT + (1 << 17)
"""Octets of an answer with its framing: chunks of one octet each cost six."""
_OURS = ("host", "connection", "accept-encoding", "content-length", "transfer-encoding")
"""Fields that only this connection may write: they tell how the request is framed."""
_NO_STATUS_LINE = ("illegal request line", "no response line received")
"""What h11 says of an answer without a status line; which of them, depends on the pieces it comes in."""
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


class ClientConnection:
    """Speaks HTTP/1.1 for one request on a connection that the server is asked to close afterwards."""

    def __init__(
        self, method: str, target: str, host: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> None:
        """Raises HttpProblem for a method, target or header that would break out of its line.

        `target`: path and query; what is not ASCII in it is percent-encoded. `host`: as the Host field has it.
        """
        fields = [("Host", host), ("Connection", "close"), ("Accept-Encoding", "gzip, deflate")]
        fields += [(name, value.strip(" \t")) for name, value in headers if name.lower() not in _OURS]
        if body or method == "POST":
            fields.append(("Content-Length", str(len(body))))
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_LIMIT)
        self._method = method
        self._response: HttpResponse | None = None
        self._body = bytearray()
        self._received = 0
        try:
            request = h11.Request(
                method=_octets(method),
                target=_octets(_NOT_ASCII.sub(_percent_encoded, target)),
                headers=[(_octets(name), _octets(value)) for name, value in fields],
            )
            sent = (request, h11.Data(data=body), h11.EndOfMessage())
            self.request = b"".join(self._h11.send(event) for event in sent)
            """The whole request, to be sent in one go."""
        except h11.LocalProtocolError as error:
            raise HttpProblem(400, "a line break or space in the URL or a header") from error

    def receive_data(self, data: bytes) -> HttpResponse | None:
        """Take octets of the answer; returns it once it is whole.

        Raises HttpProblem for what is no HTTP or too large. Not to be called again after either.
        """
        self._received += len(data)
        self._h11.receive_data(data)
        return self._read()

    def receive_eof(self) -> HttpResponse | None:
        """Take note that the server closed, which is the end of a body without a length (RFC 9112 6.3, 8).

        Returns the answer if that makes it whole; raises HttpProblem if it does not.
        """
        if not self._received:
            raise HttpProblem(502, "not an HTTP answer: the connection was closed without one")
        self._h11.receive_data(b"")
        return self._read()

    def _read(self) -> HttpResponse | None:
        while True:
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError as error:
                raise self._problem(error) from None
            match event:
                case h11.Response():
                    if not event.http_version.startswith(b"1."):
                        raise HttpProblem(502, "not an HTTP answer: its version is not 1.1 or 1.0")
                    self._response = _head(event)
                    declared = header(self._response.headers, "Content-Length") or "0"
                    if int(declared) > BODY_LIMIT and self._method != "HEAD":
                        raise _too_large()
                case h11.Data():
                    self._body += event.data
                    if len(self._body) > BODY_LIMIT:
                        raise _too_large()
                case h11.EndOfMessage():
                    assert self._response is not None
                    return HttpResponse(
                        status=self._response.status,
                        headers=self._response.headers,
                        body=_decoded(self._response, bytes(self._body)),
                    )
                case h11.InformationalResponse():
                    pass
                case _:  # NEED_DATA: nothing else is left for a client that proposes no other protocol
                    if self._received > _WIRE_LIMIT:
                        raise _too_large()
                    return None

    def _problem(self, error: h11.RemoteProtocolError) -> HttpProblem:
        if self._response is not None and self._h11.trailing_data[1]:
            return HttpProblem(502, "the body ends too early")
        return HttpProblem(502, f"not an HTTP answer: {_reason(error)}")


def _reason(error: h11.RemoteProtocolError) -> str:
    """h11's sentence without the octets it quotes: a header may hold a credential."""
    reason = str(error).partition(":")[0].partition("(")[0].strip().lower()
    return "illegal status line" if reason in _NO_STATUS_LINE else reason


def _head(event: h11.Response) -> HttpResponse:
    fields = tuple(
        (name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))
        for name, value in event.headers.raw_items()
    )
    return HttpResponse(status=event.status_code, headers=fields)


def _decoded(head: HttpResponse, body: bytes) -> bytes:
    """The body without its content coding (RFC 9110 8.4)."""
    coding = (header(head.headers, "Content-Encoding") or "identity").lower()
    if coding == "identity" or not body:
        return body
    if coding not in ("gzip", "deflate"):
        raise HttpProblem(502, f"unknown content encoding {coding!r}")
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = inflate.decompress(body, BODY_LIMIT + 1)
    except zlib.error as error:
        raise HttpProblem(502, f"the body is no {coding} data") from error
    if len(plain) > BODY_LIMIT:
        raise _too_large()
    if not inflate.eof:
        raise HttpProblem(502, f"the {coding} body ends too early")
    return plain


def _too_large() -> HttpProblem:
    return HttpProblem(502, f"the body is larger than {BODY_LIMIT} bytes")


def _percent_encoded(match: re.Match[str]) -> str:
    return "".join(f"%{octet:02X}" for octet in _octets(match[0]))


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
