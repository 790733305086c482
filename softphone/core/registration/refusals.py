"""A refusal as a user sees it: status, phrase, the Warning's text, Retry-After."""

from __future__ import annotations

import re

from simulator.core import redact
from simulator.core.events import PhoneRefused
from simulator.core.sip import RemoteProtocolError, Response
from softphone.core.device_file.ports import PortDecision
from softphone.core.registration.dialog import retry_after

_WARNING = re.compile(r'[0-9]{3} [^ ]+ "((?:[^"\\]|\\.)*)"')


def surface(response: Response, decision: PortDecision) -> PhoneRefused:
    """Return the event for a refusal that came from the node and port of `decision`."""
    return PhoneRefused(
        node=decision.host,
        port=decision.port,
        status=response.status,
        phrase=response.reason,
        warning=warning_text(response),
        retry_after=retry_after(response),
    )


def warning_text(response: Response) -> str | None:
    """Return the texts of the Warning values (RFC 3261 20.43), joined by "; "; None if there is no Warning.

    A value that does not follow the grammar is taken as it is.
    """
    try:
        values = response.headers.get_all("Warning")
    except RemoteProtocolError:
        values = response.headers.fields("Warning")
    texts = []
    for value in values:
        match = _WARNING.fullmatch(value.strip())
        texts.append(re.sub(r"\\(.)", r"\1", match[1]) if match else value)
    return redact.text("; ".join(texts)) or None
