"""SIP messages on the wire, and bytes that are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simulator.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SipMessageSeen(Event):
    """A SIP message, with every credential replaced by a reference."""

    start_line: str
    method: str
    """The CSeq's method: of a response, the method it answers."""
    status: int | None = None
    call_id: str = ""
    cseq: int = 0
    text: str = ""
    """The whole message, bearer credentials replaced by references."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SipSent(SipMessageSeen):
    """An actor sent a SIP message."""

    kind: ClassVar[str] = "sip:sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class SipReceived(SipMessageSeen):
    """An actor received a SIP message."""

    kind: ClassVar[str] = "sip:received"


@dataclass(frozen=True, slots=True, kw_only=True)
class SipMalformed(Event):
    """An actor received bytes that are no SIP message, or one that breaks a rule: `detail` says what and
    where.
    """

    kind: ClassVar[str] = "sip:malformed"
    detail: str
    status: int | None = None
