"""SIP messages as events: the whole text, with every credential replaced by a reference.

Whatever the bytes were, what is shown can be printed: a byte that is not UTF-8 is shown as an escape.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TypeVar

from simulator.core import redact
from simulator.core.events import SipMessageSeen
from simulator.core.sip import RemoteProtocolError, Request, Response, parse_cseq

M = TypeVar("M", bound=SipMessageSeen)


def seen(kind: type[M], message: Request | Response) -> M:
    """Return `message` as a SipReceived or SipSent; of a broken message as much as can be read."""
    method, number, call_id = identity_of(message)
    start_line = printable(message.start_line)
    head = "\r\n".join((start_line, _clean(message.headers.redacted_text()), "", ""))
    return kind(
        start_line=start_line,
        method=method,
        status=message.status if isinstance(message, Response) else None,
        call_id=call_id,
        cseq=number,
        text=head + redact.text(message.body.decode("utf-8", "backslashreplace")),
    )


def identity_of(message: Request | Response) -> tuple[str, int, str]:
    """Return method, CSeq number and Call-ID; of a broken message "" and 0 for what cannot be read."""
    method, number = "", 0
    with suppress(RemoteProtocolError):
        number, method = parse_cseq(message.headers.get("CSeq") or "")
    if isinstance(message, Request):
        method = message.method
    return _clean(method), number, printable(message.headers.get("Call-ID") or "")


def printable(text: str) -> str:
    """Return the text redacted and without unprintable characters."""
    return _clean(redact.text(text))


def _clean(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
