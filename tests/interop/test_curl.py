"""The configuration file server on 6970 against curl, and against what curl would never send."""

from __future__ import annotations

import socket
import subprocess
from xml.etree import ElementTree

import pytest

from tests.e2e.running_lab import RunningLab
from tests.patience import patience

pytestmark = pytest.mark.interop

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def fetch(curl: str, lab: RunningLab, path: str, *args: str) -> tuple[int, str]:
    """Status and body (with -I: the header)."""
    url = f"http://{lab.hostport('config')}{path}"
    command = [curl, "-q", "-sS", "--noproxy", "*", "--path-as-is", "-w", "\n%{http_code}"]
    command += ["--max-time", f"{patience():.0f}", *args, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=patience(), check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def ask_raw(lab: RunningLab, data: bytes) -> bytes:
    """Everything the server says to these bytes until it closes."""
    with socket.create_connection(lab.endpoint("config"), timeout=patience()) as sock:
        sock.sendall(data)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def test_a_devices_file_is_served_with_the_nodes_real_ports(lab: RunningLab, curl: str) -> None:
    since = lab.mark()
    status, body = fetch(curl, lab, "/CSFALICE.cnf.xml")
    assert status == 200
    # As a real UCM writes it: the prefix xsi is used, but not declared.
    root = ElementTree.fromstring(body.replace("<device ", f"<device {XSI} ", 1))
    assert root.findtext(".//callManager/ports/sipOAuthPort") == str(lab.endpoint("oauth")[1])
    assert root.findtext(".//callManager/ports/sipMRAOAuthPort") == str(lab.endpoint("mra")[1])
    served = lab.wait_for("config:served", since)
    assert (served["path"], served["status"], served["size"]) == ("/CSFALICE.cnf.xml", 200, len(body.encode()))


def test_head_gives_the_size_and_no_body(lab: RunningLab, curl: str) -> None:
    status, body = fetch(curl, lab, "/CSFALICE.cnf.xml")
    status, head = fetch(curl, lab, "/CSFALICE.cnf.xml", "-I")
    assert status == 200
    assert f"content-length: {len(body.encode())}" in head.lower()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(lab: RunningLab, curl: str, method: str) -> None:
    status, head = fetch(curl, lab, "/CSFALICE.cnf.xml", "-X", method, "-d", "x", "-i")
    assert status == 405
    assert "allow: get, head" in head.lower()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/SEP001122334455.cnf.xml",
        "/CTLSEP001122334455.tlv",
        "/../../etc/passwd",
        "/%2e%2e%2f%2e%2e%2fetc/passwd",
        "/%252e%252e%252fetc%252fpasswd",
        "/..%5c..%5cetc%5cpasswd",
        "//etc/passwd",
        "/etc/passwd",
        "/CSFALICE.cnf.xml/",
        "/CSFALICE.cnf.xml%00.txt",
        "/%00",
        "/./CSFALICE.cnf.xml",
        "/CSFALICE.cnf.xml%0d%0aX-Injected:%20yes",
        "/%C3%A4.cnf.xml",
        "/" + "A" * 5000 + ".cnf.xml",
    ],
    ids=lambda path: path[:40],
)
def test_everything_else_is_404(lab: RunningLab, curl: str, path: str) -> None:
    status, answer = fetch(curl, lab, path, "-i")
    assert status == 404
    assert "root:" not in answer
    assert "x-injected" not in answer.lower()


def test_an_encoded_name_is_the_same_name(lab: RunningLab, curl: str) -> None:
    assert fetch(curl, lab, "/%43SFALICE.cnf.xml?x=1")[0] == 200


@pytest.mark.parametrize(
    "data",
    [
        b"GET /CSFALICE.cnf.xml\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"A" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
        b"REGISTER sip:ucm-pub SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1\r\n\r\n",
        b"\x00" * 1000,
    ],
    ids=[
        "a NUL in the path",
        "a path of 100 kB",
        "a header of 100 kB",
        "a negative length",
        "a broken chunk",
        "a version that does not exist",
        "a TLS ClientHello",
        "a SIP request",
        "NULs",
    ],
)
def test_what_is_no_http_is_400_or_closed(lab: RunningLab, data: bytes) -> None:
    answer = ask_raw(lab, data)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ", b"HTTP/1.1 404 ")), answer[
        :200
    ]
    assert b"Traceback" not in answer
    assert ask_raw(lab, b"GET /CSFBOB.cnf.xml HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200 ")
