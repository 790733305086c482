"""How an Expressway rewrites a message it forwards: Via, Contact, Path, Route, hop count, header order.

Pure functions on header values, in the forms of sip-wire 8.2 and T12. None of them knows a flow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from simulator.core.actor.flow import Address
from simulator.core.sip import Headers, NameAddr, SipUri, Via
from simulator.core.sip.fields import parse_number
from simulator.core.sip.grammar import quote
from simulator.core.sip.names import canonical
from simulator.expressway.core.settings import IngressZone

USERID = "+u.sip!userid.ccm.cisco.com"
"""Contact parameter in which the Expressway names the token's user. [observed: sip-wire 8.2]"""
DEVICE_NAMES = ("+u.sip!devicename.ccm.cisco.com", "+u.sip!devicename.ccm.features.cisco.com")
"""Contact parameters in which clients name their device. [observed: sip-wire 3.1]"""

_WRITTEN_BY_RECEIVER = frozenset({"received", "rport", "ingress-zone", "ingress-zone-id"})

# The order in which Expressway writes what it forwards; what is not named stands before the body's own headers
# in the order it came. [observed: published X7-X12 traces; sip-wire T12]
_ORDER = (
    "via", "call-id", "cseq", "contact", "from", "to", "max-forwards", "route", "record-route", "path", "allow",
    "user-agent", "server", "expires", "date", "supported", "warning", "session-id", "proxy-authenticate",
    "proxy-authorization", "x-taatag",
)  # fmt: skip
_UNNAMED = len(_ORDER)
_RANK = {name: rank for rank, name in enumerate(_ORDER)} | {
    "content-disposition": _UNNAMED + 1,
    "content-type": _UNNAMED + 2,
    "content-length": _UNNAMED + 3,
}


def zone_token(name: str) -> str:
    """Return a zone's name as Via parameters spell it: letters and digits. [assumed: sip-wire Q9, T12]"""
    return re.sub(r"[^A-Za-z0-9]", "", name)


def ingress_params(zone: IngressZone) -> tuple[tuple[str, str | None], ...]:
    """Return the Via parameters that name the zone by which a request came in."""
    named: tuple[tuple[str, str | None], ...] = (("ingress-zone", zone_token(zone.name)),)
    return named if zone.number is None else (*named, ("ingress-zone-id", str(zone.number)))


def host_of(address: Address) -> str:
    """Return the host as SIP grammar wants it: an IPv6 address stands in brackets."""
    return f"[{address.host}]" if ":" in address.host else address.host


def is_at(host: str, port: int | None, address: Address, name: str = "") -> bool:
    """Whether `host[:port]`, read with TLS's default port, names `address`, or the FQDN `name` there."""
    called = (address.host.lower(), name.lower())
    return host.strip("[]").rstrip(".").lower() in called and (port or 5061) == address.port


# --- Via -----------------------------------------------------------------------------------------------------


def own_via(address: Address, *, egress_zone: str, branch: str, proxy_call_id: str) -> Via:
    """Return the Via that the Expressway pushes."""
    return Via(
        transport="TLS",
        host=host_of(address),
        port=address.port,
        params=(
            ("egress-zone", zone_token(egress_zone)),
            ("branch", branch),
            ("proxy-call-id", proxy_call_id),
            ("rport", None),
        ),
    )


def received_via(via: Via, *, source: Address, ingress: IngressZone) -> Via:
    """Return the previous hop's Via with where it really came from, and without its own claims about that."""
    kept = tuple(param for param in via.params if param[0].lower() not in _WRITTEN_BY_RECEIVER)
    learnt = (("received", source.host), ("rport", str(source.port)), *ingress_params(ingress))
    return via._replace(params=(*kept, *learnt))


def with_vias(headers: Headers, vias: Iterable[str]) -> Headers:
    """Replace the message's Via stack: one field each, first hop first."""
    rest = headers.without("Via")
    for via in reversed(tuple(vias)):
        rest = rest.with_first("Via", via)
    return rest


# --- where it goes -------------------------------------------------------------------------------------------


def foreign_routes(routes: Iterable[NameAddr], own: Iterable[Address], name: str = "") -> tuple[NameAddr, ...]:
    """Return the route set without the leading entries that name the Expressway (RFC 3261 16.4).

    Covers the Route that the edge configuration preloads: `<sip:us:5061;transport=tls;zone-id=3;directed;lr>`.
    """
    left, ours = list(routes), tuple(own)
    while left and any(is_at(left[0].uri.host, left[0].uri.port, one, name) for one in ours):
        left.pop(0)
    return tuple(left)


