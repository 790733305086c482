"""No folder imports another in a circle; imports for types alone, and inside functions, count."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("simulator", "registrar", "softphone", "certs", "scenarios")


def folder_of(module: str) -> str:
    """The package that holds `module`: itself if it is a package."""
    return module if (ROOT / module.replace(".", "/")).is_dir() else module.rpartition(".")[0]


def folder_imports() -> dict[str, dict[str, str]]:
    """Folder -> the folders that it imports, each with one import as an example."""
    graph = grimp.build_graph(*PACKAGES)
    graph.remove_module("simulator.__main__")  # the entry point stands above every folder
    found: dict[str, dict[str, str]] = {}
    for module in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            here, there = folder_of(module), folder_of(imported)
            if here != there:
                found.setdefault(here, {}).setdefault(there, f"{module} imports {imported}")
    return found


def circle(imports: dict[str, dict[str, str]]) -> list[str]:
    """The imports of one circle of folders, in order; empty if there is none."""
    done: set[str] = set()

    def walk(folder: str, path: list[str]) -> list[str]:
        if folder in path:
            around = [*path[path.index(folder) :], folder]
            return [imports[a][b] for a, b in pairwise(around)]
        if folder in done:
            return []
        for there in imports.get(folder, {}):
            if found := walk(there, [*path, folder]):
                return found
        done.add(folder)
        return []

    for folder in imports:
        if found := walk(folder, []):
            return found
    return []


def test_no_folder_imports_another_in_a_circle() -> None:
    assert circle(folder_imports()) == []


@pytest.mark.parametrize(
    ("imports", "length"),
    [
        ({"a": {"b": "1"}, "b": {"c": "2"}}, 0),
        ({"a": {"b": "1"}, "b": {"c": "2"}, "c": {"b": "3"}}, 2),
        ({"a": {"b": "1", "c": "2"}, "c": {"d": "3"}, "d": {"a": "4"}}, 3),
    ],
    ids=["a line", "a circle of two that is entered from outside", "a circle of three"],
)
def test_a_circle_is_found(imports: dict[str, dict[str, str]], length: int) -> None:
    assert len(circle(imports)) == length


def folders(root: str) -> set[str]:
    return {
        str(path.relative_to(ROOT / root).parent)
        for path in (ROOT / root).rglob("*.py")
        if path.name != "__init__.py" and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("house", ["certs", "registrar", "simulator", "softphone"])
def test_each_room_has_its_tests_in_a_folder_of_the_same_name(house: str) -> None:
    rooms, tests = folders(house), folders(f"tests/{house}")
    untested = {room for room in rooms if not any(f"{test}/".startswith(f"{room}/") for test in tests)}
    assert untested - {"."} == set()
    assert {test for test in tests if not (ROOT / house / test).is_dir()} <= {"plugin/inside"}
