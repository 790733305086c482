"""Middleware of an HTTP service: in which order its layers see a request and its answer."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant
from simulator.lab.site.ucm.middleware import Handler, Wrapped
from simulator.lab.site.ucm.node_clocks import NodeClockMiddleware, NodeClocks

REQUEST = HttpRequest(method="GET", path="/")
NOW = Instant(100.0)


class Echo:
    """Answers with the time at which it was asked."""

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        return HttpResponse(status=200, body=f"{now:g}".encode())


@dataclass(frozen=True, slots=True)
class Marks:
    name: bytes

    def wrap(self, request: HttpRequest, now: Instant, answer: Handler) -> HttpResponse:
        inner = answer(request, now)
        return HttpResponse(status=inner.status, body=self.name + b"(" + inner.body + b")")


class Refuses:
    def wrap(self, request: HttpRequest, now: Instant, answer: Handler) -> HttpResponse:
        return HttpResponse(status=503)


def test_without_middleware_the_service_answers() -> None:
    assert Wrapped(Echo(), []).handle(REQUEST, NOW).body == b"100"


def test_the_first_layer_sees_the_request_first_and_the_answer_last() -> None:
    assert Wrapped(Echo(), [Marks(b"a"), Marks(b"b")]).handle(REQUEST, NOW).body == b"a(b(100))"


def test_a_layer_that_refuses_asks_nobody_behind_it() -> None:
    assert Wrapped(Echo(), [Marks(b"a"), Refuses(), Marks(b"b")]).handle(REQUEST, NOW).status == 503


def test_what_stands_behind_the_nodes_clock_goes_by_it() -> None:
    clock = NodeClockMiddleware(NodeClocks({"ucm-pub": -30.0}), "ucm-pub")
    assert Wrapped(Echo(), [clock]).handle(REQUEST, NOW).body == b"70"
