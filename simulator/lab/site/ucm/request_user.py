"""Whom a call to a node's web server is about: named in it, or the owner of the token, code or file in it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

from registrar.core.cluster.directory import Directory
from registrar.core.soap.accounts import Accounts
from registrar.core.ssosp import AuthorizationServer, SignOn
from registrar.core.ssosp.problems import OAuthRefusal
from registrar.core.ssosp.refresh_tokens import index_of, read_refresh
from registrar.core.tokens import TokenFacts, TokenValidator
from registrar.core.tomcat.http import Basic, Bearer, read_authorization
from simulator.core.http.message import HttpRequest
from simulator.core.instant import Instant

_FORM_LIMIT = 64 * 1024


class RequestUser:
    """Finds out whom a request is about, for failure plans and the journal of calls."""

    def __init__(
        self,
        directory: Directory,
        signon: SignOn,
        validators: Mapping[str, TokenValidator],
        servers: Mapping[str, AuthorizationServer],
        accounts: Accounts,
    ) -> None:
        """`validators` and `servers` are by node."""
        self._directory, self._signon, self._validators, self._servers = directory, signon, validators, servers
        self._accounts = accounts

    def user_of(self, node: str, request: HttpRequest, now: Instant) -> str | None:
        """Return the user as the directory spells it; None: nobody, or nobody the cluster knows."""
        for name in self._names(node, request, now):
            user = self._directory.user(name) if name else None
            if user is not None:
                return user.id
            account = self._accounts.account(name) if name else None
            if account is not None:
                return account.name
        return None

    def _names(self, node: str, request: HttpRequest, now: Instant) -> list[str | None]:
        parts = request.path.split("/")
        query = dict(request.query)
        names: list[str | None] = [query.get("username"), query.get("user_id")]
        names.append(query.get("email", "").partition("@")[0])
        if parts[1:3] == ["cucm-uds", "user"] and len(parts) > 3:
            names.append(unquote(parts[3]))
        if request.path.endswith(".cnf.xml"):
            device = self._directory.device(parts[-1].removesuffix(".cnf.xml"))
            names.append(device.owner if device is not None else None)
        names += self._in_form(node, request, now)
        match read_authorization(request):
            case Basic(user=user):
                names.append(user)
            case Bearer(token=token):
                verdict = self._validators[node].validate(token, now)
                names.append(verdict.subject if isinstance(verdict, TokenFacts) else None)
        return names

    def _in_form(self, node: str, request: HttpRequest, now: Instant) -> list[str | None]:
        if request.method != "POST" or not request.path.startswith("/ssosp/"):
            return []
        if len(request.body) > _FORM_LIMIT:
            return []
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        names: list[str | None] = [form.get("user")]
        if "code" in form:
            names.append(self._servers[node].user_of_code(form["code"]))
        if "refresh_token" in form:
            try:
                facts = read_refresh(form["refresh_token"], self._signon.keys().public)
            except OAuthRefusal:
                return names
            row = self._signon.refresh_tokens.find(index_of(facts.tid))
            names.append(row.userid if row is not None else None)
        return names
