"""Middleware of a node's HTTP services: what sees a request before its service and the answer after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from simulator.core.http.message import HttpRequest, HttpResponse, HttpService, refusal
from simulator.core.instant import Instant

Handler = Callable[[HttpRequest, Instant], HttpResponse]


class Middleware(Protocol):
    """One layer before an HTTP service."""

    def wrap(self, request: HttpRequest, now: Instant, answer: Handler) -> HttpResponse:
        """Return the answer to `request`: what `answer` gives, a changed form of it, or something else."""
        ...


class Wrapped:
    """An HttpService behind middleware; the first layer sees the request first."""

    def __init__(
        self,
        service: HttpService,
        middleware: Sequence[Middleware],
        *,
        clock: Callable[[Instant], Instant] = lambda now: now,
    ) -> None:
        """`clock`: what the clock that the service goes by shows at a true time."""
        self._service, self._middleware, self._clock = service, tuple(middleware), clock

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        """Answer the request through all layers."""
        return self._layer(0, request, now, lambda asked, then: self._service.handle(asked, self._clock(then)))

    def refuse(self, head: HttpRequest, now: Instant) -> HttpResponse | None:
        """Return what the layers make of the service's refusal; None if it wants the body."""
        refused = refusal(self._service, head, self._clock(now))
        return None if refused is None else self._layer(0, head, now, lambda _asked, _then: refused)

    def _layer(self, number: int, request: HttpRequest, now: Instant, answer: Handler) -> HttpResponse:
        if number == len(self._middleware):
            return answer(request, now)

        def further(asked: HttpRequest, then: Instant) -> HttpResponse:
            return self._layer(number + 1, asked, then, answer)

        return self._middleware[number].wrap(request, now, further)
