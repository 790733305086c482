"""Middleware of a node's HTTP services: what sees a request before its service and the answer after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from simulator.core.http.message import HttpRequest, HttpResponse, HttpService
from simulator.core.instant import Instant

Handler = Callable[[HttpRequest, Instant], HttpResponse]


class Middleware(Protocol):
    """One layer before an HTTP service."""

    def wrap(self, request: HttpRequest, now: Instant, answer: Handler) -> HttpResponse:
        """Return the answer to `request`: what `answer` gives, a changed form of it, or something else."""
        ...


class Wrapped:
    """An HttpService behind middleware; the first layer sees the request first."""

    def __init__(self, service: HttpService, middleware: Sequence[Middleware]) -> None:
        self._service, self._middleware = service, tuple(middleware)

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        """Answer the request through all layers."""
        return self._layer(0, request, now)

    def _layer(self, number: int, request: HttpRequest, now: Instant) -> HttpResponse:
        if number == len(self._middleware):
            return self._service.handle(request, now)

        def further(asked: HttpRequest, then: Instant) -> HttpResponse:
            return self._layer(number + 1, asked, then)

        return self._middleware[number].wrap(request, now, further)
