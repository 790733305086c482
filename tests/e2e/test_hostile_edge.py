"""What the Internet sends to an Expressway on sockets: the RFC's answer, nothing passed on, the others served.

Broken SIP of every kind is in `test_hostile`; here is what only a proxy or an HTTP door can get wrong.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from base64 import b64encode
from pathlib import Path

import pytest

from tests.e2e.phones import Phones, connect
from tests.e2e.running_lab import RunningLab, running_lab
from tests.patience import patience

NODE = "127.0.0.1"
"""As the lab's Expressway knows its UCM; where in it, a test asks the lab."""


@pytest.fixture(scope="module")
def phones(lab: RunningLab) -> Phones:
    return Phones(lab)


def door(lab: RunningLab) -> socket.socket:
    """An established connection to 8443."""
    sock = socket.create_connection(lab.endpoint("https", "expc"), timeout=patience())
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is sent is there, and no Nagle holds it
    context = ssl.create_default_context(cafile=str(lab.pki / "expressway-ca.pem"))
    return context.wrap_socket(sock, server_hostname="expc.lab.example")


def everything(sock: socket.socket) -> bytes:
    """What comes until the other side closes."""
    with sock:
        return b"".join(iter(lambda: sock.recv(65536), b""))


def shut_out(sock: socket.socket) -> bool:
    """Is it closed without a word?"""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        return everything(sock) == b""
    return True


def segment(text: str) -> str:
    return b64encode(text.encode()).decode().rstrip("=")


def passed_on(lab: RunningLab, since: int) -> list[object]:
    """Whatever reached UCM through the Expressway, over SIP or HTTP."""
    inside = [event for event in lab.events("expressway:http", since) if event["inside"]]
    return [*inside, *lab.events("expressway:forwarded", since)]


# --- 8443 -----------------------------------------------------------------------------------------------------

SSO = f"/{segment('lab.example')}/get_edge_sso"


@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        pytest.param("GET /!!!!/get_edge_config HTTP/1.1", "", 400, id="a domain that is no base64"),
        pytest.param("GET /Zm9/get_edge_config HTTP/1.1", "", 403, id="base64 of another domain"),
        pytest.param("GET /_w/get_edge_config HTTP/1.1", "", 400, id="base64 of bytes that are no text"),
        pytest.param("GET / HTTP/1.1", "", 400, id="no domain at all"),
        pytest.param(f"GET /{'QUFB' * 3000}/x HTTP/1.1", "", 400, id="a domain of 9 kB"),
        pytest.param(f"GET {SSO} HTTP/1.1", f"X: {'y' * 20_000}\r\n", 431, id="a header of 20 kB"),
        pytest.param(f"GET {SSO} HTTP/1.1", "X: y\r\n" * 5_000, 431, id="5,000 headers"),
        pytest.param(f"GET {SSO} HTTP/1.1", "Content-Length: -1\r\n", 400, id="a negative length"),
        pytest.param(f"GET {SSO} HTTP/1.1", "Content-Length: 99999999\r\n", 413, id="a length of 100 MB"),
        pytest.param(
            f"GET {SSO} HTTP/1.1", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400, id="two lengths"
        ),
        pytest.param(f"GET {SSO} HTTP/1.1", "Host: again\r\n", 400, id="two hosts"),
        pytest.param(f"DELETE {SSO} HTTP/1.1", "", 405, id="a method that is not served"),
        pytest.param(f"GET {SSO} HTTP/3.9", "", 505, id="a version that does not exist"),
        pytest.param("EHLO example.com", "", 400, id="no HTTP"),
        pytest.param("GET /$inside/cucm-uds/../axl/ HTTP/1.1", "", 403, id="a way around the allow list"),
        pytest.param("GET /$inside/cucm-uds/\udcff HTTP/1.1", "", 400, id="a path that is no text"),
        pytest.param(
            f"GET /{segment('lab.example/http/127.0.0.1/22')}/x.xml HTTP/1.1", "", 403, id="another port"
        ),
    ],
)
async def test_a_broken_request_at_8443_is_answered_and_goes_nowhere(
    lab: RunningLab, phones: Phones, request_line: str, headers: str, status: int
) -> None:
    since = lab.mark()
    sock = door(lab)
    inside = segment(f"lab.example/https/{NODE}/{lab.endpoint('https')[1]}")
    text = f"{request_line}\r\nHost: expc.lab.example\r\nConnection: close\r\n{headers}\r\n"
    text = text.replace("$inside", inside)
    sock.sendall(text.encode("utf-8", "surrogateescape"))
    assert everything(sock).startswith(f"HTTP/1.1 {status} ".encode())
    assert passed_on(lab, since) == []
    await phones.all_register()


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("", id="nothing"),
        pytest.param("GE", id="half a request line"),
        pytest.param("GET / HTTP/1.1\r\nHost: x\r\n", id="half a header"),
        pytest.param("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx", id="half a body"),
    ],
)
def test_a_slow_client_at_8443_is_let_go(lab: RunningLab, part: str) -> None:
    sock = door(lab)
    sock.sendall(part.encode())
    lab.mark()  # an answer of the same loop: it has read what came before the question
    lab.ask("POST", "/clock/advance", {"seconds": 21})
    answer = everything(sock)
    assert answer.startswith(b"HTTP/1.1 408 ") if part else answer == b""


