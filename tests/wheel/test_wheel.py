"""What is in the wheel, and whether it works where it is installed, beside projects that use the same names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.patience import patience

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "pytest-client"
PACKAGES = ("simulator", "registrar", "softphone", "certs", "scenarios")


def run(
    *command: str | Path, cwd: Path, code: int = 0, python_path: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs it in `cwd` and expects this exit code. No variable of our own pytest run gets through."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "PYTHON", "COV_"))
    }
    if python_path:
        kept["PYTHONPATH"] = python_path
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=kept, capture_output=True, text=True, timeout=patience()
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


# --- content -------------------------------------------------------------------------------------------------


def test_it_holds_the_five_packages_the_plugin_and_nothing_else(wheel: Path) -> None:
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in names} == {*PACKAGES, "pytest_ucmsim.py"}
    on_disk = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == on_disk | {"pytest_ucmsim.py"}


def test_its_scenarios_have_their_texts(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    scenarios = {name.rpartition("/")[0] for name in names if name.endswith("/scenario.yaml")}
    assert len(scenarios) >= 13
    assert {f"{folder}/README.md" for folder in scenarios} <= set(names)


def test_it_is_typed_and_has_its_licence(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_it_holds_no_test_no_key_and_no_certificate(wheel: Path) -> None:
    held = re.compile(rb"-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)-----\s*[A-Za-z0-9+/]{20}")
    with ZipFile(wheel) as archive:
        for name in archive.namelist():
            assert not re.search(r"(^|/)(tests?/|test_|conftest)|\.(pem|key|crt|p12|der|pcapng)$", name), name
            assert not held.search(archive.read(name)), name


def test_its_metadata_name_the_command_the_plugin_and_no_affiliation(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        [metadata] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        about = Parser().parsestr(archive.read(metadata).decode())
        points = archive.read(metadata.replace("METADATA", "entry_points.txt")).decode()
    assert about["Name"] == "ucmsim"
    assert about["Requires-Python"] == ">=3.11"
    assert "Not affiliated with Cisco" in about["Summary"]
    assert "[console_scripts]\nucmsim = simulator.__main__:main" in points
    assert "[pytest11]\nucmsim = pytest_ucmsim" in points


# --- installed -----------------------------------------------------------------------------------------------


def test_the_command_works_from_an_unrelated_folder(environment: Path, tmp_path: Path) -> None:
    assert "registers-on-5090" in run(environment / "ucmsim", "list", cwd=tmp_path).stdout
    run(environment / "ucmsim", "check", cwd=tmp_path)
    done = run(environment / "ucmsim", "run", "registers-on-5090", "--driver", "world", cwd=tmp_path)
    assert "PASS" in done.stdout
    where = "import simulator, pytest_ucmsim; print(simulator.__file__, pytest_ucmsim.__file__)"
    for file in run(environment / "python", "-c", where, cwd=tmp_path).stdout.split():
        assert Path(file).is_relative_to(environment.parent)


def test_the_example_project_passes_with_packages_of_our_names(environment: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    for name in ("softphone", "certs", "simulator"):
        (project / name).mkdir()
        (project / name / "__init__.py").write_text("OWNER = 'the project'\n")
    (project / "test_names.py").write_text(
        "import certs, simulator, softphone\n\n"
        "def test_the_names_are_the_projects(ucmsim_lab, ucmsim_phone):\n"
        "    assert certs.OWNER == simulator.OWNER == softphone.OWNER == 'the project'\n"
        "    assert ucmsim_phone('CSFALICE').state == 'registered'\n"
    )
    command = (environment / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    done = run(*command, cwd=project)
    assert re.search(r"^\d+ passed in", done.stdout, re.MULTILINE), done.stdout


FOREIGN = {
    "a package": "softphone/__init__.py",
    "a module": "softphone.py",
    "two packages": "softphone/__init__.py certs/__init__.py",
}


@pytest.mark.parametrize("files", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_stranger_of_our_name_is_named_with_what_to_do(files: str, environment: Path, tmp_path: Path) -> None:
    strangers = [tmp_path / file for file in files.split()]
    for file in strangers:
        file.parent.mkdir(exist_ok=True)
        file.write_text("raise SystemExit('the stranger was imported')\n")
    for done in (
        run(environment / "ucmsim", "list", cwd=Path("/"), code=3, python_path=str(tmp_path)),
        run(environment / "python", "-m", "simulator", "list", cwd=tmp_path, code=3),
    ):
        assert "Traceback" not in done.stderr
        assert "the stranger was imported" not in done.stderr
        assert done.stderr.startswith("ucmsim: ucmsim lives in ")
        for file in strangers:
            assert str(file) in done.stderr
        assert "`python -I -m simulator`" in done.stderr
    run(environment / "python", "-I", "-m", "simulator", "--version", cwd=tmp_path, python_path=str(tmp_path))


def test_a_missing_package_is_named(environment: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from simulator import installation, __main__\n"
        "installation.PACKAGES += ('softfone',)\n"
        "__main__.main()"
    )
    done = run(environment / "python", "-c", code, cwd=tmp_path, code=3)
    assert "softfone in no place" in done.stderr


# --- editable ------------------------------------------------------------------------------------------------


def test_an_editable_install_shows_nothing_but_the_five_packages_and_the_plugin(tmp_path: Path) -> None:
    code = (
        "from importlib.util import find_spec\n"
        "for name in ('simulator', 'registrar', 'softphone', 'certs', 'scenarios', 'pytest_ucmsim', "
        "'tests', 'benchmarks', 'docs', 'tests.wheel'):\n"
        "    try:\n"
        "        print(name, find_spec(name) is not None)\n"
        "    except ModuleNotFoundError:\n"
        "        print(name, False)\n"
    )
    found = dict(line.split() for line in run(sys.executable, "-c", code, cwd=tmp_path).stdout.splitlines())
    assert {name for name, seen in found.items() if seen == "True"} == {*PACKAGES, "pytest_ucmsim"}


def test_an_editable_install_runs_isolated_from_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "softphone.py").write_text("raise SystemExit('the stranger was imported')\n")
    run(sys.executable, "-I", "-m", "simulator", "list", cwd=tmp_path, python_path=str(tmp_path))
