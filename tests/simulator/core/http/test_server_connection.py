"""A server's side of HTTP/1.1: framing, what is refused and with which status, and what is said back."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.core.http.message import HttpRequest, HttpResponse, header
from simulator.core.http.problem import HttpProblem
from simulator.core.http.server_connection import BODY_LIMIT, FRAMING_LIMIT, HEAD_LIMIT, ServerConnection

CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def read(connection: ServerConnection, data: bytes) -> HttpRequest | None:
    connection.receive_data(data)
    return connection.next_request()


def problem_of(data: bytes, *, body_limit: int = BODY_LIMIT) -> HttpProblem:
    with pytest.raises(HttpProblem) as caught:
        read(ServerConnection(body_limit=body_limit), data)
    return caught.value


def test_a_request_is_read_whatever_its_pieces_and_the_next_one_after_its_answer() -> None:
    data = b"POST /axl/?a=1&b= HTTP/1.1\r\nHost: ucm:8443\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello"
    connection = ServerConnection(source="192.0.2.1")
    for byte in data[:-1]:
        assert read(connection, bytes([byte])) is None
        assert connection.busy
    first = read(connection, data[-1:] + data)
    assert first is not None
    assert (first.method, first.path, first.query) == ("POST", "/axl/", (("a", "1"), ("b", "")))
    assert (first.body, first.source, header(first.headers, "x-one")) == (b"hello", "192.0.2.1", "1")
    assert connection.buffered == len(data)
    connection.send_response(HttpResponse(status=200))
    second = connection.next_request()
    assert second == first
    assert not connection.busy


def test_an_answer_is_due_before_the_next_request_is_read() -> None:
    connection = ServerConnection()
    assert read(connection, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") is not None
    with pytest.raises(RuntimeError, match="still to be answered"):
        connection.next_request()


@pytest.mark.parametrize(
    ("version", "headers", "lasting"),
    [
        pytest.param("1.1", "Host: x\r\n", True, id="1.1 stays"),
        pytest.param("1.1", "Host: x\r\nConnection: Close\r\n", False, id="1.1 asks for the end"),
        pytest.param("1.1", "Host: x\r\nConnection: te, close\r\n", False, id="1.1 asks for it in a list"),
        pytest.param("1.0", "", False, id="1.0 ends"),
    ],
)
def test_a_connection_lasts_as_its_version_has_it(version: str, headers: str, lasting: bool) -> None:
    connection = ServerConnection()
    request = read(connection, f"GET / HTTP/{version}\r\n{headers}\r\n".encode())
    assert request is not None
    assert request.lasting is lasting
    answer = connection.send_response(HttpResponse(status=200))
    assert (b"Connection: close" in answer) is not lasting


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        pytest.param("/a%2Fb/../c?x=%20", "/a%2Fb/../c", (("x", " "),), id="as on the wire"),
        pytest.param("http://h/abs?q=1", "/abs", (("q", "1"),), id="absolute"),
        pytest.param("//double", "//double", (), id="two slashes"),
        pytest.param("*", "*", (), id="asterisk"),
    ],
)
def test_every_form_of_target_gives_a_path(target: str, path: str, query: tuple[tuple[str, str], ...]) -> None:
    request = read(ServerConnection(), f"OPTIONS {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    assert request is not None
    assert (request.path, request.query) == (path, query)


def test_chunks_are_joined_and_their_extensions_and_trailers_left_out() -> None:
    connection = ServerConnection()
    request = read(connection, CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 5\r\n\r\nGET")
    assert request is not None
    assert request.body == b"abcde"
    assert header(request.headers, "X-Sum") is None
    assert connection.buffered == 3


REFUSED = {
    "no version": (b"GET /\r\n\r\n", 400),
    "another version": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "a later 1.x": (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
    "a version of two digits": (b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "a line without a colon": (b"GET / HTTP/1.1\r\nHost: a\r\nbad line\r\n\r\n", 400),
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400),
    "a folded first header": (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "a bare LF": (b"GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", 400),
    "only bare LFs": (b"GET / HTTP/1.1\nHost: a\n\nGET / HTTP/1.1\r\n\r\n", 400),
    "a bare CR": (b"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400),
    "a NUL": (b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a control character": (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400),
    "a target that is not ASCII": (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a TLS ClientHello": (b"\x16\x03\x01\x02\x00", 400),
    "an empty line of LF": (b"\nGET / HTTP/1.1\r\n", 400),
    "a tunnel": (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501),
    "another expectation": (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", 417),
    "a negative length": (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    "a length in a list": (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", 400),
    "two lengths": (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "a large body": (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", 413),
    "a length beside chunks": (CHUNKED[:-2] + b"Content-Length: 1\r\n\r\n", 400),
    "two codings": (CHUNKED[:-2] + b"Transfer-Encoding: identity\r\n\r\n", 400),
    "the same coding twice": (CHUNKED[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", 400),
    "an unknown coding": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "chunks in HTTP/1.0": (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a chunk's bad size": (CHUNKED + b"zz\r\n", 400),
    "a chunk longer than it says": (CHUNKED + b"1\r\nabc\r\n", 400),
    "a chunk beyond the limit": (CHUNKED + b"110000\r\n" + b"x" * 0x110000, 413),
    "a chunk extension without an end": (CHUNKED + b"1;" + b"x" * HEAD_LIMIT + b"x", 431),
    "a head without an end": (b"x" * (HEAD_LIMIT + 4), 431),
    "a head that is too long": (b"GET / HTTP/1.1\r\nX: " + b"y" * HEAD_LIMIT + b"\r\n\r\n", 431),
}


@pytest.mark.parametrize(("data", "status"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_request_has_its_status(data: bytes, status: int) -> None:
    assert problem_of(data).status == status


def test_a_head_of_exactly_the_limit_is_taken_byte_by_byte_too() -> None:
    start = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    data = start + b"y" * (HEAD_LIMIT - len(start)) + b"\r\n\r\n"
    assert read(ServerConnection(), data) is not None
    connection = ServerConnection()
    assert [read(connection, bytes([byte])) for byte in data][-1] is not None


def test_a_body_of_exactly_the_limit_is_taken_and_one_octet_more_is_not() -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
    request = read(ServerConnection(body_limit=10), head % 10 + b"x" * 10)
    assert request is not None
    assert request.body == b"x" * 10
    assert problem_of(head % 11, body_limit=10).status == 413
    assert problem_of(CHUNKED + b"b\r\n" + b"x" * 11, body_limit=10).status == 413


def test_the_framing_of_chunks_counts_towards_the_limit() -> None:
    # Ten octets in chunks whose extensions are longer than all that a body of that size may cost.
    chunk = b"1;" + b"e" * (HEAD_LIMIT // 2) + b"\r\nx\r\n"
    assert len(chunk) * 10 > FRAMING_LIMIT + 10
    assert problem_of(CHUNKED + chunk * 10, body_limit=10).status == 413


def test_a_body_in_tiny_chunks_costs_each_octet_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """h11 is asked once for each piece and each chunk, however the body was cut: the cost is linear."""
    connection, asked, next_event = ServerConnection(), 0, h11.Connection.next_event

    def counted(inner: h11.Connection) -> object:
        nonlocal asked
        asked += 1
        return next_event(inner)

    monkeypatch.setattr(h11.Connection, "next_event", counted)
    data = CHUNKED + b"1\r\na\r\n" * 2_000 + b"0\r\n\r\n"
    pieces = [data[at : at + 7] for at in range(0, len(data), 7)]
    requests = [request for piece in pieces if (request := read(connection, piece)) is not None]
    assert [request.body for request in requests] == [b"a" * 2_000]
    assert asked <= 2_000 + 2 * len(pieces)


def test_a_client_that_waits_is_told_to_go_on_once() -> None:
    connection = ServerConnection()
    head = b"POST /axl/ HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n"
    assert read(connection, head) is None
    assert connection.expecting is not None
    assert connection.expecting.path == "/axl/"
    assert connection.send_continue() == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert connection.expecting is None
    request = read(connection, b"hello")
    assert request is not None
    assert request.body == b"hello"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nh", id="began"
        ),
        pytest.param(b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", id="HTTP/1.0"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", id="expects nothing"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n", id="its head is not whole"),
    ],
)
def test_who_does_not_wait_is_told_nothing(data: bytes) -> None:
    connection = ServerConnection()
    assert read(connection, data) is None
    assert connection.expecting is None


def test_a_refusal_instead_of_the_word_closes_and_is_the_only_answer() -> None:
    connection = ServerConnection()
    read(connection, b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    answer = connection.send_response(HttpResponse(status=401, body=b"no"))
    assert answer == b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"


def test_a_problem_is_answered_with_an_end() -> None:
    connection = ServerConnection()
    with pytest.raises(HttpProblem):
        read(connection, b"GET / HTTP/2.0\r\n\r\n")
    answer = connection.send_response(HttpResponse(status=505))
    assert answer.startswith(b"HTTP/1.1 505 HTTP Version Not Supported\r\n")
    assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize(
    ("method", "response", "expected"),
    [
        ("HEAD", HttpResponse(status=200, body=b"four"), b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"),
        ("GET", HttpResponse(status=204), b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", HttpResponse(status=599, body=b"x"), b"HTTP/1.1 599 \r\nContent-Length: 1\r\n\r\nx"),
        (
            "GET",
            HttpResponse(
                status=200, headers=(("X-Twice", "1"), ("X-Twice", "\udcff"), ("Content-Length", "9"))
            ),
            b"HTTP/1.1 200 OK\r\nX-Twice: 1\r\nX-Twice: \xff\r\nContent-Length: 0\r\n\r\n",
        ),
    ],
    ids=[
        "HEAD counts what it leaves out",
        "204 counts nothing",
        "an unknown status",
        "fields as they are given",
    ],
)
def test_an_answer_is_written(method: str, response: HttpResponse, expected: bytes) -> None:
    connection = ServerConnection()
    assert read(connection, f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode()) is not None
    assert connection.send_response(response) == expected


def test_nothing_breaks_out_of_its_line() -> None:
    connection = ServerConnection()
    read(connection, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    with pytest.raises(ValueError, match="cannot be sent"):
        connection.send_response(HttpResponse(status=200, headers=(("X", "1\r\nY: 2"),)))


# --- fuzz -----------------------------------------------------------------------------------------------------


def outcome(pieces: list[bytes]) -> list[object]:
    """Every request, 100 Continue and problem that comes of these pieces."""
    connection, found = ServerConnection(body_limit=64), list[object]()
    for piece in pieces:
        connection.receive_data(piece)
        try:
            while (request := connection.next_request()) is not None:
                found.append((request.method, request.path, request.headers, request.body, request.lasting))
                connection.send_response(HttpResponse(status=200))
        except HttpProblem as problem:
            return [*found, (problem.status, str(problem))]
    return found


WORDS = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n",
        b"POST /x?y=1 HTTP/1.1\r\n",
        b"POST / HTTP/1.0\r\n",
        b"GET / HTTP/2.0\r\n",
        b"Host: a\r\n",
        b"Content-Length: 3\r\n",
        b"Content-Length: 3, 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"\r\n",
        b"\n",
        b" folded\r\n",
        b"abc",
        b"3\r\nabc\r\n",
        b"2;x=y\r\nde\r\n",
        b"0\r\n\r\n",
        b"41\r\n" + b"z" * 0x41,
        b"\x00",
        b"\xff\xfe",
    ]
)
STREAMS = st.one_of(st.binary(max_size=200), st.lists(WORDS, max_size=14).map(b"".join))


@settings(max_examples=150, deadline=None)
@given(STREAMS, STREAMS)
def test_whole_and_byte_by_byte_and_with_more_behind_give_the_same(data: bytes, behind: bytes) -> None:
    whole = outcome([data])
    assert outcome([bytes([byte]) for byte in data]) == whole
    more = outcome([data + behind])
    assert outcome([data, behind]) == more
    complete = whole if not whole or len(whole[-1]) == 5 else whole[:-1]  # type: ignore[arg-type]
    assert more[: len(complete)] == complete
