"""Finds the verbs: every class below `Step` that has a `verb`, in every module of the folders beside this file.

Discovery instead of a list, so that a new verb is a new file and nothing else.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules, walk_packages
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, Field, GetCoreSchemaHandler, TypeAdapter, create_model, model_validator
from pydantic_core import core_schema

from simulator.lab import steps
from simulator.lab.config.model import FileModel
from simulator.lab.steps.step import Step


@cache
def verbs() -> Mapping[str, type[Step]]:
    """Return every verb by its name in scenario files, folder by folder.

    Raises TypeError if two classes have the same verb.
    """
    found: dict[str, type[Step]] = {}
    for folder in iter_modules(steps.__path__, f"{steps.__name__}."):
        if not folder.ispkg:
            continue
        for module in walk_packages(import_module(folder.name).__path__, f"{folder.name}."):
            for verb in _defined_in(module.name):
                if verb.verb in found:
                    raise TypeError(
                        f"{verb.__module__} and {found[verb.verb].__module__} are both {verb.verb!r}"
                    )
                found[verb.verb] = verb
    return MappingProxyType(found)


def _defined_in(module: str) -> list[type[Step]]:
    members = vars(import_module(module)).values()
    classes = (item for item in members if inspect.isclass(item) and issubclass(item, Step))
    return [item for item in classes if item.__module__ == module and "verb" in vars(item)]


def summary_of(verb: type[Step]) -> str:
    """Return what a verb does, in one line: the first paragraph of its docstring, without the full stop."""
    first, _, _ = inspect.cleandoc(verb.__doc__ or "").partition("\n\n")
    return " ".join(first.split()).removesuffix(".")


class _OneVerb(FileModel):
    @model_validator(mode="after")
    def _exactly_one(self) -> _OneVerb:
        if len(self.model_fields_set) != 1:
            given = ", ".join(sorted(self.model_fields_set)) or "nothing"
            raise ValueError(f"a step is exactly one verb with its value; this one has {given}")
        return self


@cache
def step_model() -> type[BaseModel]:
    """Return the model of a step in a file: a mapping with exactly one key, the verb."""
    fields: dict[str, Any] = {}
    for name, verb in verbs().items():
        fields[name] = (verb, Field(None, description=summary_of(verb)))
    for name, verb in verbs().items():
        for old in verb.old_verbs:
            fields[old] = (verb, Field(None, description=f"the old name of `{name}`", deprecated=True))
    return create_model("Step", __base__=_OneVerb, __doc__="One step: exactly one of these keys.", **fields)


class _AnyVerb:
    """What pydantic is told of a Step in a file: `{verb: value}` in, an instance of the verb out."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def read(data: BaseModel) -> Step:
            (name,) = data.model_fields_set
            step = data.__dict__[name]
            assert isinstance(step, Step)
            return step

        def write(step: BaseModel, info: core_schema.SerializationInfo) -> dict[str, Any]:
            assert isinstance(step, Step)
            value = step.model_dump(
                mode=info.mode,
                by_alias=bool(info.by_alias),
                exclude_unset=info.exclude_unset,
                exclude_defaults=info.exclude_defaults,
                exclude_none=info.exclude_none,
            )
            return {step.verb: value}

        def read_or_keep(data: Any, from_file: core_schema.ValidatorFunctionWrapHandler) -> Step:
            return data if isinstance(data, Step) else read(from_file(data))

        return core_schema.no_info_wrap_validator_function(
            read_or_keep,
            handler.generate_schema(step_model()),
            serialization=core_schema.plain_serializer_function_ser_schema(write, info_arg=True),
        )


AnyStep = Annotated[Step, _AnyVerb]
_STEPS: TypeAdapter[Step] = TypeAdapter(AnyStep)


def step_of(data: object) -> Step:
    """Build the step that `{verb: value}` describes. Raises pydantic.ValidationError."""
    return _STEPS.validate_python(data)
