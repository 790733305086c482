"""HTTP/1.1 as a server speaks it on one connection (RFC 9112): requests in, answers out. h11 does the framing.

Pure: bytes in, values and bytes out. One request at a time: one that is sent ahead waits in the buffer, whose
size is for the owner to watch. Every problem is an `HttpProblem`: only an answer that closes can follow it.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import h11

from simulator.core.http.head import check_head
from simulator.core.http.message import HttpRequest, HttpResponse, header
from simulator.core.http.problem import HttpProblem

HEAD_LIMIT = 16 << 10
"""Octets of a request line with its header."""
BODY_LIMIT = 1 << 20
"""Octets of a body, unless the owner says otherwise."""
FRAMING_LIMIT = 64 << 10
"""Octets that the framing of a chunked body may have beyond the limit of the body: time is linear in both."""
_PARTS = 100
"""Parameters that a query may have."""


class ServerConnection:
    """Reads the requests of one connection, and writes their answers."""

    def __init__(self, *, source: str = "", body_limit: int = BODY_LIMIT) -> None:
        """`source`: the client's address, for the requests. `body_limit`: in octets."""
        self._source, self._body_limit = source, body_limit
        self._ahead = bytearray()
        """What came and was not given to h11."""
        self._searched = 0
        self._h11: h11.Connection | None = None
        """For the request that is read or answered: each has its own, so that every head is checked first."""
        self._head: HttpRequest | None = None
        self._body = bytearray()
        self._framed = 0
        """Octets of the body with its framing."""
        self._whole = False

    @property
    def busy(self) -> bool:
        """Whether a request has begun and is not whole."""
        return bool(self._ahead) or (self._head is not None and not self._whole)

    @property
    def buffered(self) -> int:
        """Octets that came and were not read yet."""
        return len(self._ahead)

    @property
    def expecting(self) -> HttpRequest | None:
        """The head of a request whose client waits for a word before it sends the body (RFC 9110 10.1.1).

        Answer it with `send_continue` or with a refusal. Only meaningful after `next_request` returned None.
        """
        waiting = self._h11 is not None and self._h11.they_are_waiting_for_100_continue
        return self._head if waiting else None

    def receive_data(self, data: bytes) -> None:
        self._ahead += data

    def next_request(self) -> HttpRequest | None:
        """Return the next request once it is whole, else None. Raises HttpProblem.

        To be called again after `send_response` only: an answer is due first.
        """
        if self._whole:
            raise RuntimeError("a request is still to be answered")
        if self._head is None:
            head = self._take_head()
            if head is None:
                return None
            self._begin(head)
        return self._read_body()

    def send_continue(self) -> bytes:
        """Tell the client to go on with its body."""
        assert self._h11 is not None
        return self._h11.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))

    def send_response(self, response: HttpResponse, *, close: bool = False) -> bytes:
        """Return an answer as octets: to the request read last, or to what is no request.

        Close the connection afterwards if `close`, if the request is not `lasting`, or if it is not whole.
        Raises ValueError for a header that would break out of its line.
        """
        connection = self._h11 or h11.Connection(h11.SERVER)
        close = close or not self._whole
        framing = ("content-length", "connection", "transfer-encoding")
        headers = [(_octets(n), _octets(v)) for n, v in response.headers if n.lower() not in framing]
        if response.status not in (204, 304):
            headers.append((b"Content-Length", str(len(response.body)).encode()))
        if close:
            headers.append((b"Connection", b"close"))
        try:
            reason = HTTPStatus(response.status).phrase.encode()
        except ValueError:
            reason = b""
        silent = response.status in (204, 304) or (self._head is not None and self._head.method == "HEAD")
        try:
            answer = h11.Response(status_code=response.status, headers=headers, reason=reason)
            data = connection.send(answer)
        except h11.LocalProtocolError as error:
            raise ValueError(f"an answer that cannot be sent: {error}") from error
        self._h11, self._head, self._whole = None, None, False
        return data if silent else data + response.body

    # --- reading ----------------------------------------------------------------------------------------------

    def _take_head(self) -> bytes | None:
        """The octets of the next head, its last line included; None if it is not there yet."""
        ahead = self._ahead
        while ahead[:2] == b"\r\n":
            del ahead[:2]  # RFC 9112 2.2
        if ahead and ahead[0] < 0x21 and ahead != b"\r":
            raise HttpProblem(400, "no request line")
        end = ahead.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(ahead)
        if end > HEAD_LIMIT or (end < 0 and len(ahead) > HEAD_LIMIT + 3):
            raise HttpProblem(431, f"a head of more than {HEAD_LIMIT} bytes")
        if end < 0:
            return None
        head = bytes(ahead[: end + 4])
        del ahead[: end + 4]
        self._searched = 0
        return head

    def _begin(self, head: bytes) -> None:
        check_head(head[:-4])
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        self._body, self._framed = bytearray(), 0
        self._h11.receive_data(head)
        event = self._event(self._h11)
        assert isinstance(event, h11.Request)
        self._head = _request(event, self._source)
        expect = header(self._head.headers, "Expect")
        if event.http_version == b"1.1" and expect is not None and expect.lower() != "100-continue":
            raise HttpProblem(417, "an expectation other than 100-continue")
        if int(header(self._head.headers, "Content-Length") or "0") > self._body_limit:
            raise self._too_large()

    def _read_body(self) -> HttpRequest | None:
        connection, head = self._h11, self._head
        assert connection is not None
        assert head is not None
        while True:
            match self._event(connection):
                case h11.Data() as piece:
                    self._body += piece.data
                    if len(self._body) > self._body_limit:
                        raise self._too_large()
                case h11.EndOfMessage():
                    # What was sent ahead: its head is to be looked at first.
                    self._ahead[:0] = connection.trailing_data[0]
                    self._whole = True
                    return replace(head, body=bytes(self._body))
                case _:  # NEED_DATA
                    room = self._body_limit + FRAMING_LIMIT - self._framed
                    if room <= 0:
                        raise self._too_large()
                    if not self._ahead:
                        return None
                    connection.receive_data(bytes(self._ahead[:room]))
                    self._framed += min(room, len(self._ahead))
                    del self._ahead[:room]

    def _event(self, connection: h11.Connection) -> object:
        try:
            return connection.next_event()
        except h11.RemoteProtocolError as error:
            raise HttpProblem(error.error_status_hint, str(error).partition(":")[0]) from None

    def _too_large(self) -> HttpProblem:
        return HttpProblem(413, f"a body of more than {self._body_limit} bytes")


def _request(event: h11.Request, source: str) -> HttpRequest:
    """The head as a value. The path stays percent-encoded as on the wire."""
    headers = tuple(
        (name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))
        for name, value in event.headers.raw_items()
    )
    path, _, query = event.target.decode("ascii").partition("?")
    try:
        if not path.startswith("/"):
            path = urlsplit(path).path or path  # absolute form (RFC 9112 3.2.2), or the "*" of OPTIONS
        pairs = tuple(parse_qsl(query, keep_blank_values=True, max_num_fields=_PARTS))
    except ValueError:
        raise HttpProblem(400, "a request target that cannot be read") from None
    options = {option.strip().lower() for option in (header(headers, "Connection") or "").split(",")}
    return HttpRequest(
        method=event.method.decode("ascii"),
        path=path,
        query=pairs,
        headers=headers,
        source=source,
        lasting=event.http_version == b"1.1" and "close" not in options,
    )


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
