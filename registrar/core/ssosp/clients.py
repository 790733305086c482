"""OAuth clients: the products that may ask for tokens, their redirect URIs, and how they prove who they are.

A client sends its id and secret to the token endpoint by Basic or in the body, never both (RFC 6749 2.3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Literal
from urllib.parse import urlsplit

from registrar.core.ssosp.forms import Parameters, unescape
from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal
from registrar.core.tokens.claims import DEFAULT_CLIENT_ID
from registrar.core.tomcat.http import Basic, read_authorization
from simulator.core.http.message import HttpRequest

_LOOPBACK = frozenset({"127.0.0.1", "::1"})


def redirect_problem(uri: str) -> str | None:
    """Return why this cannot be a redirect URI (RFC 6749 3.1.2); None: it can."""
    if not uri or not all(33 <= ord(c) <= 126 for c in uri):
        return "must be printable ASCII without spaces"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "is no URI"
    if not parts.scheme:
        return "must be absolute"
    if "#" in uri:
        return "must not have a fragment"
    if parts.scheme in ("javascript", "data", "vbscript"):
        return "must not be code"
    if parts.scheme in ("http", "https") and not parts.hostname:
        return "has no host"
    return None


def redirect_allowed(uri: str, listed: Iterable[str]) -> bool:
    """Is `uri` listed? By exact match (RFC 9700 4.1), but for the port of a loopback address (RFC 8252 7.3)."""
    if redirect_problem(uri):
        return False
    listed = tuple(listed)
    if uri in listed:
        return True
    portless = _loopback_without_port(uri)
    return portless is not None and any(portless == _loopback_without_port(item) for item in listed)


def _loopback_without_port(uri: str) -> tuple[str, str, str] | None:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK or "@" in parts.netloc:
        return None
    return parts.hostname, parts.path, parts.query


Flow = Literal["code", "refresh", "implicit"]
PkceRule = Literal["off", "optional", "required"]
FLOWS: frozenset[Flow] = frozenset({"code", "refresh", "implicit"})
DEFAULT_REDIRECT_URI = "ciscojabber://auth-result"
"""A private-use scheme as on mobile devices (RFC 8252 7.1). [assumed]"""


class ClientError(ValueError):
    """A client that cannot be registered; the text names it and the rule. Never shows its secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """A product that may ask for tokens.

    Ids have the published shape, C and 64 hex digits; UCM's own ids and secrets belong to its products.
    """

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
        """Compare in constant time. A public client has none."""
        return self.secret is not None and compare_digest(_bytes(secret), _bytes(self.secret))


class Clients:
    """The registered clients of a cluster, by id."""

    def __init__(self, clients: Iterable[OAuthClient] = ()) -> None:
        self._clients: dict[str, OAuthClient] = {}
        for client in clients:
            self.put(client)

    def __iter__(self) -> Iterator[OAuthClient]:
        return iter(tuple(self._clients.values()))

    def get(self, client_id: str) -> OAuthClient | None:
        """Return the client; None: there is none of this id."""
        return self._clients.get(client_id)

    def put(self, client: OAuthClient) -> None:
        """Add a client, or replace the one of the same id."""
        self._clients[client.id] = client


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def authenticate(request: HttpRequest, form: Parameters, clients: Clients) -> OAuthClient:
    """Return the client that calls the token endpoint, proven if it has a secret. Raises OAuthRefusal."""
    offered = read_authorization(request)
    if offered is None:
        client_id, secrets = form.get("client_id"), _present(form.get("client_secret"))
    elif not isinstance(offered, Basic):
        raise OAuthRefusal(OAuthProblem.CLIENT_CREDENTIALS_MALFORMED, "Authorization is not usable Basic")
    elif "client_secret" in dict(form.pairs):
        raise OAuthRefusal(OAuthProblem.CLIENT_AUTHENTICATED_TWICE, "Basic and client_secret at once")
    else:
        client_id, secrets = _form_decoded(offered.user), _spellings(offered.password)
        if form.get("client_id") not in (None, client_id):
            raise OAuthRefusal(OAuthProblem.CLIENT_CONTRADICTED, "Basic and client_id name different clients")
    if not client_id:
        raise OAuthRefusal(OAuthProblem.CLIENT_ABSENT, "neither Basic credentials nor client_id")
    client = clients.get(client_id)
    if client is None:
        raise OAuthRefusal(OAuthProblem.CLIENT_UNKNOWN, "no such client")
    if client.secret is None and not secrets:
        return client
    if not secrets:
        raise OAuthRefusal(
            OAuthProblem.CLIENT_SECRET_ABSENT, "the client did not send its secret", client=client.id
        )
    if not any(client.has_secret(secret) for secret in secrets):
        raise OAuthRefusal(OAuthProblem.CLIENT_SECRET_WRONG, "the client sent another secret", client=client.id)
    return client


def _spellings(password: str) -> tuple[str, ...]:
    """The RFC has id and secret form-encoded before Basic; common client libraries send them as they are."""
    return tuple(dict.fromkeys(_present(_form_decoded(password)) + _present(password)))


def _present(secret: str | None) -> tuple[str, ...]:
    return (secret,) if secret else ()


def _form_decoded(text: str) -> str:
    """As it is if it cannot have been encoded."""
    try:
        return unescape(text.encode("utf-8", "surrogatepass"))
    except OAuthRefusal:
        return text
