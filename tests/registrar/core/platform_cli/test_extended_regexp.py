"""Extended regular expressions, compared with Python's where both mean the same."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registrar.core.platform_cli.extended_regexp import MAX_LENGTH, Pattern, PatternError

LINE = "ccm      12345  ccmbase  14u  IPv4   60856      0t0  TCP ucm1.example.com:5090 (LISTEN)"


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("5090", True),
        ("5091", False),
        ("5090|5091", True),
        ("^ccm", True),
        ("^tomcat|LISTEN", True),
        (r"\(LISTEN\)$", True),
        ("ccm +[0-9]{5} ", True),
        ("[[:digit:]]{6}", False),
        ("IPv[46]", True),
        ("ucm[^1]", False),
        (":50(90|91) ", True),
        ("x*", True),
        ("", True),
    ],
)
def test_a_line_of_open_ports(pattern: str, matches: bool) -> None:
    assert Pattern(pattern).search(LINE) is matches


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "[", "[b-a]", "*", "a{", "a{1000}", "a{3,1}", "\\", "[[:nonsense:]]", "x" * (MAX_LENGTH + 1)],
)
def test_refuses_what_is_none(pattern: str) -> None:
    with pytest.raises(PatternError):
        Pattern(pattern)


@settings(max_examples=300)
@given(st.text("ab.|()*+?^$[]{1,2}", max_size=8), st.text("ab1", max_size=6))
def test_agrees_with_python(pattern: str, text: str) -> None:
    assume(not re.search(r"[*+?}][*+?{]|\[\[|\[.?[|]", pattern))
    try:
        mine = Pattern(pattern)
        theirs = re.compile(pattern)
    except (PatternError, re.error):
        assume(False)
    assert mine.search(text) is bool(theirs.search(text))


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(((a*)*)*)*$", "(a{1,9}){1,9}$"])
def test_no_pattern_takes_long(pattern: str) -> None:
    begun = time.perf_counter()
    assert Pattern(pattern).search("a" * 200 + "b") is (pattern != "(a+)+$" and "*" in pattern)
    assert time.perf_counter() - begun < 2.0
