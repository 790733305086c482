"""A small cluster with an authorization server, and a client that speaks to it in values."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from registrar.aio.database_file import open_database
from registrar.core.cluster.directory import Directory, User
from registrar.core.database import ClusterDatabase
from registrar.core.soap.accounts import Accounts, AdminAccount, SignInByAccount
from registrar.core.ssosp import (
    AuthorizationServer,
    Clients,
    EnterpriseParameters,
    OAuthClient,
    Settings,
    SignOn,
)
from registrar.core.ssosp.database import DatabaseRefreshTokens
from registrar.core.ssosp.grants import challenge_of
from registrar.core.tokens import ClusterKeys, TokenPolicy, TokenValidator
from registrar.core.tomcat.passwords import UserPasswords
from simulator.core.entropy import SeededEntropy
from simulator.core.events import OAuthRefused
from simulator.core.events.log import EventLog
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant, ManualClock

CLUSTER = "8d0d5324-f4f0-4b0b-811e-4a59fdb6b722"
START = Instant(1_780_000_000.0)
FORM = ("Content-Type", "application/x-www-form-urlencoded")
REDIRECT = "ciscojabber://auth-result"
VERIFIER = "verifier-of-forty-three-characters-or-more-0"
JABBER = OAuthClient(id="C" + "a" * 64, secret="jabber-secret", redirect_uris=(REDIRECT,))
WEBEX = OAuthClient(id="C" + "b" * 64, secret="webex-secret", redirect_uris=(REDIRECT,), webex=True)
PUBLIC = OAuthClient(id="C" + "c" * 64, redirect_uris=("http://127.0.0.1/callback",), pkce="required")
LEGACY = OAuthClient(id="C" + "d" * 64, redirect_uris=(REDIRECT,), flows=frozenset({"implicit"}), pkce="off")
PASSWORD = "correct horse battery"
ADMIN = ("axladmin", "admin password")
CLERK = ("clerk", "clerk password")
SECRETS = ("jabber-secret", "webex-secret", PASSWORD, ADMIN[1], CLERK[1], VERIFIER)


class Bench:
    """`now` may be set freely; every response is kept."""

    def __init__(self, keys: ClusterKeys, parameters: EnterpriseParameters, settings: Settings) -> None:
        self.keys = keys
        self.now = START
        self.log = EventLog(ManualClock(START))
        journal = self.log.journal("ssosp")  # type: ignore[arg-type]
        entropy = SeededEntropy(7)
        self.directory = Directory()
        for user in (User(id="alice"), User(id="Bob"), User(id="former", active=False)):
            self.directory.put_user(user)
        self.passwords = UserPasswords(entropy.child("passwords"), initial=False)
        for user_id in ("alice", "Bob", "former"):
            self.passwords.set(user_id, PASSWORD)
        accounts = (
            AdminAccount(name=ADMIN[0], password=ADMIN[1]),
            AdminAccount(name=CLERK[0], password=CLERK[1], roles=frozenset()),
        )
        self.administrators = SignInByAccount(Accounts(accounts), ManualClock(START))
        self.database = ClusterDatabase(open_database(), entropy=entropy.child("database"))
        self.store = DatabaseRefreshTokens(self.database)
        self.signon = SignOn(
            directory=self.directory,
            passwords=self.passwords,
            administrators=self.administrators,
            clients=Clients((JABBER, WEBEX, PUBLIC, LEGACY)),
            refresh_tokens=self.store,
            keys=lambda: self.keys,
            journal=journal,
            parameters=parameters,
        )
        self._make: Callable[[], AuthorizationServer] = lambda: AuthorizationServer(
            self.signon,
            base=lambda: "https://ucm-pub.lab.example:8443",
            entropy=entropy.child("server"),
            journal=journal,
            settings=settings,
        )
        self.server = self._make()

    def restart(self) -> None:
        """A new process with the same database."""
        self.server = self._make()

    def change_parameters(self, **changes: Any) -> None:
        """What an administrator does at System > Enterprise Parameters."""
        self.signon.set_parameters(replace(self.signon.parameters, **changes))

    def after(self, seconds: float) -> Bench:
        self.now = Instant(self.now + seconds)
        return self

    # --- requests ---------------------------------------------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        *,
        query: tuple[tuple[str, str], ...] = (),
        form: tuple[tuple[str, str], ...] | None = None,
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> HttpResponse:
        if form is not None:
            body, headers = urlencode(form).encode(), (FORM, *headers)
        request = HttpRequest(method=method, path=path, query=query, headers=headers, body=body)
        return self.server.handle(request, self.now)

    def ask(self, **changes: str | None) -> dict[str, str]:
        """A good authorization request with changes; None leaves a parameter out."""
        fields: dict[str, str | None] = {
            "response_type": "code",
            "client_id": JABBER.id,
            "redirect_uri": REDIRECT,
            "scope": "UnifiedCommunications:readwrite",
            "state": "af0ifjsldkj",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def authorize(self, **changes: str | None) -> HttpResponse:
        return self.send("GET", "/ssosp/oauth/authorize", query=tuple(self.ask(**changes).items()))

    def log_in(self, user: str = "alice", password: str = PASSWORD, /, **changes: str | None) -> HttpResponse:
        form = {**self.ask(**changes), "user": user, "password": password}
        return self.send("POST", "/ssosp/oauth/authorize", form=tuple(form.items()))

    def code(self, user: str = "alice", /, **changes: str | None) -> str:
        return answered(self.log_in(user, **changes))["code"]

    def token(self, client: OAuthClient = JABBER, **fields: str | None) -> HttpResponse:
        """Client id and secret in the body."""
        pairs = {"client_id": client.id, "client_secret": client.secret, **fields}
        form = tuple((name, value) for name, value in pairs.items() if value is not None)
        return self.send("POST", "/ssosp/oauth/token", form=form)

    def redeem(self, code: str, client: OAuthClient = JABBER, **changes: str | None) -> HttpResponse:
        fields: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.token(client, **fields)

    def refresh(self, token: str, client: OAuthClient = JABBER, **changes: str | None) -> HttpResponse:
        return self.token(client, **{"grant_type": "refresh_token", "refresh_token": token, **changes})

    def pair(self, user: str = "alice", client: OAuthClient = JABBER) -> dict[str, Any]:
        """Access and refresh token of a fresh login."""
        response = self.redeem(self.code(user, client_id=client.id), client)
        assert response.status == 200, response.body
        return body(response)

    def revoke(self, admin: tuple[str, str] | None = ADMIN, **query: str) -> HttpResponse:
        headers = (basic(*admin),) if admin else ()
        return self.send("GET", "/ssosp/token/revoke", query=tuple(query.items()), headers=headers)

    def validator(self) -> TokenValidator:
        """What a registrar that loaded the keys now would judge with."""
        policy = TokenPolicy(issuer=CLUSTER)
        return TokenValidator(self.keys.public, policy, self.directory.subject_status)

    # --- what happened ----------------------------------------------------------------------------------------

    @property
    def last_refusal(self) -> OAuthRefused:
        return self.log.of(OAuthRefused)[-1]

    @property
    def reason(self) -> str:
        return self.last_refusal.reason


def body(response: HttpResponse) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(response.body)
    return document


def header(response: HttpResponse, name: str) -> str | None:
    return dict(response.headers).get(name)


def answered(response: HttpResponse) -> dict[str, str]:
    """The parameters a redirect carries, in query or fragment."""
    assert response.status == 302, response.body
    parts = urlsplit(header(response, "Location") or "")
    return dict(parse_qsl(parts.fragment or parts.query, keep_blank_values=True))


def basic(user: str, password: str, *, form_encoded: bool = False) -> tuple[str, str]:
    if form_encoded:
        user, password = quote(user), quote(password)
    return "Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode()
