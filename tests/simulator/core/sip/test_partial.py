"""Messages that never come whole: which bytes begin one, and when the wait for the rest is over."""

from __future__ import annotations

import pytest

from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.core.sip import Need, PartialMessages, SipStream

WHOLE = b"OPTIONS sip:ucm1 SIP/2.0\r\nContent-Length: 4\r\n\r\nbody"


@pytest.mark.parametrize(
    ("data", "partial"),
    [
        pytest.param(b"", False, id="nothing"),
        pytest.param(b"O", True, id="one byte"),
        pytest.param(WHOLE[:20], True, id="half a request line"),
        pytest.param(WHOLE[:-10], True, id="half a header"),
        pytest.param(WHOLE[:-1], True, id="a body that lacks a byte"),
        pytest.param(WHOLE, False, id="a whole message"),
        pytest.param(WHOLE + b"O", True, id="a whole message and the beginning of another"),
        pytest.param(b"\r", False, id="a lone CR may become a keep-alive"),
        pytest.param(b"\r\n", False, id="half a ping is no message"),
        pytest.param(b"\r\n\r\n", False, id="a ping"),
        pytest.param(b"\0\1\0\0\x21\x12", True, id="half a STUN binding"),
    ],
)
def test_a_stream_knows_whether_a_message_has_begun(data: bytes, partial: bool) -> None:
    stream = SipStream()
    stream.receive_data(data)
    while stream.next_message() is not Need.DATA:
        pass
    assert stream.partial is partial


def test_the_wait_counts_from_the_beginning_and_not_from_the_last_byte() -> None:
    waits = PartialMessages(60.0)
    waits.wait(FlowId(1), Instant(100.0))
    waits.wait(FlowId(2), Instant(110.0))
    waits.wait(FlowId(1), Instant(159.0))
    assert waits.next_timeout() == 160.0
    assert waits.take_overdue(Instant(159.9)) == []
    assert waits.take_overdue(Instant(160.0)) == [FlowId(1)]
    assert waits.next_timeout() == 170.0
    waits.over(FlowId(2))
    waits.over(FlowId(2))
    assert waits.next_timeout() is None


def test_a_whole_message_begins_the_wait_anew() -> None:
    waits = PartialMessages(60.0)
    waits.wait(FlowId(1), Instant(100.0))
    waits.over(FlowId(1))
    waits.wait(FlowId(1), Instant(150.0))
    assert waits.take_overdue(Instant(209.0)) == []
    waits.clear()
    assert waits.take_overdue(Instant(999.0)) == []


def test_without_patience_nobody_is_hurried() -> None:
    waits = PartialMessages(None)
    waits.wait(FlowId(1), Instant(100.0))
    assert waits.next_timeout() is None
