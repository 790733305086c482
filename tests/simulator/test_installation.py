"""The guard of the five generic package names; tests/wheel sees it at work in a fresh environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simulator import __main__, installation


def test_it_is_content_with_this_installation() -> None:
    installation.check()
    assert {file.name for file in installation.origins().values() if file} == {"__init__.py"}


@pytest.fixture(params=["certs/__init__.py", "certs.py"])
def stranger(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file: Path = tmp_path / request.param
    file.parent.mkdir(exist_ok=True)
    file.write_text("raise SystemExit('the stranger was imported')\n")
    monkeypatch.delitem(sys.modules, "certs", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    return file


def test_a_stranger_is_named_and_not_imported(stranger: Path) -> None:
    with pytest.raises(installation.InstallationError) as caught:
        installation.check()
    assert f"certs in {stranger.resolve()}" in str(caught.value)
    assert "softphone" not in str(caught.value)


def test_the_command_says_so_and_exits_with_3(stranger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        __main__.main()
    assert caught.value.code == 3
    assert capsys.readouterr().err.startswith("ucmsim: ucmsim lives in ")


def test_a_name_that_leads_nowhere_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "PACKAGES", (*installation.PACKAGES, "softfone"))
    with pytest.raises(installation.InstallationError, match="softfone in no place"):
        installation.check()


def test_a_folder_that_is_no_regular_package_is_no_package_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "softfone").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(installation, "PACKAGES", ("softfone",))
    with pytest.raises(installation.InstallationError, match="softfone in no place"):
        installation.check()
