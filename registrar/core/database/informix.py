"""Informix's SQL rewritten for SQLite: `skip M first N`, double-quoted strings, `matches`, `{ comments }`.

One pass over tokens, so that nothing inside a string or a comment is touched. What is no token at all is left
for SQLite to refuse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/|\{[^}]*\})
      |(?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")
      |(?P<word>[A-Za-z_][A-Za-z0-9_$]*)
      |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"matches": "glob"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement for SQLite: `verb` is its first word and `words` all its words, in lower case."""

    sql: str
    verb: str
    words: frozenset[str]


def translate(sql: str) -> Statement:
    """Translate a statement into SQLite's SQL. Never raises: one that makes no sense stays so."""
    tokens = _tokens(sql)
    while tokens and tokens[-1] == ";":
        tokens.pop()
    words = frozenset(token.lower() for token in tokens if _is_word(token))
    verb = tokens[0].lower() if tokens else ""
    return Statement(sql=" ".join(_limited(tokens)), verb=verb, words=words)


def _tokens(sql: str) -> list[str]:
    found: list[str] = []
    for match in _TOKEN.finditer(sql):
        text = match.group()
        if match.lastgroup == "space":
            continue
        if match.lastgroup == "string" and text.startswith('"'):
            text = "'" + text[1:-1].replace('""', '"').replace("'", "''") + "'"
        elif match.lastgroup == "mark" and found and _joins(found[-1], text, sql, match.start()):
            found[-1] += text
            continue
        found.append(text)
    return found


def _joins(last: str, text: str, sql: str, start: int) -> bool:
    """Operators of two characters, written without a blank between, are one token."""
    return last + text in ("!=", "<>", "<=", ">=", "==", "||") and sql[start - 1] == last


def _limited(tokens: list[str]) -> list[str]:
    """Moves `skip M first N` behind a select to its end as LIMIT and OFFSET, at any depth of parentheses."""
    out: list[str] = []
    pending: list[list[str]] = [[]]
    index = 0
    while index < len(tokens):
        piece = tokens[index]
        lower = piece.lower()
        if piece == "(":
            pending.append([])
        elif piece == ")" and len(pending) > 1:
            out.extend(pending.pop())
        out.append(_WORDS.get(lower, piece))
        index += 1
        if lower == "select":
            limit, index = _window(tokens, index)
            pending[-1].extend(limit)
    for rest in reversed(pending):
        out.extend(rest)
    return out


def _window(tokens: list[str], index: int) -> tuple[list[str], int]:
    """The LIMIT clause that stands for the tokens at `index`, and the index behind them."""
    skip = first = None
    while index + 1 < len(tokens) and tokens[index + 1].isdecimal():
        word = tokens[index].lower()
        if word == "skip" and skip is None and first is None:
            skip = tokens[index + 1]
        elif word in ("first", "limit") and first is None:
            first = tokens[index + 1]
        else:
            break
        index += 2
    if first is None and skip is None:
        return [], index
    return ["limit", first or "-1", *(["offset", skip] if skip else [])], index


def _is_word(token: str) -> bool:
    return token[0].isalpha() or token[0] == "_"
