"""The pieces of code in the how-to are from the example project, which tests/wheel runs; its names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pytest_ucmsim

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "howto-pytest.md").read_text()
EXAMPLE = (DOCS / "examples" / "pytest-client" / "test_sipclient.py").read_text()
PIECES = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: re.findall(r"def (\w+)", piece)[0])
def test_a_piece_of_code_is_from_the_example(piece: str) -> None:
    assert piece in EXAMPLE


def test_the_table_names_what_a_lab_has() -> None:
    table = TEXT.split("| `ucmsim_lab.` | |")[1].split("\n\n")[0]
    named = set(re.findall(r"`(\w+)", " ".join(row.split("|")[1] for row in table.splitlines()[2:])))
    public = {name for name in vars(pytest_ucmsim.UcmsimLab) if not name.startswith("_")}
    assert named == public | {"endpoints", "ca_file", "pki", "control"}
