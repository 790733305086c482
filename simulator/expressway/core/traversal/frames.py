"""What travels through the tunnel between Expressway-E and C: requests of 8443 one way, answers the other.

The product has SSH tunnels on port 2222 [documented]; these frames stand for what is in them [assumed]: four
bytes of length, then JSON with a number that ties an answer to its request.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator

from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.expressway.core.mra_https.messages import MraAnswer, MraRequest

LIMIT = 8 << 20
"""Bytes of a frame."""
_LENGTH = 4

Pairs = tuple[tuple[str, str], ...]


class FrameError(ValueError):
    """Raised for bytes that are no frame; the connection is of no use any more."""


class Frames:
    """Takes frames out of a stream."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def receive(self, data: bytes) -> Iterator[dict[str, object]]:
        """Yield every frame that is whole now. Raises FrameError."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH:
            size = int.from_bytes(self._buffer[:_LENGTH], "big")
            if size > LIMIT:
                raise FrameError(f"a frame of {size} bytes")
            if len(self._buffer) < _LENGTH + size:
                return
            text = bytes(self._buffer[_LENGTH : _LENGTH + size])
            del self._buffer[: _LENGTH + size]
            try:
                frame = json.loads(text)
            except (ValueError, RecursionError):
                raise FrameError("a frame that is no JSON") from None
            if not isinstance(frame, dict):
                raise FrameError("a frame that is no object")
            yield frame


def of_query(number: int, query: MraRequest) -> bytes:
    """Return the frame of a request."""
    request = query.request
    return _frame(
        {
            "number": number,
            "host": query.host,
            "https": query.https,
            "sip": query.sip,
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "body": b64encode(request.body).decode(),
            "source": request.source,
        }
    )


def of_answer(number: int, answer: MraAnswer) -> bytes:
    """Return the frame of an answer."""
    response = answer.response
    return _frame(
        {
            "number": number,
            "status": response.status,
            "headers": response.headers,
            "body": b64encode(response.body).decode(),
            "user": answer.user,
            "path": answer.path,
            "inside": answer.inside,
            "scheme": answer.scheme,
            "detail": answer.detail,
            "expired": answer.expired,
        }
    )


def read_query(frame: dict[str, object]) -> tuple[int, MraRequest]:
    """Read the frame of a request. Raises FrameError."""
    request = HttpRequest(
        method=_text(frame, "method"),
        path=_text(frame, "path"),
        query=_pairs(frame, "query"),
        headers=_pairs(frame, "headers"),
        body=_body(frame),
        source=_text(frame, "source"),
    )
    host, https, sip = _text(frame, "host"), _number(frame, "https"), _number(frame, "sip")
    return _number(frame, "number"), MraRequest(request=request, host=host, https=https, sip=sip)


def read_answer(frame: dict[str, object]) -> tuple[int, MraAnswer]:
    """Read the frame of an answer. Raises FrameError."""
    status = _number(frame, "status")
    if not 200 <= status <= 599:
        raise FrameError(f"an answer with status {status}")
    headers = _pairs(frame, "headers")
    if any(set(name + value) & {"\r", "\n", "\0"} for name, value in headers):
        raise FrameError("a line break in a header")
    answer = MraAnswer(
        response=HttpResponse(status=status, headers=headers, body=_body(frame)),
        user=_text_or_none(frame, "user"),
        path=_text_or_none(frame, "path"),
        inside=_text(frame, "inside"),
        scheme=_text(frame, "scheme"),
        detail=_text(frame, "detail"),
        expired=frame.get("expired") is True,
    )
    return _number(frame, "number"), answer


def _frame(content: dict[str, object]) -> bytes:
    data = json.dumps(content).encode("ascii")
    return len(data).to_bytes(_LENGTH, "big") + data


def _number(frame: dict[str, object], name: str) -> int:
    value = frame.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise FrameError(f"{name} is no number")
    return value


def _text(frame: dict[str, object], name: str) -> str:
    value = frame.get(name)
    if not isinstance(value, str):
        raise FrameError(f"{name} is no text")
    return value


def _text_or_none(frame: dict[str, object], name: str) -> str | None:
    return None if frame.get(name) is None else _text(frame, name)


def _pairs(frame: dict[str, object], name: str) -> Pairs:
    rows = frame.get(name)
    out: list[tuple[str, str]] = []
    for row in rows if isinstance(rows, list) else [None]:
        if not isinstance(row, list) or len(row) != 2 or not all(isinstance(one, str) for one in row):
            raise FrameError(f"{name} is no list of pairs")
        out.append((row[0], row[1]))
    return tuple(out)


def _body(frame: dict[str, object]) -> bytes:
    try:
        return b64decode(_text(frame, "body"), validate=True)
    except ValueError:
        raise FrameError("a body that is no base64") from None
