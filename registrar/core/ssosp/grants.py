"""What a node remembers of sign-ins: authorization codes with their PKCE challenges, and opaque tokens.

Only hashes are kept, and all is gone when the node's Tomcat restarts. A code is for one use, lives for a minute
and is bound to what it was asked for with. One that was used or has expired is remembered for an hour, so that
a second use is told apart from a guess, and so that a clock set back brings none to life again. Opaque tokens
are the implicit flow's [documented]: they say nothing themselves, and a node that meets one it does not know
must ask the others. PKCE is S256 only (RFC 7636): `plain` would show an eavesdropper what it protects.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field, replace
from hashlib import sha256
from hmac import compare_digest
from math import inf
from typing import Literal

from registrar.core.ssosp.clients import PkceRule
from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal
from simulator.core.instant import Instant

REMEMBERED = 3600.0
"""Seconds after its expiry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeGrant:
    """What a code stands for: the user who signed in, and the request it answers."""

    user: str
    client_id: str
    redirect_uri: str
    challenge: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    grant: CodeGrant
    expires_at: float
    state: Literal["live", "spent", "expired"] = "live"
    refreshtokenindex: str | None = None
    """What came from a spent code."""


class AuthorizationCodes:
    """The codes of one node."""

    def __init__(self, lifetime: int, *, capacity: int = 10_000) -> None:
        """`lifetime` in seconds; over `capacity` the oldest are forgotten."""
        self._lifetime = lifetime
        self._capacity = capacity
        self._entries: dict[bytes, _Entry] = {}
        self._next_sweep = inf

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, code: str, grant: CodeGrant, now: Instant) -> None:
        """Keep a new code for its lifetime."""
        self.sweep(now)
        if len(self._entries) >= self._capacity:
            del self._entries[next(iter(self._entries))]
        expires_at = now + self._lifetime
        self._entries[_key(code)] = _Entry(grant=grant, expires_at=expires_at)
        self._next_sweep = min(self._next_sweep, expires_at)

    def look(self, code: str, now: Instant) -> CodeGrant:
        """Return the grant of a code that may still be used. Raises OAuthRefusal: unknown, expired or used."""
        self.sweep(now)
        entry = self._entries.get(_key(code))
        if entry is None:
            raise OAuthRefusal(OAuthProblem.CODE_UNKNOWN, "no such code")
        if entry.state == "spent":
            raise OAuthRefusal(OAuthProblem.CODE_REUSED, "the code was used before", user=entry.grant.user)
        if entry.state == "expired":
            raise OAuthRefusal(OAuthProblem.CODE_EXPIRED, "the code has expired", user=entry.grant.user)
        return entry.grant

    def spend(self, code: str, refreshtokenindex: str) -> None:
        """Note that a code was used, and which refresh token came from it."""
        entry = self._entries[_key(code)]
        self._entries[_key(code)] = replace(entry, state="spent", refreshtokenindex=refreshtokenindex)

    def came_from(self, code: str) -> tuple[CodeGrant, str] | None:
        """Return grant and refreshtokenindex of a used code, to be revoked if it comes again.

        Source: RFC 6749 4.1.2.
        """
        entry = self._entries.get(_key(code))
        if entry is None or entry.refreshtokenindex is None:
            return None
        return entry.grant, entry.refreshtokenindex

    def user_of(self, code: str) -> str | None:
        """Return whose code this is, in whatever state; None: nobody's."""
        entry = self._entries.get(_key(code))
        return None if entry is None else entry.grant.user

    def clear(self) -> None:
        """Forget all codes: the node's Tomcat restarted."""
        self._entries.clear()

    def sweep(self, now: Instant) -> None:
        """Expire what is over at `now`; it stays so, whatever the clock does next."""
        if now < self._next_sweep:
            return
        self._next_sweep = inf
        for key, entry in tuple(self._entries.items()):
            if now >= entry.expires_at + REMEMBERED:
                del self._entries[key]
                continue
            if entry.state == "live" and now >= entry.expires_at:
                self._entries[key] = replace(entry, state="expired")
            due = entry.expires_at if now < entry.expires_at else entry.expires_at + REMEMBERED
            self._next_sweep = min(self._next_sweep, due)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueGrant:
    """What an opaque token stands for."""

    user: str
    client_id: str
    expires_at: int
    """Seconds since 1970."""


class OpaqueTokens:
    """The opaque tokens that one node has issued."""

    def __init__(self, *, capacity: int = 100_000) -> None:
        """Over `capacity` the oldest are forgotten."""
        self._capacity = capacity
        self._grants: dict[bytes, OpaqueGrant] = {}

    def __len__(self) -> int:
        return len(self._grants)

    def add(self, token: str, grant: OpaqueGrant) -> None:
        """Keep a new token until it expires."""
        if len(self._grants) >= self._capacity:
            del self._grants[next(iter(self._grants))]
        self._grants[_key(token)] = grant

    def find(self, token: str, now: Instant) -> OpaqueGrant | None:
        """Return what a token stands for; None: not issued here, or over. One that is over is forgotten."""
        key = _key(token)
        grant = self._grants.get(key)
        if grant is not None and now >= grant.expires_at:
            del self._grants[key]
            return None
        return grant

    def clear(self) -> None:
        """Forget all tokens: the node's Tomcat restarted."""
        self._grants.clear()


def _key(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


_CHALLENGE = re.compile(r"[A-Za-z0-9_\-]{43}")
"""BASE64URL of 32 bytes."""
_VERIFIER = re.compile(r"[A-Za-z0-9._~\-]{43,128}")


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a code verifier (RFC 7636 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def read_challenge(challenge: str | None, method: str | None, rule: PkceRule) -> str | None:
    """Return the challenge that a request binds its code to; None: it has none. Raises OAuthRefusal."""
    if rule == "off":
        return None
    if challenge is None:
        if method is not None:
            raise OAuthRefusal(OAuthProblem.CHALLENGE_MISSING, "code_challenge_method without code_challenge")
        if rule == "required":
            raise OAuthRefusal(OAuthProblem.CHALLENGE_MISSING, "this client must send a code_challenge")
        return None
    if method in (None, "plain"):
        # RFC 7636 4.3: absent means plain.
        raise OAuthRefusal(OAuthProblem.CHALLENGE_PLAIN, "the code challenge method plain is refused")
    if method != "S256":
        raise OAuthRefusal(OAuthProblem.CHALLENGE_METHOD_UNKNOWN, "the code challenge method is not S256")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthRefusal(OAuthProblem.CHALLENGE_MALFORMED, "code_challenge is not 43 base64url characters")
    return challenge


def check_verifier(challenge: str | None, verifier: str | None) -> None:
    """Check a code verifier. Raises OAuthRefusal unless it belongs to the challenge, or there is neither.

    A verifier for a code that was asked for without a challenge is a downgrade (RFC 9700 4.8.2).
    """
    if challenge is None:
        if verifier is not None:
            raise OAuthRefusal(OAuthProblem.VERIFIER_UNEXPECTED, "the code has no challenge to verify")
        return
    if verifier is None:
        raise OAuthRefusal(OAuthProblem.VERIFIER_MISSING, "code_verifier is missing")
    if not _VERIFIER.fullmatch(verifier):
        raise OAuthRefusal(OAuthProblem.VERIFIER_WRONG, "code_verifier is not 43 to 128 unreserved characters")
    if not compare_digest(challenge_of(verifier), challenge):
        raise OAuthRefusal(OAuthProblem.VERIFIER_WRONG, "code_verifier does not belong to the code_challenge")
