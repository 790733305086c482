"""A small SIP client that registers with SIP OAuth: the "your own client" of the how-to. Standard library only.

It answers the challenge of a UCM, refreshes and unregisters on one TLS connection. It knows nothing of ucmsim.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4


class Refused(Exception):
    """The registrar's final answer was no."""

    def __init__(self, status: int, phrase: str, warning: str) -> None:
        super().__init__(f"{status} {phrase} {warning}".rstrip())
        self.status = status
        self.warning = warning


@dataclass
class Answer:
    status: int
    phrase: str
    headers: dict[str, str]


class SipClient:
    """`token` is asked for an access token each time a challenge has to be answered."""

    def __init__(
        self, host: str, port: int, *, cafile: str, device: str, number: str, token: Callable[[], str]
    ) -> None:
        self.host, self.port, self.device, self.number, self.token = host, port, device, number, token
        context = ssl.create_default_context(cafile=cafile)
        raw = socket.create_connection((host, port), timeout=10)
        try:
            self.connection = context.wrap_socket(raw, server_hostname=host)
        except OSError:
            raw.close()
            raise
        self.input = self.connection.makefile("rb")
        self.call_id, self.tag, self.cseq = uuid4().hex, uuid4().hex[:8], 0

    def register(self, expires: int = 3600) -> int:
        """Registers or refreshes; returns the seconds that were granted. Raises Refused."""
        answer = self.request(expires)
        if answer.status in (401, 407):
            asked = "Proxy-Authorization" if answer.status == 407 else "Authorization"
            answer = self.request(expires, f'{asked}: Bearer token="{self.token()}"\r\n')
        if answer.status != 200:
            raise Refused(answer.status, answer.phrase, answer.headers.get("warning", ""))
        return int(answer.headers.get("expires", expires))

    def unregister(self) -> None:
        self.register(expires=0)

    def close(self) -> None:
        self.input.close()
        self.connection.close()

    def __enter__(self) -> SipClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def request(self, expires: int, credentials: str = "") -> Answer:
        self.cseq += 1
        local, port = self.connection.getsockname()[:2]
        self.connection.sendall(
            f"REGISTER sip:{self.host} SIP/2.0\r\n"
            f"Via: SIP/2.0/TLS {local}:{port};branch=z9hG4bK{uuid4().hex}\r\n"
            f"From: <sip:{self.number}@{self.host}>;tag={self.tag}\r\n"
            f"To: <sip:{self.number}@{self.host}>\r\n"
            f"Call-ID: {self.call_id}\r\n"
            f"CSeq: {self.cseq} REGISTER\r\n"
            "Max-Forwards: 70\r\n"
            f"Contact: <sip:{self.number}@{local}:{port};transport=tls>;"
            f'+u.sip!devicename.ccm.cisco.com="{self.device}"\r\n'
            f"Expires: {expires}\r\n"
            f"{credentials}"
            "Content-Length: 0\r\n\r\n".encode()
        )
        while (answer := self.answer()).status < 200:
            pass
        return answer

    def answer(self) -> Answer:
        start = self.input.readline().decode()
        match = re.fullmatch(r"SIP/2\.0 (\d{3}) (.*)\r\n", start)
        if match is None:
            raise ConnectionError(f"no SIP answer: {start!r}")
        headers = {}
        while line := self.input.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        self.input.read(int(headers.get("content-length", "0")))
        return Answer(int(match[1]), match[2], headers)
