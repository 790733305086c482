"""What HTTP asks of every listener of a lab, whichever engine is behind it: framing, versions, 100 Continue."""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from urllib.parse import urlsplit

import pytest

from tests.e2e.running_lab import RunningLab
from tests.patience import patience

DOMAIN = b64encode(b"lab.example").decode().rstrip("=")
LISTENERS = {
    "configuration files": ("ucm-pub", "config", "/CSFALICE.cnf.xml"),
    "configuration files for devices over TLS": ("ucm-pub", "config_tls", "/CSFALICE.cnf.xml"),
    "Jabber's files over TLS": ("ucm-pub", "files_tls", "/jabber-config.xml"),
    "Tomcat": ("ucm-pub", "https", "/cucm-uds/version"),
    "Expressway": ("expc", "https", f"/{DOMAIN}/get_edge_sso"),
    "the control API": ("", "", "/tokens"),
}
every_listener = pytest.mark.parametrize("listener", LISTENERS)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Client:
    """A connection to one listener, with or without TLS."""

    def __init__(self, lab: RunningLab, listener: str) -> None:
        actor, role, self.path = LISTENERS[listener]
        control = urlsplit(lab.control)
        address = lab.endpoint(role, actor) if role else (control.hostname, control.port)
        sock = socket.create_connection(address, timeout=patience())
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.sock = context.wrap_socket(sock) if role.endswith(("https", "_tls")) else sock

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, method: str, *headers: str, version: str = "HTTP/1.1", body: bytes = b"") -> None:
        lines = [f"{method} {self.path} {version}", "Host: 127.0.0.1", *headers, "", ""]
        self.sock.sendall("\r\n".join(lines).encode() + body)

    def until(self, end: bytes) -> bytes:
        """What is said up to `end`."""
        heard = b""
        while end not in heard:
            data = self.sock.recv(65536)
            assert data, f"closed after {heard!r}"
            heard += data
        return heard

    def rest(self) -> bytes:
        """What is said until the other side closes."""
        return b"".join(iter(lambda: self.sock.recv(65536), b""))


@every_listener
def test_who_waits_with_a_body_is_told_to_go_on_at_once(lab: RunningLab, listener: str) -> None:
    with Client(lab, listener) as client:
        client.send("POST", "Expect: 100-continue", "Content-Length: 2", "Connection: close")
        assert client.until(b"\r\n\r\n") == CONTINUE
        client.sock.sendall(b"{}")
        answer = client.rest()
    assert answer.startswith(b"HTTP/1.1 ")
    assert b"100 Continue" not in answer


@every_listener
def test_another_expectation_is_answered_417(lab: RunningLab, listener: str) -> None:
    with Client(lab, listener) as client:
        client.send("POST", "Expect: tea", "Content-Length: 2", "Connection: close")
        assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 417 ")


@every_listener
@pytest.mark.parametrize("second", ["identity", "chunked"])
def test_two_codings_are_answered_400(lab: RunningLab, listener: str, second: str) -> None:
    with Client(lab, listener) as client:
        headers = ("Transfer-Encoding: chunked", f"Transfer-Encoding: {second}", "Connection: close")
        client.send("POST", *headers, body=b"5\r\nabcde\r\n0\r\n\r\n")
        assert client.until(b"\r\n").split(b" ")[1] == b"400"


@every_listener
def test_another_version_is_answered_in_ours(lab: RunningLab, listener: str) -> None:
    with Client(lab, listener) as client:
        client.send("GET", "Connection: close", version="HTTP/2.0")
        assert client.rest().startswith(b"HTTP/1.1 505 ")


@every_listener
@pytest.mark.parametrize("chunks", [100, 450_000], ids=["a few", "far too many"])
def test_a_body_in_tiny_chunks_is_answered_or_refused(lab: RunningLab, listener: str, chunks: int) -> None:
    with Client(lab, listener) as client:
        client.send("POST", "Transfer-Encoding: chunked", "Connection: close")
        data = b"1\r\na\r\n" * chunks + b"0\r\n\r\n"
        try:
            for at in range(0, len(data), 4096):
                client.sock.sendall(data[at : at + 4096])
        except (ConnectionError, ssl.SSLError):
            assert chunks > 100, "refused while it was sent"
        status = client.until(b"\r\n").split(b" ")[1]
    assert status == b"413" if chunks > 100 else status != b"413"


def axl(lab: RunningLab, password: str, *headers: str) -> bytes:
    """What AXL says to somebody who waits for the word, up to the end of its first head."""
    LISTENERS["AXL"] = ("ucm-pub", "https", "/axl/")
    with Client(lab, "AXL") as client:
        credentials = b64encode(f"admin:{password}".encode()).decode()
        client.send("POST", f"Authorization: Basic {credentials}", "Expect: 100-continue", *headers)
        return client.until(b"\r\n\r\n")


def test_AXL_asks_for_a_body_that_it_will_read_and_refuses_by_the_head_alone(lab: RunningLab) -> None:
    assert axl(lab, "ucmsim", "Content-Length: 1500000") == CONTINUE
    assert axl(lab, "wrong", "Content-Length: 1500000").startswith(b"HTTP/1.1 401 ")
    assert axl(lab, "ucmsim", "Content-Length: 3000000").startswith(b"HTTP/1.1 413 ")
