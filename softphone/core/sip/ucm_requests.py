"""What UCM asks of a registered phone, and the phone's answers (sip-wire 7): REFER, NOTIFY, OPTIONS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from simulator.core.sip import RemoteProtocolError, Request, Response, reply_to, validate_request

ALLOW = "NOTIFY,OPTIONS,REFER"

_LINE = re.compile(r"^[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reply:
    """The phone's answer, and what UCM wants of it."""

    response: Response | None
    """None: an ACK, which is never answered."""
    restart: Literal["reset", "restart"] | None = None
    """UCM wants the phone to fetch its configuration and register again."""
    call_id: str | None = None
    """The registration that is meant, as the NOTIFY names it."""


def answer(request: Request, *, to_tag: str) -> Reply:
    """Return the answer to a request of UCM; one that broke a rule is refused."""
    if request.method == "ACK":
        return Reply(None)
    try:
        validate_request(request)
    except RemoteProtocolError as error:
        return Reply(reply_to(request, error.status_hint or 400, to_tag=to_tag))
    match request.method:
        case "REFER":
            return Reply(reply_to(request, 202, to_tag=to_tag))
        case "OPTIONS":
            return Reply(reply_to(request, 200, to_tag=to_tag, extra=[("Allow", ALLOW)]))
        case "NOTIFY":
            return _notified(request, reply_to(request, 200, to_tag=to_tag))
    return Reply(reply_to(request, 405, to_tag=to_tag, extra=[("Allow", ALLOW)]))


def _notified(request: Request, response: Response) -> Reply:
    event = (request.headers.get("Event") or "").partition(";")[0].strip().lower()
    if event != "service-control":
        return Reply(response)
    lines = {name.lower(): value for name, value in _LINE.findall(request.body.decode("utf-8", "replace"))}
    named = lines.get("registercallid", "").strip("{}") or None
    match lines.get("action", "").lower():
        case "reset":
            return Reply(response, "reset", named)
        case "restart":
            return Reply(response, "restart", named)
    return Reply(response)
