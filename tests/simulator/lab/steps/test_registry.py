"""The verbs of scenario files: each is one class in one file, found because it is there."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from simulator.lab import steps
from simulator.lab.files.scenario_file import scenario_of
from simulator.lab.files.yaml_source import SourceError, read_text
from simulator.lab.run.runner import run_world
from simulator.lab.run.world import run_now
from simulator.lab.steps.registry import AnyStep, step_model, step_of, summary_of, verbs
from simulator.lab.steps.scenario import Scenario
from simulator.lab.steps.step import Step
from tests.simulator.lab.steps.stepping import Stepping

HEAD = """\
id: calls
title: Something is called
group: tokens
outcome: registers
steps:
"""


@pytest.mark.parametrize("name", verbs())
def test_a_verb_is_one_class_in_the_file_of_its_name(name: str) -> None:
    verb = verbs()[name]
    assert Path(inspect.getfile(verb)).stem == name == verb.verb
    others = [one for key, one in verbs().items() if one.__module__ == verb.__module__ and key != name]
    assert not others


@pytest.mark.parametrize("name", verbs())
def test_a_verb_says_in_one_line_what_it_does(name: str) -> None:
    assert 10 < len(summary_of(verbs()[name])) < 112


def test_no_file_below_the_folder_is_without_a_verb() -> None:
    folder = Path(inspect.getfile(Step)).parent
    files = {file.stem for file in folder.glob("*/*.py") if file.stem != "__init__"}
    assert files == set(verbs())


NEW = """\
from __future__ import annotations

from typing import ClassVar

from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import ValueStep


class Shout(ValueStep[str]):
    \"\"\"Shout a word.\"\"\"

    verb: ClassVar[str] = "shout"

    async def do(self, run: ScenarioRun) -> list[str]:
        return [self.root.upper()]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose packages are folders of verbs, too."""
    monkeypatch.setattr(steps, "__path__", [*steps.__path__, str(tmp_path)])
    verbs.cache_clear()
    step_model.cache_clear()
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("simulator.lab.steps.voices")]:
        del sys.modules[name]
    verbs.cache_clear()
    step_model.cache_clear()


def test_a_new_file_is_all_that_a_new_verb_needs(folder: Path) -> None:
    (folder / "voices").mkdir()
    (folder / "voices" / "__init__.py").touch()
    (folder / "voices" / "shout.py").write_text(NEW)
    step = TypeAdapter[Step](AnyStep).validate_python({"shout": "hello"})
    assert str(step) == "shout: hello"
    lab = Stepping()
    run_now(step.take(lab.run))
    assert lab.run.failures == ["HELLO"]


def test_two_files_of_one_verb_are_a_mistake(folder: Path) -> None:
    (folder / "voices").mkdir()
    (folder / "voices" / "__init__.py").touch()
    for name in ("shout", "cry"):
        (folder / "voices" / f"{name}.py").write_text(NEW)
    with pytest.raises(TypeError, match=r"voices\.shout and .*voices\.cry are both 'shout'"):
        verbs()


def test_the_schema_has_every_verb_and_calls_an_old_name_deprecated() -> None:
    step = Scenario.model_json_schema()["$defs"]["Step"]["properties"]
    assert set(step) == {*verbs(), "call"}
    assert step["call"]["deprecated"] is True
    assert step["set_clock"]["description"] == summary_of(verbs()["set_clock"])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "a step is exactly one verb with its value; this one has nothing"),
        ({"start": "A", "stop": "A"}, "a step is exactly one verb with its value; this one has start, stop"),
        ({"call": {"path": "/"}, "http": {"path": "/"}}, "has call, http"),
        ({"begin": "A"}, "Extra inputs are not permitted"),
        ({"start": None}, "Input should be a valid string"),
        ("start", "Input should be a valid dictionary"),
    ],
    ids=["nothing", "two verbs", "a verb and its old name", "no verb", "no value", "no mapping"],
)
def test_what_is_no_step_is_refused(data: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        step_of(data)


def test_the_old_name_of_a_verb_is_read_and_means_the_same() -> None:
    old = scenario_of(read_text(HEAD + "  - call: {path: /cucm-uds/version}\n", source="f.yaml"))
    new = scenario_of(read_text(HEAD + "  - http: {path: /cucm-uds/version}\n", source="f.yaml"))
    assert old == new
    assert str(old.steps[0]) == "http: path /cucm-uds/version"
    assert run_world(old, "1.2").failures == ()


def test_a_mistake_under_an_old_name_is_told_with_its_line() -> None:
    text = HEAD + "  - http: {path: /}\n  - call:\n      path: /\n      status: good\n"
    with pytest.raises(SourceError, match=r"^f\.yaml:9: steps\[1\]\.call\.status: "):
        scenario_of(read_text(text, source="f.yaml"))


def test_a_scenario_that_is_written_out_reads_back_as_the_same() -> None:
    text = (
        "  - expect: [{event: flow:opened, at: lab, with: {listener: sip}, count: 0}]\n"
        "  - admin: show status\n"
        "  - set_clock: {node: ucm-pub, ahead: 60}\n"
    )
    scenario = scenario_of(read_text(HEAD + text, source="f.yaml"))
    for exclude_unset in (True, False):
        data = scenario.model_dump(by_alias=True, exclude_unset=exclude_unset)
        assert Scenario.model_validate(data) == scenario
    assert scenario.model_dump(by_alias=True, exclude_unset=True)["steps"][2] == {
        "set_clock": {"node": "ucm-pub", "ahead": 60}
    }
