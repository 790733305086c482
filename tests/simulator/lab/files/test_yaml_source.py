"""Files from strangers: every problem is one line with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.config.lab import LabConfig
from simulator.lab.files.scenario_file import read_scenario
from simulator.lab.files.yaml_source import MAX_BYTES, SourceError, build, read_file, read_text
from simulator.lab.steps.scenario import Scenario

SCENARIO = """\
id: a-good-one
title: A good scenario
group: registration
outcome: registers
lab:
  phones:
    - {device: CSFALICE, user: alice, dn: "1010"}
steps:
  - start: CSFALICE
  - registered: {CSFALICE: ucm-pub}
"""


def problem_of(text: str, model: type[LabConfig] | type[Scenario] = LabConfig) -> str:
    with pytest.raises(SourceError) as caught:
        build(model, read_text(text, source="f.yaml"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "f.yaml:1: the file is empty", id="an empty file"),
        pytest.param("# only words\n", "f.yaml:1: the file is empty", id="only a comment"),
        pytest.param("- 1\n", "f.yaml:1: the file must be a mapping", id="a list"),
        pytest.param("seed: 1\nx: &a 1\n", "f.yaml:2: anchors (&name) are not allowed", id="an anchor"),
        pytest.param("x: *a\n", "f.yaml:1: aliases (*name) are not allowed", id="an alias"),
        pytest.param("x: !!python/name:os.system 1\n", "f.yaml:1: tags (", id="a tag"),
        pytest.param("seed: 1\nseed: 2\n", "f.yaml:2: seed: this key appears twice", id="a duplicate key"),
        pytest.param("seed: 1\n---\nseed: 2\n", "f.yaml:2: more than one document", id="two documents"),
        pytest.param("? [a]\n: 1\n", "f.yaml:1: a key must be plain text", id="a key that is a list"),
        pytest.param("a: [1,\n", "not YAML: while parsing a flow node", id="an unfinished list"),
        pytest.param("\t- x\n", "f.yaml:1: not YAML:", id="a tab"),
        pytest.param("a: \x00\n", "not YAML:", id="a control character"),
        pytest.param("[" * 40, "nested deeper than 24 levels", id="deep nesting"),
        pytest.param(
            "nodes:\n- name: a\n  prots: {}\n", "f.yaml:3: nodes[0].prots: unknown key", id="an unknown key"
        ),
        pytest.param("seed: abc\n", "f.yaml:1: seed: Input should be a valid integer", id="a wrong type"),
        pytest.param(
            "nodes:\n  - name: a\n    ports:\n      oauth: 99999\n",
            "f.yaml:4: nodes[0].ports.oauth: Input should be less than or equal to 65535",
            id="a port that is none",
        ),
        pytest.param(
            "nodes: [{name: a}, {name: a}]\n", "f.yaml:1: nodes: the name a is used twice", id="equal names"
        ),
        pytest.param("phones: [{profile: nope}]\n", "no profile 'nope' (", id="an unknown profile"),
        pytest.param(
            "phones: [{deployment: mra}]\n", "needs an entry in `expressways`", id="mra without Expressway"
        ),
        pytest.param("phones: [{expressway: x}]\n", "no Expressway 'x'", id="an unknown Expressway"),
    ],
)
def test_bad_lab_files_name_the_line(text: str, message: str) -> None:
    assert message in problem_of(text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "start: CSFALICE", "start: CSFBOB", "f.yaml:9: steps[0]: no phone 'CSFBOB'", id="unknown phone"
        ),
        pytest.param(
            "start: CSFALICE", "begin: CSFALICE", "f.yaml:9: steps[0].begin: unknown key", id="unknown verb"
        ),
        pytest.param("ucm-pub}", "ucm-sub}", "f.yaml:10: steps[1]: no node 'ucm-sub'", id="unknown node"),
        pytest.param("id: a-good-one", "id: A Good One", "f.yaml:1: id:", id="a bad id"),
        pytest.param(
            "registered: {CSFALICE: ucm-pub}", "advance: 1", "no step expects anything", id="it could not fail"
        ),
        pytest.param(
            "registered: {CSFALICE: ucm-pub}",
            "expect: [{event: sip:seen}]",
            "f.yaml:10: steps[1].expect[0].event: no event 'sip:seen'",
            id="unknown event",
        ),
        pytest.param(
            "registered: {CSFALICE: ucm-pub}",
            "expect: [{event: sip:sent, with: {colour: red}}]",
            "sip:sent has no field 'colour'",
            id="unknown field",
        ),
        pytest.param(
            "registered: {CSFALICE: ucm-pub}",
            "expect: [{event: sip:sent, at: nobody}]",
            "no actor 'nobody'",
            id="unknown actor",
        ),
        pytest.param(
            "start: CSFALICE",
            "{start: CSFALICE, stop: CSFALICE}",
            "a step is exactly one verb",
            id="two verbs in a step",
        ),
    ],
)
def test_bad_scenarios_name_the_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(SCENARIO.replace(old, new))
    with pytest.raises(SourceError) as caught:
        read_scenario(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_good_scenario_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(SCENARIO)
    scenario = read_scenario(path)
    assert [str(step) for step in scenario.steps] == ["start: CSFALICE", "registered: {'CSFALICE': 'ucm-pub'}"]


def test_versions_need_no_quotes() -> None:
    assert build(LabConfig, read_text("tls: 1.3\n", source="f.yaml")).tls == "1.3"


def test_yes_and_no_are_texts_in_yaml_1_2() -> None:
    assert build(LabConfig, read_text("name: no\n", source="f.yaml")).name == "no"


@pytest.mark.parametrize("size", [MAX_BYTES + 1, 10_000_000])
def test_a_large_file_is_refused_without_reading_it_all(tmp_path: Path, size: int) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"a" * size)
    with pytest.raises(SourceError, match="larger than"):
        read_file(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.yaml", tmp_path):
        with pytest.raises(SourceError, match=str(path)):
            read_file(path)


def test_bytes_that_are_no_text_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"seed: 1\nname: \xff\n")
    with pytest.raises(SourceError, match=r"f\.yaml:2: not UTF-8 text"):
        read_file(path)


def test_an_alias_bomb_is_refused_at_once() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20)
    )
    assert "not allowed" in problem_of(bomb)
