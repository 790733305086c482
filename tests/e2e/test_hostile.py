"""What strangers send: after each, every listener still registers a phone, and stderr holds not a word.

(`running_lab` holds the process to an empty stderr and exit code 0 when the module is done.)
"""

from __future__ import annotations

import base64
import contextlib
import random
import re
import socket
import ssl
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.phones import STREAMS, Phones, connect, register
from tests.e2e.running_lab import RunningLab, running_lab
from tests.patience import patience

MEGABYTE = 1 << 20
CHUNK = 64 * 1024

HEAD = (
    b"OPTIONS sip:ucm-pub SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
    b"To: <sip:a@b>\r\nCall-ID: hostile@127.0.0.1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
)


@pytest.fixture(scope="module")
def phones(lab: RunningLab) -> Phones:
    return Phones(lab)


def say(sock: socket.socket, data: bytes | Iterable[bytes]) -> bytes:
    """Send everything, or as much as the other side takes; say that this was all; read until it closes."""
    with contextlib.suppress(ConnectionError, OSError), sock:
        for piece in (data,) if isinstance(data, bytes) else data:
            sock.sendall(piece)
        socket.socket.shutdown(sock, socket.SHUT_WR)  # of TCP alone: what comes back is still decrypted
        return b"".join(iter(lambda: sock.recv(CHUNK), b""))
    return b""


def in_chunks(data: bytes, times: int) -> Iterable[bytes]:
    return (data for _ in range(times))


