"""Form parameters read strictly: percent-encoding, UTF-8, and no name twice (RFC 6749 3.1, 3.2)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal
from registrar.core.tomcat.http import media_type
from simulator.core.http.message import HttpRequest

FORM = "application/x-www-form-urlencoded"
MAX_BODY = 64 * 1024
"""Bytes."""
MAX_FIELDS = 64

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NAMES = frozenset(
    {
        "client_id",
        "client_secret",
        "code",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "grant_type",
        "password",
        "redirect_uri",
        "refresh_token",
        "response_type",
        "scope",
        "state",
        "user",
        "user_id",
    }
)
"""The only names that are shown: a name may be a value that somebody put into the wrong place."""

Pairs = tuple[tuple[str, str], ...]


class Parameters:
    """The parameters of a request by name; one that is empty counts as left out (RFC 6749 3.1)."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = tuple(pairs)
        self._values = dict(self.pairs)
        counts = Counter(name for name, _ in self.pairs)
        self.repeated = frozenset(name for name, count in counts.items() if count > 1)

    def get(self, name: str) -> str | None:
        """Return the value; None: it is empty or left out."""
        return self._values.get(name) or None

    def required(self, name: str) -> str:
        """Return the value. Raises OAuthRefusal if it is empty or left out."""
        value = self.get(name)
        if value is None:
            raise OAuthRefusal(OAuthProblem.PARAMETER_MISSING, f"{name} is missing")
        return value

    def refuse_repeated(self) -> None:
        """Raise OAuthRefusal if any name comes twice."""
        if self.repeated:
            shown = min(self.repeated & _NAMES, default="a parameter")
            raise OAuthRefusal(OAuthProblem.PARAMETER_DUPLICATE, f"{shown} is there more than once")


def read_form(request: HttpRequest) -> Pairs:
    """Read the fields of a POSTed form, in order. Raises OAuthRefusal."""
    if len(request.body) > MAX_BODY:
        raise OAuthRefusal(OAuthProblem.BODY_TOO_LARGE, f"the body has over {MAX_BODY} bytes")
    if media_type(request) != FORM:
        raise OAuthRefusal(OAuthProblem.CONTENT_TYPE, f"the Content-Type is not {FORM}")
    return parse_form(request.body)


def parse_form(body: bytes) -> Pairs:
    """Read the fields of a form's body, in order. Raises OAuthRefusal."""
    if _BAD_ESCAPE.search(body):
        raise OAuthRefusal(OAuthProblem.MALFORMED_FORM, "a percent sign is not followed by two hex digits")
    fields = [item for item in body.split(b"&") if item]
    if len(fields) > MAX_FIELDS:
        raise OAuthRefusal(OAuthProblem.MALFORMED_FORM, f"the form has over {MAX_FIELDS} fields")
    pairs = []
    for item in fields:
        name, _, value = item.partition(b"=")
        pairs.append((unescape(name), unescape(value)))
    return tuple(pairs)


def unescape(text: bytes) -> str:
    """Decode one name or value of a form. Raises OAuthRefusal if it is not UTF-8."""
    try:
        return unquote_to_bytes(text.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise OAuthRefusal(OAuthProblem.MALFORMED_FORM, "a field is not UTF-8") from None
