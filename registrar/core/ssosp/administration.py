"""What administrators do over HTTPS 8443: revoke refresh tokens, and fetch the token keys from the publisher.

They are application users with the role Standard AXL API Access. That keys are given over HTTPS with AXL
credentials as JSON is documented, the path is not (oauth-tokens 2, 11 question 4).
"""

from __future__ import annotations

from collections.abc import Callable

from registrar.core.ssosp.forms import Parameters
from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal
from registrar.core.ssosp.signon import SignOn
from registrar.core.tokens import ValidationKeys
from registrar.core.tokens.key_document import render_keys
from registrar.core.tomcat.application_users import AccessRole, Administrators, ApplicationUser
from registrar.core.tomcat.http import (
    BASIC_CHALLENGE,
    NO_STORE,
    Basic,
    error_page,
    json_response,
    method_not_allowed,
    read_authorization,
)
from simulator.core.events import KeysOffered, OAuthRefused
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant


def require_axl(request: HttpRequest, administrators: Administrators) -> ApplicationUser:
    """Return the application user who sends the request.

    Raises OAuthRefusal: no or wrong credentials (401), good ones without the role (403).
    """
    offered = read_authorization(request)
    if not isinstance(offered, Basic):
        detail = "no credentials" if offered is None else "Authorization is not usable Basic"
        raise OAuthRefusal(OAuthProblem.ADMIN_ABSENT, detail)
    admin = administrators.sign_in(offered.user, offered.password)
    if admin is None:
        raise OAuthRefusal(OAuthProblem.ADMIN_UNKNOWN, "no such application user, or another password")
    if AccessRole.AXL not in admin.roles:
        raise OAuthRefusal(
            OAuthProblem.ADMIN_WITHOUT_ROLE, f"the role {AccessRole.AXL.value} is missing", user=admin.id
        )
    return admin


DEFAULT_PATH = "/ssosp/authz/keys"
"""[assumed]"""


class KeyServer:
    """The publisher's key server, an HttpService: gives the token keys to servers with AXL credentials."""

    def __init__(
        self,
        keys: Callable[[], ValidationKeys],
        administrators: Administrators,
        *,
        journal: Journal,
        path: str = DEFAULT_PATH,
    ) -> None:
        self._keys = keys
        self._administrators = administrators
        self._journal = journal
        self.path = path

    def handle(self, request: HttpRequest, _now: Instant) -> HttpResponse:
        """Answer one request: the keys as JSON, or an error page."""
        if request.path != self.path:
            return error_page(404)
        if request.method != "GET":
            return method_not_allowed("GET")
        try:
            admin = require_axl(request, self._administrators)
        except OAuthRefusal as refusal:
            status = refusal.rule.status
            self._journal.add(KeysOffered(status=status, source=request.source, detail=refusal.problem.value))
            return error_page(status, "", *((BASIC_CHALLENGE,) if status == 401 else ()))
        self._journal.add(KeysOffered(status=200, source=request.source, detail=f"to {admin.id}"))
        headers = (("Content-Type", "application/json;charset=UTF-8"), *NO_STORE)
        return HttpResponse(status=200, headers=headers, body=render_keys(self._keys()))


REVOKE = "/ssosp/token/revoke"
"""[documented]"""


class RevokeEndpoint:
    """`GET /ssosp/token/revoke?user_id=&client_id=`: ends a user's refresh tokens [documented].

    Not RFC 7009, which a client uses for its own token; the JSON is as published. Access tokens stay good.
    """

    def __init__(self, signon: SignOn, *, journal: Journal) -> None:
        self._signon = signon
        self._journal = journal

    def handle(self, request: HttpRequest, _now: Instant) -> HttpResponse:
        """Answer one request: what was revoked, or why nothing was."""
        try:
            require_axl(request, self._signon.administrators)
            parameters = Parameters(request.query)
            parameters.refuse_repeated()
            return self._revoke(parameters.required("user_id"), parameters.get("client_id"))
        except OAuthRefusal as refusal:
            return self._refused(refusal)

    def _revoke(self, user_id: str, client_id: str | None) -> HttpResponse:
        known = self._signon.known_user(user_id)
        # A deleted user may have left tokens behind.
        userid = known or user_id
        if known is None and not self._signon.refresh_tokens.rows(userid):
            self._note(OAuthProblem.USER_UNKNOWN, "failure", 404, "no such user", mark="assumed")
            return _answer(404, "failure", user_id, [])
        revoked = self._signon.revoke(userid, client_id, why="revoked by an administrator")
        tokens = [{"client_id": row.clientid, "refresh_token": row.refreshtokenindex} for row in revoked]
        return _answer(200, "success", userid, tokens)

    def _refused(self, refusal: OAuthRefusal) -> HttpResponse:
        rule = refusal.rule
        self._note(refusal.problem, rule.error, rule.status, refusal.detail, user=refusal.user, mark=rule.mark)
        if refusal.problem in (OAuthProblem.ADMIN_ABSENT, OAuthProblem.ADMIN_UNKNOWN):
            return error_page(401, "", BASIC_CHALLENGE)
        return error_page(rule.status, refusal.detail)

    def _note(
        self,
        problem: OAuthProblem,
        error: str,
        status: int,
        detail: str,
        *,
        mark: str,
        user: str | None = None,
    ) -> None:
        self._journal.add(
            OAuthRefused(
                endpoint=REVOKE,
                reason=problem.value,
                error=error,
                status=status,
                user=user,
                detail=detail,
                mark=mark,
            )
        )


def _answer(status: int, result: str, user_id: str, tokens: list[dict[str, str]]) -> HttpResponse:
    """Member names as published; 404 and "failure" are assumed."""
    document = {"revoked_tokens": {"status": result, "user_id": user_id, "clientID_tokens": tokens}}
    return json_response(document, status=status)
