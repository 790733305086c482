"""Streams and datagrams: framing, keep-alives, limits; the same result however the bytes are cut."""

from __future__ import annotations

import pytest

from simulator.core.sip import (
    DuplicateHeader,
    Headers,
    KeepAlive,
    MalformedMessage,
    MessageLimits,
    MessageTooLarge,
    MissingHeader,
    Need,
    RemoteProtocolError,
    Request,
    Response,
    SipStream,
    parse_message,
    serialize,
)

PING, PONG = KeepAlive("ping"), KeepAlive("pong")
REQUEST = Request("OPTIONS", "sip:h", Headers([("To", "x"), ("Content-Length", "5")]), b"hello")
RESPONSE = Response(200, "OK", Headers([("Content-Length", "0")]))
R, A = serialize(REQUEST), serialize(RESPONSE)


def outcomes(
    data: bytes, size: int, *, initiator: bool = False, limits: MessageLimits | None = None
) -> list[object]:
    """Everything a stream says about `data` and its end when it comes in pieces of `size` bytes."""
    stream = SipStream(limits=limits or MessageLimits(), initiator=initiator)
    said: list[object] = []

    def drain() -> None:
        while True:
            try:
                message = stream.next_message()
            except RemoteProtocolError as error:
                said.append((type(error), error.detail, error.status_hint, error.request))
                if stream.failure is not None:
                    return
                continue
            if message is Need.DATA:
                return
            said.append(message)

    for at in range(0, len(data), size):
        stream.receive_data(data[at : at + size])
        drain()
        if stream.failure is not None:
            return said
    stream.receive_eof()
    drain()
    return said


BROKEN_LINE = R.replace(b"To", b"no colon here\r\nTo")

SEQUENCES: dict[str, tuple[bytes, list[object]]] = {
    "nothing": (b"", []),
    "one message": (R, [REQUEST]),
    "three messages": (R + A + R, [REQUEST, RESPONSE, REQUEST]),
    "a ping": (b"\r\n\r\n", [PING]),
    "two pings": (b"\r\n\r\n" * 2, [PING, PING]),
    "a pong": (b"\r\n", [PONG]),
    "a ping and a pong": (b"\r\n" * 3, [PING, PONG]),
    "a ping before a message": (b"\r\n\r\n" + R, [PING, REQUEST]),
    "a pong before a message": (b"\r\n" + R, [PONG, REQUEST]),
    "pings between messages": (R + b"\r\n\r\n" + A + b"\r\n\r\n", [REQUEST, PING, RESPONSE, PING]),
}


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64, 10_000])
@pytest.mark.parametrize(("data", "messages"), SEQUENCES.values(), ids=SEQUENCES.keys())
def test_what_comes_out(data: bytes, messages: list[object], size: int) -> None:
    assert outcomes(data, size) == messages


@pytest.mark.parametrize("size", [1, 2, 3, 4, 64])
def test_the_side_that_pings_gets_every_pong_at_once(size: int) -> None:
    assert outcomes(b"\r\n" * 3 + A + b"\r\n", size, initiator=True) == [PONG, PONG, PONG, RESPONSE, PONG]
    stream = SipStream(initiator=True)
    stream.receive_data(b"\r\n")
    assert stream.next_message() == PONG


def test_a_lone_crlf_waits_for_what_follows() -> None:
    stream = SipStream()
    stream.receive_data(b"\r\n")
    assert stream.next_message() is Need.DATA
    stream.receive_data(b"\r\n")
    assert stream.next_message() == PING


SMALL = MessageLimits(message=200, line=60, fields=4)
HEAD = b"OPTIONS sip:h SIP/2.0\r\n"

