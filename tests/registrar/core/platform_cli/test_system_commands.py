"""What `show open ports regexp` takes for an extended regular expression, and what it costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrar.core.platform_cli.conversation import CommandRefused
from registrar.core.platform_cli.system_commands import MAX_PATTERN, compile_pattern

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
        (r"\d{4}", True),
        (r"\bbase\b", False),
    ],
)
def test_a_line_of_open_ports(pattern: str, matches: bool) -> None:
    assert compile_pattern(pattern)(LINE) is matches


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "missing ): ("),
        (")", "unexpected ): )"),
        ("[", "missing ]: ["),
        ("[b-a]", "invalid character class range: b-a"),
        ("*", "no argument for repetition operator: *"),
        ("a{3,1}", "invalid repetition size: {3,1}"),
        ("\\", "trailing \\"),
        ("[[:nonsense:]]", "invalid character class range: [:nonsense:]"),
        ("((a{100}){100}){100}", "invalid repetition size: {100}"),
        ("é(", "missing ): é("),
        ("\udc80", "it is no text"),
        ("x" * (MAX_PATTERN + 1), "it has more than 200 characters"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(
    pattern: str, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandRefused) as refused:
        compile_pattern(pattern)
    assert str(refused.value) == f"Invalid regular expression: {why}"
    assert capfd.readouterr() == ("", "")


@given(st.text(max_size=20), st.text(max_size=20).filter(str.isprintable))
def test_any_text_is_a_pattern_or_refused(pattern: str, line: str) -> None:
    try:
        matches = compile_pattern(pattern)
    except CommandRefused:
        return
    assert matches(line) in (True, False)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(((a+)+)+)+$", "(a{1,9}){1,9}$"])
def test_patterns_that_backtracking_never_finishes_are_searched_at_once(pattern: str) -> None:
    """Steps grow with the line only: with Python's `re`, 40 characters would outlast the test run."""
    assert compile_pattern(pattern)("a" * 20_000 + "b") is False
