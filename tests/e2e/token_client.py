"""A client that sends one REGISTER after the other with a token of the test's choice, good or bad."""

from __future__ import annotations

import socket
import ssl
from base64 import urlsafe_b64decode, urlsafe_b64encode

from tests.e2e.running_lab import RunningLab
from tests.patience import patience

BAD = 10_000
_REGISTER = """\
REGISTER sip:ucm-pub SIP/2.0
Via: SIP/2.0/TLS 127.0.0.1:5;branch=z9hG4bK{call}
From: <sip:1010@ucm-pub>;tag=1
To: <sip:1010@ucm-pub>
Call-ID: {call}
Max-Forwards: 70
CSeq: 1 REGISTER
Contact: <sip:1010@127.0.0.1:5;transport=tls>;+u.sip!devicename.ccm.cisco.com="CSFALICE"
Expires: 120
Proxy-Authorization: Bearer token="{token}"
Content-Length: 0

"""


class Client:
    """One TLS connection that waits for each answer."""

    def __init__(self, lab: RunningLab) -> None:
        context = ssl.create_default_context(cafile=str(lab.ca_file))
        raw = socket.create_connection(lab.endpoint("oauth"), timeout=patience())
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(raw, server_hostname="127.0.0.1")

    def register(self, call: str, token: str) -> int:
        """The status of the final answer."""
        self._socket.sendall(_REGISTER.format(call=call, token=token).replace("\n", "\r\n").encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._socket.recv(65536)
        return int(data.split(b" ", 2)[1])

    def close(self) -> None:
        self._socket.close()


def bad_tokens(good: str, first: int, count: int) -> list[str]:
    """The dearest kind: all is as it should be but the signature, and no two are equal."""
    head, _, signature = good.rpartition(".")
    raw = urlsafe_b64decode(signature + "==")
    made = []
    for number in range(first, first + count):
        changed = (int.from_bytes(raw) ^ (number << 64)).to_bytes(len(raw))
        made.append(f"{head}.{urlsafe_b64encode(changed).rstrip(b'=').decode()}")
    assert len(set(made)) == count
    return made
