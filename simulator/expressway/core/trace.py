"""SIP messages as events: the whole text, with every credential replaced by a reference."""

from __future__ import annotations

from typing import TypeVar

from simulator.core import redact
from simulator.core.events import SipMessageSeen
from simulator.core.sip import RemoteProtocolError, Request, Response
from simulator.core.sip.names import canonical

M = TypeVar("M", bound=SipMessageSeen)
_CREDENTIALS = frozenset(("authorization", "proxy-authorization"))


def seen(kind: type[M], message: Request | Response) -> M:
    """`message` as a SipReceived or SipSent."""
    try:
        method, number = message.cseq.method, message.cseq.number
    except RemoteProtocolError:
        method, number = (message.method if isinstance(message, Request) else ""), 0
    start_line = start_line_of(message)
    head = "\r\n".join((start_line, *map(_line, message.headers.lines), "", ""))
    return kind(
        start_line=start_line,
        method=method,
        status=message.status if isinstance(message, Response) else None,
        call_id=printable(message.headers.get("Call-ID") or ""),
        cseq=number,
        text=head + redact.text(message.body.decode("utf-8", "backslashreplace")),
    )


def start_line_of(message: Request | Response) -> str:
    return printable(message.start_line)


def _line(line: str) -> str:
    clean = printable(line)
    name, _, value = line.partition(":")
    if clean == line and canonical(name) in _CREDENTIALS:
        # Credentials that do not look like a bearer token are secrets all the same.
        scheme, _, secret = value.strip().partition(" ")
        return f"{name}: {printable(scheme)} {redact.ref(secret)}"
    return clean


def printable(text: str) -> str:
    """Redacted, and printable whatever the bytes were: no surrogate leaves as text."""
    return redact.text(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
