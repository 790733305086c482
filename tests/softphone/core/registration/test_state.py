"""Rule 1 of the registration: what it holds is changed in state.py, and nowhere else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from softphone.core import actors, registration

HELD = {"it", "held", "_held"}
"""What the other files call the state."""
FILES = [
    *(path for path in Path(registration.__path__[0]).glob("*.py") if path.name != "state.py"),
    *Path(actors.__path__[0]).glob("*.py"),
]


def assigned(tree: ast.AST) -> list[str]:
    """Every target of an assignment or a deletion that belongs to the state."""
    targets: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.Delete):
            targets += node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets.append(node.target)
    flat = [one for target in targets for one in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return [
        ast.unparse(one)
        for one in flat
        if isinstance(one, ast.Attribute | ast.Subscript) and owner(one) in HELD
    ]


def owner(target: ast.expr) -> str:
    """The name whose attribute, or whose attribute's item, is meant: `it` in `it.due[x]`."""
    while isinstance(target, ast.Attribute | ast.Subscript):
        inner = target.value
        if isinstance(target, ast.Attribute) and target.attr in HELD:
            return ""  # the reference itself
        if isinstance(inner, ast.Attribute) and inner.attr in HELD:
            return inner.attr
        target = inner
    return target.id if isinstance(target, ast.Name) else ""


def test_the_check_sees_what_it_is_for() -> None:
    text = (
        "it.flow = None\nheld.due[x] = 1\ndel it.due[x]\nself._held.state = 2\nself._held = y\nother.flow = 3"
    )
    assert assigned(ast.parse(text)) == ["it.flow", "held.due[x]", "it.due[x]", "self._held.state"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_other_file_changes_the_state(path: Path) -> None:
    assert assigned(ast.parse(path.read_text("utf-8"))) == []
