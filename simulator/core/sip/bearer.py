"""Bearer credentials and challenges in the two dialects: Cisco UCM's and RFC 8898's (sip-wire 3.3).

UCM [observed: S1]: 407 `Proxy-Authenticate: Bearer realm="ccmsipline"` asks for
`Proxy-Authorization: Bearer token="..."`.
RFC8898: 401 `WWW-Authenticate: Bearer realm=, scope=, authz_server=, error=` asks for
`Authorization: Bearer ...`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from simulator.core.sip.auth import AuthValue, parse_auth
from simulator.core.sip.errors import RemoteProtocolError
from simulator.core.sip.grammar import quote
from simulator.core.sip.message import Request, Response

REALM: Final = "ccmsipline"
"""UCM's realm, for digest and bearer alike. [observed: S1, S22]"""

ProblemKind = Literal["token_absent", "bearer_syntax", "multiple_credentials", "realm_mismatch"]


@dataclass(frozen=True, slots=True)
class BearerToken:
    """The token of a request."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BearerProblem:
    """Why a request has no usable token; `detail` holds no part of a credential."""

    kind: ProblemKind
    detail: str


_PREFIX = 'Bearer token="'
_CREDENTIALS = ("proxy-authorization", "authorization")


def parse_bearer(request: Request) -> BearerToken | BearerProblem:
    """Read the one token of a request from Proxy-Authorization or Authorization, in either dialect. Never
    raises.
    """
    headers = request.headers
    proxy, plain = headers.firsts(_CREDENTIALS)
    if (
        proxy is not None
        and plain is None
        and proxy.startswith(_PREFIX)
        and proxy.find('"', 14) == len(proxy) - 1 > 14
        and "\\" not in proxy
        and (not headers.has_repetitions or headers.count("proxy-authorization") == 1)
    ):
        return BearerToken(proxy[14:-1])
    return _parse_slowly(request)


def repeats(request: Request, token: str) -> bool:
    """Tell whether the request's only credentials are `token`, which an earlier request brought, in UCM's form.

    True means that `parse_bearer` would return this token, at the cost of a comparison; False means nothing.
    """
    headers = request.headers
    proxy, plain = headers.firsts(_CREDENTIALS)
    return proxy == f'{_PREFIX}{token}"' and plain is None and not headers.has_repetitions


def _parse_slowly(request: Request) -> BearerToken | BearerProblem:
    found: BearerToken | None = None
    for name in ("Proxy-Authorization", "Authorization"):
        values = request.headers.fields(name)
        if len(values) > 1:
            return BearerProblem("multiple_credentials", f"{len(values)} {name} header fields")
        for value in values:
            result = _token_of(value, name)
            if isinstance(result, BearerProblem):
                return result
            if result is None:
                continue
            if found is not None and found != result:
                return BearerProblem(
                    "multiple_credentials", "Proxy-Authorization and Authorization hold different tokens"
                )
            found = result
    return found or BearerProblem("token_absent", "no bearer credentials")


def _token_of(value: str, name: str) -> BearerToken | BearerProblem | None:
    try:
        auth = parse_auth(value)
    except RemoteProtocolError as error:
        if value[:6].lower() == "bearer":
            return BearerProblem("bearer_syntax", f"{name}: {error.detail}")
        return None
    if not auth.is_scheme("Bearer"):
        return None
    if auth.token68 is not None:
        if auth.token68.lower().rstrip("=") == "token" and auth.token68[-1] == "=":
            return BearerProblem("bearer_syntax", f"{name}: token= without a value")
        return BearerToken(auth.token68)
    return _token_param(auth, name)


def _token_param(auth: AuthValue, name: str) -> BearerToken | BearerProblem:
    tokens = [value for key, value in auth.params if key.lower() == "token"]
    if len(tokens) > 1:
        return BearerProblem("multiple_credentials", f"{name}: {len(tokens)} token parameters")
    realm = auth.param("realm")
    if realm is not None and realm != REALM:
        return BearerProblem("realm_mismatch", f"{name}: the realm is not {REALM}")
    token = auth.param("token")
    if not token:
        return BearerProblem("token_absent", f"{name}: Bearer without a token")
    return BearerToken(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one side challenges and the other answers."""

    name: str
    challenge_status: Literal[401, 407]
    challenge_header: str
    credentials_header: str
    quoted: bool
    """`Bearer token="..."` instead of `Bearer ...`."""

    def challenge(
        self,
        error: str | None = None,
        *,
        realm: str = REALM,
        scope: str | None = None,
        authz_server: str | None = None,
    ) -> tuple[str, str]:
        """Return (header name, value) of a challenge; a parameter that is None is left out."""
        params = [("realm", realm), ("scope", scope), ("authz_server", authz_server), ("error", error)]
        shown = ", ".join(f"{name}={quote(value)}" for name, value in params if value is not None)
        return self.challenge_header, f"Bearer {shown}"

    def credentials(self, token: str) -> tuple[str, str]:
        """Return (header name, value) that carries the token."""
        return self.credentials_header, f"Bearer token={quote(token)}" if self.quoted else f"Bearer {token}"

    def authorize(self, request: Request, token: str) -> Request:
        """Return the request with the token in it, after Contact as Jabber writes it; it replaces an older one.

        [observed: S1, T3] Proxy-Authorization stands between Contact and Supported.
        """
        name, value = self.credentials(token)
        headers = request.headers
        if name in headers:
            headers = headers.with_field(name, value)
        else:
            headers = headers.with_after("Contact", name, value)
        return request.replace(headers=headers)

    def is_challenge(self, response: Response) -> bool:
        """Tell whether the response has this dialect's status and a Bearer challenge in its header field."""
        return response.status == self.challenge_status and bool(self.challenges(response))

    def challenges(self, response: Response) -> tuple[AuthValue, ...]:
        """Return the readable Bearer challenges of a response."""
        found: list[AuthValue] = []
        for value in response.headers.fields(self.challenge_header):
            try:
                auth = parse_auth(value)
            except RemoteProtocolError:
                continue
            if auth.is_scheme("Bearer"):
                found.append(auth)
        return tuple(found)


UCM: Final = Dialect(
    name="ucm",
    challenge_status=407,
    challenge_header="Proxy-Authenticate",
    credentials_header="Proxy-Authorization",
    quoted=True,
)
RFC8898: Final = Dialect(
    name="rfc8898",
    challenge_status=401,
    challenge_header="WWW-Authenticate",
    credentials_header="Authorization",
    quoted=False,
)
