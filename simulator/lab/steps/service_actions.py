"""Carries out what administrators ordered of services: the driver closes and opens what belongs to each."""

from __future__ import annotations

from registrar.core.soap.control import ServiceState
from simulator.lab.site.service_control import ServiceAction, UcmService
from simulator.lab.steps.driver import ScenarioDriver


async def carry_out(stage: ScenarioDriver) -> None:
    """Every order given so far, in order. OSError if a port cannot be bound again: that service is stopped."""
    services = stage.site.ucm.services
    while orders := services.take_orders():
        for order in orders:
            try:
                await _carry_out(stage, order)
            except OSError:
                services.done(order.node, order.service, ServiceState.STOPPED, stage.site.clock.now())
                raise


async def _carry_out(stage: ScenarioDriver, order: ServiceAction) -> None:
    site, starting = stage.site, order.action == "start"
    match order.service:
        case UcmService.CALL_MANAGER:
            await (stage.open_node(order.node) if starting else stage.close_node(order.node))
            return  # the site has noted it
        case UcmService.TOMCAT:
            await (stage.open_tomcat(order.node) if starting else stage.close_tomcat(order.node))
            if starting:
                site.ucm.doors[order.node].restarted(site.clock.now())
        case UcmService.TFTP:
            await (stage.open_tftp(order.node) if starting else stage.close_tftp(order.node))
        case UcmService.AXL:
            pass  # a web application inside Tomcat: it answers 404 while it is stopped
    state = ServiceState.STARTED if starting else ServiceState.STOPPED
    site.ucm.services.done(order.node, order.service, state, site.clock.now())
    site.note_service(order.node, order.service, starting)
