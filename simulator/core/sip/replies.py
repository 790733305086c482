"""Responses to a request (RFC 3261 8.2.6) and the reason phrases of the registered status codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from simulator.core.sip.address import parse_name_addr
from simulator.core.sip.errors import RemoteProtocolError
from simulator.core.sip.headers import Headers, render_field
from simulator.core.sip.message import Request, Response

REASON_PHRASES: Final[Mapping[int, str]] = MappingProxyType(
    {
        100: "Trying",
        180: "Ringing",
        181: "Call Is Being Forwarded",
        182: "Queued",
        183: "Session Progress",
        199: "Early Dialog Terminated",
        200: "OK",
        202: "Accepted",
        204: "No Notification",
        300: "Multiple Choices",
        301: "Moved Permanently",
        302: "Moved Temporarily",
        305: "Use Proxy",
        380: "Alternative Service",
        400: "Bad Request",
        401: "Unauthorized",
        402: "Payment Required",
        403: "Forbidden",
        404: "Not Found",
        405: "Method Not Allowed",
        406: "Not Acceptable",
        407: "Proxy Authentication Required",
        408: "Request Timeout",
        410: "Gone",
        412: "Conditional Request Failed",
        413: "Request Entity Too Large",
        414: "Request-URI Too Long",
        415: "Unsupported Media Type",
        416: "Unsupported URI Scheme",
        417: "Unknown Resource-Priority",
        420: "Bad Extension",
        421: "Extension Required",
        422: "Session Interval Too Small",
        423: "Interval Too Brief",
        424: "Bad Location Information",
        428: "Use Identity Header",
        429: "Provide Referrer Identity",
        430: "Flow Failed",
        433: "Anonymity Disallowed",
        436: "Bad Identity Info",
        437: "Unsupported Credential",
        438: "Invalid Identity Header",
        439: "First Hop Lacks Outbound Support",
        440: "Max-Breadth Exceeded",
        469: "Bad Info Package",
        470: "Consent Needed",
        480: "Temporarily Unavailable",
        481: "Call/Transaction Does Not Exist",
        482: "Loop Detected",
        483: "Too Many Hops",
        484: "Address Incomplete",
        485: "Ambiguous",
        486: "Busy Here",
        487: "Request Terminated",
        488: "Not Acceptable Here",
        489: "Bad Event",
        491: "Request Pending",
        493: "Undecipherable",
        494: "Security Agreement Required",
        500: "Server Internal Error",
        501: "Not Implemented",
        502: "Bad Gateway",
        503: "Service Unavailable",
        504: "Server Time-out",
        505: "Version Not Supported",
        513: "Message Too Large",
        580: "Precondition Failure",
        600: "Busy Everywhere",
        603: "Decline",
        604: "Does Not Exist Anywhere",
        606: "Not Acceptable",
    }
)

# [observed: S1, sip-wire 3.2] UCM puts Date after To and Server after Call-ID; the rest follows CSeq.
_PLACED = frozenset(("Date", "date", "Server", "server"))


def reply_to(
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str | None = None,
    extra: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """A response with what 8.2.6.2 says to copy: every Via, From, To (with `to_tag` unless it has a tag),
    Call-ID and CSeq, as the request wrote them; then `extra` in order and Content-Length.

    Also answers a broken request (`RemoteProtocolError.request`): what is not there is not copied.
    """
    headers = request.headers
    early: list[str] = []
    middle: list[str] = []
    late: list[str] = []
    for name, value in extra:
        group = late if name not in _PLACED else early if name.lower() == "date" else middle
        group.append(render_field(name, value))
    lines = [f"Via: {value}" for value in headers.fields("via")]
    copied = headers.get
    if (sender := copied("from")) is not None:
        lines.append(f"From: {sender}")
    if (to := copied("to")) is not None:
        lines.append(f"To: {to};tag={to_tag}" if to_tag and not _has_tag(to) else f"To: {to}")
    lines += early
    if (call_id := copied("call-id")) is not None:
        lines.append(f"Call-ID: {call_id}")
    lines += middle
    if (cseq := copied("cseq")) is not None:
        lines.append(f"CSeq: {cseq}")
    lines += late
    lines.append(f"Content-Length: {len(body)}")
    if reason is None:
        reason = REASON_PHRASES.get(status) or REASON_PHRASES[status // 100 * 100]
    return Response(status, reason, Headers.from_lines(tuple(lines)), body)


def _has_tag(to: str) -> bool:
    try:
        return parse_name_addr(to).tag is not None
    except RemoteProtocolError:
        return ";tag=" in to


def mark_received(request: Request, host: str, port: int, *, fill_rport: bool = True) -> Request:
    """The request as its server transport sees it (18.2.1, RFC 3581 4): `received` on the top Via if sent-by
    is another host, and a bare `rport` filled. UCM 14 leaves rport bare [observed: S22]: `fill_rport=False`.

    Raises RemoteProtocolError if there is no readable Via.
    """
    via = request.top_via
    marked = via
    if via.param("rport") == "" and fill_rport:
        marked = marked.with_param("rport", str(port)).with_param("received", host)
    elif via.host.strip("[]").lower() != host.lower():
        marked = marked.with_param("received", host)
    if marked is via:
        return request
    _, *others = request.headers.get_all("via")
    headers = request.headers.without("via")
    for value in reversed(others):
        headers = headers.with_first("Via", value)
    return request.replace(headers=headers.with_first("Via", str(marked)))
