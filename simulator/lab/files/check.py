"""`ucmsim check`: reads files without running them. A lab file has no `steps`; anything else is a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.lab.files import catalogue, yaml_source
from simulator.lab.files.lab_file import lab_of
from simulator.lab.files.scenario_file import scenario_of
from simulator.lab.files.yaml_source import SourceError
from simulator.lab.steps.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Checked:
    files: int
    problems: tuple[SourceError, ...]


def check_paths(paths: Sequence[str] | None) -> Checked:
    """Check files, folders and built-in scenarios by id; None is all built-in ones.

    After the first problem of a file the next file is checked.
    """
    files: list[Path] = []
    problems: list[SourceError] = []
    for name in paths or [str(catalogue.builtin_folder())]:
        builtin = catalogue.builtin_folder() / name / catalogue.FILE
        path = builtin if "/" not in name and builtin.is_file() else Path(name)
        if not path.exists():
            problems.append(SourceError(name, None, "", "no such file, folder or scenario"))
            continue
        found = catalogue.files_below(path)
        if not found:
            problems.append(SourceError(name, None, "", f"no {catalogue.FILE} below this folder"))
        files += found
    ids: dict[str, Path] = {}
    for file in files:
        try:
            scenario = check_file(file)
            if scenario is not None and scenario.id in ids:
                raise SourceError(str(file), 1, "id", f"{scenario.id} is also the id of {ids[scenario.id]}")
        except SourceError as problem:
            problems.append(problem)
        else:
            if scenario is not None:
                ids[scenario.id] = file
    return Checked(len(files), tuple(problems))


def check_file(path: Path) -> Scenario | None:
    """Return the scenario in the file; None if it is a lab file. Raises SourceError."""
    loaded = yaml_source.read_file(path)
    if isinstance(loaded.data, dict) and "steps" not in loaded.data and "id" not in loaded.data:
        lab_of(loaded)
        return None
    return scenario_of(loaded)
