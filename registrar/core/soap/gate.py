"""The door of Tomcat's web services: Basic authentication, session cookies, and its HTML error pages."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from dataclasses import dataclass
from html import escape

from registrar.core.soap.accounts import Account, Accounts, Login
from simulator.core.entropy import Entropy
from simulator.core.http import HttpRequest, HttpResponse
from simulator.core.instant import Instant

SESSION_SECONDS = 30 * 60
"""[observed: administration 1.3]"""
MAX_SESSIONS = 1_000
"""Then the oldest ends."""

_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    account: Account
    cookies: tuple[tuple[str, str], ...] = ()
    """Set-Cookie headers of a session that was opened now."""


class Gate:
    """One per web application; sessions are its own."""

    def __init__(self, accounts: Accounts, *, path: str, entropy: Entropy) -> None:
        """`path`: of the JSESSIONID cookie, e.g. /axl."""
        self._accounts = accounts
        self._path = path
        self._entropy = entropy
        self._sessions: OrderedDict[str, tuple[str, Instant]] = OrderedDict()

    def admit(self, request: HttpRequest, now: Instant) -> Admitted | HttpResponse:
        """Who it is, by a live session's cookie or by name and password, or the 401 page."""
        credentials = _basic(header(request, "authorization"))
        account = self._of_session(request, now)
        if account is not None and (
            credentials is None or credentials[0].casefold() == account.name.casefold()
        ):
            return Admitted(account=account)
        if credentials is None:
            return _unauthorized("This request requires HTTP authentication.")
        if self._accounts.log_in(*credentials, now) is not Login.GOOD:
            return _unauthorized("The user name or the password is wrong, or the user is locked.")
        account = self._accounts.account(credentials[0])
        assert account is not None
        return Admitted(account=account, cookies=self._open(account, now))

    def _of_session(self, request: HttpRequest, now: Instant) -> Account | None:
        for name, value in _cookies(request):
            if name not in ("JSESSIONIDSSO", "JSESSIONID") or value not in self._sessions:
                continue
            user, ends = self._sessions.pop(value)
            if now < ends:
                self._sessions[value] = (user, Instant(now + SESSION_SECONDS))
                return self._accounts.account(user)
        return None

    def _open(self, account: Account, now: Instant) -> tuple[tuple[str, str], ...]:
        session, single = self._entropy.hex(16).upper(), self._entropy.hex(16).upper()
        for value in (session, single):
            self._sessions[value] = (account.name, Instant(now + SESSION_SECONDS))
        while len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return (
            ("Set-Cookie", f"JSESSIONIDSSO={single}; Path=/; Secure; HttpOnly"),
            ("Set-Cookie", f"JSESSIONID={session}; Path={self._path}; Secure; HttpOnly"),
        )


def header(request: HttpRequest, name: str) -> str:
    """The first such header; empty if there is none."""
    return next((value for key, value in request.headers if key.lower() == name), "")


def error_page(status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()) -> HttpResponse:
    """Tomcat's page: `HTTP Status <n>` in title and body."""
    title = f"HTTP Status {status} - {_TITLES.get(status, 'Error')}"
    body = (
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1>"
        f"<p>{escape(detail, quote=False)}</p></body></html>"
    )
    return HttpResponse(
        status=status,
        headers=(("Content-Type", "text/html;charset=utf-8"), *headers),
        body=body.encode("utf-8", "replace"),
    )


def _unauthorized(detail: str) -> HttpResponse:
    return error_page(
        401,
        detail,
        (
            ("WWW-Authenticate", 'Basic realm="Cisco Web Services Realm"'),
            ("Cache-Control", "private"),
            ("Expires", "Wed, 31 Dec 1969 19:00:00 EST"),
        ),
    )


def _basic(value: str) -> tuple[str, str] | None:
    scheme, _, encoded = value.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None


def _cookies(request: HttpRequest) -> list[tuple[str, str]]:
    found = []
    for key, value in request.headers:
        if key.lower() == "cookie":
            for part in value.split(";"):
                name, equals, content = part.strip().partition("=")
                if equals:
                    found.append((name, content.strip('"')))
    return found
