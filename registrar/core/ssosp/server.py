"""The SSOSP web application of one node: which endpoint has which path, and the state that is the node's own.

Two endpoints are here, what a client may ask before it signs in: `singleSignOn`, and RFC 8414 metadata where
that is wanted.
"""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from registrar.core.ssosp.administration import REVOKE, RevokeEndpoint
from registrar.core.ssosp.authorize import AUTHORIZE, AuthorizeEndpoint
from registrar.core.ssosp.grants import AuthorizationCodes, OpaqueTokens
from registrar.core.ssosp.issuing import SCOPE, Issuer
from registrar.core.ssosp.parameters import EnterpriseParameters, Settings
from registrar.core.ssosp.signon import SignOn
from registrar.core.ssosp.token_endpoint import TokenEndpoint
from registrar.core.tomcat.http import error_page, json_response, method_not_allowed, without_body, xml_response
from simulator.core.entropy import Entropy
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant

SINGLE_SIGN_ON = "/ssosp/ws/public/singleSignOn"
"""[observed]"""
METADATA = "/.well-known/oauth-authorization-server"


def single_sign_on(parameters: EnterpriseParameters, base: str) -> HttpResponse:
    """Render the answer of `singleSignOn`: Response > SingleSignOn > Status@enabled [observed]; all other
    elements are assumed.

    Written without white space: published scripts take every child of SingleSignOn for an element.
    """
    root = etree.Element("SSOResult", version="1.0")
    response = etree.SubElement(root, "Response")
    single = etree.SubElement(response, "SingleSignOn")
    etree.SubElement(single, "Status", enabled=_flag(parameters.sso))
    etree.SubElement(single, "Token", enabled="true")
    etree.SubElement(single, "Uri").text = base + AUTHORIZE
    oauth = etree.SubElement(response, "OAuth")
    etree.SubElement(oauth, "RefreshLoginFlow", enabled=_flag(parameters.refresh_login_flow))
    return xml_response(root, private=False)


def metadata(parameters: EnterpriseParameters, settings: Settings, base: str) -> HttpResponse:
    """Render authorization server metadata (RFC 8414 2).

    UCM publishes none: this is for clients that want to find the endpoints themselves.
    """
    flow = parameters.refresh_login_flow
    document: dict[str, object] = {
        "issuer": base,
        "authorization_endpoint": base + AUTHORIZE,
        "response_types_supported": ["code", "token"] if flow else ["token"],
        "response_modes_supported": ["query", "fragment"],
        "grant_types_supported": [*(["authorization_code", "refresh_token"] if flow else []), "implicit"],
        "scopes_supported": [SCOPE],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    }
    if flow and settings.token_paths:
        document["token_endpoint"] = base + settings.token_paths[0]
    return json_response(document)


def _flag(value: bool) -> str:
    return "true" if value else "false"


Endpoint = Callable[[HttpRequest, Instant], HttpResponse]


class AuthorizationServer:
    """An HttpService for everything below /ssosp. Total: any request gets a response, none raises."""

    def __init__(
        self,
        signon: SignOn,
        *,
        base: Callable[[], str],
        entropy: Entropy,
        journal: Journal,
        settings: Settings | None = None,
    ) -> None:
        """`base` returns the node's own address, `https://host:port`, each time it is written.

        `entropy` makes codes and opaque tokens: who knows the seed of a seeded one can guess them.
        """
        self._signon = signon
        self._base = base
        self._settings = settings = settings or Settings()
        self._codes = AuthorizationCodes(settings.code_lifetime)
        self.opaque_tokens = OpaqueTokens()
        """Of this node alone: what other nodes must ask it for."""
        issuer = Issuer(signon, settings, entropy=entropy.child("tokens"), journal=journal)
        authorize = AuthorizeEndpoint(
            signon,
            settings,
            issuer,
            self._codes,
            self.opaque_tokens,
            entropy=entropy.child("codes"),
            journal=journal,
        )
        token = TokenEndpoint(signon, issuer, self._codes, journal=journal)
        self._endpoints: dict[str, tuple[tuple[str, ...], Endpoint]] = {
            SINGLE_SIGN_ON: (("GET", "HEAD"), self._single_sign_on),
            AUTHORIZE: (("GET", "HEAD", "POST"), authorize.handle),
            REVOKE: (("GET",), RevokeEndpoint(signon, journal=journal).handle),
            **dict.fromkeys(settings.token_paths, (("POST",), token.handle)),
        }
        if settings.metadata:
            self._endpoints[METADATA] = (("GET", "HEAD"), self._metadata)

    @property
    def settings(self) -> Settings:
        """How it answers where UCM's behaviour is not known."""
        return self._settings

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths to route here."""
        return tuple(self._endpoints)

    def user_of_code(self, code: str) -> str | None:
        """Return whose code this is, used or not; None: nobody's."""
        return self._codes.user_of(code)

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        """Answer one request, and do what time has brought before."""
        self._signon.pass_time(now)
        self._codes.sweep(now)
        methods, endpoint = self._endpoints.get(request.path, ((), None))
        if endpoint is None:
            return error_page(404)
        if request.method not in methods:
            return method_not_allowed(*methods)
        response = endpoint(request, now)
        return without_body(response) if request.method == "HEAD" else response

    def restart(self) -> None:
        """Forget codes and opaque tokens: Cisco Tomcat restarted. Refresh tokens are in the database."""
        self._codes.clear()
        self.opaque_tokens.clear()

    def _single_sign_on(self, _request: HttpRequest, _now: Instant) -> HttpResponse:
        return single_sign_on(self._signon.parameters, self._base())

    def _metadata(self, _request: HttpRequest, _now: Instant) -> HttpResponse:
        return metadata(self._signon.parameters, self._settings, self._base())
