"""The client's sign-in: from a name to a device and its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simulator.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInStateChanged(Event):
    """A sign-in went from one state to another."""

    kind: ClassVar[str] = "signin:state_changed"
    old: str
    new: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInStepAnswered(Event):
    """A step of the sign-in was answered. `where` has no query, which may hold a code."""

    kind: ClassVar[str] = "signin:answered"
    step: str
    where: str
    """Host, port and path; for SRV records the name."""
    status: int | None
    """Of HTTP; None: no HTTP answer."""
    problem: str = ""
    """Empty: as it should be; else E_..."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSignedIn(Event):
    """A user is signed in: the phone takes over with this device and file."""

    kind: ClassVar[str] = "signin:signed_in"
    user: str
    device: str
    config_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRenewed(Event):
    """The client got a new access token with its refresh token."""

    kind: ClassVar[str] = "signin:renewed"
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed(Event):
    """A sign-in failed: `code` is a typed error such as E_SESSION_EXPIRED; temporary failures are tried
    again.
    """

    kind: ClassVar[str] = "signin:failed"
    code: str
    detail: str
