"""The checks every request must pass before anyone decides about it (RFC 3261 8.1.1, 8.2.2, 16.3)."""

from __future__ import annotations

from simulator.core.sip.errors import MalformedMessage, RemoteProtocolError
from simulator.core.sip.fields import parse_number
from simulator.core.sip.message import SIP_VERSION, Request
from simulator.core.sip.names import SINGLE

_MAX_FORWARDS = 255


def validate_request(request: Request) -> None:
    """Raises the RemoteProtocolError of the first broken rule, with `request` in it and a status hint:
    505 for another SIP version, 416 for another URI scheme than sip and sips, else 400.

    Tolerated: no Max-Forwards and no From tag (RFC 2543 clients, 16.3; RFC 4475 3.4.1).
    """
    try:
        _validate(request)
    except RemoteProtocolError as error:
        error.request = request
        raise


def _validate(request: Request) -> None:
    if request.version != SIP_VERSION and request.version.upper() != SIP_VERSION:
        raise RemoteProtocolError(f"SIP version {request.version}", status_hint=505)
    headers = request.headers
    if headers.has_repetitions:
        for name in SINGLE:
            if name in headers:
                headers.single(name)
    request.top_via  # noqa: B018  (parsed for its errors)
    request.from_  # noqa: B018
    request.to  # noqa: B018
    if not request.call_id:
        raise MalformedMessage("Call-ID is empty")
    cseq = request.cseq
    if cseq.method != request.method:
        raise MalformedMessage(f"CSeq says {cseq.method} in a {request.method} request")
    hops = headers.get("max-forwards")
    if hops is not None and parse_number(hops, "Max-Forwards", _MAX_FORWARDS + 1) > _MAX_FORWARDS:
        raise MalformedMessage(f"Max-Forwards is over {_MAX_FORWARDS}")
    uri = request.uri
    if not uri.is_sip:
        raise RemoteProtocolError(f"URI scheme {uri.scheme}", status_hint=416)
    if uri.headers:
        raise MalformedMessage("the Request-URI holds header fields")  # 19.1.1, table 1
