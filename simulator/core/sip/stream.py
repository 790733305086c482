"""Messages out of TCP and TLS streams: Content-Length framing (RFC 3261 18.3), CRLF keep-alives (RFC 5626)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from simulator.core.sip import stun
from simulator.core.sip.errors import MalformedMessage, MessageTooLarge, MissingHeader, RemoteProtocolError
from simulator.core.sip.message import Message
from simulator.core.sip.wire import (
    DEFAULT_LIMITS,
    Head,
    MessageLimits,
    body_length,
    parse_head,
    read_lines,
    readable,
    split_lines,
    take,
    walk_lines,
)


class Need(Enum):
    """Nothing complete has arrived yet."""

    DATA = "data"


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """A keep-alive: CRLFCRLF is a ping, to be answered with CRLF; CRLF is a pong. Or a STUN binding
    (`core.sip.stun`).
    """

    kind: Literal["ping", "pong", "stun_request", "stun_response"]
    transaction: bytes = b""
    """Of a STUN message."""


_HEAD_END = re.compile(rb"\r\n\r\n").search
"""Takes half the time of `find` over a header with a 2 kB token in it."""
TLS_INSTEAD = "a TLS handshake where SIP was expected"
_TLS = b"\x16\x03"
"""How a TLS handshake begins. What follows is random: it would be refused for something else each time."""
_PING, _PONG = KeepAlive("ping"), KeepAlive("pong")


class SipStream:
    """Bytes in, messages out; one per connection. After `receive_data` call `next_message` until Need.DATA.

    A message that is framed well but broken inside raises and is skipped: the stream goes on (`error.request`
    allows an answer). A framing error kills the stream: `failure` is set and every further call raises.

    `initiator`: we opened the connection, so a CRLF can only answer our ping and is reported at once. Otherwise
    a CRLF waits for what follows: with another CRLF it is a ping, before a message it is reported as pong.
    """

    __slots__ = (
        "_body_end",
        "_body_start",
        "_buffer",
        "_ended",
        "_head",
        "_initiator",
        "_limits",
        "_lines",
        "_start",
        "_walked",
        "failure",
    )

    def __init__(self, *, limits: MessageLimits = DEFAULT_LIMITS, initiator: bool = False) -> None:
        self._limits = limits
        self._initiator = initiator
        self._buffer: bytes | bytearray = b""
        self._start = 0
        """Where the current message begins."""
        self._walked = 0
        """Where the first line not yet checked begins, and how many lines were."""
        self._lines = 0
        self._head: Head | None = None
        """The current message's head while its body is arriving, with the body's place."""
        self._body_start = 0
        self._body_end = 0
        self._ended = False
        self.failure: RemoteProtocolError | None = None
        """What killed the stream."""

    def receive_data(self, data: bytes) -> None:
        if self._ended:
            raise ValueError("data after the end of the stream")
        consumed, buffer = self._start, self._buffer
        if consumed == len(buffer):
            self._buffer = data
        else:
            if isinstance(buffer, bytearray):
                del buffer[:consumed]
            else:
                buffer = bytearray(buffer[consumed:])
            buffer += data
            self._buffer = buffer
        self._walked -= consumed
        self._body_start -= consumed
        self._body_end -= consumed
        self._start = 0

    def receive_eof(self) -> None:
        """Note that the peer will send nothing more; what is incomplete becomes an error."""
        self._ended = True

    @property
    def partial(self) -> bool:
        """Tell whether the beginning of a message has arrived without its end; part of a CRLF keep-alive does
        not count.
        """
        start = self._start
        return self._head is not None or (start < len(self._buffer) and self._buffer[start] not in b"\r\n")

    def next_message(self) -> Message | KeepAlive | Literal[Need.DATA]:
        """Return the next message in order. Raises RemoteProtocolError and nothing else."""
        if self.failure is not None:
            raise RemoteProtocolError(f"the stream is dead since: {self.failure.detail}", status_hint=None)
        if self._head is None:
            start = self._start
            if start == len(self._buffer):
                return Need.DATA
            first = self._buffer[start]
            if first == 13 and (early := self._keep_alive()) is not None:
                return early
            if first <= 1 and (early := self._stun()) is not None:
                return early
            if first == _TLS[0] and self._buffer[start : start + 2] == _TLS:
                self.failure = MalformedMessage(TLS_INSTEAD, status_hint=None)
                raise self.failure
        try:
            head = self._head or self._read_head()
            if head is None:
                return self._wait("header")
            if len(self._buffer) < self._body_end:
                return self._wait("body")
        except RemoteProtocolError as error:
            self.failure = error
            raise
        return self._finish(head)

    def _keep_alive(self) -> KeepAlive | Literal[Need.DATA] | None:
        ahead = self._buffer[self._start : self._start + 4]
        if ahead == b"\r\n\r\n" and not self._initiator:
            kind, size = _PING, 4
        elif ahead[:2] != b"\r\n":
            # A lone CR may become one; a CR before anything else is left to the line checks.
            return Need.DATA if len(ahead) == 1 and not self._ended else None
        elif not self._initiator and ahead in (b"\r\n", b"\r\n\r") and not self._ended:
            return Need.DATA
        else:
            kind, size = _PONG, 2
        self._start += size
        self._walked = self._start
        return kind

    def _stun(self) -> KeepAlive | Literal[Need.DATA] | None:
        """None: no STUN, so what the line checks say of it counts."""
        ahead = bytes(self._buffer[self._start : self._start + stun.LIMIT])
        try:
            size = stun.length(ahead)
            if size is None or len(ahead) < size:
                return None if self._ended or not stun.may_begin(ahead) else Need.DATA
            message = stun.parse(ahead[:size])
        except ValueError:
            return None
        self._start += size
        self._walked = self._start
        kind: Literal["stun_request", "stun_response"] = "stun_response"
        return KeepAlive("stun_request" if message.kind == "request" else kind, message.transaction)

    def _read_head(self) -> Head | None:
        buffer, start = self._buffer, self._start
        # The lines walked over were not empty: the head's end cannot begin before the last of their breaks.
        found = _HEAD_END(buffer, max(start, self._walked - 2))
        end = found.start() if found is not None else -1
        lines = read_lines(buffer, start, end, self._limits) if end >= 0 else None
        if lines is None:
            try:
                self._walked, self._lines, complete = walk_lines(
                    buffer, start, self._walked, self._lines, self._limits
                )
            except MessageTooLarge as error:
                error.request = readable(buffer, start, self._limits)
                raise
            if not complete:
                return None
            end = self._walked - 4
            lines = split_lines(buffer, start, end)
        head = parse_head(lines)
        length = body_length(head, self._limits, end + 4 - start)
        if length is None:
            # 20.14: mandatory here, where nothing else says where the body ends.
            raise MissingHeader("no Content-Length header field on a stream", request=head.request())
        self._head = head
        self._body_start = end + 4
        self._body_end = end + 4 + length
        return head

    def _wait(self, part: str) -> Literal[Need.DATA]:
        if self._ended:
            raise MalformedMessage(f"the stream ended inside the {part} of a message", status_hint=None)
        return Need.DATA

    def _finish(self, head: Head) -> Message:
        body_end = self._body_end
        body = bytes(self._buffer[self._body_start : body_end])
        self._head = None
        self._lines = 0
        if body_end == len(self._buffer):
            # An idle connection must not keep the message it read last: 4.5 kB of each phone.
            self._buffer = b""
            body_end = 0
        self._start = self._walked = body_end
        return take(head, body)
