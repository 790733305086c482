"""May this HTTP request use a UCM API? Basic credentials, a self-describing token, or an old opaque one.

Tokens are judged in UCM's published order, all of which must be met: signature, decryption and verification,
the user is active, the user has access [documented: oauth-tokens 3].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from registrar.core.cluster.directory import Directory, User
from registrar.core.ssosp.grants import OpaqueTokens
from registrar.core.tokens import (
    TokenFacts,
    TokenProblem,
    TokenRefused,
    TokenValidator,
    answer,
    inspect_token,
)
from registrar.core.tokens.claims import Document
from registrar.core.tomcat.http import BASIC_CHALLENGE, REALM, Basic, Bearer, Unreadable, read_authorization
from registrar.core.tomcat.passwords import UserPasswords
from simulator.core.http.message import HttpRequest
from simulator.core.instant import Instant

How = Literal["basic", "bearer", "opaque"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The user whose request may go on."""

    user: User
    how: How


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """What a request is answered that may not go on."""

    status: int
    challenge: tuple[str, str] | None
    """The WWW-Authenticate field."""
    reason: str
    """A TokenProblem, or credentials_absent, credentials_malformed, credentials_wrong, user_inactive,
    no_access."""
    detail: str = ""
    user: str | None = None


def _everybody(_user: User) -> bool:
    return True


class ApiAccess:
    """Judges the credentials of requests to the APIs of one node."""

    def __init__(
        self,
        directory: Directory,
        passwords: UserPasswords,
        tokens: TokenValidator,
        *,
        opaque: Callable[[], Iterable[OpaqueTokens]] = tuple,
        has_access: Callable[[User], bool] = _everybody,
        accept_expired: bool = False,
    ) -> None:
        """`tokens` holds the keys this node's Tomcat loaded; `opaque` gives the nodes' opaque tokens, its own
        first; `has_access` stands for role, access control group and rank. `accept_expired` imitates defect
        CSCvn48876: 200 although the token has expired.
        """
        self._directory = directory
        self._passwords = passwords
        self._tokens = tokens
        self._opaque = opaque
        self._has_access = has_access
        self.accept_expired = accept_expired

    def judge(self, request: HttpRequest, now: Instant) -> Caller | Denied:
        """Decide by the Authorization header field who sends the request, and whether it may go on."""
        match read_authorization(request):
            case None:
                return Denied(status=401, challenge=BASIC_CHALLENGE, reason="credentials_absent")
            case Unreadable(detail=detail, multiple=multiple):
                # RFC 6750 3.1: more than one way to say who one is makes a bad request.
                return Denied(
                    status=400 if multiple else 401,
                    challenge=None if multiple else BASIC_CHALLENGE,
                    reason="credentials_malformed",
                    detail=detail,
                )
            case Basic(user=user, password=password):
                return self._by_password(user, password)
            case Bearer(token=token):
                return self._by_token(token, now)

    def _by_password(self, user_id: str, password: str) -> Caller | Denied:
        right = self._passwords.check(user_id, password)
        user = self._directory.user(user_id)
        if user is None or not right:
            known = user.id if user else None
            return Denied(status=401, challenge=BASIC_CHALLENGE, reason="credentials_wrong", user=known)
        return self._admitted(user, "basic")

    def _by_token(self, token: str, now: Instant) -> Caller | Denied:
        for tokens in self._opaque():
            grant = tokens.find(token, now)
            if grant is not None:
                return self._user(grant.user, "opaque")
        verdict = self._tokens.validate(token, now)
        if isinstance(verdict, TokenRefused) and self.accept_expired:
            verdict = self._as_if_in_time(token, now, verdict)
        if isinstance(verdict, TokenRefused):
            return _refused(verdict)
        return self._user(verdict.subject, "bearer")

    def _as_if_in_time(self, token: str, now: Instant, verdict: TokenRefused) -> TokenFacts | TokenRefused:
        """CSCvn48876: an expired token that is good in every other way passes."""
        if verdict.problem is not TokenProblem.EXPIRED:
            return verdict
        claims: Document = inspect_token(token, self._tokens.keys, now, self._tokens).claims or {}
        exp = claims.get("exp")
        return self._tokens.validate(token, Instant(exp - 1)) if type(exp) is int else verdict

    def _user(self, user_id: str, how: How) -> Caller | Denied:
        user = self._directory.user(user_id)
        if user is None:
            return Denied(status=403, challenge=None, reason="no_access", detail="the token is no user's")
        return self._admitted(user, how)

    def _admitted(self, user: User, how: How) -> Caller | Denied:
        if not user.active:
            return Denied(status=401, challenge=BASIC_CHALLENGE, reason="user_inactive", user=user.id)
        if not self._has_access(user):
            return Denied(status=403, challenge=None, reason="no_access", user=user.id)
        return Caller(user=user, how=how)


def _refused(verdict: TokenRefused) -> Denied:
    wire = answer(verdict.problem, "resource")
    error = f', error="{wire.error}"' if wire.error else ""
    return Denied(
        status=wire.status,
        challenge=("WWW-Authenticate", f'Bearer realm="{REALM}"{error}'),
        reason=verdict.problem.value,
        detail=verdict.detail,
    )
