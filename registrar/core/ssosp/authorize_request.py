"""An authorization request, judged before anybody signs in (RFC 6749 4.1.1, 4.2.1, RFC 7636 4.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from registrar.core.ssosp.clients import Flow, OAuthClient, redirect_allowed
from registrar.core.ssosp.forms import Parameters
from registrar.core.ssosp.grants import read_challenge
from registrar.core.ssosp.issuing import SCOPE
from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal
from registrar.core.ssosp.signon import SignOn

ResponseType = Literal["code", "token"]
MAX_STATE = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectTarget:
    """Where the answer goes: a redirect URI that is listed for the client."""

    redirect_uri: str
    state: str | None
    fragment: bool
    """The implicit flow answers in the fragment (RFC 6749 4.2.2)."""

    def location(self, pairs: tuple[tuple[str, str], ...]) -> str:
        """Return the redirect URI with `pairs` and the state; its own query stays (RFC 6749 3.1.2)."""
        if self.state is not None:
            pairs = (*pairs, ("state", self.state))
        text = "&".join(f"{name}={quote(value, safe='-._~:')}" for name, value in pairs)
        if self.fragment:
            return f"{self.redirect_uri}#{text}"
        return f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeRequest:
    """An authorization request that may be shown to the user."""

    client: OAuthClient
    response_type: ResponseType
    target: RedirectTarget
    challenge: str | None = field(repr=False)
    """S256; None: no PKCE."""

    def fields(self) -> tuple[tuple[str, str], ...]:
        """Return the request's parameters, for the hidden fields of the login form."""
        pairs = [
            ("response_type", self.response_type),
            ("client_id", self.client.id),
            ("redirect_uri", self.target.redirect_uri),
            ("scope", SCOPE),
        ]
        if self.target.state is not None:
            pairs.append(("state", self.target.state))
        if self.challenge is not None:
            pairs += [("code_challenge", self.challenge), ("code_challenge_method", "S256")]
        return tuple(pairs)


def read_client(parameters: Parameters, signon: SignOn) -> tuple[OAuthClient, RedirectTarget]:
    """Read who asks and where the answer may go. An OAuthRefusal from here must not be sent by a redirect."""
    if parameters.repeated & {"client_id", "redirect_uri"}:
        parameters.refuse_repeated()
    client = signon.clients.get(parameters.required("client_id"))
    if client is None:
        # 401 invalid_client is the token endpoint's; here it is a malformed request.
        raise OAuthRefusal(OAuthProblem.CLIENT_UNKNOWN, "no such client")
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None:
        raise OAuthRefusal(OAuthProblem.REDIRECT_ABSENT, "redirect_uri is missing", client=client.id)
    if not redirect_allowed(redirect_uri, (*client.redirect_uris, *signon.parameters.redirect_uris)):
        raise OAuthRefusal(OAuthProblem.REDIRECT_UNLISTED, "redirect_uri is not listed", client=client.id)
    state = None if "state" in parameters.repeated else parameters.get("state")
    return client, RedirectTarget(
        redirect_uri=redirect_uri,
        state=state if _good_state(state) else None,
        fragment=parameters.get("response_type") == "token",
    )


def read_request(
    parameters: Parameters, client: OAuthClient, target: RedirectTarget, signon: SignOn
) -> AuthorizeRequest:
    """Read the rest of the request. An OAuthRefusal from here goes back to the client by a redirect."""
    parameters.refuse_repeated()
    if not _good_state(parameters.get("state")):
        raise OAuthRefusal(OAuthProblem.STATE_MALFORMED, f"state is not 1 to {MAX_STATE} printable characters")
    response_type = _response_type(parameters.required("response_type"), client, signon)
    scope = parameters.get("scope")
    if scope is not None and set(scope.split(" ")) != {SCOPE}:
        raise OAuthRefusal(OAuthProblem.SCOPE_UNKNOWN, "the scope is not known")
    challenge = None
    if response_type == "code":
        challenge = read_challenge(
            parameters.get("code_challenge"), parameters.get("code_challenge_method"), client.pkce
        )
    return AuthorizeRequest(client=client, response_type=response_type, target=target, challenge=challenge)


def _response_type(text: str, client: OAuthClient, signon: SignOn) -> ResponseType:
    flow: Flow
    response_type: ResponseType
    match text:
        case "code":
            if not signon.parameters.refresh_login_flow:
                raise OAuthRefusal(
                    OAuthProblem.RESPONSE_TYPE_DISABLED, "OAuth with Refresh Login Flow is disabled"
                )
            flow, response_type = "code", "code"
        case "token":
            flow, response_type = "implicit", "token"
        case _:
            raise OAuthRefusal(OAuthProblem.RESPONSE_TYPE_UNSUPPORTED, "response_type is not code or token")
    if flow not in client.flows:
        raise OAuthRefusal(OAuthProblem.FLOW_NOT_ALLOWED, f"the {flow} flow is not this client's")
    return response_type


def _good_state(state: str | None) -> bool:
    """RFC 6749 A.5: printable ASCII."""
    return state is None or (len(state) <= MAX_STATE and all(32 <= ord(c) <= 126 for c in state))
