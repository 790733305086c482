"""HTTP/1.1 on a stream (RFC 9112), for actors: bytes become requests and responses, and back.

One request at a time: a pipelined one waits in the buffer. Bodies are counted by Content-Length or chunked.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, urlsplit

from simulator.core.http.message import HttpRequest, HttpResponse

HEAD_LIMIT = 16 << 10
"""Bytes of a head."""
BODY_LIMIT = 1 << 20
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,256})?\r\n")

Fields = tuple[tuple[str, str], ...]
T = TypeVar("T", HttpRequest, HttpResponse)


class HttpProblem(ValueError):
    """Bytes that are no HTTP, or too many of them. `status` is what a server answers; the stream is dead."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def header(fields: Fields, name: str) -> str | None:
    """The first value of a field."""
    wanted = name.lower()
    return next((value for given, value in fields if given.lower() == wanted), None)


class _Reader(Generic[T]):
    def __init__(self, *, body_limit: int = BODY_LIMIT) -> None:
        self._buffer = bytearray()
        self._body_limit = body_limit
        self._head: tuple[str, Fields] | None = None
        self._ended = False

    @property
    def busy(self) -> bool:
        """Something has begun and is not whole."""
        return bool(self._buffer) or self._head is not None

    @property
    def buffered(self) -> int:
        """Bytes that came and were not read yet."""
        return len(self._buffer)

    def receive_data(self, data: bytes) -> None:
        self._buffer += data

    def receive_eof(self) -> None:
        self._ended = True

    def _read(self) -> tuple[str, Fields, bytes] | None:
        """Start line, fields and body. Raises HttpProblem."""
        if self._head is None:
            while self._buffer[:2] == b"\r\n":
                del self._buffer[:2]  # RFC 9112 2.2
            end = self._buffer.find(b"\r\n\r\n")
            if end > HEAD_LIMIT or (end < 0 and len(self._buffer) > HEAD_LIMIT):
                raise HttpProblem(431, f"a head of more than {HEAD_LIMIT} bytes")
            if end < 0:
                return None
            self._head = _parse_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
        start, fields = self._head
        body = self._body(start, fields)
        if body is None:
            return None
        self._head = None
        return start, fields, body

    def _body(self, start: str, fields: Fields) -> bytes | None:
        lengths = {value.strip() for name, value in fields if name.lower() == "content-length"}
        coding = header(fields, "Transfer-Encoding")
        if coding is not None:
            if lengths or coding.strip().lower() != "chunked":
                raise HttpProblem(400, "a length beside Transfer-Encoding, or an unknown coding")
            return self._chunks()
        if len(lengths) > 1:
            raise HttpProblem(400, "two different lengths")
        if not lengths:
            return self._rest(start)
        text = lengths.pop()
        if not re.fullmatch(r"[0-9]{1,12}", text):
            raise HttpProblem(400, "Content-Length is no number")
        return self._take(int(text))

    def _rest(self, start: str) -> bytes | None:
        """The body of a message that does not tell its length."""
        return b""

    def _take(self, size: int) -> bytes | None:
        if size > self._body_limit:
            raise HttpProblem(413, f"a body of more than {self._body_limit} bytes")
        if len(self._buffer) < size:
            return None
        body = bytes(self._buffer[:size])
        del self._buffer[:size]
        return body

    def _chunks(self) -> bytes | None:
        """Read anew with each call: bodies are small here."""
        body, at = bytearray(), 0
        while True:
            line = _CHUNK.match(self._buffer, at)
            if line is None:
                if self._buffer.find(b"\r\n", at) >= 0 or len(self._buffer) - at > 300:
                    raise HttpProblem(400, "a chunk without its size")
                return None
            size, at = int(line[1], 16), line.end()
            if len(body) + size > self._body_limit:
                raise HttpProblem(413, f"a body of more than {self._body_limit} bytes")
            if size == 0:
                return self._trailers(bytes(body), at)
            if len(self._buffer) < at + size + 2:
                return None
            if self._buffer[at + size : at + size + 2] != b"\r\n":
                raise HttpProblem(400, "a chunk longer than it says")
            body += self._buffer[at : at + size]
            at += size + 2

    def _trailers(self, body: bytes, at: int) -> bytes | None:
        if self._buffer[at : at + 2] == b"\r\n":
            del self._buffer[: at + 2]
            return body
        end = self._buffer.find(b"\r\n\r\n", at)
        if end < 0:
            if len(self._buffer) - at > HEAD_LIMIT:
                raise HttpProblem(431, "trailers without an end")
            return None
        del self._buffer[: end + 4]
        return body


