"""The verbs about nodes and what can go wrong with them; `fail` has a file of its own."""

from __future__ import annotations

import pytest

from registrar.core.cluster.ports import PortError
from simulator.core.events import (
    FaultInjected,
    FlowFailed,
    KeysLoaded,
    PhoneRegistered,
    RegistrarRejected,
    ServiceStarted,
    ServiceStopped,
)
from simulator.lab.files.scenario_file import scenario_of
from simulator.lab.files.yaml_source import SourceError, read_text
from tests.simulator.lab.steps.stepping import Stepping


def test_stop_node_closes_its_ports_until_start_node() -> None:
    lab = Stepping()
    lab.take(stop_node="ucm-pub")
    assert [event.service for event in lab.of(ServiceStopped)] == ["Cisco CallManager"]
    lab.take(start="CSFALICE")
    assert {event.detail for event in lab.of(FlowFailed)} == {"connection refused"}
    lab.take(start_node="ucm-pub")
    assert [event.service for event in lab.of(ServiceStarted)] == ["Cisco CallManager"]
    lab.take(advance=300)
    assert lab.registered() == "ucm-pub"


def test_restart_stops_and_starts() -> None:
    lab = Stepping()
    lab.take(start="CSFALICE")
    lab.take(restart="ucm-pub")
    assert (len(lab.of(ServiceStopped)), len(lab.of(ServiceStarted))) == (1, 1)


def test_a_node_that_hangs_answers_nothing_until_wake() -> None:
    lab = Stepping()
    lab.take(hang="ucm-pub")
    assert [(event.fault, event.detail) for event in lab.of(FaultInjected)] == [
        ("CallManager of ucm-pub", "hangs")
    ]
    lab.take(start="CSFALICE")
    assert not lab.of(FlowFailed)
    assert lab.registered() is None
    lab.take(wake="ucm-pub")
    lab.take(advance=300)
    assert lab.registered() == "ucm-pub"


def test_keys_that_are_held_arrive_when_they_are_released() -> None:
    lab = Stepping({"nodes": [{"name": "ucm-pub"}, {"name": "ucm-sub"}]})
    lab.take(hold_keys="ucm-sub")
    lab.take(admin={"command": "set key regen authz signing", "answers": ["yes"]})
    held = lab.world.site.ucm.sign_in.keys
    assert held.at("ucm-pub") != held.at("ucm-sub")
    lab.take(release_keys="ucm-sub")
    assert [event.detail for event in lab.of(FaultInjected)] == ["goes on"]
    assert held.at("ucm-pub") == held.at("ucm-sub")
    assert not lab.of(KeysLoaded)


def test_an_overloaded_node_refuses_phones_and_axl_writes_until_it_is_not() -> None:
    lab = Stepping()
    lab.take(overload=True)
    lab.take(start="CSFALICE")
    assert {event.status for event in lab.of(RegistrarRejected)} == {503}
    write = {"operation": "addUser", "body": "<user><userid>carol</userid></user>", "status": 503}
    assert lab.take(axl=write) == []
    lab.take(overload=False)
    lab.take(advance=300)
    assert lab.registered() == "ucm-pub"


def test_other_ports_count_after_a_restart() -> None:
    lab = Stepping()
    lab.take(set_ports={"node": "ucm-pub", "ports": {"oauth": 6090}})
    lab.take(restart="ucm-pub")
    lab.take(start="CSFALICE")
    assert [event.port for event in lab.of(PhoneRegistered)] == [6090]


def test_a_port_that_ucm_would_refuse_is_refused() -> None:
    with pytest.raises(PortError, match="oauth port 80 is outside 1024-49151"):
        Stepping().take(set_ports={"node": "ucm-pub", "ports": {"oauth": 80}})


@pytest.mark.parametrize(
    "step",
    [
        *(f"{verb}: ucm" for verb in ("restart", "stop_node", "start_node", "hang", "wake", "hold_keys")),
        "release_keys: ucm",
        "set_ports: {node: ucm, ports: {}}",
        "set_clock: {node: ucm, ahead: 1}",
        "regenerate_tomcat: {node: ucm}",
        "fail: {node: ucm, status: 503}",
        "admin: {command: show status, node: ucm}",
        "axl: {operation: getCCMVersion, node: ucm}",
        "http: {path: /, node: ucm}",
        "send: {hex: '00', node: ucm}",
        "registered: {CSFALICE: ucm}",
    ],
)
def test_a_node_that_is_not_in_the_lab_is_told_with_its_line(step: str) -> None:
    text = (
        "id: names-a-node\ntitle: Names a node\ngroup: cluster\noutcome: registers\n"
        "lab: {phones: [{device: CSFALICE, user: alice}]}\n"
        f"steps:\n  - registered: {{CSFALICE: null}}\n  - {step}\n"
    )
    with pytest.raises(SourceError) as caught:
        scenario_of(read_text(text, source="f.yaml"))
    assert str(caught.value) == "f.yaml:8: steps[1]: no node 'ucm' in this lab (ucm-pub)"
