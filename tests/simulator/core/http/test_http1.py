"""HTTP/1.1 on a stream: framing, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.http.http1 import (
    HEAD_LIMIT,
    HttpProblem,
    RequestReader,
    ResponseReader,
    header,
    render_request,
    render_response,
)
from simulator.core.http.message import HttpResponse


def test_a_request_is_read_whatever_its_pieces() -> None:
    data = render_request("POST", "/axl/?a=1&b=", "ucm:8443", (("X-One", "1"),), b"hello")
    reader = RequestReader()
    for byte in data[:-1]:
        reader.receive_data(bytes([byte]))
        assert reader.next_request() is None
    reader.receive_data(data[-1:] + data)
    first, second = reader.next_request("192.0.2.1"), reader.next_request()
    assert first is not None
    assert (first.method, first.path, first.query) == ("POST", "/axl/", (("a", "1"), ("b", "")))
    assert (first.body, first.source, header(first.headers, "x-one")) == (b"hello", "192.0.2.1", "1")
    assert second is not None
    assert not reader.busy


@pytest.mark.parametrize(
    ("version", "headers", "lasting"),
    [
        pytest.param("1.1", "Host: x\r\n", True, id="1.1 stays"),
        pytest.param("1.1", "Host: x\r\nConnection: Close\r\n", False, id="1.1 asks for the end"),
        pytest.param("1.0", "", False, id="1.0 ends"),
    ],
)
def test_a_connection_lasts_as_its_version_has_it(version: str, headers: str, lasting: bool) -> None:
    reader = RequestReader()
    reader.receive_data(f"GET / HTTP/{version}\r\n{headers}\r\n".encode())
    request = reader.next_request()
    assert request is not None
    assert request.lasting is lasting


def test_chunks_are_joined() -> None:
    reader = RequestReader()
    reader.receive_data(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    )
    request = reader.next_request()
    assert request is not None
    assert request.body == b"abcde"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(b"GET /\r\n\r\n", 400, id="no version"),
        pytest.param(b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, id="another version"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, id="two Hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nbad line\r\n\r\n", 400, id="a line without a colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", 400, id="a space before the colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, id="a negative length"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
            id="two lengths",
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", 413, id="a large body"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            id="a length beside chunks",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            400,
            id="a chunk's bad size",
        ),
        pytest.param(b"x" * (HEAD_LIMIT + 1), 431, id="a head without an end"),
    ],
)
def test_what_is_no_request_has_its_status(data: bytes, status: int) -> None:
    reader = RequestReader()
    reader.receive_data(data)
    with pytest.raises(HttpProblem) as caught:
        reader.next_request()
    assert caught.value.status == status


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for reader, ask in ((r := RequestReader(), r.next_request), (s := ResponseReader(), s.next_response)):
        reader.receive_data(data)
        with contextlib.suppress(HttpProblem):
            ask()


def test_a_response_comes_back_as_it_was() -> None:
    sent = HttpResponse(status=401, headers=(("WWW-Authenticate", 'Basic realm="Cisco-Edge"'),), body=b"no")
    reader = ResponseReader()
    reader.receive_data(render_response(sent, close=True))
    got = reader.next_response()
    assert got is not None
    assert (got.status, got.body) == (401, b"no")
    assert header(got.headers, "www-authenticate") == 'Basic realm="Cisco-Edge"'


def test_a_response_without_a_length_ends_with_the_connection() -> None:
    reader = ResponseReader()
    reader.receive_data(b"HTTP/1.0 200 OK\r\n\r\nbody")
    assert reader.next_response() is None
    reader.receive_eof()
    got = reader.next_response()
    assert got is not None
    assert got.body == b"body"


def test_nothing_breaks_out_of_its_line() -> None:
    with pytest.raises(ValueError, match="line break"):
        render_request("GET", "/", "a", (("X", "1\r\nY: 2"),), b"")
