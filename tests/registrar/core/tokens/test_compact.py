"""Strict base64url and strict JSON, against the standard library's lenient ones."""

from __future__ import annotations

import base64
import binascii
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registrar.core.tokens import TokenProblem, compact
from registrar.core.tokens.compact import Refusal

P = TokenProblem


def _refusal(data: bytes) -> TokenProblem | None:
    try:
        compact.parse_object(data, "the text")
    except Refusal as refusal:
        return refusal.problem
    return None


@given(data=st.binary(max_size=80))
def test_what_is_encoded_decodes_to_the_same_bytes(data: bytes) -> None:
    segment = compact.encode(data).encode()
    compact.check_base64url(segment, "it")
    assert compact.decode(segment) == data
    assert compact.decoded_length(segment) == len(data)


@given(segment=st.binary(max_size=12) | st.from_regex(rb"[A-Za-z0-9_\-]{0,9}", fullmatch=True))
def test_exactly_the_canonical_spelling_is_allowed(segment: bytes) -> None:
    try:
        decoded = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
        canonical = base64.urlsafe_b64encode(decoded).rstrip(b"=") == segment
    except (ValueError, binascii.Error):
        canonical = False
    try:
        compact.check_base64url(segment, "it")
    except Refusal:
        assert not canonical
    else:
        assert canonical


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"{}", None),
        (b' {"a" : 1}\n', None),
        (b'{"a":1e400}', None),
        (b"", P.MALFORMED_JSON),
        (b"[]", P.MALFORMED_JSON),
        (b"1", P.MALFORMED_JSON),
        (b"{} {}", P.MALFORMED_JSON),
        (b"{'a':1}", P.MALFORMED_JSON),
        (b'{"a":NaN}', P.MALFORMED_JSON),
        (b'{"a":-Infinity}', P.MALFORMED_JSON),
        (b'{"a":"\n"}', P.MALFORMED_JSON),
        (b'{"a":' + b"9" * 5000 + b"}", P.MALFORMED_JSON),
        (b"\xef\xbb\xbf{}", P.MALFORMED_JSON),
        (b'{"a":"\xff"}', P.MALFORMED_UTF8),
        ("{}".encode("utf-16-le"), P.MALFORMED_UTF8),
        ("{}".encode("utf-16-be"), P.MALFORMED_UTF8),
        ("{}".encode("utf-32"), P.MALFORMED_UTF8),
        (rb'{"a":"\udc00"}', P.MALFORMED_UTF8),
        (rb'{"\ud800":1}', P.MALFORMED_UTF8),
        (b'{"a":1,"a":1}', P.DUPLICATE_MEMBER),
        (rb'{"a":1,"\u0061":1}', P.DUPLICATE_MEMBER),
        (b'{"b":{"a":1,"a":1}}', P.DUPLICATE_MEMBER),
        (b'{"a":' + b"[" * 7 + b"]" * 7 + b"}", None),
        (b'{"a":' + b"[" * 8 + b"]" * 8 + b"}", P.JSON_TOO_DEEP),
        (b"[" * 100_000, P.JSON_TOO_DEEP),
        (b'{"a":' * 1000, P.JSON_TOO_DEEP),
        (b'{"a":' + b"[]," * 20 + b"1}", P.MALFORMED_JSON),
        (b'{"a":[' + b"[]," * 20 + b"1]}", None),
        (rb'{"a":"[[[[[[[[[[[[\"[[[[[[[\\"}', None),
    ],
    ids=lambda value: str(value[:24]) if isinstance(value, bytes) else str(value),
)
def test_json_has_one_meaning_or_none(text: bytes, problem: TokenProblem | None) -> None:
    assert _refusal(text) is problem


@given(data=st.binary(max_size=60) | st.text(alphabet='{}[]",:\\ud801ae+-.n', max_size=60).map(str.encode))
@example(b'"' + b"\\" * 50)
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    _refusal(data)


@given(
    document=st.dictionaries(
        st.text(max_size=5), st.integers() | st.text(max_size=9) | st.lists(st.booleans()), max_size=6
    )
)
def test_plain_objects_are_read_as_the_standard_library_reads_them(document: dict[str, object]) -> None:
    for ascii_only in (True, False):
        text = json.dumps(document, ensure_ascii=ascii_only).encode()
        assert compact.parse_object(text, "the text") == document
