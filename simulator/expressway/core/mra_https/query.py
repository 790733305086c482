"""What passes between the door of 8443 and the service behind it: a request, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeQuery:
    """A client's request, and where it came in: the edge configuration names that."""

    request: HttpRequest
    host: str
    """The name clients reach the edge by."""
    https: int
    sip: int
    """Ports of the edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeAnswer:
    response: HttpResponse
    user: str | None = None
    path: str | None = None
    """As asked for inside; None: it went nowhere."""
    inside: str = ""
    """host:port it was relayed to."""
    scheme: str = "https"
    detail: str = ""
    expired: bool = False
    """It came with an expired token, which counts against its source."""


Ask = Callable[[int, EdgeQuery, Instant], None]
"""A request of this number is to be answered."""
Answered = Callable[[int, EdgeAnswer, Instant], None]
"""That is the answer to the request of this number. At once or later."""
