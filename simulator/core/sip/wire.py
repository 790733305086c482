"""Messages to bytes and back: head splitting with its limits, start lines, datagrams, serialisation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from simulator.core.sip.errors import DuplicateHeader, MalformedMessage, MessageTooLarge
from simulator.core.sip.fields import parse_number
from simulator.core.sip.grammar import excerpt, is_token
from simulator.core.sip.headers import Headers, index_lines
from simulator.core.sip.message import SIP_VERSION, Message, Request, Response

_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.IGNORECASE | re.DOTALL).fullmatch
_VERSION = re.compile(r"SIP/[0-9]+\.[0-9]+", re.IGNORECASE).fullmatch
_METHODS = frozenset(("REGISTER", "REFER", "NOTIFY", "OPTIONS", "SUBSCRIBE", "INVITE", "ACK", "BYE", "CANCEL"))
"""Known to be tokens, which saves a look at them; other methods are just as welcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLimits:
    """Checked before anything is copied or kept."""

    message: int = 65_535
    """Bytes of a whole message, body included."""
    line: int = 16_384
    """Bytes of one physical line, CRLF included. A 2 kB token makes a line of 2.1 kB (sip-wire 3.3)."""
    fields: int = 256
    """Header lines, continuation lines included."""


DEFAULT_LIMITS = MessageLimits()


class RequestLine(NamedTuple):
    method: str
    uri_text: str
    version: str


class StatusLine(NamedTuple):
    status: int
    reason: str


class Head(NamedTuple):
    """A start line and its headers, before the body is there."""

    start: RequestLine | StatusLine
    headers: Headers
    defect: str = ""
    """What is wrong with it although it could be framed; the broken lines are not in `headers`."""

    def message(self, body: bytes = b"") -> Message:
        start = self.start
        if isinstance(start, RequestLine):
            return Request(start.method, start.uri_text, self.headers, body, start.version)
        return Response(start.status, start.reason, self.headers, body)

    def request(self) -> Request | None:
        """What an error may carry so that it can be answered."""
        message = self.message()
        return message if isinstance(message, Request) else None


_ANSWERED_BY = ("Via", "From", "To", "Call-ID", "CSeq")
"""Without these an answer finds no transaction (RFC 3261 8.2.6.2)."""


def walk_lines(
    data: bytes | bytearray, start: int, position: int, lines: int, limits: MessageLimits
) -> tuple[int, int, bool]:
    """Checks line by line; returns (position of the next line, lines so far, head complete).

    Errors depend on offsets only, so that it never matters how the bytes were cut into chunks.
    """
    while True:
        newline = data.find(b"\n", position)
        furthest = newline if newline >= 0 else len(data) - 1
        excess = min(position + limits.line, start + limits.message)
        stray = data.find(b"\r", position, min(furthest, excess))
        if stray >= 0 and stray != newline - 1:
            raise MalformedMessage(f"line {lines + 1} holds a CR without LF", status_hint=None)
        if furthest >= excess:
            if excess == start + limits.message:
                raise MessageTooLarge(f"the header is longer than {limits.message} bytes")
            raise MessageTooLarge(f"line {lines + 1} is longer than {limits.line} bytes")
        if newline < 0:
            return position, lines, False
        if newline == position or data[newline - 1] != 13:
            raise MalformedMessage(f"line {lines + 1} ends in a bare LF", status_hint=None)
        if newline == position + 1:
            return newline + 1, lines, True
        lines += 1
        if lines > limits.fields + 1:
            raise MessageTooLarge(f"more than {limits.fields} header lines")
        position = newline + 1


def readable(data: bytes | bytearray, start: int, limits: MessageLimits) -> Request | None:
    """Of a head over the limits: the request of the lines before the first one too many, if that is enough for
    an answer."""
    lines: list[str] = []
    position = start
    while len(lines) <= limits.fields:
        end = min(position + limits.line, start + limits.message)
        newline = data.find(b"\n", position, end)
        if newline < 0:
            break
        lines.append(data[position : newline - 1].decode("utf-8", "surrogateescape"))
        position = newline + 1
    try:
        request = parse_head(lines).request() if lines else None
    except MalformedMessage:
        return None
    return request if request and all(name in request.headers for name in _ANSWERED_BY) else None


def read_lines(data: bytes | bytearray, start: int, end: int, limits: MessageLimits) -> list[str] | None:
    """The lines of the head data[start:end] if a glance shows that it is good and within the limits; None is no
    verdict: `walk_lines` finds out what is wrong. A folded field is still several lines."""
    size = end + 2 - start
    if size + 2 > limits.line or size + 2 > limits.message:
        return None
    text = data[start : end + 2].decode("utf-8", "surrogateescape")
    lines = text.splitlines()
    # Beside CRLF, `splitlines` breaks at single characters. If every break took two, each of them was a CRLF.
    if len(text) - len("".join(lines)) != 2 * len(lines) or len(lines) > limits.fields + 1:
        return None
    return lines


def split_lines(data: bytes | bytearray, start: int, end: int) -> list[str]:
    """The same for a head that `walk_lines` has passed."""
    return data[start:end].decode("utf-8", "surrogateescape").split("\r\n")


