"""Services of a node, stopped and started on both drivers: ports, connections and what administrators see."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from registrar.core.soap.control import ServiceState
from simulator.core.actor.flow import Fetch
from simulator.core.events import FlowOpened, ServiceStarted, ServiceStopped
from simulator.core.ids import ActorId
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls
from simulator.lab.config.lab import LabConfig
from simulator.lab.run.live import open_lab
from simulator.lab.run.world import World
from simulator.lab.site.endpoints import service_endpoints
from simulator.lab.site.ucm.service_control import UcmService
from simulator.lab.steps.driver import ScenarioDriver
from simulator.lab.steps.service_actions import carry_out, end_service, start_service
from tests.drivers.bench import Talker
from tests.patience import awaited

NODE = "ucm-pub"
CONFIG = LabConfig.model_validate({"phones": [{"device": "CSFALICE", "user": "alice"}]})
LISTENERS = {
    UcmService.CALL_MANAGER: {"sip-udp", "sip-tcp", "sips", "oauth", "mra"},
    UcmService.TFTP: {"config", "config-tls", "files-tls"},
    UcmService.TOMCAT: {"https"},
    UcmService.AXL: set(),
}
HTTP = {UcmService.TFTP: ("http", 6970, "/ITLFile.tlv"), UcmService.TOMCAT: ("https", 8443, "/nothing")}


@pytest.fixture(params=["world", "lab"])
async def driver(request: pytest.FixtureRequest) -> AsyncIterator[ScenarioDriver]:
    if request.param == "world":
        world = World(CONFIG, real_now=Instant(time.time()))
        yield world
        world.shut_down()
    else:
        async with open_lab(CONFIG, virtual_ports=True) as lab:
            yield lab


async def status_of(driver: ScenarioDriver, scheme: str, port: int, path: str) -> int | None:
    """What a client of the node is answered; None if nothing answers."""
    site = driver.site
    client = Talker("CSFALICE")
    await driver.join(client)
    trust = tuple(authority.certificate for authority in site.pki.authorities.values())
    host = site.cluster.node(NODE).host
    tls = ClientTls(server_name=host, trust=trust) if scheme == "https" else None
    client.todo.append(Fetch(key="a", url=f"{scheme}://{host}:{port}{path}", tls=tls))
    driver.run(client)
    if isinstance(driver, World):
        await driver.until_idle()
    else:
        async with awaited(f"an answer from {port}"):
            while "a" not in client.results:
                await driver.until_idle()
    await driver.leave(client)
    return client.results["a"].status


@pytest.mark.parametrize("service", UcmService)
async def test_a_service_listens_where_it_is_documented(driver: ScenarioDriver, service: UcmService) -> None:
    endpoints = service_endpoints(driver.site, NODE, service)
    assert {endpoint.listen.name for endpoint in endpoints} == LISTENERS[service]
    assert {endpoint.owner for endpoint in endpoints} <= {NODE}
    open_now = driver.site.addresses.bound_of(NODE)
    assert {e.listen.name: e.listen.address for e in endpoints}.items() <= open_now.items()


@pytest.mark.parametrize("service", HTTP)
async def test_an_http_service_answers_until_it_stops_and_from_its_start_on(
    driver: ScenarioDriver, service: UcmService
) -> None:
    assert await status_of(driver, *HTTP[service]) == 404
    await end_service(driver, NODE, service)
    assert await status_of(driver, *HTTP[service]) is None
    assert not driver.site.ucm.services.is_running(NODE, service)
    await start_service(driver, NODE, service)
    assert await status_of(driver, *HTTP[service]) == 404
    assert driver.site.ucm.services.is_running(NODE, service)


@pytest.mark.parametrize("service", UcmService)
async def test_stop_and_start_are_told_and_seen_by_administrators(
    driver: ScenarioDriver, service: UcmService
) -> None:
    site = driver.site
    since = site.log.last_seq
    host = site.cluster.node(NODE).host
    site.ucm.services.restart(host, service, site.clock.now())
    await carry_out(driver)
    told = [record.event for record in site.log.records(since=since)]
    changes = [type(e) for e in told if isinstance(e, ServiceStarted | ServiceStopped) and e.service == service]
    assert changes == [ServiceStopped, ServiceStarted]
    states = {one.name: one.state for one in site.ucm.services.services(host, site.clock.now())}
    assert states[service] is ServiceState.STARTED


@pytest.mark.parametrize("service", [UcmService.CALL_MANAGER, UcmService.TFTP, UcmService.TOMCAT])
async def test_a_service_whose_port_is_taken_stays_stopped(service: UcmService) -> None:
    world = World(CONFIG, real_now=Instant(time.time()))
    site = world.site
    host = site.cluster.node(NODE).host
    since = site.log.last_seq
    await end_service(world, NODE, service)
    taken = service_endpoints(site, NODE, service)[-1]
    intruder = replace(taken, owner=ActorId("another program"))
    await world.open(intruder)
    site.ucm.services.start(host, service, site.clock.now())
    with pytest.raises(OSError, match=f"cannot listen on {taken.listen.address}"):
        await carry_out(world)
    assert not site.ucm.services.is_running(NODE, service)
    told = [
        r.event for r in site.log.records(since=since) if isinstance(r.event, ServiceStarted | ServiceStopped)
    ]
    assert isinstance(told[-1], ServiceStopped), "what began to start has stopped again"
    await world.close(intruder)
    site.ucm.services.start(host, service, site.clock.now())
    await carry_out(world)
    assert site.ucm.services.is_running(NODE, service)
    world.shut_down()


async def test_what_a_phone_fetches_from_6970_is_a_flow_at_the_node(driver: ScenarioDriver) -> None:
    assert await status_of(driver, *HTTP[UcmService.TFTP]) == 404
    records = driver.site.log.records()
    opened = [r.event for r in records if r.actor == NODE and isinstance(r.event, FlowOpened)]
    config = [event for event in opened if event.listener == "config"]
    assert len(config) == 1
    assert config[0].local.endswith(":6970")
