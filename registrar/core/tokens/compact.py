"""Compact JOSE text, read strictly: canonical base64url (RFC 7515 2) and JSON without second meanings.

Two different texts must never stand for one token, and no text may cost more than its length: depth,
duplicates, `NaN` and numbers without end are refused here, before a library sees them.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from binascii import a2b_base64
from typing import Never

from registrar.core.tokens.claims import Document
from registrar.core.tokens.problems import TokenProblem

MAX_DEPTH = 8
"""Levels of JSON nesting (oauth-tokens 9)."""

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
# The last character of a group carries bits that belong to no byte: 4 of them after one byte, 2 after two.
_LAST_OF_TWO = b"AQgw"
_LAST_OF_THREE = b"AEIMQUYcgkosw048"
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')


class Refusal(Exception):
    """Carries the first problem up to the validator, which turns it into a value."""

    def __init__(self, problem: TokenProblem, detail: str, tid: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.detail = detail
        self.tid = tid


def encode(data: bytes) -> str:
    """Encode bytes as base64url without padding (RFC 7515 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def render(document: object) -> bytes:
    """Render JSON without spaces, members in their order: the form of the published token."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def check_base64url(segment: bytes, what: str) -> None:
    """Refuse all but the one spelling of some bytes: no padding, no `+` or `/`, no left-over bits.

    Raises Refusal.
    """
    if segment.translate(None, _ALPHABET):
        raise Refusal(TokenProblem.MALFORMED_B64, f"{what} has a character outside the base64url alphabet")
    rest = len(segment) & 3
    if rest == 1:
        raise Refusal(TokenProblem.MALFORMED_B64, f"{what} has an impossible base64url length")
    if rest and segment[-1] not in (_LAST_OF_TWO if rest == 2 else _LAST_OF_THREE):
        raise Refusal(TokenProblem.NONCANONICAL_B64, f"the last character of {what} has left-over bits")


def decoded_length(segment: bytes) -> int:
    """Return Number of bytes that a checked segment stands for."""
    return len(segment) * 3 // 4


def decode(segment: bytes) -> bytes:
    """Return the bytes of a segment that `check_base64url` let pass."""
    return a2b_base64(segment.translate(_TO_STANDARD) + b"=="[: -len(segment) & 3])


def parse_object(data: bytes, what: str) -> Document:
    """Parse a JSON object. Raises Refusal, which says what is wrong with the text."""
    if 0 in data[:4]:
        # RFC 8725 3.7: UTF-8 only. A zero among the first bytes of a JSON text means UTF-16 or UTF-32.
        raise Refusal(TokenProblem.MALFORMED_UTF8, f"{what} is not UTF-8")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Refusal(TokenProblem.MALFORMED_UTF8, f"{what} is not UTF-8") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise Refusal(TokenProblem.JSON_TOO_DEEP, f"{what} is nested deeper than {MAX_DEPTH} levels")
    try:
        value = _DECODER.decode(text)
    except _DuplicateMember:
        raise Refusal(TokenProblem.DUPLICATE_MEMBER, f"{what} names a member twice") from None
    except ValueError:
        # Also what int() raises for a number of thousands of digits.
        raise Refusal(TokenProblem.MALFORMED_JSON, f"{what} is not JSON") from None
    if type(value) is not dict:
        raise Refusal(TokenProblem.MALFORMED_JSON, f"{what} is not a JSON object")
    if "\\u" in text:
        _refuse_lone_surrogates(value, what)
    return value


class _DuplicateMember(ValueError):
    pass


def _members(pairs: list[tuple[str, object]]) -> Document:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateMember
    return members


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant)


def _depth(text: str) -> int:
    """The deepest nesting; brackets inside strings do not count."""
    depth = deepest = 0
    for character in _STRING.sub("", text):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _refuse_lone_surrogates(value: object, what: str) -> None:
    # RFC 8259 8.2: an escape such as \ud800 alone is no character, and no UTF-8 can carry it further.
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Refusal(TokenProblem.MALFORMED_UTF8, f"{what} escapes half a surrogate pair") from None