MALFORMED: dict[str, Callable[[], bytes | Iterable[bytes]]] = {
    "binary garbage": lambda: random.Random(1).randbytes(5000),
    "NULs": lambda: b"\x00" * 5000,
    "line breaks of the wrong kind": lambda: HEAD.replace(b"\r\n", b"\n") + b"\n",
    "a start line that is none": lambda: b"HELO example.com\r\n\r\n",
    "HTTP": lambda: b"GET / HTTP/1.1\r\nHost: ucm-pub\r\nContent-Length: 0\r\n\r\n",
    "SIP of another version": lambda: (
        HEAD.replace(b"SIP/2.0\r\nVia", b"SIP/7.0\r\nVia") + b"Content-Length: 0\r\n\r\n"
    ),
    "a header line of 10 MB": lambda: [HEAD, b"X-Long: ", *in_chunks(b"a" * CHUNK, 160), b"\r\n\r\n"],
    "a start line of 10 MB": lambda: [b"OPTIONS sip:", *in_chunks(b"a" * CHUNK, 160)],
    "100,000 header fields": lambda: [HEAD, *in_chunks(b"X: y\r\n" * 1000, 100), b"\r\n"],
    "a body of 10 MB": lambda: [HEAD, b"Content-Length: 10485760\r\n\r\n", *in_chunks(b"b" * CHUNK, 160)],
    "a negative Content-Length": lambda: HEAD + b"Content-Length: -1\r\n\r\n",
    "a Content-Length of 40 digits": lambda: HEAD + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    "two Content-Lengths": lambda: HEAD + b"Content-Length: 0\r\nl: 5\r\n\r\n",
    "no Content-Length": lambda: HEAD + b"\r\n",
    "a header without a colon": lambda: HEAD + b"Nonsense\r\nContent-Length: 0\r\n\r\n",
    "a fold before any header": lambda: b"OPTIONS sip:a SIP/2.0\r\n folded\r\nContent-Length: 0\r\n\r\n",
    "bytes that are no UTF-8": lambda: (
        HEAD.replace(b"sip:a@b", b"sip:\xff\xfe@b") + b"Content-Length: 0\r\n\r\n"
    ),
    "half a header": lambda: HEAD[:100],
    "half a body": lambda: HEAD + b"Content-Length: 1000\r\n\r\nonly this",
    "a CSeq out of range": lambda: (
        HEAD.replace(b"CSeq: 1 ", b"CSeq: 99999999999999999999 ") + b"Content-Length: 0\r\n\r\n"
    ),
    "a CSeq of another method": lambda: HEAD.replace(b"1 OPTIONS", b"1 INVITE") + b"Content-Length: 0\r\n\r\n",
    "no From": lambda: HEAD.replace(b"From: <sip:a@b>;tag=1\r\n", b"") + b"Content-Length: 0\r\n\r\n",
    "no Via": lambda: b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n",
    "an URI that is none": lambda: (
        HEAD.replace(b"OPTIONS sip:ucm-pub", b"OPTIONS sip:[::1") + b"Content-Length: 0\r\n\r\n"
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_sip_on_every_stream_is_an_event_and_nothing_more(
    lab: RunningLab, phones: Phones, name: str
) -> None:
    since = lab.mark()
    answers = {role: say(connect(lab, role), MALFORMED[name]()) for role in STREAMS}
    flows = {event["flow"] for event in lab.events("sip:malformed", since)}
    assert len(flows) == len(STREAMS), f"{answers} {lab.events('sip:malformed', since)}"
    for event in lab.events("sip:malformed", since):
        assert event["detail"]
        assert len(event["detail"]) < 500
    for role, answer in answers.items():
        assert answer == b"" or answer.startswith((b"SIP/2.0 4", b"SIP/2.0 5")), (role, answer[:200])
    await phones.all_register()


ODD: dict[str, Callable[[], bytes | Iterable[bytes]]] = {
    "nothing at all": lambda: b"",
    "10,000 keep-alives": lambda: b"\r\n\r\n" * 10_000,
    "10,000 answers to nothing": lambda: (
        [
            b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
            b"To: <sip:a@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n" * 100
        ]
        * 100
    ),
    "2,000 requests in one go": lambda: (HEAD + b"Content-Length: 0\r\n\r\n") * 2000,
    "a NUL in a header": lambda: HEAD + b"Subject: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "a method of its own": lambda: HEAD.replace(b"OPTIONS", b"EXPLODE") + b"Content-Length: 0\r\n\r\n",
    "200 Vias": lambda: HEAD + b"Via: SIP/2.0/TCP 10.0.0.1\r\n" * 200 + b"Content-Length: 0\r\n\r\n",
    "a token of 15 kB": lambda: (
        HEAD.replace(b"OPTIONS", b"REGISTER")
        + b'Proxy-Authorization: Bearer token="'
        + b"e" * 15_000
        + b'"\r\nContent-Length: 0\r\n\r\n'
    ),
    "a display name full of quotes": lambda: (
        HEAD.replace(b"From: ", b'From: "' + b'\\"' * 5000 + b'" ') + b"Content-Length: 0\r\n\r\n"
    ),
    "a Contact of 5,000 parameters": lambda: (
        HEAD + b"Contact: <sip:a@b>" + b";x=y" * 3000 + b"\r\nContent-Length: 0\r\n\r\n"
    ),
}


@pytest.mark.parametrize("name", ODD)
async def test_odd_but_well_formed_sip_harms_nobody(lab: RunningLab, phones: Phones, name: str) -> None:
    for role in STREAMS:
        say(connect(lab, role), ODD[name]())
    await phones.all_register()


# --- below SIP: TCP and TLS -----------------------------------------------------------------------------------

CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2


def raw(lab: RunningLab, role: str) -> socket.socket:
    """A TCP connection without the TLS that the listener may want."""
    return socket.create_connection(
        lab.endpoint(role, "expc" if role == "edge" else "ucm-pub"), timeout=patience()
    )


def vanish(sock: socket.socket) -> None:
    """Reset the connection, without a word."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@pytest.mark.parametrize("role", STREAMS)
@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Length: 0\r\n\r\n",
        b"\x15\x03\x03\x00\x02\x02\x28",
        CLIENT_HELLO,
        b"\x80" * 4096,
        b"\x16\x03",
    ],
    ids=["plain SIP", "an alert", "a broken ClientHello", "bytes", "half a record"],
)
async def test_no_handshake_harms_nobody(lab: RunningLab, phones: Phones, role: str, data: bytes) -> None:
    since = lab.mark()
    say(raw(lab, role), data)
    if role != "sip":
        failed = lab.wait_for("tls:failed", since)
        assert failed["role"] == "server"
        assert failed["reason"]
    await phones.all_register()


async def test_a_handshake_broken_off_at_every_point_harms_nobody(lab: RunningLab, phones: Phones) -> None:
    """The client's first flight, cut after 1, 8, 15 ... bytes; half of them end well, half by reset."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    ours = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), ours).do_handshake()
    hello = ours.read()
    for cut in range(1, len(hello), 7):
        for role in ("oauth", "mra"):
            sock = raw(lab, role)
            sock.sendall(hello[:cut])
            sock.close() if cut % 2 else vanish(sock)
    await phones.all_register()


async def test_connections_that_vanish_by_the_thousand_harm_nobody(lab: RunningLab, phones: Phones) -> None:
    for number in range(3000):
        sock = raw(lab, STREAMS[number % len(STREAMS)])
        if number % 3 == 0:
            sock.send(b"OPTIONS sip:")
        sock.close() if number % 2 else vanish(sock)
    await phones.all_register()


async def test_unfinished_messages_and_handshakes_keep_nobody_waiting(lab: RunningLab, phones: Phones) -> None:
    """Slow loris: connections that never get to the point, all open at the same time."""
    with contextlib.ExitStack() as held:
        for role in STREAMS:
            for number in range(40):
                sock = held.enter_context(raw(lab, role))
                sock.send(HEAD[: 10 + number] if role == "sip" else CLIENT_HELLO[: 1 + number])
            sock = held.enter_context(connect(lab, role))
            for byte in HEAD[:50]:
                sock.send(bytes((byte,)))
        await phones.all_register()


async def test_more_connections_than_the_process_may_open_end_in_one_line(tmp_path: Path) -> None:
    """The system refuses `accept` then; when the crowd has left, phones register again."""
    limit = 128
    says = "ucmsim: too many open files: connections wait until others close (see `ulimit -n`)\n"
    with running_lab(tmp_path / "stderr", "--port-base", "0", files=limit, says=says) as lab:
        phones = Phones(lab)
        await phones.all_register()
        with contextlib.ExitStack() as held:
            for _ in range(2 * limit):
                held.enter_context(raw(lab, "sip"))
        await phones.all_register()


async def test_a_peer_that_never_reads_keeps_nobody_waiting(lab: RunningLab, phones: Phones) -> None:
    request = HEAD + b"Content-Length: 0\r\n\r\n"
    sock = raw(lab, "sip")
    sock.settimeout(0.3)
    with sock:
        with pytest.raises((ConnectionError, TimeoutError)):  # noqa: PT012 - not asked for more, or dropped
            for _ in range(2000):
                sock.sendall(request * 200)
        await phones.all_register()


# --- UDP ------------------------------------------------------------------------------------------------------


async def test_udp_garbage_harms_nobody(lab: RunningLab, phones: Phones) -> None:
    since = lab.mark()
    noise = random.Random(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(lab.endpoint("sip"))
        for size in (0, 1, 2, 4, 100, 1500, 9000, 60_000):
            sock.send(noise.randbytes(size))
        sock.send(HEAD + b"Content-Length: 99999\r\n\r\nshort")
        sock.send(HEAD + b"Content-Length: -1\r\n\r\n")
        sock.send(b"\r\n\r\n")
        sock.send(HEAD.replace(b"OPTIONS", b"REGISTER"))
        lab.wait_for("sip:malformed", since)
    for _ in range(5000):  # from as many ports: more remote addresses than are remembered
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"\x00", lab.endpoint("sip"))
    await phones.all_register()


# --- HTTP -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/tokens", b"", 400),
        ("POST", "/tokens", b"{", 400),
        ("POST", "/tokens", b"\xff\xfe", 400),
        ("POST", "/tokens", b"[" * 100_000, 400),
        ("POST", "/tokens", b"[]", 400),
        ("POST", "/tokens", b"null", 400),
        ("POST", "/tokens", b'{"user": 5}', 400),
        ("POST", "/tokens", b'{"user": ""}', 400),
        ("POST", "/tokens", b'{"user": "alice", "more": 1}', 400),
        ("POST", "/tokens", b'{"user": "alice", "lifetime": -1}', 400),
        ("POST", "/tokens", b'{"user": "alice", "lifetime": 1e400}', 400),
        ("POST", "/tokens", b'{"user": "alice", "device": "NOBODY"}', 404),
        ("POST", "/tokens", b'{"user": "alice", "mutate": "no-such-thing"}', 400),
        ("POST", "/tokens", b'{"user": "\\ud800"}', 400),
        ("POST", "/tokens", b"x" * 300_000, 413),
        ("POST", "/tokens/inspect", b'{"token": ""}', 200),
        ("POST", "/tokens/inspect", b'{"token": "a.b.c"}', 200),
        ("POST", "/tokens/inspect", b'{"token": "\\u0000.."}', 200),
        ("POST", "/clock/advance", b'{"seconds": NaN}', 400),
        ("POST", "/clock/advance", b'{"seconds": Infinity}', 400),
        ("POST", "/clock/advance", b'{"seconds": -5}', 400),
        ("POST", "/phones/NOBODY/start", b"{}", 404),
        ("POST", "/nodes/nothing/restart", b"{}", 404),
        ("GET", "/events?since=-1", None, 400),
        ("GET", "/events?since=" + "9" * 5000, None, 400),
        ("GET", "/events?limit=%D9%A3", None, 400),
        ("GET", "/events?kind=no:such", None, 400),
        ("GET", "/../../etc/passwd", None, 404),
        ("GET", "/nowhere", None, 404),
        ("DELETE", "/tokens", None, 405),
        ("PUT", "/events", b"x", 405),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_control_api_answers_nonsense_with_a_json_error(
    lab: RunningLab, method: str, path: str, body: bytes | None, status: int
) -> None:
    answer = lab.ask(method, path, body)
    assert answer.status == status, answer
    if status != 200:
        assert list(answer.json) == ["error"]
        assert "Traceback" not in answer.json["error"]
        assert len(answer.body) < 1000


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("localhost.evil.example:80", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
        ("[::1", 403),
        ("localhost", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:80", 200),
    ],
)
def test_the_control_api_wants_an_address_as_its_host(lab: RunningLab, host: str, status: int) -> None:
    assert lab.ask("GET", "/endpoints", Host=host).status == status


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 1000,
        CLIENT_HELLO,
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"POST /tokens HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\n",
        b"POST /tokens HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
        b"POST /tokens HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz",
        b"GET / HTTP/1.1\r\n\r\n",
        HEAD + b"\r\n",
    ],
    ids=["NULs", "TLS", "a long header", "a bad chunk", "half a body", "no gzip", "no Host", "SIP"],
)
@pytest.mark.parametrize("port", ["config", "control"])
def test_what_is_no_http_gets_400_at_most(lab: RunningLab, port: str, data: bytes) -> None:
    parts = urlsplit(lab.control)
    assert parts.hostname is not None
    assert parts.port is not None
    target = lab.endpoint("config") if port == "config" else (parts.hostname, parts.port)
    with socket.create_connection(target, timeout=0.3) as sock, contextlib.suppress(TimeoutError):
        sock.sendall(data)
        answer = sock.recv(CHUNK)
        assert answer == b"" or answer.split(b" ")[1] in (b"400", b"403", b"404"), answer[:200]
        assert b"Traceback" not in answer


