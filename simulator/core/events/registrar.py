"""What the registrar judged, and what became of a binding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from simulator.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerJudged(Event):
    """The registrar compared a certificate's names on 5091 with the Expressway-C table."""

    kind: ClassVar[str] = "trust:judged"
    trusted: bool
    offered: tuple[str, ...]
    matched: str | None = None
    table: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterJudged(Event):
    """The registrar decided about one REGISTER; the fields are what it knew then, None or empty where it did
    not get that far.
    """

    check: str = ""
    """The check that objected (its name in `registrar.core.register.checks`); empty: none did."""
    port_role: str = ""
    """sip, sips, oauth or mra."""
    oauth_mode: bool | None = None
    """SIP OAuth mode as the service loaded it."""
    profile: str = ""
    profile_mode: str = ""
    """Device security mode: NON_SECURE, AUTHENTICATED, ENCRYPTED."""
    profile_oauth: bool | None = None
    owners: tuple[str, ...] = ()
    """Owner and associated users of the device."""
    lines: tuple[str, ...] = ()
    """Directory numbers of the device."""
    dn: str = ""
    """Asked for in To."""
    asked_expires: int | None = None
    token: str | None = None
    """Reference of the token that was accepted."""
    token_subject: str = ""
    token_scopes: tuple[str, ...] = ()
    token_age: int | None = None
    """Seconds since iat."""
    token_left: int | None = None
    """Seconds until exp."""
    token_problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarChallenged(RegisterJudged):
    """The registrar asked for a token."""

    kind: ClassVar[str] = "registrar:challenged"
    device: str | None
    aor: str
    status: int
    reason: str
    """Why: token_absent, or the token's problem. A challenge for an absent token is no failure."""
    detail: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarAccepted(RegisterJudged):
    """The registrar answered 200."""

    kind: ClassVar[str] = "registrar:accepted"
    device: str
    aor: str
    what: Literal["registered", "refreshed", "unregistered", "kept_alive", "queried"]
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarRejected(RegisterJudged):
    """The registrar refused; `reason` is a row of its table of replies."""

    kind: ClassVar[str] = "registrar:rejected"
    device: str | None
    aor: str
    reason: str
    detail: str
    status: int
    """0: the connection was closed without an answer."""
    cause: int
    """RIS / CISCO-CCM-MIB failure cause."""
    mark: str
    """Evidence for this answer: documented, observed or assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingChanged(Event):
    """A registration was added, refreshed, moved or removed."""

    kind: ClassVar[str] = "binding:changed"
    what: Literal["added", "refreshed", "removed", "expired", "replaced", "lost"]
    device: str
    aor: str
    contact: str
    expires: int = 0
    cause: int = 0
    """Why it ended: RIS / CISCO-CCM-MIB unregistration cause; 0 while it lives."""