FATAL: dict[str, tuple[bytes, type[RemoteProtocolError], str]] = {
    "a bare LF": (HEAD + b"To: x\nFrom: y\r\n\r\n", MalformedMessage, "line 2 ends in a bare LF"),
    "only LFs": (HEAD.replace(b"\r", b"") + b"\n", MalformedMessage, "line 1 ends in a bare LF"),
    "a LF first": (b"\n" + R, MalformedMessage, "line 1 ends in a bare LF"),
    "a bare CR": (HEAD + b"To: x\ry\r\n\r\n", MalformedMessage, "line 2 holds a CR"),
    "a CR before CRLF": (HEAD + b"To: x\r\r\n\r\n", MalformedMessage, "line 2 holds a CR"),
    "as many bare CRs as bare LFs": (
        HEAD + b"To: x\n\ry\r\n\r\n",
        MalformedMessage,
        "line 2 ends in a bare LF",
    ),
    "a CR first": (b"\rOPTIONS", MalformedMessage, "line 1 holds a CR"),
    "no start line": (b"hello\r\nContent-Length: 0\r\n\r\n", MalformedMessage, "request line"),
    "no Content-Length": (HEAD + b"To: x\r\n\r\n", MissingHeader, "Content-Length"),
    "a negative Content-Length": (HEAD + b"l: -1\r\n\r\n", MalformedMessage, "not a number"),
    "Content-Length in other digits": (HEAD + "l: ٣\r\n\r\n".encode(), MalformedMessage, "not a number"),
    "an empty Content-Length": (HEAD + b"l:\r\n\r\n", MalformedMessage, "not a number"),
    "two Content-Lengths": (HEAD + b"l: 1\r\nContent-Length: 2\r\n\r\n", DuplicateHeader, "2 Content-Length"),
    "a body over the limit": (HEAD + b"l: 168\r\n\r\n", MessageTooLarge, "over 200"),
    "a Content-Length of fifty digits": (
        HEAD + b"l: " + b"9" * 50 + b"\r\n\r\n",
        MessageTooLarge,
        "over 200",
    ),
    "a long line": (HEAD + b"To: " + b"x" * 60 + b"\r\n\r\n", MessageTooLarge, "line 2 is longer than 60"),
    "an endless line": (b"x" * 61, MessageTooLarge, "line 1 is longer than 60"),
    "a long line with an error after the limit": (
        HEAD + b"x" * 60 + b"\ry\n\r\n\r\n",
        MessageTooLarge,
        "line 2 is longer",
    ),
    "a long line with an error before the limit": (
        HEAD + b"x\ry" + b"x" * 60 + b"\r\n\r\n",
        MalformedMessage,
        "line 2 holds a CR",
    ),
    "too many lines": (HEAD + b"a: b\r\n" * 5 + b"\r\n", MessageTooLarge, "more than 4 header lines"),
    "too many lines, no end": (HEAD + b"a: b\r\n" * 5, MessageTooLarge, "more than 4 header lines"),
    "a long header": (
        HEAD + b"a: " + b"x" * 50 + b"\r\n" + (b"b: " + b"x" * 50 + b"\r\n") * 3 + b"\r\n",
        MessageTooLarge,
        "header is longer than 200",
    ),
    "an end inside the header": (HEAD + b"To: x\r\n", MalformedMessage, "ended inside the header"),
    "an end after a CR": (b"\r", MalformedMessage, "ended inside the header"),
    "an end inside the body": (R[:-1], MalformedMessage, "ended inside the body"),
}


@pytest.mark.parametrize(("data", "kind", "names"), FATAL.values(), ids=FATAL.keys())
def test_a_framing_error_kills_the_stream_the_same_way_however_the_bytes_are_cut(
    data: bytes, kind: type[RemoteProtocolError], names: str
) -> None:
    expected = outcomes(R + data, 100_000, limits=SMALL)
    assert expected[0] == REQUEST
    assert isinstance(expected[1], tuple)
    assert expected[1][0] is kind
    assert names in expected[1][1]
    assert len(expected) == 2
    for size in (1, 2, 3, 7, 50):
        assert outcomes(R + data, size, limits=SMALL) == expected


def test_a_dead_stream_says_so_and_why() -> None:
    stream = SipStream()
    stream.receive_data(HEAD + b"\r\n")
    with pytest.raises(MissingHeader) as caught:
        stream.next_message()
    assert stream.failure is caught.value
    assert caught.value.request is not None
    for _ in range(2):
        with pytest.raises(RemoteProtocolError, match="dead since: no Content-Length") as again:
            stream.next_message()
        assert again.value.status_hint is None


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_a_broken_but_framed_message_is_skipped(size: int) -> None:
    said = outcomes(BROKEN_LINE + A, size)
    assert len(said) == 2
    assert isinstance(said[0], tuple)
    assert said[0][:3] == (MalformedMessage, "header line 1 has no colon", 400)
    assert said[0][3] == REQUEST
    assert said[1] == RESPONSE


def test_data_after_the_end_is_the_callers_mistake() -> None:
    stream = SipStream()
    stream.receive_eof()
    assert stream.next_message() is Need.DATA
    with pytest.raises(ValueError, match="after the end"):
        stream.receive_data(b"x")


