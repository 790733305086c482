"""Whatever arrives, the actor raises nothing, and no answer is broken SIP."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from simulator.core.sip import Need, Response, SipStream, parse_message

QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LISTENERS = st.sampled_from(["oauth", "sip-tcp", "sip-udp", "sips"])


@pytest.fixture
def readable():
    def check(listener: str, replies: bytes) -> None:
        if listener == "sip-udp":
            return
        stream = SipStream()
        stream.receive_data(replies)
        while (message := stream.next_message()) is not Need.DATA:
            assert isinstance(message, Response) or replies.startswith(b"\r\n")

    return check


@QUIET
@given(data=st.binary(max_size=300), listener=LISTENERS)
def test_random_bytes(bench, readable, data, listener):
    flow = bench.open(listener)
    readable(listener, bench.send(flow, data))
    bench.drop(flow)


@QUIET
@given(
    edits=st.lists(
        st.tuples(st.integers(0, 3000), st.integers(0, 12), st.binary(max_size=12)), min_size=1, max_size=4
    ),
    listener=LISTENERS,
    signed=st.booleans(),
)
def test_damaged_registers(bench, phone, readable, edits, listener, signed):
    data = phone.register(token=bench.token() if signed else None)
    for place, cut, insert in edits:
        place %= len(data)
        data = data[:place] + insert + data[place + cut :]
    flow = bench.open(listener)
    reply = bench.send(flow, data)
    readable(listener, reply)
    if listener == "sip-udp" and reply and b"SIP/2.0 100" not in reply:
        assert isinstance(parse_message(reply), Response)
    bench.drop(flow)


HEADER_TEXT = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=40)


@QUIET
@given(contact=HEADER_TEXT, to=HEADER_TEXT, extra=HEADER_TEXT)
def test_odd_field_values(bench, phone, readable, contact, to, extra):
    flow = bench.open()
    phone.extra = f"Reason: {extra}\r\nSupported: {extra}\r\nSession-ID: {extra}\r\nPath: {extra}\r\n"
    data = phone.register(token=bench.token(), contact=contact, to=to)
    readable("oauth", bench.send(flow, data))
    phone.alarm = None
    readable("oauth", bench.send(bench.open(), phone.register(token=bench.token())))
