"""Who may use Tomcat's web services: Basic authentication and session cookies."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from registrar.core.soap.accounts import Accounts, AdminAccount, Login
from registrar.core.tomcat.http import BASIC_CHALLENGE, Basic, error_page, header, read_authorization
from simulator.core.entropy import Entropy
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant

SESSION_SECONDS = 30 * 60
"""[observed: administration 1.3]"""
MAX_SESSIONS = 1_000
"""Then the oldest ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """An account that may go on, and the cookies that its answer sets."""

    account: AdminAccount
    cookies: tuple[tuple[str, str], ...] = ()
    """Set-Cookie headers of a session that was opened now."""


class Authentication:
    """One per web application; sessions are its own."""

    def __init__(self, accounts: Accounts, *, path: str, entropy: Entropy) -> None:
        """`path`: of the JSESSIONID cookie, e.g. /axl."""
        self._accounts = accounts
        self._path = path
        self._entropy = entropy
        self._sessions: OrderedDict[str, tuple[str, Instant]] = OrderedDict()

    def admit(self, request: HttpRequest, now: Instant, *, begin: bool = True) -> Admitted | HttpResponse:
        """Return who sends the request, by a live session's cookie or by name and password, or the 401 page.

        `begin`: open a session for who gave name and password.
        """
        said = read_authorization(request)
        credentials = (said.user, said.password) if isinstance(said, Basic) else None
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
        return Admitted(account=account, cookies=self._open(account, now) if begin else ())

    def _of_session(self, request: HttpRequest, now: Instant) -> AdminAccount | None:
        for name, value in _cookies(request):
            if name not in ("JSESSIONIDSSO", "JSESSIONID") or value not in self._sessions:
                continue
            user, ends = self._sessions.pop(value)
            if now < ends:
                self._sessions[value] = (user, Instant(now + SESSION_SECONDS))
                return self._accounts.account(user)
        return None

    def _open(self, account: AdminAccount, now: Instant) -> tuple[tuple[str, str], ...]:
        session, single = self._entropy.hex(16).upper(), self._entropy.hex(16).upper()
        for value in (session, single):
            self._sessions[value] = (account.name, Instant(now + SESSION_SECONDS))
        while len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return (
            ("Set-Cookie", f"JSESSIONIDSSO={single}; Path=/; Secure; HttpOnly"),
            ("Set-Cookie", f"JSESSIONID={session}; Path={self._path}; Secure; HttpOnly"),
        )


def _unauthorized(detail: str) -> HttpResponse:
    """[headers observed on UDS of the same Tomcat: administration 1.2]"""
    return error_page(401, detail, BASIC_CHALLENGE, ("Expires", "Wed, 31 Dec 1969 19:00:00 EST"))


def _cookies(request: HttpRequest) -> list[tuple[str, str]]:
    found = []
    for value in header(request, "Cookie"):
        for part in value.split(";"):
            name, equals, content = part.strip().partition("=")
            if equals:
                found.append((name, content.strip('"')))
    return found
