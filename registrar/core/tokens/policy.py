"""What one service demands of a token's claims, and the judgement of them in the order of oauth-tokens 9."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from registrar.core.tokens.claims import DEFAULT_AUDIENCE, DEFAULT_SCOPE, Document
from registrar.core.tokens.compact import Refusal
from registrar.core.tokens.problems import TokenFacts, TokenProblem
from simulator.core import redact
from simulator.core.instant import Instant

MAX_LEEWAY = 120.0
_EXACT = 1 << 53
"""Above this a NumericDate is no exact number of seconds in other parsers (RFC 7159 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """How strictly tokens are judged."""

    issuer: str
    """The cluster's UUID."""
    audience: str = DEFAULT_AUDIENCE
    required_scopes: frozenset[str] = frozenset({DEFAULT_SCOPE})
    leeway: float = 0.0
    """Seconds by which the issuer's clock may differ, 0 to 120."""
    max_size: int = 8192
    """Characters."""
    max_lifetime: int = 86_400
    """Seconds from iat to exp: the expiry timer ends at 1,440 minutes [documented]."""

    def __post_init__(self) -> None:
        if not 0 <= self.leeway <= MAX_LEEWAY:
            raise ValueError(f"leeway must be 0 to {MAX_LEEWAY:.0f} seconds, not {self.leeway}")
        if self.max_size < 1 or self.max_lifetime < 1:
            raise ValueError("max_size and max_lifetime must be positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A token that satisfies the policy at some time: what a validator may remember of it."""

    token: str = field(repr=False)
    """Its text."""
    facts: TokenFacts
    not_before: int
    """nbf; 0 if there is none."""
    earliest: float
    """First instant at which the token is good, leeway included."""
    latest: float
    """First instant at which it is no longer good, leeway included."""


def judge_claims(claims: Document, policy: TokenPolicy, token: str) -> Verified:
    """Judge kind, presence, types, issuer, audience and ranges: all that depends on the token alone."""
    if _text(claims, "ctyp") != "access":
        raise Refusal(TokenProblem.WRONG_TOKEN_KIND, "ctyp is not access", _tid(claims))
    issuer = _text(claims, "iss")
    audience = _texts(claims, "aud")
    principal = _text(claims, "typ")
    tid = _text(claims, "tid")
    subject = _text(claims, "sub")
    scope = _text(claims, "scope")
    expires_at = _seconds(claims, "exp")
    issued_at = _seconds(claims, "iat")
    not_before = _seconds(claims, "nbf") if "nbf" in claims else 0
    if issuer != policy.issuer:
        raise Refusal(TokenProblem.ISSUER_MISMATCH, "iss is another cluster", tid)
    if policy.audience not in audience:
        raise Refusal(TokenProblem.AUDIENCE_MISMATCH, "aud does not name this service", tid)
    if principal not in ("user", "device"):
        raise Refusal(TokenProblem.TYP_MISMATCH, "typ of the claims is neither user nor device", tid)
    if expires_at < issued_at:
        raise Refusal(TokenProblem.CLAIM_RANGE, "exp lies before iat", tid)
    if expires_at - issued_at > policy.max_lifetime:
        raise Refusal(TokenProblem.LIFETIME_TOO_LONG, f"exp lies over {policy.max_lifetime} s after iat", tid)
    facts = TokenFacts(
        ref=redact.ref(token),
        tid=tid,
        subject=subject,
        device=subject if principal == "device" else None,
        scopes=frozenset(scope.split(" ")) - {""},
        issued_at=Instant(issued_at),
        expires_at=Instant(expires_at),
    )
    return Verified(
        token=token,
        facts=facts,
        not_before=not_before,
        earliest=max(issued_at, not_before) - policy.leeway,
        latest=expires_at + policy.leeway,
    )


def judge_time(verified: Verified, policy: TokenPolicy, now: Instant) -> None:
    """Judge the times of a token. It is over at its exp, not after it (RFC 7519 4.1.4)."""
    facts = verified.facts
    if now >= verified.latest:
        raise Refusal(TokenProblem.EXPIRED, f"expired {now - facts.expires_at:.0f} s ago", facts.tid)
    if now < verified.not_before - policy.leeway:
        ahead = verified.not_before - now
        raise Refusal(TokenProblem.NOT_YET_VALID, f"not valid for another {ahead:.0f} s", facts.tid)
    if now < facts.issued_at - policy.leeway:
        ahead = facts.issued_at - now
        raise Refusal(TokenProblem.ISSUED_IN_FUTURE, f"issued {ahead:.0f} s in the future", facts.tid)


def judge_scope(facts: TokenFacts, policy: TokenPolicy) -> None:
    """Compare the scopes of a token with the one it must have. Raises Refusal."""
    if not policy.required_scopes <= facts.scopes:
        missing = ", ".join(sorted(policy.required_scopes - facts.scopes))
        raise Refusal(TokenProblem.SCOPE_INSUFFICIENT, f"scope lacks {missing}", facts.tid)


def _present(claims: Document, name: str) -> object:
    if name not in claims:
        raise Refusal(TokenProblem.CLAIM_MISSING, f"{name} is missing", _tid(claims))
    return claims[name]


def _text(claims: Document, name: str) -> str:
    value = _present(claims, name)
    if not isinstance(value, str):
        raise Refusal(TokenProblem.CLAIM_TYPE, f"{name} is not a string", _tid(claims))
    return value


def _texts(claims: Document, name: str) -> Iterable[str]:
    """A string or an array of strings (RFC 7519 4.1.3)."""
    value = _present(claims, name)
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Refusal(TokenProblem.CLAIM_TYPE, f"{name} is no string nor an array of them", _tid(claims))
    return value


def _seconds(claims: Document, name: str) -> int:
    """Whole seconds since 1970. Strings, booleans, fractions and numbers without end are refused."""
    value = _present(claims, name)
    if type(value) is not int or not 0 <= value <= _EXACT:
        raise Refusal(TokenProblem.CLAIM_TYPE, f"{name} is not a whole number of seconds", _tid(claims))
    return value


def _tid(claims: Document) -> str | None:
    tid = claims.get("tid")
    return tid if isinstance(tid, str) else None