def with_routes(headers: Headers, routes: Iterable[str]) -> Headers:
    """Replace the route set."""
    rest = headers.without("Route")
    for route in routes:
        rest = rest.with_added("Route", route)
    return rest


def node_route(host: str, port: int) -> str:
    """Return the Route to a UCM node. [assumed: form of sip-wire T12]"""
    return f"<sip:{Address(host, port)};transport=tls;lr>"


def path_value(own: Address) -> str:
    """Return the Expressway's Path. [documented behaviour, assumed form: sip-wire 8.1, T12]"""
    return f"<sip:{host_of(own)}:{own.port};transport=tls;lr>"


def record_route(own: Address, proxy_call_id: str) -> str:
    """Return the Expressway's Record-Route. [observed: sip-wire 8.2]"""
    return f"<sip:proxy-call-id={proxy_call_id}@{host_of(own)}:{own.port};transport=tls;lr>"


def with_path(headers: Headers, own: Address) -> Headers:
    """Put the Expressway first in Path, and `path` in Supported: SIP Path headers = On (RFC 3327 5.2)."""
    offered = headers.get_all("Supported")
    tagged = headers if "path" in (tag.lower() for tag in offered) else _supporting(headers, offered)
    return tagged.with_first("Path", path_value(own))


def _supporting(headers: Headers, offered: tuple[str, ...]) -> Headers:
    return headers.with_field("Supported", ",".join((*offered, "path")))


# --- hop count -----------------------------------------------------------------------------------------------


def hops_left(headers: Headers) -> int | None:
    """Return Max-Forwards; None if absent. Raises MalformedMessage."""
    text = headers.get("Max-Forwards")
    return None if text is None else parse_number(text, "Max-Forwards", 255)


def next_hops(left: int | None, hop_count: int) -> int:
    """Return one hop less, never more than the hop count. [observed: 70 and none leave as 15, 15 as 14]"""
    return hop_count if left is None else min(left - 1, hop_count)


# --- Contact -------------------------------------------------------------------------------------------------


def hostport(uri: SipUri) -> str:
    """Return host and port as the URI has them."""
    return uri.host if uri.port is None else f"{uri.host}:{uri.port}"


def device_of(contact: NameAddr) -> str | None:
    """Return the device that a Contact names."""
    for name in DEVICE_NAMES:
        value = contact.param(name)
        if value:
            return value
    return None


def rewritten_uri(uri: SipUri, own: Address) -> SipUri:
    """Return the Contact's URI with `own`, and the client's as `orig-hostport`. [observed: sip-wire 8.2]"""
    kept = tuple(p for p in uri.params if p[0].lower() not in ("transport", "orig-hostport"))
    return replace(
        uri,
        host=host_of(own),
        port=own.port,
        params=(("transport", "tls"), *kept, ("orig-hostport", hostport(uri))),
    )


def phone_key(uri: SipUri) -> tuple[str, str]:
    """Return what finds a phone again: the contact's user part and the client's own host and port."""
    return (uri.user or "", (uri.param("orig-hostport") or hostport(uri)).lower())


def original_uri(uri: SipUri) -> SipUri:
    """Return what `rewritten_uri` made as the phone had written it; any other URI as it is. [assumed]"""
    written = uri.param("orig-hostport")
    if not written:
        return uri
    original = SipUri.parse(f"sip:{written}")
    kept = tuple(p for p in uri.params if p[0].lower() != "orig-hostport")
    return replace(uri, host=original.host, port=original.port, params=kept)


def rewritten_contact(contact: NameAddr, own: Address, users: Mapping[str, str]) -> NameAddr:
    """Return a REGISTER's Contact as it goes to UCM, with the user of `users` whatever the phone wrote."""
    params = tuple(param for param in contact.params if param[0].lower() != USERID)
    user = users.get(device_of(contact) or "")
    if user is not None:
        params = (*params, (USERID, quote(user)))
    return replace(contact, uri=rewritten_uri(contact.uri, own), params=params)


def naming(user: str, contacts: Iterable[NameAddr]) -> dict[str, str]:
    """Return `user` as the user of every device that these contacts name."""
    return {device: user for contact in contacts if (device := device_of(contact))}


# --- order ---------------------------------------------------------------------------------------------------


def in_order(headers: Headers) -> Headers:
    """Return the fields in Expressway's order; fields of one name keep theirs (RFC 3261 7.3.1)."""
    return Headers.from_lines(tuple(sorted(headers.lines, key=_rank)))


def _rank(line: str) -> int:
    return _RANK.get(canonical(line.partition(":")[0]), _UNNAMED)
