"""The token endpoint: a code or a refresh token becomes an access token (RFC 6749 4.1.3, 5, 6)."""

from __future__ import annotations

from registrar.core.ssosp.clients import Flow, OAuthClient, authenticate
from registrar.core.ssosp.forms import Parameters, read_form
from registrar.core.ssosp.grants import AuthorizationCodes, check_verifier
from registrar.core.ssosp.issuing import SCOPE, IssuedTokens, Issuer
from registrar.core.ssosp.problems import DESCRIPTIONS, OAuthProblem, OAuthRefusal
from registrar.core.ssosp.refresh_tokens import RefreshState, RefreshTokenRow, index_of, read_refresh
from registrar.core.ssosp.signon import SignOn
from registrar.core.tomcat.http import BASIC_CHALLENGE, json_response
from simulator.core.events import OAuthRefused, OAuthRevoked
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant

_NEVER_IN_QUERY = frozenset(
    {
        "grant_type",
        "code",
        "code_verifier",
        "refresh_token",
        "client_id",
        "client_secret",
        "redirect_uri",
        "scope",
    }
)


class TokenEndpoint:
    """Gives access tokens to clients, for a code or a refresh token."""

    def __init__(self, signon: SignOn, issuer: Issuer, codes: AuthorizationCodes, *, journal: Journal) -> None:
        self._signon = signon
        self._issuer = issuer
        self._codes = codes
        self._journal = journal

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        """Answer one POST: the tokens as JSON, or an error of RFC 6749 5.2."""
        client: OAuthClient | None = None
        try:
            form = self._form(request)
            client = authenticate(request, form, self._signon.clients)
            return json_response(self._grant(form, client, now).document())
        except OAuthRefusal as refusal:
            return self._refused(request.path, refusal, client)

    def _form(self, request: HttpRequest) -> Parameters:
        if any(name in _NEVER_IN_QUERY for name, _ in request.query):
            # RFC 6749 2.3.1: URIs end up in logs.
            raise OAuthRefusal(OAuthProblem.PARAMETER_IN_QUERY, "parameters belong into the body")
        form = Parameters(read_form(request))
        form.refuse_repeated()
        form.required("grant_type")
        return form

    def _grant(self, form: Parameters, client: OAuthClient, now: Instant) -> IssuedTokens:
        match form.required("grant_type"):
            case "authorization_code":
                self._check_flow(client, "code")
                return self._by_code(form, client, now)
            case "refresh_token":
                self._check_flow(client, "refresh")
                return self._by_refresh_token(form, client, now)
            case _:
                raise OAuthRefusal(
                    OAuthProblem.GRANT_TYPE_UNSUPPORTED, "grant_type is not authorization_code or refresh_token"
                )

    def _check_flow(self, client: OAuthClient, flow: Flow) -> None:
        if not self._signon.parameters.refresh_login_flow:
            raise OAuthRefusal(OAuthProblem.GRANT_TYPE_DISABLED, "OAuth with Refresh Login Flow is disabled")
        if flow not in client.flows:
            raise OAuthRefusal(OAuthProblem.FLOW_NOT_ALLOWED, f"the {flow} flow is not this client's")

    # --- authorization_code -----------------------------------------------------------------------------------

    def _by_code(self, form: Parameters, client: OAuthClient, now: Instant) -> IssuedTokens:
        code, redirect_uri = form.required("code"), form.required("redirect_uri")
        try:
            grant = self._codes.look(code, now)
        except OAuthRefusal as refusal:
            if refusal.problem is OAuthProblem.CODE_REUSED:
                self._end_what_came_from(code)
            raise
        if grant.client_id != client.id:
            raise OAuthRefusal(OAuthProblem.CODE_OTHER_CLIENT, "the code is another client's", user=grant.user)
        if grant.redirect_uri != redirect_uri:
            raise OAuthRefusal(
                OAuthProblem.CODE_OTHER_REDIRECT, "redirect_uri is not the code's", user=grant.user
            )
        check_verifier(grant.challenge, form.get("code_verifier"))
        self._check_user(grant.user)
        self._check_scope(form)
        issued = self._issuer.pair(grant.user, client, now)
        self._codes.spend(code, issued.refreshtokenindex or "")
        return issued

    def _end_what_came_from(self, code: str) -> None:
        """Somebody has the code who should not: revoke the refresh token it became (RFC 6749 4.1.2)."""
        came = self._codes.came_from(code)
        if came is None:
            return
        grant, index = came
        row = self._signon.refresh_tokens.find(index)
        if row is not None and row.state is RefreshState.ACTIVE:
            self._signon.refresh_tokens.set_state(index, RefreshState.REVOKED)
            self._journal.add(
                OAuthRevoked(why="authorization code reused", count=1, user=grant.user, client=grant.client_id)
            )

    # --- refresh_token ----------------------------------------------------------------------------------------

    def _by_refresh_token(self, form: Parameters, client: OAuthClient, now: Instant) -> IssuedTokens:
        facts = read_refresh(form.required("refresh_token"), self._signon.keys().public)
        if facts.client_id != client.id:
            raise OAuthRefusal(OAuthProblem.REFRESH_OTHER_CLIENT, "the refresh token is another client's")
        row = self._row(facts.tid, client, facts.expires_at, now)
        self._check_user(row.userid)
        self._check_scope(form)
        return self._issuer.refreshed(row, facts.tid, client, now)

    def _row(self, tid: str, client: OAuthClient, expires_at: int, now: Instant) -> RefreshTokenRow:
        index = index_of(tid)
        row = self._signon.refresh_tokens.find(index)
        if row is None:
            raise OAuthRefusal(OAuthProblem.REFRESH_UNKNOWN, "no such row in refreshtokendetails")
        if row.clientid != client.id:
            raise OAuthRefusal(
                OAuthProblem.REFRESH_OTHER_CLIENT, "the row names another client", user=row.userid
            )
        if row.state is RefreshState.REVOKED:
            raise OAuthRefusal(OAuthProblem.REFRESH_REVOKED, "the refresh token was revoked", user=row.userid)
        if row.state is RefreshState.EXPIRED or now >= min(expires_at, row.validity):
            self._signon.refresh_tokens.set_state(index, RefreshState.EXPIRED)
            raise OAuthRefusal(OAuthProblem.REFRESH_EXPIRED, "the refresh token has expired", user=row.userid)
        return row

    # --- both -------------------------------------------------------------------------------------------------

    def _check_user(self, user_id: str) -> None:
        user = self._signon.directory.user(user_id)
        if user is None:
            raise OAuthRefusal(OAuthProblem.USER_UNKNOWN, "the user was deleted", user=user_id)
        if not user.active:
            raise OAuthRefusal(OAuthProblem.USER_INACTIVE, "the user is inactive", user=user_id)

    def _check_scope(self, form: Parameters) -> None:
        scope = form.get("scope")
        if scope is not None and set(scope.split(" ")) != {SCOPE}:
            raise OAuthRefusal(OAuthProblem.SCOPE_WIDER, "the scope is wider than what was granted")

    def _refused(self, path: str, refusal: OAuthRefusal, client: OAuthClient | None) -> HttpResponse:
        rule = refusal.rule
        self._journal.add(
            OAuthRefused(
                endpoint=path,
                reason=refusal.problem.value,
                error=rule.error,
                status=rule.status,
                user=refusal.user,
                client=client.id if client else refusal.client,
                detail=refusal.detail,
                mark=rule.mark,
            )
        )
        document = {"error": rule.error, "error_description": DESCRIPTIONS[rule.error]}
        # RFC 6749 5.2 and RFC 9110 15.5.2: a 401 names the scheme that would do.
        return json_response(
            document, status=rule.status, headers=(BASIC_CHALLENGE,) if rule.status == 401 else ()
        )
