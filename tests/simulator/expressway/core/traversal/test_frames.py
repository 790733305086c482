"""Frames of the tunnel between Expressway-E and C: there and back, in pieces, and whatever else may come."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.expressway.core.mra_https.messages import MraAnswer, MraRequest
from simulator.expressway.core.traversal.frames import (
    FrameError,
    Frames,
    of_answer,
    of_query,
    read_answer,
    read_query,
)

PAIRS = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3).map(tuple)
REQUESTS = st.builds(
    HttpRequest,
    method=st.sampled_from(["GET", "POST"]),
    path=st.text(max_size=9),
    query=PAIRS,
    headers=PAIRS,
    body=st.binary(max_size=20),
    source=st.just("203.0.113.8"),
)


@given(request=REQUESTS, cut=st.integers(0, 100))
def test_a_request_arrives_as_it_left_however_it_is_cut(request: HttpRequest, cut: int) -> None:
    query = MraRequest(request=request, host="expe.lab.example", https=8443, sip=5061)
    data, frames = of_query(7, query), Frames()
    found = [*frames.receive(data[:cut]), *frames.receive(data[cut:])]
    assert [read_query(frame) for frame in found] == [(7, query)]


@given(body=st.binary(max_size=50), user=st.none() | st.text(max_size=5), expired=st.booleans())
def test_an_answer_arrives_as_it_left(body: bytes, user: str | None, expired: bool) -> None:
    response = HttpResponse(status=200, headers=(("Server", "CE_C ECS"),), body=body)
    answer = MraAnswer(response=response, user=user, path="/x", inside="ucm:8443", expired=expired)
    assert [read_answer(frame) for frame in Frames().receive(of_answer(3, answer))] == [(3, answer)]


@given(st.binary(max_size=200))
def test_bytes_are_frames_or_refused(data: bytes) -> None:
    frames = Frames()
    try:
        for frame in frames.receive(data):
            read_answer(frame)
    except FrameError:
        pass


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"status": "200"}, id="a status that is text"),
        pytest.param({"status": True}, id="a status that is a truth value"),
        pytest.param({"status": 99}, id="a status that is none"),
        pytest.param({"number": -1}, id="a negative number"),
        pytest.param({"headers": [["a"]]}, id="half a header"),
        pytest.param({"headers": [["a", "b\r\nc: d"]]}, id="a header that breaks out of its line"),
        pytest.param({"headers": None}, id="no headers"),
        pytest.param({"body": "%%"}, id="a body that is no base64"),
        pytest.param({"detail": 1}, id="a detail that is a number"),
    ],
)
def test_a_frame_that_lacks_what_it_needs_is_refused(changed: dict[str, object]) -> None:
    answer = MraAnswer(response=HttpResponse(status=200))
    frame = json.loads(of_answer(1, answer)[4:])
    with pytest.raises(FrameError):
        read_answer({**frame, **changed})


def test_deep_nesting_is_refused_and_not_followed() -> None:
    text = b"[" * 200_000
    with pytest.raises(FrameError):
        list(Frames().receive(len(text).to_bytes(4, "big") + text))
