"""Faults that are injected into a lab: each is reported, and can be taken back."""

from __future__ import annotations

import pytest

from simulator.core.events import FaultInjected
from simulator.lab.config.expressways import EdgeConfig, ExpresswayConfig
from simulator.lab.config.faults import ServedFile
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.phones import PhoneConfig
from tests.simulator.lab.site.bench import Built, built


@pytest.fixture
def lab() -> Built:
    return built(
        LabConfig(
            phones=[PhoneConfig()],
            expressways=[ExpresswayConfig(edge=EdgeConfig()), ExpresswayConfig(name="alone")],
        )
    )


def reported(lab: Built) -> list[tuple[str, str]]:
    return [(event.fault, event.detail) for event in lab.events(FaultInjected)]  # type: ignore[attr-defined]


def test_every_fault_is_reported_and_so_is_its_end(lab: Built) -> None:
    faults = lab.site.faults
    for on in (True, False):
        faults.hang("ucm-pub", on)
        faults.hang_expressway("expe", on)
        faults.set_overload(on)
        faults.hold_keys("ucm-pub", on)
        faults.set_clock("ucm-pub", -90 if on else 0)
        faults.cut_traversal("expc", on)
    assert reported(lab) == [
        ("CallManager of ucm-pub", "hangs"),
        ("Expressway expe", "hangs"),
        ("overload", "on"),
        ("replication of token keys to ucm-pub", "held"),
        ("clock of ucm-pub", "90 s behind"),
        ("link between expe and expc", "cut"),
        ("CallManager of ucm-pub", "works again"),
        ("Expressway expe", "works again"),
        ("overload", "off"),
        ("replication of token keys to ucm-pub", "goes on"),
        ("clock of ucm-pub", "right"),
        ("link between expe and expc", "works again"),
    ]


def test_overload_denies_axl_writes_on_every_node(lab: Built) -> None:
    lab.site.faults.set_overload(True)
    assert [throttle.engaged for throttle in lab.site.ucm.throttles.values()] == [True]
    lab.site.faults.set_overload(False)
    assert [throttle.engaged for throttle in lab.site.ucm.throttles.values()] == [False]


@pytest.mark.parametrize("name", ["alone", "nobody"])
def test_there_is_no_link_to_cut_without_an_expressway_e_of_its_own(lab: Built, name: str) -> None:
    with pytest.raises(LookupError, match=f"{name} has no Expressway-E of its own"):
        lab.site.faults.cut_traversal(name, True)
    assert reported(lab) == []


def test_a_file_that_cannot_be_so_changed_is_served_as_it_was(lab: Built) -> None:
    with pytest.raises(ValueError, match="no element <nothing>"):
        lab.site.faults.serve_file(ServedFile(phone="CSFALICE", elements={"nothing": "1"}))
    assert reported(lab) == []


def test_a_changed_file_is_reported_without_its_body(lab: Built) -> None:
    lab.site.faults.serve_file(ServedFile(phone="CSFALICE", status=404, body="secret"))
    assert reported(lab) == [("configuration file of CSFALICE", "status 404")]
