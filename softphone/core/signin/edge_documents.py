"""What an Expressway says of the way in: get_edge_sso and get_edge_config. [observed: device-config 4.8]"""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulator.core.actor.flow import Address
from softphone.core.device_file.xml_reader import Element
from softphone.core.settings.profile import HEADER_TEXT
from softphone.core.signin.documents import Garbage, Refusal, root_of

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45}")
_PORT = re.compile(r"[0-9]{1,5}")
_COOKIE = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=([!#-+\--:<-\[\]-~]*)")
"""RFC 6265 4.1.1, without its attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeConfig:
    """An edge configuration; neither list is empty."""

    sip: tuple[Address, ...]
    """sipEdgeServer: the next hops."""
    route: str | None
    """sipRequest/route, to be preloaded into requests."""
    uds: tuple[Address, ...]
    """userUdsServer: User Data Services inside."""


def read_edge_sso(body: bytes) -> bool:
    """Read get_edge_sso: does the edge take access tokens? Raises Refusal if it wants an identity provider."""
    response = root_of(body, "SSOResult").at("Response/SingleSignOn")
    if response is None:
        raise Garbage("get_edge_sso without SingleSignOn")
    status, token = response.one("Status"), response.one("Token")
    if status is not None and status.attributes.get("enabled") == "true":
        raise Refusal("E_EDGE_SSO", "the edge wants a sign-in at an identity provider")
    return token is not None and token.attributes.get("enabled") == "true"


def read_edge_config(body: bytes) -> EdgeConfig:
    """Read get_edge_config. Raises Garbage, with a code of its own if the document leads nowhere."""
    here = root_of(body, "getEdgeConfigResponse").one("edgeConfig")
    if here is None:
        raise Garbage("get_edge_config without edgeConfig")
    sip = _servers(here, "sipEdgeServer")
    if not sip:
        raise Garbage("the edge configuration names no SIP edge server", code="E_NO_NEXT_HOP")
    uds = _servers(here, "userUdsServer")
    if not uds:
        # What a client says of it. [observed: device-config 4.8]
        raise Garbage("XML didn't contain UDS server address", code="E_NO_UDS")
    request = here.one("sipRequest")
    route = None if request is None else request.value("route")
    if route and not HEADER_TEXT.fullmatch(route):
        raise Garbage("the route cannot stand in a header field")
    return EdgeConfig(sip=sip, route=route or None, uds=uds)


def read_cookie(headers: tuple[tuple[str, str], ...]) -> str:
    """Return the Cookie header for the cookies that were set; empty if none was."""
    found = (_COOKIE.match(value) for name, value in headers if name.lower() == "set-cookie")
    return "; ".join(f"{match[1]}={match[2]}" for match in found if match)


def _servers(here: Element, name: str) -> tuple[Address, ...]:
    holder = here.one(name)
    found = []
    for server in holder.all("server") if holder is not None else ():
        host, port = server.value("address") or "", server.value("tlsPort") or ""
        if not host:
            continue
        if not _HOST.fullmatch(host) or not _PORT.fullmatch(port) or not 1 <= int(port) <= 65_535:
            raise Garbage(f"{name} holds no address")
        found.append(Address(host, int(port)))
    return tuple(found)
