"""What the machine can do without ucmsim: bare asyncio TLS servers, each doing a little more than the last.

They answer each chunk as one request: right for a request that fits one TLS record with one outstanding, and no
registrar at all. Their figures are limits to compare with.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import jwt

Answer = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """`depth`: "echo", "constant", "headers" (a dict of all headers) or "jwt" (PyJWT on the token as well)."""

    depth: str
    reply: bytes
    """What the registrar under test answers in the same place: the same size on the wire."""
    public_key: str = ""

    def answer(self) -> Answer:
        depths: dict[str, Answer] = {
            "echo": lambda data: data,
            "constant": lambda data: self.reply,
            "headers": lambda data: self._from_headers(_headers(data)),
            "jwt": self._judged,
        }
        return depths[self.depth]

    def _judged(self, data: bytes) -> bytes:
        headers = _headers(data)
        credentials = headers.get("proxy-authorization")
        if credentials is None:
            return self._from_headers(headers, "407 Proxy Authentication Required")
        token = credentials.partition('"')[2].rstrip('"')
        jwt.decode(token, self.public_key, algorithms=["RS256"], options={"verify_aud": False})
        return self._from_headers(headers)

    def _from_headers(self, headers: dict[str, str], status: str = "200 OK") -> bytes:
        text = (
            f"SIP/2.0 {status}\r\nVia: {headers['via']}\r\nFrom: {headers['from']}\r\n"
            f"To: {headers['to']};tag=1\r\nCall-ID: {headers['call-id']}\r\nCSeq: {headers['cseq']}\r\n"
            f"Contact: {headers['contact']}\r\nExpires: 120\r\n"
        )
        padding = max(0, len(self.reply) - len(text) - len("Content-Length: 000\r\n\r\n"))
        return f"{text}Content-Length: {padding:3d}\r\n\r\n{' ' * padding}".encode()


def _headers(data: bytes) -> dict[str, str]:
    head, _, _ = data.partition(b"\r\n\r\n")
    headers = {}
    for line in head.decode().split("\r\n")[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return headers


class _Connection(asyncio.Protocol):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._answer(data))


async def listen(bare: Bare, context: ssl.SSLContext) -> tuple[str, int]:
    """Serve on a free port of 127.0.0.1 until the loop ends."""
    loop = asyncio.get_running_loop()
    answer = bare.answer()
    server = await loop.create_server(lambda: _Connection(answer), "127.0.0.1", 0, ssl=context, backlog=1024)
    address: tuple[str, int] = server.sockets[0].getsockname()[:2]
    return address
