"""The base of every verb. A verb is one class in one file of a folder below this one; a step is its instance.

The class holds all there is to a verb: the model of its value, the names of the lab that the value refers to,
and what is done. `simulator.lab.steps.registry` finds the classes: a new file is all that a new verb needs.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel

from simulator.core import redact
from simulator.core.events import StepTaken
from simulator.lab.config.expectation import Expectation
from simulator.lab.config.model import FileModel
from simulator.lab.steps.scenario_run import ScenarioRun

T = TypeVar("T")

ReferenceKind = Literal["phone", "node", "Expressway", "node or Expressway", "phone or Expressway", "actor"]
"""What a name must be the name of. An actor: one of these, a name server, the lab, or a client of a step."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in a step's value, and where below the step it stands (keys and indices)."""

    kind: ReferenceKind
    name: str
    path: tuple[str | int, ...] = ()


class Step(ABC):
    """One step of a scenario. A class below this one is a verb; its docstring begins with what it does."""

    verb: ClassVar[str]
    """The key in a scenario file."""
    old_verbs: ClassVar[tuple[str, ...]] = ()
    """Earlier names of the key, which files may still use."""
    checks: ClassVar[bool] = False
    """The step can find something wrong: a scenario needs at least one that can."""
    told: ClassVar[bool] = True
    """An event tells that the step is taken."""

    @property
    @abstractmethod
    def value(self) -> object:
        """What stands behind the key in the file."""

    def references(self) -> Iterable[Reference]:
        """Return the names that must be in the lab."""
        return ()

    def clients(self) -> Iterable[str]:
        """Return the names of clients that the step adds to the lab; the lab must not have these names."""
        return ()

    async def take(self, run: ScenarioRun) -> None:
        """Take the step; what it finds wrong is added to `run.failures`.

        Raises ValueError, LookupError or OSError for a step that cannot be taken.
        """
        if self.told:
            run.site.lab.add(StepTaken(step=str(self)))
        run.failures += await self.do(run) or ()

    @abstractmethod
    async def do(self, run: ScenarioRun) -> list[str] | None:
        """Do what the verb says; return one sentence for each thing that is not as expected."""

    def __str__(self) -> str:
        """Describe the step for events and ladders. Of a field that may hold a secret only names are told."""
        value = self.value
        if isinstance(value, list):
            shown = ", ".join(map(_plain, value))
        elif isinstance(value, BaseModel):
            shown = ", ".join(_described(value))
        elif isinstance(value, bool):
            shown = "on" if value else "off"
        elif isinstance(value, float):
            shown = f"{value:g} s"
        else:
            shown = str(value)
        return redact.text(f"{self.verb}: {shown}")


class MappingStep(FileModel, Step):
    """A verb whose value is a mapping: the fields of the class are its keys."""

    @property
    def value(self) -> object:
        return self

    __str__ = Step.__str__


class ValueStep(RootModel[T], Step, Generic[T]):
    """A verb whose value is a T: a plain value, a list, or a model of another room."""

    model_config = ConfigDict(frozen=True)

    @property
    def value(self) -> T:
        return self.root

    __str__ = Step.__str__


def _described(value: BaseModel) -> list[str]:
    """Describe each field that was given something else than its default."""
    out = []
    for name, field in type(value).model_fields.items():
        part = getattr(value, name)
        if part != field.get_default(call_default_factory=True):
            out.append(f"{name} {_plain(part) if field.repr else _names_in(part)}")
    return out


def _plain(value: object) -> str:
    """Write a value without YAML's punctuation."""
    if isinstance(value, Expectation):
        return str(value)
    if isinstance(value, BaseModel):
        return " ".join(_described(value))
    if isinstance(value, dict):
        return " ".join(f"{name} {_plain(part)}" for name, part in value.items())
    return " ".join(map(_plain, value)) if isinstance(value, list) else str(value)


def _names_in(value: object) -> str:
    """Describe a value that is not shown by its keys or elements, or by how many there are."""
    if isinstance(value, dict):
        return " ".join(value)
    if isinstance(value, list):
        return f"({len(value)})"
    elements = dict.fromkeys(re.findall(r"<([A-Za-z][A-Za-z0-9]*)", str(value)))
    return " ".join(f"<{name}>" for name in elements) or "(not shown)"
