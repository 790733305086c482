"""A client's side of HTTP/1.1: the request that is sent, and what counts as an answer."""

from __future__ import annotations

import contextlib
import gzip

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.core.http.client_connection import BODY_LIMIT, ClientConnection
from simulator.core.http.message import HttpResponse, header
from simulator.core.http.problem import HttpProblem


def asking(method: str = "GET", target: str = "/", body: bytes = b"", **fields: str) -> ClientConnection:
    return ClientConnection(method, target, "ucm:6970", tuple(fields.items()), body)


def test_a_request_says_what_was_asked_and_frames_it_itself() -> None:
    connection = ClientConnection(
        "POST",
        "/axl/?a=1",
        "ucm:8443",
        (
            ("SOAPAction", '"CUCM"'),
            ("Content-Length", "7"),
            ("Transfer-Encoding", "chunked"),
            ("Host", "other"),
        ),
        b"<a/>",
    )
    assert connection.request == (
        b"POST /axl/?a=1 HTTP/1.1\r\nHost: ucm:8443\r\nConnection: close\r\nAccept-Encoding: gzip, deflate\r\n"
        b'SOAPAction: "CUCM"\r\nContent-Length: 4\r\n\r\n<a/>'
    )


def test_a_POST_without_a_body_says_so_and_a_GET_says_nothing() -> None:
    assert b"\r\nContent-Length: 0\r\n" in asking("POST").request
    assert b"Content-Length" not in asking("GET").request


def test_a_target_that_is_not_ASCII_is_percent_encoded() -> None:
    assert asking(target="/ä\udcff.xml").request.startswith(b"GET /%C3%A4%FF.xml HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("method", "target", "value"),
    [
        ("GET", "/", "1\r\nX-Two: 2"),
        ("GET", "/a b", "1"),
        ("GET", "/\r\n", "1"),
        ("G T", "/", "1"),
        ("GET", "/", "\0"),
    ],
    ids=[
        "a header of two lines",
        "a space in the target",
        "a target of two lines",
        "a method of two words",
        "a NUL",
    ],
)
def test_nothing_breaks_out_of_its_line(method: str, target: str, value: str) -> None:
    with pytest.raises(HttpProblem, match="a line break or space"):
        ClientConnection(method, target, "a", (("X-One", value),), b"")


def answer_of(data: bytes, *, piece: int, method: str = "GET", end: bool = False) -> HttpResponse | str | None:
    """The answer, why there is none, or None: not yet."""
    connection = asking(method)
    try:
        for at in range(0, len(data), piece):
            answer = connection.receive_data(data[at : at + piece])
            if answer is not None:
                return answer
        return connection.receive_eof() if end else None
    except HttpProblem as problem:
        return str(problem)


@pytest.mark.parametrize("piece", [1, 3, 1 << 20])
def test_an_answer_is_whole_when_its_length_says_so(piece: int) -> None:
    got = answer_of(
        b"HTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nnoMORE",
        piece=piece,
    )
    assert isinstance(got, HttpResponse)
    assert (got.status, got.body) == (401, b"no")
    assert header(got.headers, "www-authenticate") == "Basic"


@pytest.mark.parametrize(
    ("data", "method"),
    [
        pytest.param(b"HTTP/1.1 204 \r\n\r\n", "GET", id="204"),
        pytest.param(b"HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n", "GET", id="304"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", "HEAD", id="the answer to HEAD"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "GET", id="no octets"
        ),
    ],
)
def test_an_answer_without_a_body_is_whole_with_its_head(data: bytes, method: str) -> None:
    got = answer_of(data, piece=1, method=method)
    assert isinstance(got, HttpResponse)
    assert got.body == b""


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    assert answer_of(b"HTTP/1.0 200 OK\r\n\r\nbody", piece=99) is None
    got = answer_of(b"HTTP/1.0 200 OK\r\n\r\nbody", piece=99, end=True)
    assert isinstance(got, HttpResponse)
    assert got.body == b"body"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FAILURES = {
    "nothing at all": (b"", "not an HTTP answer: the connection was closed without one"),
    "half a head": (b"HTTP/1.1 200", "not an HTTP answer: peer unexpectedly closed connection"),
    "SIP": (b"SIP/2.0 400 Bad Request\r\n\r\n", "not an HTTP answer: illegal status line"),
    "HTTP/2.0": (b"HTTP/2.0 200 OK\r\n\r\n", "not an HTTP answer: its version is not 1.1 or 1.0"),
    "a TLS alert": (b"\x15\x03\x01\x00\x02\x02\x28", "not an HTTP answer: illegal status line"),
    "a body that is too short": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "the body ends too early"),
    "half a chunk": (CHUNKED + b"3\r\none\r\n30\r\ntw", "the body ends too early"),
    "a chunk's bad size": (CHUNKED + b"zz\r\n", "not an HTTP answer: illegal chunk header"),
    "a length that is too large": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n",
        f"the body is larger than {BODY_LIMIT} bytes",
    ),
    "framing that is too large": (
        CHUNKED + (b"1;" + b"e" * 60_000 + b"\r\nx\r\n") * 30,
        f"the body is larger than {BODY_LIMIT} bytes",
    ),
    "a bomb": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(64 * BODY_LIMIT)),
        f"the body is larger than {BODY_LIMIT} bytes",
    ),
}


@pytest.mark.parametrize(("data", "failure"), FAILURES.values(), ids=FAILURES)
def test_what_is_no_answer_is_a_sentence(data: bytes, failure: str) -> None:
    assert answer_of(data, piece=1 << 16, end=True) == failure


def test_a_failure_quotes_nothing_of_what_came() -> None:
    got = answer_of(b"HTTP/1.1 200 OK\r\nSet-Cookie secret\r\n\r\n", piece=99)
    assert got == "not an HTTP answer: illegal header line"


@settings(max_examples=100, deadline=None)
@example(data=b"\r\n", start=b"", end=False)  # h11 words it by the pieces it comes in
@given(st.binary(max_size=200), st.sampled_from([b"", CHUNKED, b"HTTP/1.1 200 OK\r\n"]), st.booleans())
def test_whole_and_byte_by_byte_give_the_same_and_no_other_error(data: bytes, start: bytes, end: bool) -> None:
    with contextlib.suppress(HttpProblem):
        assert answer_of(start + data, piece=1, end=end) == answer_of(start + data, piece=999, end=end)
