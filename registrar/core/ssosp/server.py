"""The SSOSP web application of one node: which path is whose, and the state that is the node's own."""

from __future__ import annotations

from collections.abc import Callable

from registrar.core.ssosp.authorize import AUTHORIZE, AuthorizeEndpoint
from registrar.core.ssosp.codes import AuthorizationCodes
from registrar.core.ssosp.issuing import Issuer
from registrar.core.ssosp.opaque import OpaqueTokens
from registrar.core.ssosp.parameters import Settings
from registrar.core.ssosp.revocation import REVOKE, RevokeEndpoint
from registrar.core.ssosp.signon import SignOn
from registrar.core.ssosp.status import METADATA, SINGLE_SIGN_ON, metadata, single_sign_on
from registrar.core.ssosp.token_endpoint import TokenEndpoint
from registrar.core.tomcat.http import error_page, method_not_allowed, without_body
from simulator.core.entropy import Entropy
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant

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
        """`base` is the node's own address, `https://host:port`, asked anew each time it is written.

        `entropy` makes codes and opaque tokens: with a seeded one whoever knows the seed can guess them.
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
        return self._settings

    @property
    def paths(self) -> tuple[str, ...]:
        """What to route here."""
        return tuple(self._endpoints)

    def user_of_code(self, code: str) -> str | None:
        """Whose code this is, used or not; None: nobody's."""
        return self._codes.user_of(code)

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
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
        """Cisco Tomcat restarted: codes and opaque tokens are gone, refresh tokens are in the database."""
        self._codes.clear()
        self.opaque_tokens.clear()

    def _single_sign_on(self, _request: HttpRequest, _now: Instant) -> HttpResponse:
        return single_sign_on(self._signon.parameters, self._base())

    def _metadata(self, _request: HttpRequest, _now: Instant) -> HttpResponse:
        return metadata(self._signon.parameters, self._settings, self._base())
