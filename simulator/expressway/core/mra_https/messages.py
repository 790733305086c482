"""What passes between the HTTPS server of 8443 and the service behind it: requests and their answers."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.actor.flow import Fetched
from simulator.core.http.message import HttpRequest, HttpResponse

_DOWN = ("content-type", "cache-control", "www-authenticate", "set-cookie", "location", "x-frame-options")
"""Header fields of an answer from inside that are passed on."""
_SERVER = ("Server", "CE_C ECS")
_BASIC = ("WWW-Authenticate", 'Basic realm="Cisco-Edge"')
"""[observed: device-config 4.8]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MraRequest:
    """A client's request, and where it came in: the edge configuration names that."""

    request: HttpRequest
    host: str
    """The name by which clients reach the Expressway."""
    https: int
    sip: int
    """The Expressway's ports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MraAnswer:
    """The answer, and what is to be reported of it."""

    response: HttpResponse
    user: str | None = None
    path: str | None = None
    """The path that was asked for inside; None: the request went nowhere."""
    inside: str = ""
    """host:port to which it was relayed."""
    scheme: str = "https"
    detail: str = ""
    expired: bool = False
    """It came with an expired token, which counts against its source."""


def plain(status: int, *extra: tuple[str, str]) -> HttpResponse:
    """Return an answer without a body."""
    return HttpResponse(status=status, headers=(_SERVER, ("Content-Type", "text/plain"), *extra))


def xml(body: bytes, *extra: tuple[str, str]) -> HttpResponse:
    """Return a document that is not to be stored."""
    kind = ("Content-Type", "text/xml; charset=utf-8")
    return HttpResponse(status=200, headers=(_SERVER, kind, ("Cache-Control", "no-store"), *extra), body=body)


def unauthorized(error: str | None = None) -> HttpResponse:
    """Return a 401. `error`: what is wrong with the token; without one a password is asked for."""
    bearer = ("WWW-Authenticate", f'Bearer realm="Cisco-Edge", error="{error}"')
    return plain(401, _BASIC if error is None else bearer)


def relayed(result: Fetched) -> HttpResponse:
    """Return what came from inside; 502 if nothing did."""
    kept = tuple((name, value) for name, value in result.headers if name.lower() in _DOWN)
    return HttpResponse(status=result.status or 502, headers=kept, body=result.body)
