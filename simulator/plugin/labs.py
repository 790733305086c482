"""The labs of a test session, one for each shape that its marks ask for."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .lab import UcmsimLab
from .process import LabError, Process

_MOST_LABS = 4
"""Labs one session keeps running; the one not used for longest makes room."""


@dataclass(frozen=True)
class Shape:
    """What distinguishes labs: a lab file (path, or content as JSON) and changes to it."""

    file: str | None = None
    content: str | None = None
    changes: tuple[str, ...] = ()


def shape_of(node: pytest.Item) -> Shape:
    """Combine the marks of module, class and test, the nearer over the farther; files are looked up beside the
    test's.
    """
    asked: dict[str, Any] = {}
    for mark in reversed(list(node.iter_markers("ucmsim"))):
        if mark.args:
            raise LabError(f"the ucmsim mark takes keyword arguments only, not {mark.args!r}")
        asked |= mark.kwargs
    lab = asked.pop("lab", None)
    file = None
    try:
        changes = tuple(f"{key}={json.dumps(asked[key])}" for key in sorted(asked))
        if isinstance(lab, Mapping):
            return Shape(content=json.dumps(lab, sort_keys=True), changes=changes)
        if lab is not None:
            file = str(node.path.parent / lab)  # an absolute path stays as it is
    except TypeError as error:
        raise LabError(f"the ucmsim mark holds what a lab file cannot: {error}") from None
    return Shape(file=file, changes=changes)


class Labs:
    """The session's labs, by shape."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._labs: OrderedDict[Shape, tuple[Process, UcmsimLab]] = OrderedDict()
        self._started = 0

    def lend(self, shape: Shape) -> UcmsimLab:
        """Return the lab of this shape in the state after its start. Raises LabError."""
        held = self._labs.pop(shape, None)
        if held is not None and held[0].epitaph() is None:
            held[1].reset()
            held[1]._lost = []
        else:
            if held is not None:
                held[0].stop()
            held = self._start(shape)
        self._labs[shape] = held
        while len(self._labs) > _MOST_LABS:
            self._labs.popitem(last=False)[1][0].stop()
        return held[1]

    def _start(self, shape: Shape) -> tuple[Process, UcmsimLab]:
        self._started += 1
        file = shape.file
        if shape.content is not None:
            path = self._folder / f"lab-{self._started}.yaml"
            path.write_text(shape.content, "utf-8")
            file = str(path)
        arguments = ["up", "--port-base", "0", "--json", "--until-eof"]
        arguments += [part for change in shape.changes for part in ("--set", change)]
        arguments += [file] if file is not None else []
        process = Process([*self._command, *arguments], self._folder / f"lab-{self._started}.err")
        return process, UcmsimLab(process)

    def close(self) -> None:
        for process, _ in self._labs.values():
            process.stop()
        self._labs.clear()
