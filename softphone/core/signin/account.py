"""What a person types when Jabber starts, and what the product brings along: client id, redirect URI, paths."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from simulator.core.actor.flow import Address

_DOMAIN = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_-]{1,63})*")

CLIENT_ID = "C" + "0" * 63 + "1"
"""Of the lab's Jabber unless the account says otherwise: the published shape, C and 64 hex digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JabberAccount:
    """One person's account, and the identity of the product."""

    domain: str
    """Where the SRV records are asked for, e.g. lab.example."""
    user: str
    password: str = field(repr=False)
    name_servers: tuple[Address, ...] = ()
    """Asked in order."""
    device: str | None = None
    """The device to use; None: the user's first CSF device, else the first of all."""
    client_id: str = CLIENT_ID
    client_secret: str | None = field(default=None, repr=False)
    redirect_uri: str = "http://127.0.0.1/callback"
    scope: str = "UnifiedCommunications:readwrite"
    token_path: str = "/ssosp/oauth/token"  # noqa: S105
    """[assumed: the real path is not published]"""

    def __post_init__(self) -> None:
        if not _DOMAIN.fullmatch(self.domain):
            raise ValueError(f"{self.domain!r} is not a domain")
        if not self.user or any(ord(character) < 33 for character in self.user) or "/" in self.user:
            raise ValueError("a user id has no spaces and no '/'")  # documented: UDS does not support it
