"""Quoted strings, parameters and what an error message may quote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.sip.grammar import excerpt, find_param, parse_params, quote, render_params, unfold, unquote


@given(st.text(st.characters(exclude_characters="\r\n")))
def test_a_quoted_string_means_what_was_quoted(text: str) -> None:
    assert unquote(quote(text)) == text


def test_a_quoted_string_holds_no_line_break() -> None:
    with pytest.raises(ValueError, match="line break"):
        quote("a\r\nb")


def test_a_token_means_itself() -> None:
    assert unquote("abc") == "abc"


def test_parameters_keep_spelling_and_are_found_in_any_case() -> None:
    params = parse_params('; A = 1 ;b;c="x;\\"y"', "X")
    assert params == (("A", "1"), ("b", None), ("c", '"x;\\"y"'))
    assert render_params(params) == ';A=1;b;c="x;\\"y"'
    assert [find_param(params, name) for name in "abcd"] == ["1", "", 'x;"y', None]
    assert parse_params("", "X") == parse_params("   ", "X") == ()


def test_unfolding() -> None:
    assert unfold("a\r\n b \t\r\n\t\tc") == "a b c"
    assert unfold("plain  text") == "plain  text"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("sip:alice:hunter2@h", "hunter2"),
        ("<SIPS:alice:hunter2@h>", "hunter2"),
        ("Bearer abcdefghijklmnopqrstuvwxyz", "abcdef"),
        ("x eyJhbGciOiJSUzI1NiJ9.e30.sig", "eyJ"),
    ],
)
def test_an_excerpt_shows_no_secret(text: str, hidden: str) -> None:
    assert hidden not in excerpt(text)


def test_an_excerpt_is_short() -> None:
    assert len(excerpt("x" * 50_000)) == 82
