"""The authorization server's tokens, and the keys that sign them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from simulator.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthGranted(Event):
    """The authorization server granted a code, token or session. Tokens appear as their reference and id
    only.
    """

    kind: ClassVar[str] = "oauth:granted"
    what: Literal["code", "tokens", "access", "opaque"]
    """A code; access and refresh token; a refreshed access token; a node-local token of the implicit flow."""
    user: str
    client: str
    token: str | None = None
    """Reference of the access token (`sha256:` + 12 hex digits)."""
    tid: str | None = None
    refresh_tid: str | None = None
    renewed: bool = False
    """The refresh token was renewed too."""
    expires_in: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthRefused(Event):
    """The authorization server refused; `reason` is exact, `error` is what the wire says."""

    kind: ClassVar[str] = "oauth:refused"
    endpoint: str
    reason: str
    error: str
    status: int
    user: str | None = None
    """Only if the cluster knows such a user: the field may hold anything a person typed."""
    client: str | None = None
    detail: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthRevoked(Event):
    """Refresh tokens were revoked."""

    kind: ClassVar[str] = "oauth:revoked"
    why: str
    count: int
    user: str | None = None
    """None: of every user."""
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthFlushed(Event):
    """The nightly clean-up removed expired rows of refreshtokendetails."""

    kind: ClassVar[str] = "oauth:flushed"
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysLoaded(Event):
    """A consumer of the token keys read them; the hashes are what `show key authz` prints."""

    kind: ClassVar[str] = "keys:loaded"
    consumer: str
    signing: str
    encryption: str
    changed: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysNotLoaded(Event):
    """A consumer could not read the keys and keeps those it has."""

    kind: ClassVar[str] = "keys:not_loaded"
    consumer: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysOffered(Event):
    """The key server answered another server; no event holds the keys themselves."""

    kind: ClassVar[str] = "keys:offered"
    status: int
    source: str = ""
    detail: str = ""
