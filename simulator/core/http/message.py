"""HTTP as values: a service is a function from request to response, so that it also answers in the World."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from simulator.core.instant import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    method: str
    path: str
    """As on the wire: percent-encoded, without the query."""
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Like query and body not in the repr: credentials travel in all three."""
    body: bytes = field(default=b"", repr=False)
    source: str = ""
    """The client's address."""
    lasting: bool = True
    """Its connection may stay for more: not with `Connection: close`, nor with HTTP/1.0 (RFC 9112 9.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How an answer fails to arrive."""

    delay: float = 0.0
    """Seconds until it is sent."""
    kept: int | None = None
    """So many bytes of the body are sent, then the connection ends; None: all."""
    reset: bool = False
    """Nothing is sent, and the connection is reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    status: int
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Not in the repr: a Location may hold a code."""
    body: bytes = field(default=b"", repr=False)
    delivery: Delivery | None = None
    """None: at once and whole."""


class HttpService(Protocol):
    """Answers requests. Total: any request gets a response."""

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse: ...


@runtime_checkable
class RefusesByHead(Protocol):
    """A service that knows from some requests' heads alone that they are refused."""

    def refuse(self, head: HttpRequest, now: Instant) -> HttpResponse | None:
        """Return the final answer to a request whose body was not read; None if the body is wanted.

        Asked before the client is told to go on with its body (RFC 9110 10.1.1): what is refused here is not
        handled any more.
        """
        ...


def refusal(service: HttpService, head: HttpRequest, now: Instant) -> HttpResponse | None:
    """Return the service's answer to a request whose body its client keeps back; None: the body is wanted."""
    return service.refuse(head, now) if isinstance(service, RefusesByHead) else None


def header(fields: tuple[tuple[str, str], ...], name: str) -> str | None:
    """Return the first value of a field, whose name does not depend on case; None if it is absent."""
    wanted = name.lower()
    return next((value for given, value in fields if given.lower() == wanted), None)
