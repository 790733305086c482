"""`ucmsim run` and `check` with scenario files that are no good: one line with file and line, exit code 2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app

GOOD = """\
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


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def expecting(expectation: str) -> str:
    return changed("registered: {CSFALICE: ucm-pub}", f"expect: [{expectation}]")


PHONE = '{device: CSFALICE, user: alice, dn: "1010"}'
BOMB = "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b]\n"

BAD = [
    pytest.param(changed("outcome:", "colour: red\noutcome:"), 4, "colour: unknown key", id="unknown key"),
    pytest.param(changed("start: CSFALICE", "advance: soon"), 9, "steps[0].advance: ", id="wrong type"),
    pytest.param(
        changed("start: CSFALICE", "start: 7.5"),
        9,
        "steps[0].start: Input should be a valid string",
        id="wrong type of two that would be right",
    ),
    pytest.param(
        changed("start: CSFALICE", "begin: CSFALICE"), 9, "steps[0].begin: unknown key", id="unknown verb"
    ),
    pytest.param(
        changed("start: CSFALICE", "stop: CSFNOBODY"), 9, "no phone 'CSFNOBODY'", id="a phone of no lab"
    ),
    pytest.param(
        expecting("{event: registrar:reject}"),
        10,
        "no event 'registrar:reject'; did you mean registrar:rejected",
        id="an event that is misspelt",
    ),
    pytest.param(expecting("{event: sip:seen}"), 10, "no event 'sip:seen'", id="an event that there is not"),
    pytest.param(
        expecting("{event: sip:sent, with: {status: abc}}"),
        10,
        "sip:sent can never have status 'abc'",
        id="a value of another type",
    ),
    pytest.param(
        expecting("{event: tls:failed, with: {by: nobody}}"),
        10,
        "tls:failed can never have by 'nobody'",
        id="a value that is none of a few",
    ),
    pytest.param(
        expecting("{event: tls:failed, with: {alert: 999}}"),
        10,
        "tls:failed can never have alert 999",
        id="an alert that there is not",
    ),
    pytest.param(
        expecting("{event: registrar:rejected, with: {reason: bad_mood}}"),
        10,
        "registrar:rejected can never have reason 'bad_mood'",
        id="a reason that there is not",
    ),
    pytest.param(
        expecting("{event: phone:registered, with: {refreshed: 1}}"),
        10,
        "phone:registered can never have refreshed 1",
        id="a number for a truth value",
    ),
    pytest.param(
        expecting('{event: sip:sent, with: {text: "/[/"}}'),
        10,
        "/[/ is not a regular expression",
        id="a broken regular expression",
    ),
    pytest.param(
        changed("start: CSFALICE", 'admin: {command: show status, prints: "("}'),
        9,
        "( is not a regular expression",
        id="a broken regular expression in a step",
    ),
    pytest.param(expecting("{event: sip:sent, count: -1}"), 10, "count: ", id="a count below zero"),
    pytest.param(
        changed(PHONE, '{device: CSFALICE, user: alice, dn: "1010", behaviours: [naughty]}'),
        7,
        "no behaviour 'naughty'",
        id="an unknown behaviour",
    ),
    pytest.param(
        changed("start: CSFALICE", "set_behaviours: {phone: CSFALICE, behaviours: [naughty]}"),
        9,
        "no behaviour 'naughty'",
        id="an unknown behaviour in a step",
    ),
    pytest.param(
        changed("start: CSFALICE", "set_token: {phone: CSFALICE, token: {mutate: nothing-like-it}}"),
        9,
        "no token mutation 'nothing-like-it'",
        id="an unknown mutation in a step",
    ),
    pytest.param(
        changed(PHONE, '{device: CSFALICE, user: alice, dn: "1010", certificate: {sans: ["DSN:a"]}}'),
        7,
        "sans[0]: ",
        id="a name of no known type",
    ),
    pytest.param(
        changed("start: CSFALICE", "set_clock: {node: ucm-pub, ahead: .inf}"),
        9,
        "steps[0].set_clock.ahead: ",
        id="a clock that is infinitely wrong",
    ),
    pytest.param(BOMB, 1, "anchors (&name) are not allowed", id="a YAML bomb of aliases"),
    pytest.param("a: " + "[" * 100_000, 1, "nested deeper than", id="a YAML bomb of lists"),
    pytest.param("a: [\n", None, "not YAML: ", id="no YAML"),
    pytest.param("a: " + "x" * 10_000_000, None, "larger than 262144 bytes", id="a file of 10 MB"),
    pytest.param("", 1, "the file is empty", id="an empty file"),
]


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize(("text", "line", "words"), BAD)
def test_a_bad_file_is_one_line_with_file_and_line_and_exit_code_2(
    tmp_path: Path, command: str, text: str, line: int | None, words: str
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, [command, str(file), *(["--driver", "world"] if command == "run" else [])])
    assert done.exit_code == 2, done.output
    (said,) = done.stderr.splitlines()
    where = rf"(ucmsim: )?{re.escape(str(file))}:" + (f"{line}: " if line is not None else "")
    assert re.match(where, said)
    assert words in said


def test_the_file_from_which_they_were_made_is_good(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert CliRunner().invoke(app, ["run", str(file), "--driver", "world"]).exit_code == 0
