"""The step `http`: what is kept of an answer goes into later calls, and into nothing else."""

from __future__ import annotations

import pytest

from simulator.lab.files.yaml_source import SourceError, build, read_text
from simulator.lab.run.runner import run_world
from simulator.lab.steps.scenario import Scenario

HEAD = """\
id: calls
title: Something is called
group: tokens
outcome: registers
lab: {users: [{id: alice}]}
steps:
"""


def scenario(*steps: str) -> Scenario:
    return build(Scenario, read_text(HEAD + "".join(f"  - {step}\n" for step in steps), source="f.yaml"))


def test_a_name_that_was_not_kept_is_told_with_those_that_were() -> None:
    keep = 'http: {path: /cucm-uds/version, keep: {major: "<version>(\\\\d+)"}}'
    report = run_world(scenario(keep, "http: {path: '/cucm-uds/clusterUser?username=$minor'}"), "1.2")
    assert report.failures == ("step 2 (http): no value $minor was kept; known are $token, $password, $major",)


def test_what_is_to_be_kept_must_be_there() -> None:
    report = run_world(scenario("http: {path: /cucm-uds/version, keep: {code: 'code=(.)'}}"), "1.2")
    assert report.failures == (
        "step 1 (http): expected GET /cucm-uds/version to answer a code, /code=(.)/; it did not",
    )


def test_the_first_users_token_opens_what_is_hers() -> None:
    inspect = "http: {path: '/cucm-uds/clusterUser?username=$who'}"
    keep = "http: {path: '/cucm-uds/clusterUser?username=alice', keep: {who: 'user/([a-z]+)'}}"
    assert run_world(scenario(keep, inspect), "1.2").failures == ()


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        ("{code: 'code='}", "(group) of the expression, which has 0"),
        ("{code: '(a)(b)'}", "which has 2"),
        ("{code: '('}", "not a regular"),
    ],
)
def test_what_cannot_be_kept_is_named_with_its_line(keep: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        scenario(f"http: {{path: /x, keep: {keep}}}")
    assert caught.value.line == 7
    assert said in str(caught.value)
