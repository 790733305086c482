"""The publisher's key server on 8443: gives the token keys to other servers that sign in with AXL credentials.

That it is HTTPS with AXL credentials and JSON is documented, the path is not (oauth-tokens 2, 11 question 4).
"""

from __future__ import annotations

from collections.abc import Callable

from registrar.core.ssosp.administration import require_axl
from registrar.core.ssosp.problems import OAuthRefusal
from registrar.core.tokens import ValidationKeys
from registrar.core.tokens.key_document import render_keys
from registrar.core.tomcat.application_users import Administrators
from registrar.core.tomcat.http import BASIC_CHALLENGE, NO_STORE, error_page, method_not_allowed
from simulator.core.events import KeysOffered
from simulator.core.events.log import Journal
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant

DEFAULT_PATH = "/ssosp/authz/keys"
"""[assumed]"""


class KeyServer:
    """An HttpService."""

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
