"""The verbs about phones: start, stop, crash, reset, set_token, set_behaviours, set_profile, config_file."""

from __future__ import annotations

import pytest

from simulator.core.events import (
    ClusterChanged,
    FaultInjected,
    FlowClosed,
    PhoneRegistered,
    PhoneStateChanged,
    RegistrarAccepted,
    RegistrarChallenged,
    SipReceived,
    StepTaken,
)
from simulator.lab.files.scenario_file import scenario_of
from simulator.lab.files.yaml_source import SourceError, read_text
from tests.simulator.lab.steps.stepping import Stepping

TWO = {"phones": [{"device": "CSFALICE", "user": "alice"}, {"device": "CSFBOB", "user": "bob", "dn": "1011"}]}


def test_start_registers_one_phone_or_several() -> None:
    one = Stepping(TWO)
    assert one.take(start="CSFBOB") == []
    assert (one.registered("CSFALICE"), one.registered("CSFBOB")) == (None, "ucm-pub")
    assert [event.step for event in one.of(StepTaken)] == ["start: CSFBOB"]
    both = Stepping(TWO)
    both.take(start=["CSFALICE", "CSFBOB"])
    assert (both.registered("CSFALICE"), both.registered("CSFBOB")) == ("ucm-pub", "ucm-pub")


def test_stop_unregisters() -> None:
    lab = Stepping()
    lab.take(start="CSFALICE")
    lab.take(stop="CSFALICE")
    assert lab.registered() is None
    assert [event.what for event in lab.of(RegistrarAccepted)] == ["unregistered"]
    assert all(event.clean for event in lab.of(FlowClosed))


def test_crash_leaves_a_registration_behind_and_a_broken_connection() -> None:
    lab = Stepping()
    lab.take(start="CSFALICE")
    lab.take(crash="CSFALICE")
    assert lab.world.site.phones.bound_at("CSFALICE") == "ucm-pub"
    assert not lab.of(RegistrarAccepted)
    assert False in [event.clean for event in lab.of(FlowClosed)]


def test_reset_lets_the_phone_begin_again() -> None:
    lab = Stepping()
    lab.take(start="CSFALICE")
    lab.take(reset="CSFALICE")
    assert "NOTIFY" in [event.method for event in lab.of(SipReceived)]
    lab.take(advance=60)
    assert lab.registered() == "ucm-pub"


def test_reset_of_a_phone_that_is_not_registered_does_nothing() -> None:
    lab = Stepping()
    lab.take(reset="CSFALICE")
    assert not lab.of(SipReceived)


def test_set_token_counts_from_the_next_registration_on() -> None:
    lab = Stepping()
    lab.take(set_token={"phone": "CSFALICE", "token": {"mutate": "alg-none", "renewable": False}})
    lab.take(start="CSFALICE")
    assert lab.registered() is None
    assert "alg_not_allowed" in [event.reason for event in lab.of(RegistrarChallenged)]


def test_set_behaviours_takes_the_place_of_what_was_set_before() -> None:
    lab = Stepping()
    lab.take(set_behaviours={"phone": "CSFALICE", "behaviours": ["never-send-token"]})
    lab.take(start="CSFALICE")
    assert lab.registered() is None
    lab.take(stop="CSFALICE")
    lab.take(set_behaviours={"phone": "CSFALICE", "behaviours": []})
    lab.take(start="CSFALICE")
    assert lab.registered() == "ucm-pub"


def test_set_profile_moves_the_phone_to_another_port() -> None:
    lab = Stepping()
    lab.take(set_profile={"phone": "CSFALICE", "profile": "non-secure"})
    assert [event.detail for event in lab.of(ClusterChanged)] == ["non-secure"]
    lab.take(start="CSFALICE")
    assert [event.port for event in lab.of(PhoneRegistered)] == [5060]


def test_config_file_is_served_changed_and_with_nothing_but_the_phone_true_again() -> None:
    lab = Stepping()
    lab.take(config_file={"phone": "CSFALICE", "status": 404})
    assert [event.detail for event in lab.of(FaultInjected)] == ["status 404"]
    lab.take(start="CSFALICE")
    assert lab.registered() is None
    assert lab.of(PhoneStateChanged)
    lab.take(stop="CSFALICE")
    lab.take(config_file={"phone": "CSFALICE"})
    lab.take(start="CSFALICE")
    assert lab.registered() == "ucm-pub"


def test_an_element_that_is_not_in_the_file_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="no element <sipOAuthPorts> in the file"):
        Stepping().take(config_file={"phone": "CSFALICE", "elements": {"sipOAuthPorts": "1"}})


@pytest.mark.parametrize(
    "step",
    [
        "start: [CSFALICE, CSFNONE]",
        "stop: CSFNONE",
        "crash: CSFNONE",
        "reset: CSFNONE",
        "registered: {CSFNONE: null}",
        "set_token: {phone: CSFNONE, token: {}}",
        "set_behaviours: {phone: CSFNONE, behaviours: []}",
        "set_profile: {phone: CSFNONE, profile: oauth}",
        "config_file: {phone: CSFNONE}",
    ],
)
def test_a_phone_that_is_not_in_the_lab_is_told_with_its_line(step: str) -> None:
    text = (
        "id: names-a-phone\ntitle: Names a phone\ngroup: registration\noutcome: registers\n"
        "lab: {phones: [{device: CSFALICE, user: alice}]}\n"
        f"steps:\n  - registered: {{CSFALICE: null}}\n  - {step}\n"
    )
    with pytest.raises(SourceError) as caught:
        scenario_of(read_text(text, source="f.yaml"))
    assert str(caught.value) == "f.yaml:8: steps[1]: no phone 'CSFNONE' in this lab (CSFALICE)"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("set_behaviours: {phone: CSFALICE, behaviours: [sulk]}", "steps[1].set_behaviours.behaviours: no beh"),
        ("set_token: {phone: CSFALICE, token: {mutate: odd}}", "steps[1].set_token.token.mutate: no token mut"),
        ("send: {hex: '00', token: {mutate: odd}}", "steps[1].send.token.mutate: no token mutation 'odd'"),
        ("config_file: {phone: CSFALICE, cut: -1}", "steps[1].config_file.cut: "),
        ("overload: maybe", "steps[1].overload: "),
    ],
)
def test_a_value_that_cannot_be_is_told_with_its_line(step: str, said: str) -> None:
    text = (
        "id: names-a-thing\ntitle: Names a thing\ngroup: registration\noutcome: registers\n"
        "lab: {phones: [{device: CSFALICE, user: alice}]}\n"
        f"steps:\n  - registered: {{CSFALICE: null}}\n  - {step}\n"
    )
    with pytest.raises(SourceError) as caught:
        scenario_of(read_text(text, source="f.yaml"))
    assert str(caught.value).startswith(f"f.yaml:8: {said}")
