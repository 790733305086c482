"""A request as it arrives at an Expressway and as it leaves: towards UCM, an Expressway-C, or a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from simulator.core.actor.flow import Address
from simulator.core.ids import FlowId
from simulator.core.sip import (
    STAR,
    Headers,
    NameAddr,
    Request,
    Via,
    parse_name_addr,
    parse_via,
    validate_request,
)
from simulator.expressway.core.settings import IngressZone
from simulator.expressway.core.sip import headers as rewrite
from simulator.expressway.core.sip.identifiers import Identifiers, identifiers_of
from simulator.expressway.core.sip.pending import Registration
from simulator.expressway.core.sip.phone_flows import ContactKey
from simulator.expressway.core.sip.zone import UcmNode


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRequest:
    """A request on its way that passed validation, with what a proxy needs of it read once."""

    request: Request
    """With the previous hop's Via saying where it really came from."""
    vias: tuple[Via, ...]
    """The previous hop's first, as in `request`."""
    routes: tuple[NameAddr, ...]
    """The Route set without us."""
    hops: int | None
    """Max-Forwards."""
    ids: Identifiers
    origin: FlowId

    @property
    def starts_dialog(self) -> bool:
        """May be recorded in a route: out of a dialog, and no part of another transaction (RFC 3261 16.6.4)."""
        return self.request.method not in ("REGISTER", "ACK", "CANCEL") and self.request.to.tag is None

    def came_from(self, own: Iterable[Address]) -> bool:
        """Whether this very request was forwarded here before; one that was changed did not loop (16.3.4)."""
        return any(
            rewrite.is_at(via.host, via.port, one) and (via.branch or "").endswith(f".{self.ids.loop}")
            for one in own
            for via in self.vias
        )


class Inward(Protocol):
    """Makes what leaves for the inner side of a phone's request; `users`: the user of each device."""

    def __call__(
        self, arrival: IncomingRequest, node: UcmNode, /, *, own: Address, users: Mapping[str, str]
    ) -> Request: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingPolicy:
    """What tells the proxy of an Expressway-C from that of an Expressway-E."""

    inward: Inward
    registration: Callable[[Request, str], Registration | None]
    """What a REGISTER changes if a zone accepts it, by the zone's host."""


def arrive(
    request: Request,
    *,
    origin: FlowId,
    source: Address,
    ingress: IngressZone,
    own: Iterable[Address],
    name: str,
    secret: str,
) -> IncomingRequest:
    """Validate a request and read what a proxy needs of it.

    `own`: the Expressway's addresses; `name`: its FQDN. Raises RemoteProtocolError, with a status hint, for
    what no proxy may forward.
    """
    validate_request(request)
    first, *others = (parse_via(text) for text in request.headers.get_all("Via"))
    vias = (rewrite.received_via(first, source=source, ingress=ingress), *others)
    return IncomingRequest(
        request=request.replace(headers=rewrite.with_vias(request.headers, map(str, vias))),
        vias=vias,
        routes=rewrite.foreign_routes(map(parse_name_addr, request.headers.get_all("Route")), own, name),
        hops=rewrite.hops_left(request.headers),
        ids=identifiers_of(request, first, origin, secret=secret),
        origin=origin,
    )


def towards_ucm(
    arrival: IncomingRequest,
    node: UcmNode,
    /,
    *,
    own: Address,
    users: Mapping[str, str],
    path_mode: bool,
    hop_count: int,
) -> Request:
    """Return what goes down the node's CEOAuth zone. Raises RemoteProtocolError for a broken Contact."""
    # A phone on the Internet asserts no identity (RFC 3325 5) and is no proxy to stand in UCM's way back
    # (RFC 3327 5.1): what it claims of these ends here. [of Path: assumed]
    headers = _forwarded(arrival, node.zone, own, hop_count).without("P-Asserted-Identity").without("Path")
    # Our Route for the node takes the place of one that already names it.
    headers = rewrite.with_routes(
        headers, (rewrite.node_route(node.host, node.address.port), *map(str, arrival.routes[1:]))
    )
    if arrival.request.method == "REGISTER":
        headers = rewrite.with_path(headers, own) if path_mode else _with_contacts(arrival, headers, own, users)
    return arrival.request.replace(headers=rewrite.in_order(headers))


def towards_traversal(
    arrival: IncomingRequest, node: UcmNode, /, *, own: Address, users: Mapping[str, str], hop_count: int
) -> Request:
    """Return what an Expressway-E hands to its Expressway-C, which sees to Contact and users.

    `own`: its end of the traversal connection, which stands in Via and Record-Route. [form observed: sip-wire
    8.2, T12]
    """
    headers = _forwarded(arrival, node.zone, own, hop_count)
    headers = headers.without("P-Asserted-Identity").without("Path")
    headers = rewrite.with_routes(headers, map(str, arrival.routes))
    return arrival.request.replace(headers=rewrite.in_order(headers))


def towards_phone(arrival: IncomingRequest, *, own: Address, egress_zone: str, hop_count: int) -> Request:
    """Return what goes to a phone: its own URI again, and the Expressway in Via and Record-Route."""
    headers = _forwarded(arrival, egress_zone, own, hop_count)
    headers = rewrite.with_routes(headers, map(str, arrival.routes))
    uri = rewrite.original_uri(arrival.request.uri)
    return arrival.request.replace(uri=uri, headers=rewrite.in_order(headers))


def registration_of(request: Request, zone: str) -> Registration | None:
    """Return which contacts an acceptance binds or unbinds; None for what changes no binding.

    Raises RemoteProtocolError. A keepalive to a standby node changes none either (sip-wire 4).
    """
    contacts = request.contacts if request.method == "REGISTER" else ()
    if contacts is STAR:
        return None
    bound: list[ContactKey] = []
    unbound: list[ContactKey] = []
    for contact in contacts:
        if not contact.uri.is_sip or contact.param("cisco-keep-alive") is not None:
            continue
        expires = contact.param("expires") or request.headers.get("Expires") or ""
        (unbound if expires == "0" else bound).append((zone, *rewrite.phone_key(contact.uri)))
    return Registration(bound=tuple(bound), unbound=tuple(unbound)) if bound or unbound else None


def _forwarded(arrival: IncomingRequest, egress_zone: str, own: Address, hop_count: int) -> Headers:
    """What both directions have in common: our Via, one hop less, the tag, our place in the record route."""
    via = rewrite.own_via(
        own, egress_zone=egress_zone, branch=arrival.ids.branch, proxy_call_id=arrival.ids.proxy_call_id
    )
    headers = arrival.request.headers.with_first("Via", str(via))
    headers = headers.with_field("Max-Forwards", str(rewrite.next_hops(arrival.hops, hop_count)))
    if "X-TAATag" not in headers:
        headers = headers.with_added("X-TAATag", arrival.ids.taa_tag)
    if arrival.starts_dialog:
        headers = headers.with_first("Record-Route", rewrite.record_route(own, arrival.ids.proxy_call_id))
    return headers


def _with_contacts(
    arrival: IncomingRequest, headers: Headers, own: Address, users: Mapping[str, str]
) -> Headers:
    contacts = arrival.request.contacts
    if contacts is STAR:
        return headers
    rest = headers.without("Contact")
    for contact in contacts:
        ours = rewrite.rewritten_contact(contact, own, users) if contact.uri.is_sip else contact
        rest = rest.with_added("Contact", str(ours))
    return rest
