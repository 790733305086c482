"""The load client's framing: it must count every answer once, and see a wrong one."""

import pytest

from benchmarks.load import Line, UnexpectedAnswer, drive, take_answers

OK = b"SIP/2.0 200 OK\r\nCSeq: 1 REGISTER\r\nContent-Length: 5\r\n\r\nhello"
BUSY = b"SIP/2.0 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
TRYING = b"SIP/2.0 100 Trying\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "statuses", "rest"),
    [
        pytest.param(OK, [b"200"], b"", id="one answer with a body"),
        pytest.param(OK + BUSY, [b"200", b"503"], b"", id="two answers in one chunk"),
        pytest.param(OK[:-1], [], OK[:-1], id="a body that is not whole waits"),
        pytest.param(OK + BUSY[:20], [b"200"], BUSY[:20], id="a head that is not whole waits"),
        pytest.param(TRYING + OK, [b"200"], b"", id="a provisional answer does not count"),
        pytest.param(
            b"SIP/2.0 200 OK\r\ncontent-length:5\r\n\r\nhello", [b"200"], b"", id="any case, no blank"
        ),
        pytest.param(b"SIP/2.0 200 OK\r\n\r\n", [b"200"], b"", id="no Content-Length is no body"),
        pytest.param(b"REGISTER x SIP/2.0\r\n\r\n", [b"ECH"], b"", id="an echoed request"),
    ],
)
def test_take_answers(data: bytes, statuses: list[bytes], rest: bytes) -> None:
    assert take_answers(data) == (statuses, rest)


def test_chunking_never_changes_the_count() -> None:
    data = OK + TRYING + BUSY + OK
    for cut in range(len(data)):
        first, rest = take_answers(data[:cut])
        second, rest = take_answers(rest + data[cut:])
        assert (first + second, rest) == ([b"200", b"503", b"200"], b"")


class Scripted:
    """Stands where a TLS socket would: answers each write with the next of its chunks."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = iter(chunks)
        self.written: list[bytes] = []

    def setblocking(self, flag: bool) -> None:
        assert flag

    def write(self, data: bytes) -> int:
        self.written.append(data)
        return len(data)

    def read(self, _size: int) -> bytes:
        return next(self._chunks, b"")


def line(*chunks: bytes) -> Line:
    return Line(Scripted(*chunks), lambda: b"request")  # type: ignore[arg-type]


def test_every_line_gets_its_share_of_the_requests() -> None:
    lines = [line(OK, OK, OK), line(OK[:9], OK[9:], OK, OK)]
    load = drive(lines, total=6)
    assert load.done == 6
    assert load.statuses == {"200": 6}
    assert [len(one.tls.written) for one in lines] == [3, 3]  # type: ignore[attr-defined]


def test_pipelined_requests_go_out_together() -> None:
    piped = line(OK + OK, OK + OK)
    assert drive([piped], total=4, depth=2).done == 4
    assert piped.tls.written == [b"requestrequest"] * 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        pytest.param([BUSY], "expected 200, got 503", id="another status"),
        pytest.param([OK[:9]], "closed", id="the end of the connection"),
    ],
)
def test_a_wrong_answer_ends_the_run(chunks: list[bytes], message: str) -> None:
    with pytest.raises(UnexpectedAnswer, match=message):
        drive([line(*chunks)], total=1)