# --- 5061 -----------------------------------------------------------------------------------------------------


def ask(**changes: str) -> str:
    """A REGISTER with some of its lines changed; a line set to nothing is left out."""
    lines = {
        "Start": f"REGISTER sip:{NODE} SIP/2.0",
        "Via": "Via: SIP/2.0/TLS 172.16.84.136:58980;branch=z9hG4bKedge",
        "Route": "",
        "From": f"From: <sip:1010@{NODE}>;tag=1",
        "To": f"To: <sip:1010@{NODE}>",
        "Call": "Call-ID: hostile-at-the-edge",
        "CSeq": "CSeq: 1 REGISTER",
        "Hops": "Max-Forwards: 70",
        "Contact": "Contact: <sip:u@172.16.84.136:58980;transport=tls>",
        "Length": "Content-Length: 0",
    }
    return "\r\n".join((*(line for line in (lines | changes).values() if line), "", ""))


def first_line(sock: socket.socket) -> str:
    with sock:
        return sock.recv(65536).partition(b"\r\n")[0].decode()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"Route": "Route: <sip:evil.example.net;lr>"}, 404, id="a Route to somebody else"),
        pytest.param(
            {"Route": "Route: <sip:$edge;lr>, <sip:10.0.0.1:5060;lr>"}, 404, id="a Route on through us"
        ),
        pytest.param(
            {"Route": "Route: <sip:expc.lab.example:5061;lr>, <sip:evil.example.net;lr>"},
            404,
            id="a Route by a name and another's port",
        ),
        pytest.param({"Route": "Route: <<>"}, 400, id="a Route that is none"),
        pytest.param({"Hops": "Max-Forwards: 70" + "\r\nX: y" * 300}, 513, id="300 header lines"),
        pytest.param({"Hops": "Max-Forwards: 70\r\nX: " + "y" * 20_000}, 513, id="a header line of 20 kB"),
        pytest.param({"Start": "REGISTER sip:elsewhere.example.net SIP/2.0"}, 404, id="a node of nobody's"),
        pytest.param({"Hops": "Max-Forwards: 0"}, 483, id="no hop left"),
        pytest.param({"Hops": "Max-Forwards: -1"}, 400, id="fewer hops than none"),
        pytest.param({"Hops": "Max-Forwards: 256"}, 400, id="more hops than there are"),
        pytest.param({"Length": "Content-Length: x"}, 400, id="a Content-Length that is no number"),
        pytest.param({"Start": "REGISTER tel:+1 SIP/2.0"}, 416, id="a URI that no proxy routes"),
        pytest.param(
            {"Hops": "Max-Forwards: 70\r\nProxy-Require: magic"}, 420, id="an extension we do not know"
        ),
    ],
)
async def test_a_request_at_5061_that_must_not_pass_gets_the_rfc_s_answer(
    lab: RunningLab, phones: Phones, changes: dict[str, str], status: int
) -> None:
    since = lab.mark()
    sock = connect(lab, "edge")
    text = ask(**changes).replace("$edge", lab.hostport("edge", "expc"))
    sock.sendall(text.encode())
    assert first_line(sock).startswith(f"SIP/2.0 {status} ")
    assert passed_on(lab, since) == []
    await phones.all_register()


