"""Who calls the token endpoint: client id and secret by Basic or in the body, never both (RFC 6749 2.3.1)."""

from __future__ import annotations

from registrar.core.ssosp.clients import Clients, OAuthClient
from registrar.core.ssosp.forms import Parameters, unescape
from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal
from registrar.core.tomcat.http import Basic, read_authorization
from simulator.core.http.message import HttpRequest


def authenticate(request: HttpRequest, form: Parameters, clients: Clients) -> OAuthClient:
    """The client, proven if it has a secret. Raises OAuthRefusal."""
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
