"""Middleware of an HTTP service: in which order its layers see a request and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant
from simulator.lab.site.ucm.middleware import Handler, Wrapped
from simulator.lab.site.ucm.node_clocks import NodeClocks

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


def test_a_service_goes_by_the_clock_it_is_given() -> None:
    clock = partial(NodeClocks({"ucm-pub": -30.0}).at, "ucm-pub")
    assert Wrapped(Echo(), [Marks(b"a")], clock=clock).handle(REQUEST, NOW).body == b"a(70)"


class Guarded(Echo):
    """Refuses by the head whoever does not GET, and says when."""

    def refuse(self, head: HttpRequest, now: Instant) -> HttpResponse | None:
        return None if head.method == "GET" else HttpResponse(status=401, body=f"{now:g}".encode())


def test_a_refusal_by_the_head_goes_through_the_layers_and_by_the_same_clock() -> None:
    clock = partial(NodeClocks({"ucm-pub": -30.0}).at, "ucm-pub")
    wrapped = Wrapped(Guarded(), [Marks(b"a"), Marks(b"b")], clock=clock)
    assert wrapped.refuse(REQUEST, NOW) is None
    refused = wrapped.refuse(HttpRequest(method="POST", path="/"), NOW)
    assert refused is not None
    assert (refused.status, refused.body) == (401, b"a(b(70))")


def test_a_service_that_refuses_nothing_by_the_head_wants_every_body() -> None:
    assert Wrapped(Echo(), [Refuses()]).refuse(REQUEST, NOW) is None
