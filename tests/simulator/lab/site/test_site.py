"""A lab of parts: what holds of all of them together."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from registrar.core.platform_cli import CommandRun
from simulator.core.events import LabBuilt
from simulator.lab.config.expressways import EdgeConfig, ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.phones import PhoneConfig
from tests.simulator.lab.site.bench import NOW, built

LAB = LabConfig(
    expressways=[ExpresswayConfig(edge=EdgeConfig())],
    phones=[PhoneConfig(), PhoneConfig(device="CSFDAVE", user="dave", dn="1013", profile="encrypted")],
)


def test_the_first_event_names_every_actor() -> None:
    (first, *_) = built(LAB).site.log.records()
    assert first.event == LabBuilt(
        phones=("CSFALICE", "CSFDAVE"), nodes=("ucm-pub",), expressways=("expe", "expc"), name_servers=()
    )


def test_no_part_of_a_lab_can_be_exchanged() -> None:
    site = built(LAB).site
    with pytest.raises(FrozenInstanceError):
        site.faults = None  # type: ignore[misc,assignment]


def test_certificates_are_those_of_phones_and_expressways() -> None:
    site = built(LAB).site
    assert list(site.credentials) == ["CSFDAVE", "expc", "expe"]
    assert site.credential_of("expe") is site.expressways.credentials["expe"]
    with pytest.raises(LookupError, match="CSFALICE has no certificate"):
        site.credential_of("CSFALICE")


def test_an_order_of_an_administrator_reaches_the_network() -> None:
    lab = built(LAB)
    run = CommandRun(
        lab.site.ucm.clis["ucm-pub"], "utils service restart Cisco CallManager", NOW, user="admin", answers=()
    )
    assert run.result is None
    assert lab.orders
    assert [order.action for order in lab.site.ucm.services.take_orders()] == ["stop", "start"]


def test_a_reset_over_axl_lets_the_network_run_every_node() -> None:
    lab = built(LAB)
    body = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        '<ns:doDeviceReset xmlns:ns="http://www.cisco.com/AXL/API/12.5"><deviceName>CSFALICE</deviceName>'
        "<isHardReset>true</isHardReset></ns:doDeviceReset></soapenv:Body></soapenv:Envelope>"
    )
    answer = lab.axl(body)
    assert (answer.status, lab.ran) == (200, [lab.site.ucm.call_managers["ucm-pub"]])
