"""The answers of Expressway-E's 8443."""

from __future__ import annotations

from simulator.core.actor.flow import Fetched
from simulator.core.http.message import HttpResponse

_DOWN = ("content-type", "cache-control", "www-authenticate", "set-cookie", "location", "x-frame-options")
"""Headers of an answer from inside that pass."""
_SERVER = ("Server", "CE_C ECS")
_BASIC = ("WWW-Authenticate", 'Basic realm="Cisco-Edge"')
"""[observed: device-config 4.8]"""


def plain(status: int, *extra: tuple[str, str]) -> HttpResponse:
    return HttpResponse(status=status, headers=(_SERVER, ("Content-Type", "text/plain"), *extra))


def xml(body: bytes, *extra: tuple[str, str]) -> HttpResponse:
    kind = ("Content-Type", "text/xml; charset=utf-8")
    return HttpResponse(status=200, headers=(_SERVER, kind, ("Cache-Control", "no-store"), *extra), body=body)


def unauthorized(error: str | None = None) -> HttpResponse:
    """`error`: what is wrong with the token that came; without one a password is asked for."""
    bearer = ("WWW-Authenticate", f'Bearer realm="Cisco-Edge", error="{error}"')
    return plain(401, _BASIC if error is None else bearer)


def relayed(result: Fetched) -> HttpResponse:
    """What came from inside; 502 if nothing did."""
    kept = tuple((name, value) for name, value in result.headers if name.lower() in _DOWN)
    return HttpResponse(status=result.status or 502, headers=kept, body=result.body)