def parse_head(lines: list[str]) -> Head:
    """Start line and header lines, without the empty line. Raises MalformedMessage for an unreadable start
    line; anything else that is wrong is the head's `defect`."""
    first = lines[0]
    method, _, rest = first.partition(" ")
    uri_text, _, version = rest.rpartition(" ")
    defect = ""
    if version == SIP_VERSION and method in _METHODS and uri_text:
        start: RequestLine | StatusLine = RequestLine(method, uri_text, version)
    else:
        start, defect = _other_start_line(first)
    del lines[0]
    try:
        index = index_lines(lines, folded=False)
    except MalformedMessage:
        # Folding is rare, and a continuation line never passes for a field: it shows here, and only here.
        lines = _join_folds(lines)
        try:
            index = index_lines(lines)
        except MalformedMessage as error:
            defect = defect or error.detail
            lines = list(filter(_is_field, lines))
            index = index_lines(lines)
    return Head(start, Headers.from_lines(tuple(lines), index), defect)


def _join_folds(lines: list[str]) -> list[str]:
    joined: list[str] = []
    for line in lines:
        if joined and line[:1] in (" ", "\t"):
            joined[-1] += f"\r\n{line}"
        else:
            joined.append(line)
    return joined


def _is_field(line: str) -> bool:
    try:
        index_lines((line,))
    except MalformedMessage:
        return False
    return True


def _other_start_line(line: str) -> tuple[RequestLine | StatusLine, str]:
    status = _STATUS_LINE(line)
    if status is not None:
        return StatusLine(int(status[1]), status[2] or ""), ""
    if line[:4].upper() == "SIP/":
        raise MalformedMessage(f"malformed status line: {excerpt(line)}", status_hint=None)
    method, _, rest = line.partition(" ")
    uri_text, _, version = rest.rpartition(" ")
    if is_token(method) and uri_text and _VERSION(version):
        return RequestLine(method, uri_text, version), ""
    words = line.split()
    detail = f"malformed request line: {excerpt(line)}"
    if len(words) > 2 and is_token(words[0]) and _VERSION(words[-1]):
        # Recognisably a request, so its sender can be told (RFC 4475 3.1.2.9, 3.1.2.10).
        return RequestLine(words[0], " ".join(words[1:-1]), SIP_VERSION), detail
    raise MalformedMessage(detail, status_hint=None)


def take(head: Head, body: bytes) -> Message:
    """The message, or MalformedMessage with the readable part if the head has a defect."""
    if head.defect:
        message = head.message(body)
        request = message if isinstance(message, Request) else None
        raise MalformedMessage(head.defect, request=request)
    return head.message(body)


def body_length(head: Head, limits: MessageLimits, size: int) -> int | None:
    """Content-Length, or None if absent; `size` is the head's. Raises with what was read of a request."""
    headers = head.headers
    value = headers.get("content-length")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()):
        raise MalformedMessage(f"Content-Length is not a number: {excerpt(value)}", request=head.request())
    if headers.has_repetitions and headers.count("content-length") > 1:
        try:
            headers.single("Content-Length")
        except DuplicateHeader as error:
            raise DuplicateHeader(error.detail, request=head.request()) from None
    length = int(value) if len(value) < 11 else parse_number(value, "Content-Length", limits.message + 1)
    if size + length > limits.message:
        raise MessageTooLarge(
            f"a message of {size} + {excerpt(value)} bytes is over {limits.message}", request=head.request()
        )
    return length


def parse_message(data: bytes, *, limits: MessageLimits = DEFAULT_LIMITS) -> Message:
    """One datagram (RFC 3261 18.3): without Content-Length the body reaches to the end, a shorter one cuts the
    rest off, a longer one is an error. Raises RemoteProtocolError."""
    if data[:2] == b"\r\n":
        raise MalformedMessage("the datagram begins with an empty line", status_hint=None)
    end = data.find(b"\r\n\r\n")
    lines = read_lines(data, 0, end, limits) if end >= 0 else None
    if lines is None:
        after, _, complete = walk_lines(data, 0, 0, 0, limits)
        if not complete:
            raise MalformedMessage("the datagram ends inside the header", status_hint=None)
        end = after - 4
        lines = split_lines(data, 0, end)
    head = parse_head(lines)
    body = data[end + 4 :]
    length = body_length(head, limits, end + 4)
    if length is None:
        if len(data) > limits.message:
            raise MessageTooLarge(f"a datagram of {len(data)} bytes is over {limits.message}")
    elif length > len(body):
        raise MalformedMessage(
            f"Content-Length is {length} but the datagram holds {len(body)} bytes of body",
            request=head.request(),
        )
    else:
        body = body[:length]
    return take(head, body)


def serialize(message: Message) -> bytes:
    """The bytes of a message, headers exactly as they are. A missing Content-Length is added (20.14).

    Raises ValueError if the start line holds a line break (a bug here: none comes out of a parser).
    """
    start_line, lines = message.start_line, message.headers.lines
    if "\n" in start_line or "\r" in start_line:
        raise ValueError("the start line holds a line break")
    # Last is where it mostly stands, and looking there saves indexing a message that was only made to be sent.
    if not (lines and lines[-1].startswith("Content-Length:")) and "content-length" not in message.headers:
        lines = (*lines, f"Content-Length: {len(message.body)}")
    head = "\r\n".join((start_line, *lines, "", ""))
    return head.encode("utf-8", "surrogateescape") + message.body
