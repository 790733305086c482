"""Services of a node as administrators order them: noted at once, carried out by the driver."""

from __future__ import annotations

import pytest

from registrar.core.soap.control import ServiceRefused, ServiceState
from simulator.core.instant import Instant
from simulator.lab.site.ucm.service_control import NodeServices, ServiceAction, UcmService

HOST, NODE = "ucm-pub.lab.example", "ucm-pub"
BEGAN, NOW = Instant(100.0), Instant(200.0)


class Ordered:
    def __init__(self) -> None:
        self.calls = 0
        self.services = NodeServices([(NODE, HOST)], BEGAN, ordered=self)

    def __call__(self) -> None:
        self.calls += 1

    def state(self, service: UcmService) -> tuple[ServiceState, Instant | None]:
        (found,) = (one for one in self.services.services(HOST, NOW) if one.name == service)
        return found.state, found.started_at


def test_everything_has_started_when_the_lab_begins() -> None:
    assert {Ordered().state(service) for service in UcmService} == {(ServiceState.STARTED, BEGAN)}


def test_a_restart_is_a_stop_and_a_start_in_this_order() -> None:
    ordered = Ordered()
    ordered.services.restart(HOST, "cisco tftp", NOW)
    assert ordered.calls == 2
    assert ordered.state(UcmService.TFTP) == (ServiceState.STARTING, None)
    assert ordered.services.take_orders() == [
        ServiceAction(NODE, UcmService.TFTP, "stop"),
        ServiceAction(NODE, UcmService.TFTP, "start"),
    ]
    assert ordered.services.take_orders() == []


def test_a_service_that_is_to_stop_serves_until_its_ports_are_closed() -> None:
    ordered = Ordered()
    ordered.services.stop(HOST, "Cisco Tomcat", NOW)
    assert ordered.services.is_running(NODE, UcmService.TOMCAT)
    ordered.services.done(NODE, UcmService.TOMCAT, ServiceState.STOPPED, NOW)
    assert not ordered.services.is_running(NODE, UcmService.TOMCAT)
    ordered.services.restart(HOST, "Cisco Tomcat", NOW)
    assert [order.action for order in ordered.services.take_orders()] == ["stop", "start"]


@pytest.mark.parametrize(
    ("act", "host", "service", "reason"),
    [
        ("start", HOST, "Cisco Tftp", "Cisco Tftp is already running"),
        ("stop", "elsewhere", "Cisco Tftp", "there is no node elsewhere"),
        ("stop", HOST, "Cisco Telnet", "Service Cisco Telnet is not known on this node"),
    ],
)
def test_what_cannot_be_ordered_is_refused_with_the_reason(
    act: str, host: str, service: str, reason: str
) -> None:
    ordered = Ordered()
    with pytest.raises(ServiceRefused, match=reason):
        getattr(ordered.services, act)(host, service, NOW)
    assert (ordered.calls, ordered.services.take_orders()) == (0, [])
