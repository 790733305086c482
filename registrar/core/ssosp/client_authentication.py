"""Who calls the token endpoint: client id and secret by Basic or in the body, never both (RFC 6749 2.3.1)."""

from __future__ import annotations

from registrar.core.ssosp.clients import Clients, OAuthClient
from registrar.core.ssosp.forms import Parameters, unescape
from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal
from registrar.core.tomcat import Basic, read_authorization
from simulator.core.http import HttpRequest


def authenticate(request: HttpRequest, form: Parameters, clients: Clients) -> OAuthClient:
    """The client, proven if it has a secret. Raises OAuthRefusal."""
    offered = read_authorization(request)
    if offered is None:
        client_id, secret = form.get("client_id"), form.get("client_secret")
    elif not isinstance(offered, Basic):
        raise OAuthRefusal(OAuthProblem.CLIENT_CREDENTIALS_MALFORMED, "Authorization is not usable Basic")
    elif "client_secret" in dict(form.pairs):
        raise OAuthRefusal(OAuthProblem.CLIENT_AUTHENTICATED_TWICE, "Basic and client_secret at once")
    else:
        client_id, secret = _decoded(offered.user), _decoded(offered.password) or None
        if form.get("client_id") not in (None, client_id):
            raise OAuthRefusal(OAuthProblem.CLIENT_CONTRADICTED, "Basic and client_id name different clients")
    if not client_id:
        raise OAuthRefusal(OAuthProblem.CLIENT_ABSENT, "neither Basic credentials nor client_id")
    client = clients.get(client_id)
    if client is None:
        raise OAuthRefusal(OAuthProblem.CLIENT_UNKNOWN, "no such client")
    if client.secret is None and secret is None:
        return client
    if secret is None:
        raise OAuthRefusal(
            OAuthProblem.CLIENT_SECRET_ABSENT, "the client did not send its secret", client=client.id
        )
    if not client.has_secret(secret):
        raise OAuthRefusal(OAuthProblem.CLIENT_SECRET_WRONG, "the client sent another secret", client=client.id)
    return client


def _decoded(text: str) -> str:
    """Both halves of the Basic credentials are form-encoded first (RFC 6749 2.3.1)."""
    try:
        return unescape(text.encode("utf-8", "surrogatepass"))
    except OAuthRefusal:
        raise OAuthRefusal(
            OAuthProblem.CLIENT_CREDENTIALS_MALFORMED, "the Basic credentials are not form-encoded UTF-8"
        ) from None
