"""Starts and stops what listens: services of nodes as administrators ordered it, Expressways, a whole lab.

Each time the same: close what belongs to it, load what it reads when it starts, open what it listens on then.
"""

from __future__ import annotations

from registrar.core.soap.control import ServiceState
from simulator.core.network.endpoint import ListeningActor, endpoints_of
from simulator.lab.site.endpoints import announce, load_service, service_endpoints, stop_service
from simulator.lab.site.ucm.service_control import UcmService
from simulator.lab.steps.driver import ScenarioDriver


async def carry_out(driver: ScenarioDriver) -> None:
    """Carry out every order given so far, in order.

    OSError if a port cannot be bound: that service is stopped.
    """
    services = driver.site.ucm.services
    while orders := services.take_orders():
        for order in orders:
            act = start_service if order.action == "start" else end_service
            await act(driver, order.node, order.service)


async def start_service(
    driver: ScenarioDriver, node: str, service: UcmService = UcmService.CALL_MANAGER
) -> None:
    """Start a service of a node, with what the cluster holds now. OSError if a port is taken: it is stopped."""
    site = driver.site
    load_service(site, node, service)
    try:
        await driver.open(*service_endpoints(site, node, service))
    except OSError:
        stop_service(site, node, service)
        site.ucm.services.done(node, service, ServiceState.STOPPED, site.clock.now())
        raise
    announce(site, node, service, started=True)


async def end_service(driver: ScenarioDriver, node: str, service: UcmService = UcmService.CALL_MANAGER) -> None:
    """Stop a service of a node: its ports and every connection on them are closed."""
    site = driver.site
    endpoints = service_endpoints(site, node, service)
    stop_service(site, node, service)
    await driver.close(*endpoints)
    announce(site, node, service, started=False)


async def start_expressway(driver: ScenarioDriver, name: str) -> None:
    """Switch on an Expressway-C or Expressway-E that was off. OSError if a port is taken."""
    actor = driver.site.expressways.get(name)
    actor.power_on()
    await _switch_on(driver, actor)


async def stop_expressway(driver: ScenarioDriver, name: str) -> None:
    """Switch off an Expressway: its ports and every connection of it are closed."""
    await driver.leave(driver.site.expressways.get(name))


async def start_lab(driver: ScenarioDriver, *, name_servers: bool = True) -> None:
    """Open what every actor of the lab listens on, then let the phones join.

    `name_servers`: those too that no phone of the lab asks. OSError names a port that is taken.
    """
    site = driver.site
    for node in site.ucm.call_managers:
        for service in UcmService:
            await driver.open(*service_endpoints(site, node, service))
    for edge in site.expressways.expressway_e.values():
        await _switch_on(driver, edge)
    for name, expressway in site.expressways.expressway_c.items():
        site.expressways.presume_discovered(name)
        await _switch_on(driver, expressway)
    for name, server in site.name_servers.actors.items():
        if name_servers or name in site.name_servers.asked:
            await driver.open(*endpoints_of(server))
    site.phones.create()
    for phone in site.phones.actors.values():
        await driver.join(phone)
    if site.expressways.expressway_e:
        await driver.until_idle()  # the traversal zones come up first


async def _switch_on(driver: ScenarioDriver, actor: ListeningActor) -> None:
    """An Expressway-C that is a traversal client listens nowhere: it has to join as well."""
    await driver.open(*endpoints_of(actor))
    await driver.join(actor)