def test_a_request_that_comes_back_with_our_own_via_is_a_loop(lab: RunningLab) -> None:
    """Taken from what the Expressway itself forwards, as UCM would see it."""
    since = lab.mark()
    sock = connect(lab, "edge")
    sock.sendall(ask().encode())
    assert first_line(sock).startswith("SIP/2.0 407 ")
    sent = lab.events("sip:sent", since, actor="expc", method="REGISTER", status=None)
    again = connect(lab, "edge")
    again.sendall(sent[0]["text"].encode())
    assert first_line(again).startswith("SIP/2.0 482 ")
    assert len(lab.events("expressway:forwarded", since, direction="inward")) == 1


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("REGIST", id="half a request line"),
        pytest.param(ask(Length="Content-Length: 400"), id="a Content-Length that promises more"),
        pytest.param("", id="nothing at all"),
    ],
)
async def test_a_slow_phone_at_5061_is_let_go(lab: RunningLab, phones: Phones, data: str) -> None:
    since = lab.mark()
    sock = connect(lab, "edge")
    sock.sendall(data.encode())
    await phones.all_register()
    lab.ask("POST", "/clock/advance", {"seconds": 61})
    assert everything(sock) == b""
    assert "within 60 s" in lab.wait_for("sip:malformed", since)["detail"]
    await phones.all_register()


@pytest.mark.parametrize("role", ["sip", "sips", "oauth", "mra"])
async def test_half_a_message_at_a_node_s_ports_is_let_go_too(
    lab: RunningLab, phones: Phones, role: str
) -> None:
    sock = connect(lab, role)
    sock.sendall(b"REGISTER sip:ucm-pub SIP/2.0\r\nVia: ")
    await phones.all_register()
    lab.ask("POST", "/clock/advance", {"seconds": 61})
    assert everything(sock) == b""


HURRIED = """\
handshake_timeout: 0.5
nodes:
  - {name: ucm-pub, host: 127.0.0.1}
expressways:
  - {name: expc}
"""


@pytest.mark.parametrize(
    "part", [b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"], ids=["nothing", "half a ClientHello"]
)
def test_who_never_finishes_a_handshake_is_let_go(tmp_path: Path, part: bytes) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(HURRIED)
    with running_lab(tmp_path / "stderr", file, "--port-base", "0") as lab:
        for role in ("edge", "https"):
            since = lab.mark()
            sock = socket.create_connection(lab.endpoint(role, "expc"), timeout=patience())
            sock.sendall(part)
            assert shut_out(sock)
            failed = lab.wait_for("tls:failed", since, actor="expc")
            assert (failed["by"], failed["alert"], failed["reason"]) == ("us", None, "HANDSHAKE_TIMEOUT")
        assert first_line_of_options(lab).startswith("SIP/2.0 200 ")


def first_line_of_options(lab: RunningLab) -> str:
    sock = connect(lab, "edge")
    start = f"OPTIONS sip:{lab.hostport('edge', 'expc')} SIP/2.0"
    sock.sendall(ask(Start=start, CSeq="CSeq: 1 OPTIONS", Contact="").encode())
    return first_line(sock)


# --- tokens: the last, since their source is shut out for a while --------------------------------------------


async def test_six_expired_tokens_shut_their_source_out_of_both_ports_for_ten_minutes(
    lab: RunningLab, phones: Phones
) -> None:
    since, token = lab.mark(), lab.token("alice", "expired")
    sock = connect(lab, "edge")
    for number in range(1, 7):
        credentials = f'Proxy-Authorization: Bearer token="{token}"'
        sock.sendall(ask(CSeq=f"CSeq: {number} REGISTER\r\n{credentials}").encode())
    assert everything(sock).count(b"SIP/2.0 407 ") == 6
    blocked = lab.wait_for("expressway:blocked", since)
    assert (blocked["source"], blocked["seconds"]) == ("127.0.0.1", 600.0)
    assert shut_out(connect(lab, "edge"))
    assert shut_out(door(lab))
    assert lab.events("expressway:forwarded", since) == []
    lab.ask("POST", "/clock/advance", {"seconds": 601})
    await phones.all_register()
