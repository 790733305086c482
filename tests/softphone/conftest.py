"""The device file every softphone test starts from, and a way to change parts of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

BASE = (Path(__file__).parent / "core" / "CSFADA.cnf.xml").read_text("utf-8")


def change(*edits: tuple[str, str], text: str = BASE) -> bytes:
    """The file with each (old, new) applied everywhere; an edit that changes nothing is a test's mistake."""
    for old, new in edits:
        assert old in text, f"nothing to change: {old!r}"
        text = text.replace(old, new)
    return text.encode()


@pytest.fixture
def cnf() -> Callable[..., bytes]:
    """`cnf()`, or `cnf(("<sipOAuthMode>1", "<sipOAuthMode>0"), ...)`."""
    return change