# --- tokens ---------------------------------------------------------------------------------------------------


def tokens() -> dict[str, str]:
    encoded = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    nested = base64.urlsafe_b64encode(b'{"a":' * 500).decode().rstrip("=")
    return {
        "empty": "",
        "one dot": ".",
        "dots": "." * 1000,
        "no base64": "!!!.???.***",
        "alg none": f"{encoded}.{encoded}.",
        "a nested header": f"{nested}.{nested}.{nested}",
        "12 kB of one letter": "A" * 12_000,
        "a backslash": "a\\\\b.c.d",
        "control characters": "a\x01b\x7f.c.d",
        "Unicode": "ä.ö.ü",
    }


@pytest.mark.parametrize("name", tokens())
async def test_a_token_that_is_none_is_refused(lab: RunningLab, phones: Phones, name: str) -> None:
    since = lab.mark()
    credentials = f'Proxy-Authorization: Bearer token="{tokens()[name]}"\r\nExpires'.encode()
    request = register(5, 1, dn="1010", device="CSFALICE", transport="tls").replace(b"Expires", credentials, 1)
    answer = say(connect(lab, "oauth"), request)
    assert re.match(rb"SIP/2\.0 4\d\d ", answer), answer[:300]
    assert lab.registered("CSFALICE") is None
    assert lab.events("registrar:accepted", since) == []
    await phones.all_register()


# --- memory ---------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from /proc")
async def test_a_flood_of_the_largest_messages_does_not_fill_the_memory(tmp_path: Path) -> None:
    """20,000 events are kept for the control API: 60 kB in each would be 1.2 GB."""
    with running_lab(tmp_path / "stderr", "--port-base", "0", fresh=True) as lab:
        phones = Phones(lab)
        await phones.all_register()
        before = lab.resident()
        head = HEAD + b"Content-Length: 60000\r\n\r\n"
        for role in ("sip", "oauth", "edge"):
            say(connect(lab, role), in_chunks(head + b"x" * 60_000, 1500))
        await phones.all_register()
        grown = lab.resident() - before
        assert grown < 120 * MEGABYTE, f"{grown / MEGABYTE:.0f} MB more than before"
