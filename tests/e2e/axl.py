"""AXL as a script without a library calls it: one POST over HTTPS."""

from __future__ import annotations

import http.client
import ssl
from base64 import b64encode
from typing import NamedTuple

from tests.e2e.running_lab import RunningLab
from tests.patience import patience

PASSWORD = "ucmsim"
ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<ns:{operation} xmlns:ns="http://www.cisco.com/AXL/API/12.5">{body}</ns:{operation}>'
    "</soapenv:Body></soapenv:Envelope>"
)


class Answer(NamedTuple):
    status: int
    text: str


class Axl:
    def __init__(self, lab: RunningLab, *, password: str = PASSWORD, user: str = "admin") -> None:
        self._lab = lab
        self._credentials = b64encode(f"{user}:{password}".encode()).decode()

    def call(self, operation: str, body: str) -> Answer:
        return self.post("/axl/", ENVELOPE.format(operation=operation, body=body).encode())

    def post(self, path: str, data: bytes, **headers: str) -> Answer:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        host, port = self._lab.endpoint("https")
        connection = http.client.HTTPSConnection(host, port, timeout=patience(), context=context)
        try:
            connection.request(
                "POST",
                path,
                data,
                {
                    "Authorization": f"Basic {self._credentials}",
                    "Content-Type": "text/xml; charset=utf-8",
                    **headers,
                },
            )
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode("utf-8", "replace"))
        finally:
            connection.close()
