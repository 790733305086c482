"""Finds scenarios: the built-in ones by id, others by file or folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from simulator.lab.files.scenario_file import read_scenario
from simulator.lab.files.yaml_source import SourceError
from simulator.lab.steps.scenario import Scenario

FILE = "scenario.yaml"


def builtin_folder() -> Path:
    """Return the folder of the built-in scenarios (ucmsim is installed as plain files)."""
    return Path(str(resources.files("scenarios")))


def builtin() -> list[Scenario]:
    """Read all built-in scenarios, in the order of their ids."""
    return list(each_builtin())


def each_builtin() -> Iterator[Scenario]:
    """Read the built-in scenarios one by one, each when the iterator reaches it."""
    return map(read_scenario, files_below(builtin_folder()))


def files_below(path: Path) -> list[Path]:
    """Return the scenario files of a path: a file itself, or every scenario.yaml below a folder."""
    if path.is_dir():
        return sorted(path.rglob(FILE))
    return [path]


def find(wanted: Iterable[str]) -> Iterator[Scenario]:
    """Read scenarios by id, file or folder, in the order asked for. Raises SourceError."""
    for name in wanted:
        yield from find_one(name)


def find_one(name: str) -> list[Scenario]:
    known = builtin_folder() / name / FILE
    if "/" not in name and known.is_file():
        return [read_scenario(known)]
    path = Path(name)
    files = files_below(path) if path.exists() else []
    if not files:
        near = get_close_matches(name, (folder.name for folder in builtin_folder().iterdir()), 3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "see `ucmsim list`"
        raise SourceError(name, None, "", f"no scenario with this id, and no such file or folder ({hint})")
    return [read_scenario(file) for file in files]