def test_limits_are_inclusive() -> None:
    exact = HEAD + b"To: " + b"x" * 54 + b"\r\nl: 107\r\n\r\n" + b"y" * 107
    assert len(exact) == 200
    (message,) = outcomes(exact, 7, limits=SMALL)
    assert isinstance(message, Request)
    assert parse_message(exact, limits=SMALL) == message
    four = HEAD + b"a: b\r\n" * 3 + b"l: 0\r\n\r\n"
    assert len(outcomes(four, 1, limits=SMALL)) == 1


def test_a_large_body_is_refused_before_it_arrives() -> None:
    stream = SipStream()
    stream.receive_data(HEAD + b"Content-Length: 65535\r\n\r\n")
    with pytest.raises(MessageTooLarge) as caught:
        stream.next_message()
    assert caught.value.status_hint == 513
    assert caught.value.request is not None


def test_a_header_over_the_line_limit_in_short_lines_is_fine() -> None:
    data = HEAD + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 30) for i in range(3)) + b"l: 1\r\n\r\nz"
    (message,) = outcomes(data, 9, limits=SMALL)
    assert isinstance(message, Request)
    assert message.body == b"z"
    assert parse_message(data, limits=SMALL) == message


def test_a_busy_stream_does_not_keep_what_was_read() -> None:
    stream = SipStream()
    data = R * 300
    seen = 0
    for at in range(0, len(data), 50):
        stream.receive_data(data[at : at + 50])
        while stream.next_message() is not Need.DATA:
            seen += 1
    assert seen == 300
    assert len(stream._buffer) < 200


DATAGRAMS = {
    "without Content-Length the body is the rest": (HEAD + b"To: x\r\n\r\nbody", b"body"),
    "a smaller Content-Length cuts": (HEAD + b"l: 2\r\n\r\nbody", b"bo"),
    "the exact Content-Length": (HEAD + b"l: 4\r\n\r\nbody", b"body"),
    "a zero Content-Length": (HEAD + b"l: 0\r\n\r\nbody", b""),
    "the same Content-Length twice": (HEAD + b"l: 4\r\nContent-Length: 4\r\n\r\nbody", b"body"),
    "a Content-Length with leading zeros": (HEAD + b"l: 00000000000004\r\n\r\nbody", b"body"),
    "no header at all": (HEAD + b"\r\n", b""),
}


@pytest.mark.parametrize(("data", "body"), DATAGRAMS.values(), ids=DATAGRAMS.keys())
def test_datagrams(data: bytes, body: bytes) -> None:
    assert parse_message(data).body == body


BAD_DATAGRAMS = {
    "empty": (b"", MalformedMessage, None),
    "a keep-alive": (b"\r\n\r\n", MalformedMessage, None),
    "no end of the header": (HEAD + b"To: x\r\n", MalformedMessage, None),
    "a larger Content-Length": (HEAD + b"l: 5\r\n\r\nbody", MalformedMessage, 400),
    "a larger Content-Length beside a broken line": (HEAD + b"x\r\nl: 5\r\n\r\nbody", MalformedMessage, 400),
    "too large without Content-Length": (HEAD + b"\r\n" + b"x" * 200, MessageTooLarge, 513),
    "too large with one": (HEAD + b"l: 200\r\n\r\n" + b"x" * 200, MessageTooLarge, 513),
    "a bare LF": (HEAD + b"To: x\n\r\n\r\n", MalformedMessage, None),
    "a long line": (HEAD + b"x" * 61 + b"\r\n\r\n", MessageTooLarge, 513),
}


@pytest.mark.parametrize(("data", "kind", "status"), BAD_DATAGRAMS.values(), ids=BAD_DATAGRAMS.keys())
def test_bad_datagrams(data: bytes, kind: type[RemoteProtocolError], status: int | None) -> None:
    with pytest.raises(kind) as caught:
        parse_message(data, limits=SMALL)
    assert type(caught.value) is kind
    assert caught.value.status_hint == status


@pytest.mark.parametrize("noise", [b"\n", b"\rx", b"\x00\xff", b"\r\n\r\n"], ids=repr)
def test_tls_is_called_tls_whatever_its_random_bytes(noise: bytes) -> None:
    stream = SipStream()
    stream.receive_data(b"\x16\x03\x01\x02\x00\x01" + noise)
    with pytest.raises(MalformedMessage, match="a TLS handshake where SIP was expected"):
        stream.next_message()
    assert stream.failure is not None
