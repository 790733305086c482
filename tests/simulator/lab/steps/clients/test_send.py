"""The verb `send`: what it may not be, and what it reports."""

from __future__ import annotations

import pytest

from simulator.lab.files.scenario_file import scenario_of
from simulator.lab.files.yaml_source import SourceError, read_text
from simulator.lab.run.runner import run_live, run_world
from simulator.lab.steps.scenario import Scenario

START = """\
id: says-something
title: A foreign client says something
group: protocol
outcome: refused
lab:
  phones:
    - {device: CSFCAROL, user: carol, dn: "1012", profile: non-secure}
steps:
"""


def problem_of(steps: str) -> str:
    loaded = read_text(START + steps, source="f.yaml")

    with pytest.raises(SourceError) as caught:
        scenario_of(loaded)
    return str(caught.value)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("send: {status: 200}", "give either `text` or `hex`"),
        ('send: {text: a, hex: "00"}', "give either `text` or `hex`"),
        ('send: {hex: "0"}', "steps[0].send.hex"),
        ("send: {text: $nodes}", "known names are $node, $local, $token"),
        ("send: {text: 5 $}", "write $$ for a dollar sign"),
        ("send: {text: a, port: 5090}", "steps[0].send.port"),
        ("send: {text: a, node: ucm-sub}", "no node 'ucm-sub' in this lab (ucm-pub)"),
        ("send: {text: a, certificate_of: bob}", "no phone or Expressway 'bob' in this lab (CSFCAROL)"),
        ("send: {text: a, client: CSFCAROL}", "a foreign client needs another name"),
        ("send: {text: a, status: 99}", "steps[0].send.status"),
    ],
)
def test_what_cannot_be_is_told_with_file_and_line(step: str, message: str) -> None:
    problem = problem_of(f"  - {step}\n  - registered: {{CSFCAROL: null}}\n")
    assert problem.startswith("f.yaml:9: ")
    assert message in problem


def test_a_foreign_client_may_be_expected_to_see_something() -> None:
    problem = problem_of("  - expect: [{event: flow:opened, at: stranger}]\n")
    assert "no actor 'stranger' in this lab" in problem
    text = "  - send: {hex: '00'}\n  - expect: [{event: flow:opened, at: stranger}]\n"
    assert len(scenario_with(text).steps) == 2


def scenario_with(steps: str) -> Scenario:
    return scenario_of(read_text(START + steps, source="f.yaml"))


OPTIONS = """\
        OPTIONS sip:$node SIP/2.0
        Via: SIP/2.0/{transport} $local;branch=z9hG4bK-1
        From: <sip:a@$node>;tag=1
        To: <sip:$node>
        Call-ID: 1@$local
        CSeq: 1 OPTIONS
        Max-Forwards: 70
"""


@pytest.mark.parametrize(
    ("port", "transport"), [("sip-udp", "UDP"), ("sip-tcp", "TCP"), ("oauth", "TLS")], ids=lambda v: v
)
async def test_every_transport_is_answered_on_both_drivers(port: str, transport: str) -> None:
    text = OPTIONS.format(transport=transport)
    scenario = scenario_with(f"  - send:\n      port: {port}\n      status: 200\n      text: |\n{text}")
    assert run_world(scenario, "1.2").passed
    report = await run_live(scenario, "1.2")
    assert report.passed, report.failures


def test_an_answer_other_than_the_expected_one_is_named() -> None:
    text = OPTIONS.format(transport="TLS")
    report = run_world(scenario_with(f"  - send:\n      status: 403\n      text: |\n{text}"), "1.2")
    (failure,) = report.failures
    assert failure.startswith("step 1 (send): expected sip:received at stranger status=403; nearest: #")
    assert failure.endswith("status is 200, not 403")


def test_the_token_of_a_foreign_client_stays_out_of_the_events() -> None:
    text = OPTIONS.format(transport="TLS") + '        Proxy-Authorization: Bearer token="$token"\n'
    report = run_world(scenario_with(f"  - send:\n      status: 200\n      text: |\n{text}"), "1.2")
    assert report.passed
    assert "eyJ" not in "".join(str(record.event) for record in report.records)
