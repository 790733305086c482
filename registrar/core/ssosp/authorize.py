"""The authorize endpoint: shows the login form, takes it back, sends the browser on with a code or token.

The form is for local users: plain HTML, no script, nothing echoed but the request it belongs to.
"""

from __future__ import annotations

from html import escape

from registrar.core.ssosp.authorize_request import AuthorizeRequest, RedirectTarget, read_client, read_request
from registrar.core.ssosp.forms import Parameters, read_form
from registrar.core.ssosp.grants import AuthorizationCodes, CodeGrant, OpaqueTokens
from registrar.core.ssosp.issuing import SCOPE, Issuer
from registrar.core.ssosp.parameters import Settings
from registrar.core.ssosp.problems import DESCRIPTIONS, OAuthProblem, OAuthRefusal
from registrar.core.ssosp.signon import SignOn
from registrar.core.tomcat.http import NO_STORE, json_response
from simulator.core.entropy import Entropy
from simulator.core.events import OAuthGranted, OAuthRefused
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant

FAILED = "The user name or the password is wrong."
"""One text for every cause: unknown user, wrong password, inactive user."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in - ucmsim</title>
<style>
body{{font:16px sans-serif;max-width:24em;margin:4em auto}}
label,input{{display:block;margin:.4em 0}}
</style>
</head><body><h1>Sign in</h1>{error}
<form method="post" action="{action}" autocomplete="off">
{hidden}
<label>User name <input name="user" autofocus required></label>
<label>Password <input name="password" type="password" required></label>
<button type="submit">Sign in</button>
</form></body></html>
"""


def login_page(request: AuthorizeRequest, *, action: str, failed: bool = False) -> HttpResponse:
    """Render the login form. It posts back to `action` with the request in hidden fields."""
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in request.fields()
    )
    error = f'<p role="alert">{escape(FAILED)}</p>' if failed else ""
    body = _PAGE.format(error=error, action=escape(action), hidden=hidden)
    return HttpResponse(
        status=200,
        headers=(
            ("Content-Type", "text/html;charset=UTF-8"),
            *NO_STORE,
            ("X-Frame-Options", "DENY"),
            ("Content-Security-Policy", _POLICY),
            ("Referrer-Policy", "no-referrer"),
        ),
        body=body.encode(),
    )


AUTHORIZE = "/ssosp/oauth/authorize"
"""[observed]"""

_OBSERVED_TEXT = (
    '{"error":INVALID_REQUEST,"error_description":"The request is missing a required parameter, includes an '
    'invalid parameter value, includes a parameter more than once, or is otherwise malformed."}'
)
"""The published answer, which is no JSON: RFC 6749 4.1.2.1's own definition [observed: oauth-tokens 2]."""


class AuthorizeEndpoint:
    """Shows the login form to a browser, and answers the client through it."""

    def __init__(
        self,
        signon: SignOn,
        settings: Settings,
        issuer: Issuer,
        codes: AuthorizationCodes,
        opaque: OpaqueTokens,
        *,
        entropy: Entropy,
        journal: Journal,
    ) -> None:
        self._signon = signon
        self._settings = settings
        self._issuer = issuer
        self._codes = codes
        self._opaque = opaque
        self._entropy = entropy
        self._journal = journal

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        """Answer one request: GET and HEAD show the form, POST takes it.

        A password in a query is never looked at.
        """
        try:
            posted = read_form(request) if request.method == "POST" else ()
            parameters = Parameters((*request.query, *posted))
            client, target = read_client(parameters, self._signon)
        except OAuthRefusal as refusal:
            return self._error_page(refusal)
        try:
            asked = read_request(parameters, client, target, self._signon)
        except OAuthRefusal as refusal:
            refusal.client = client.id
            return self._error_redirect(target, refusal)
        login = Parameters(posted)
        user, password = login.get("user"), login.get("password")
        if user is None or password is None:
            return login_page(asked, action=AUTHORIZE, failed=bool({"user", "password"} & dict(posted).keys()))
        return self._sign_in(asked, user, password, now)

    def _sign_in(self, asked: AuthorizeRequest, user_id: str, password: str, now: Instant) -> HttpResponse:
        user = self._signon.sign_in(user_id, password)
        if isinstance(user, str):
            problem = OAuthProblem.LOGIN_INACTIVE if user == "inactive" else OAuthProblem.LOGIN_FAILED
            known = self._signon.known_user(user_id)
            detail = "" if known else "no such user"
            self._refused(OAuthRefusal(problem, detail, user=known, client=asked.client.id), status=200)
            return login_page(asked, action=AUTHORIZE, failed=True)
        if asked.response_type == "token":
            return self._give_opaque(asked, user.id, now)
        return self._give_code(asked, user.id, now)

    def _give_code(self, asked: AuthorizeRequest, user: str, now: Instant) -> HttpResponse:
        code = self._entropy.hex(32)
        grant = CodeGrant(
            user=user,
            client_id=asked.client.id,
            redirect_uri=asked.target.redirect_uri,
            challenge=asked.challenge,
        )
        self._codes.add(code, grant, now)
        self._journal.add(
            OAuthGranted(
                what="code", user=user, client=asked.client.id, expires_in=self._settings.code_lifetime
            )
        )
        return _redirect(asked.target.location((("code", code),)))

    def _give_opaque(self, asked: AuthorizeRequest, user: str, now: Instant) -> HttpResponse:
        issued = self._issuer.opaque(user, asked.client, self._opaque, now)
        # The token comes first: published scripts take the first pair of the fragment [observed].
        pairs = (
            ("access_token", issued.access_token),
            ("token_type", "Bearer"),
            ("expires_in", str(issued.expires_in)),
            ("scope", SCOPE),
        )
        return _redirect(asked.target.location(pairs))

    # --- refusals ---------------------------------------------------------------------------------------------

    def _error_page(self, refusal: OAuthRefusal) -> HttpResponse:
        """Client or redirect URI are not to be trusted: nobody is sent anywhere (RFC 6749 4.1.2.1)."""
        status = 413 if refusal.problem is OAuthProblem.BODY_TOO_LARGE else 400
        self._refused(refusal, status=status, error="invalid_request")
        if self._settings.error_body == "ucm":
            headers = (("Content-Type", "application/json;charset=UTF-8"), *NO_STORE)
            return HttpResponse(status=status, headers=headers, body=_OBSERVED_TEXT.encode())
        document = {"error": "invalid_request", "error_description": DESCRIPTIONS["invalid_request"]}
        return json_response(document, status=status)

    def _error_redirect(self, target: RedirectTarget, refusal: OAuthRefusal) -> HttpResponse:
        error = refusal.rule.error
        self._refused(refusal, status=302)
        return _redirect(target.location((("error", error), ("error_description", DESCRIPTIONS[error]))))

    def _refused(self, refusal: OAuthRefusal, *, status: int, error: str | None = None) -> None:
        self._journal.add(
            OAuthRefused(
                endpoint=AUTHORIZE,
                reason=refusal.problem.value,
                error=error or refusal.rule.error,
                status=status,
                user=refusal.user,
                client=refusal.client,
                detail=refusal.detail,
                mark=refusal.rule.mark,
            )
        )


def _redirect(location: str) -> HttpResponse:
    return HttpResponse(
        status=302,
        headers=(("Location", location), *NO_STORE, ("Referrer-Policy", "no-referrer")),
    )
