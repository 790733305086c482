"""What each service of a node listens on, and what it loads when it starts."""

from __future__ import annotations

import pytest

from simulator.core.events import Event, ServiceStarted, ServiceStopped
from simulator.core.network.endpoint import HttpHandler, TerminalHandler
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import PortsConfig
from simulator.lab.site.endpoints import (
    announce,
    cli_endpoint,
    load_service,
    service_endpoints,
    stop_service,
)
from simulator.lab.site.ucm.service_control import UcmService
from tests.simulator.lab.site.bench import Built, built

NODE = "ucm-pub"


@pytest.fixture
def lab() -> Built:
    return built(LabConfig())


def ports(lab: Built, service: UcmService) -> dict[str, int]:
    return {
        endpoint.listen.name: endpoint.listen.address.port
        for endpoint in service_endpoints(lab.site, NODE, service)
    }


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (
            UcmService.CALL_MANAGER,
            {"sip-udp": 5060, "sip-tcp": 5060, "sips": 5061, "oauth": 5090, "mra": 5091},
        ),
        (UcmService.TFTP, {"config": 6970, "config-tls": 6971, "files-tls": 6972}),
        (UcmService.TOMCAT, {"https": 8443}),
        (UcmService.AXL, {}),
    ],
)
def test_a_service_listens_on_the_documented_ports(
    lab: Built, service: UcmService, expected: dict[str, int]
) -> None:
    assert ports(lab, service) == expected
    assert {endpoint.owner for endpoint in service_endpoints(lab.site, NODE, service)} <= {NODE}


def test_call_manager_listens_where_it_read_it_was_to(lab: Built) -> None:
    lab.site.administration.set_ports(NODE, PortsConfig(oauth=15_090))
    assert ports(lab, UcmService.CALL_MANAGER)["oauth"] == 5090
    load_service(lab.site, NODE, UcmService.CALL_MANAGER)
    assert ports(lab, UcmService.CALL_MANAGER)["oauth"] == 15_090


def test_https_shows_the_certificate_that_the_store_holds(lab: Built) -> None:
    lab.site.administration.regenerate_tomcat(NODE, CertificateConfig(issuer="other-ca"))
    held = lab.site.cluster.node(NODE).stores.tomcat.credential
    secure = [
        endpoint.listen.tls
        for service in (UcmService.TFTP, UcmService.TOMCAT)
        for endpoint in service_endpoints(lab.site, NODE, service)
        if endpoint.listen.tls is not None
    ]
    assert [tls.credential for tls in secure] == [held] * 3


def test_axl_takes_larger_requests_than_the_server_of_files(lab: Built) -> None:
    (tomcat,) = service_endpoints(lab.site, NODE, UcmService.TOMCAT)
    plain, *_ = service_endpoints(lab.site, NODE, UcmService.TFTP)
    assert isinstance(tomcat.handler, HttpHandler)
    assert isinstance(plain.handler, HttpHandler)
    assert tomcat.handler.max_body > 1_000_000 > plain.handler.max_body


def test_the_platform_cli_is_a_terminal_on_2222(lab: Built) -> None:
    endpoint = cli_endpoint(lab.site, NODE)
    assert endpoint.listen.address.port == 2222
    assert isinstance(endpoint.handler, TerminalHandler)


def test_the_stop_and_start_of_any_service_is_reported_once(lab: Built) -> None:
    before = len(lab.events(Event))
    for service in (UcmService.TFTP, UcmService.CALL_MANAGER):
        stop_service(lab.site, NODE, service)
        announce(lab.site, NODE, service, started=False)
        load_service(lab.site, NODE, service)
        announce(lab.site, NODE, service, started=True)
    assert lab.events(Event)[before:] == [
        ServiceStopped(service="Cisco Tftp"),
        ServiceStarted(service="Cisco Tftp"),
        ServiceStopped(service="Cisco CallManager"),
        ServiceStarted(service="Cisco CallManager", detail="SIP OAuth mode on, ports 5060, 5061, 5090, 5091"),
    ]
