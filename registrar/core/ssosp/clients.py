"""OAuth clients: the products that may ask for tokens, with their pre-shared secrets and redirect URIs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Literal

from registrar.core.ssosp.redirects import redirect_problem
from registrar.core.tokens.claims import DEFAULT_CLIENT_ID

Flow = Literal["code", "refresh", "implicit"]
PkceRule = Literal["off", "optional", "required"]
FLOWS: frozenset[Flow] = frozenset({"code", "refresh", "implicit"})
DEFAULT_REDIRECT_URI = "ciscojabber://auth-result"
"""A private-use scheme as on mobile devices (RFC 8252 7.1). [assumed]"""


class ClientError(ValueError):
    """A client that cannot be registered; the text names it and the rule. Never shows its secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """Ids have the published shape, C and 64 hex digits; UCM's own ids and secrets belong to its products."""

    id: str = DEFAULT_CLIENT_ID
    secret: str | None = field(default=None, repr=False)
    """None: a public client, known by its id alone."""
    name: str = ""
    redirect_uris: tuple[str, ...] = (DEFAULT_REDIRECT_URI,)
    flows: frozenset[Flow] = FLOWS
    pkce: PkceRule = "optional"
    """off: the parameters are not known, as before UCM 12.5(1)SU4 [documented]."""
    webex: bool = False
    """Auto Renew Refresh Token counts for it [documented: Webex clients only]."""

    def __post_init__(self) -> None:
        if not self.id or not all(33 <= ord(c) <= 126 for c in self.id):
            raise ClientError(f"client id {self.id!r}: printable ASCII without spaces")
        if self.secret == "":
            raise ClientError(f"client {self.id}: the secret is empty; None makes a public client")
        for uri in self.redirect_uris:
            problem = redirect_problem(uri)
            if problem:
                raise ClientError(f"client {self.id}: redirect URI {uri!r} {problem}")

    def has_secret(self, secret: str) -> bool:
        return self.secret is not None and compare_digest(_bytes(secret), _bytes(self.secret))


class Clients:
    def __init__(self, clients: Iterable[OAuthClient] = ()) -> None:
        self._clients: dict[str, OAuthClient] = {}
        for client in clients:
            self.put(client)

    def __iter__(self) -> Iterator[OAuthClient]:
        return iter(tuple(self._clients.values()))

    def get(self, client_id: str) -> OAuthClient | None:
        return self._clients.get(client_id)

    def put(self, client: OAuthClient) -> None:
        """Add, or replace by id."""
        self._clients[client.id] = client


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
