"""The reference pages say what the tables in the code say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", generator().PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    page: str = generator().PAGES[name]()
    assert (DOCS / name).read_text() == page, "run `python docs/generate.py`"


def test_the_site_has_a_handbook_and_the_scenarios_link_into_it(tmp_path: Path) -> None:
    generator().write_site(tmp_path / "site")
    handbook = (tmp_path / "site" / "handbook.md").read_text()
    scenarios = (tmp_path / "site" / "scenarios.md").read_text()
    assert "(handbook.md#unknown-ca-from-ucm)" in scenarios
    assert "../scenarios/" not in scenarios
    assert "\n## unknown-ca-from-ucm\n" in handbook
