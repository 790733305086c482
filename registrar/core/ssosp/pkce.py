"""Proof Key for Code Exchange, S256 only (RFC 7636): `plain` would show an eavesdropper what it protects."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest

from registrar.core.ssosp.clients import PkceRule
from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal

_CHALLENGE = re.compile(r"[A-Za-z0-9_\-]{43}")
"""BASE64URL of 32 bytes."""
_VERIFIER = re.compile(r"[A-Za-z0-9._~\-]{43,128}")


def challenge_of(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def read_challenge(challenge: str | None, method: str | None, rule: PkceRule) -> str | None:
    """The challenge an authorization request binds its code to; None: none. Raises OAuthRefusal."""
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
    """Raises OAuthRefusal unless the verifier belongs to the challenge, or there is neither.

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
