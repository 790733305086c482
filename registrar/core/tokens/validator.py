"""Judges access tokens at `now`: total over all strings, and quick for those it has verified before.

Only tokens that passed every check that does not depend on time or directory are remembered; time, revocation
and the subject's activity are judged on every call.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

from registrar.core.tokens.compact import Refusal
from registrar.core.tokens.envelope import Opener
from registrar.core.tokens.keys import ValidationKeys
from registrar.core.tokens.policy import TokenPolicy, Verified, judge_claims, judge_scope, judge_time
from registrar.core.tokens.problems import TokenFacts, TokenProblem, TokenRefused
from simulator.core import redact
from simulator.core.instant import Instant

SubjectStatus = Literal["active", "inactive", "unknown"]


def _never_revoked(_tid: str) -> bool:
    """UCM does not revoke access tokens [documented: oauth-tokens 3]."""
    return False


class TokenValidator:
    """Never raises, whatever the string; remembers at most `cache_size` verified tokens of 2 kB each."""

    def __init__(
        self,
        keys: ValidationKeys,
        policy: TokenPolicy,
        subjects: Callable[[str], SubjectStatus],
        *,
        revoked: Callable[[str], bool] = _never_revoked,
        cache_size: int = 16_384,
    ) -> None:
        """`subjects` says what the user database knows of a `sub`; `revoked` is asked with a token's tid."""
        self._opener = Opener(keys)
        self._policy = policy
        self._subjects = subjects
        self._revoked = revoked
        self._cache_size = cache_size
        self._verified: OrderedDict[str, Verified] = OrderedDict()

    @property
    def keys(self) -> ValidationKeys:
        """The keys that it has loaded."""
        return self._opener.keys

    @property
    def policy(self) -> TokenPolicy:
        """How strictly it judges."""
        return self._policy

    def load(self, keys: ValidationKeys) -> None:
        """Use other keys: the service read them again. Nothing verified with the old ones counts any more."""
        self._opener = Opener(keys)
        self._verified.clear()

    def remembered(self, token: str) -> str | None:
        """Return the text by which a verified token is remembered: who keeps this one keeps no second copy."""
        known = self._verified.get(token)
        return None if known is None else known.token

    def validate(self, token: str, now: Instant) -> TokenFacts | TokenRefused:
        """Return the facts of a good token, or the first problem in the order of oauth-tokens 9."""
        known = self._verified.get(token)
        if known is not None and known.earliest <= now < known.latest:
            self._verified.move_to_end(token)
            facts = known.facts
            if not self._revoked(facts.tid) and self._subjects(facts.subject) == "active":
                return facts
        try:
            return self._judge(token, known, now)
        except Refusal as refusal:
            return TokenRefused(
                ref=reference(token), problem=refusal.problem, detail=refusal.detail, tid=refusal.tid
            )

    def _judge(self, token: str, known: Verified | None, now: Instant) -> TokenFacts:
        policy = self._policy
        verified = known or judge_claims(self._opener.open(token, policy.max_size), policy, token)
        facts = verified.facts
        try:
            judge_time(verified, policy, now)
        except Refusal:
            self._verified.pop(token, None)
            raise
        judge_scope(facts, policy)
        self._remember(token, verified)
        if self._revoked(facts.tid):
            raise Refusal(TokenProblem.REVOKED, "the token was revoked", facts.tid)
        status = self._subjects(facts.subject)
        if status == "unknown":
            raise Refusal(TokenProblem.SUBJECT_UNKNOWN, "sub is nobody in the user database", facts.tid)
        if status == "inactive":
            raise Refusal(TokenProblem.SUBJECT_INACTIVE, "sub is inactive in the user database", facts.tid)
        return facts

    def _remember(self, token: str, verified: Verified) -> None:
        self._verified[token] = verified
        if len(self._verified) > self._cache_size:
            self._verified.popitem(last=False)


def reference(token: str) -> str:
    """Return `redact.ref` of any string.

    Half a surrogate pair, which no UTF-8 can carry, counts as its escape.
    """
    try:
        return redact.ref(token)
    except UnicodeEncodeError:
        return redact.ref(token.encode("utf-8", "backslashreplace").decode())
