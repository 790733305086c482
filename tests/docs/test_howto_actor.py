"""The actor and the tests of docs/howto-actor.md are run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from simulator.testing import Mismatch

PAGE = Path(__file__).parents[2] / "docs" / "howto-actor.md"
PYTHON = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL))
SHOWN = [
    text
    for kind, text in re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    if not kind
]


@pytest.fixture
def page() -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "howto_actor"}
    exec(compile(PYTHON, str(PAGE), "exec", dont_inherit=True), names)
    return names


@pytest.mark.parametrize("name", re.findall(r"^def (test_\w+)\(", PYTHON, re.MULTILINE))
def test_a_test_of_the_page_passes(page: dict[str, Any], name: str) -> None:
    page[name]()


def test_the_failure_that_the_page_shows_is_what_a_playbook_says(page: dict[str, Any]) -> None:
    with pytest.raises(Mismatch) as caught:
        page["monitored"]().connected().sends("^INVITE")
    said = [re.sub(r"Via: .*", "Via: ...", line) for line in str(caught.value).splitlines()]
    assert "\n".join(said) + "\n" in SHOWN