class RequestReader(_Reader[HttpRequest]):
    """A server's side."""

    def next_request(self, source: str = "") -> HttpRequest | None:
        """None: nothing complete yet. Raises HttpProblem."""
        read = self._read()
        if read is None:
            return None
        start, fields, body = read
        parts = start.split(" ")
        if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]):
            raise HttpProblem(400, "no request line")
        method, target, version = parts
        if not re.fullmatch(r"HTTP/1\.[01]", version):
            raise HttpProblem(505, "no HTTP/1.1")
        if version == "HTTP/1.1" and sum(name.lower() == "host" for name, _ in fields) != 1:
            raise HttpProblem(400, "not exactly one Host")
        try:
            path, _, query = target.partition("?")
            if not path.startswith("/"):
                path = urlsplit(path).path or path  # absolute form (RFC 9112 3.2.2)
            pairs = tuple(parse_qsl(query, keep_blank_values=True, max_num_fields=100))
        except ValueError:
            raise HttpProblem(400, "a request target that cannot be read") from None
        return HttpRequest(
            method=method,
            path=path,
            query=pairs,
            headers=fields,
            body=body,
            source=source,
            lasting=version == "HTTP/1.1" and (header(fields, "Connection") or "").lower() != "close",
        )


class ResponseReader(_Reader[HttpResponse]):
    """A client's side, for one response."""

    def next_response(self) -> HttpResponse | None:
        """None: nothing complete yet. Raises HttpProblem."""
        read = self._read()
        if read is None:
            return None
        start, fields, body = read
        found = re.fullmatch(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?", start)
        if found is None:
            raise HttpProblem(502, "no status line")
        return HttpResponse(status=int(found[1]), headers=fields, body=body)

    def _rest(self, start: str) -> bytes | None:
        if re.match(r"HTTP/1\.[01] (?:1..|204|304)", start):
            return b""
        if not self._ended:
            return None  # RFC 9112 6.3, 8: until the server closes
        return self._take(len(self._buffer))


def _parse_head(data: bytes) -> tuple[str, Fields]:
    start, *lines = data.decode("utf-8", "surrogateescape").split("\r\n")
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        value = value.strip(" \t")
        if not colon or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise HttpProblem(400, "a header line that is none")
        fields.append((name, value))
    if not _VALUE.fullmatch(start):
        raise HttpProblem(400, "a control character in the first line")
    return start, tuple(fields)


def render_response(response: HttpResponse, *, close: bool = False, head: bool = False) -> bytes:
    """`head`: the answer to a HEAD, without the body it counts."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    lines += [f"{n}: {v}" for n, v in response.headers if n.lower() not in ("content-length", "connection")]
    lines.append(f"Content-Length: {len(response.body)}")
    if close:
        lines.append("Connection: close")
    return _block(lines) + (b"" if head else response.body)


def render_request(method: str, target: str, host: str, headers: Fields, body: bytes) -> bytes:
    """A request after which the server closes. ValueError for what would break out of its line."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{n}: {v}" for n, v in headers if n.lower() not in ("content-length", "connection", "host")]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    if " " in target:
        raise ValueError("a space in the request target")
    return _block(lines) + body


def _block(lines: list[str]) -> bytes:
    if any(set(line) & {"\r", "\n", "\0"} for line in lines):
        raise ValueError("a line break in a header")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
