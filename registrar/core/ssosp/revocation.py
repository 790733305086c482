"""`GET /ssosp/token/revoke?user_id=&client_id=`: an administrator ends a user's refresh tokens [documented].

Not RFC 7009, which a client uses for its own token; the JSON is as published. Access tokens stay good.
"""

from __future__ import annotations

from registrar.core.ssosp.administration import require_axl
from registrar.core.ssosp.forms import Parameters
from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal
from registrar.core.ssosp.signon import SignOn
from registrar.core.tomcat.http import BASIC_CHALLENGE, error_page, json_response
from simulator.core.events import OAuthRefused
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant

REVOKE = "/ssosp/token/revoke"
"""[documented]"""


class RevokeEndpoint:
    def __init__(self, signon: SignOn, *, journal: Journal) -> None:
        self._signon = signon
        self._journal = journal

    def handle(self, request: HttpRequest, _now: Instant) -> HttpResponse:
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
