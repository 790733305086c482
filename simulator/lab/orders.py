"""Carries out what administrators ordered of services: the driver closes and opens what belongs to each."""

from __future__ import annotations

from registrar.core.soap.control import ServiceState
from simulator.lab.services import Order, Service
from simulator.lab.stage import Stage


async def carry_out(stage: Stage) -> None:
    """Every order given so far, in order. OSError if a port cannot be bound again: that service is stopped."""
    services = stage.site.office.services
    while orders := services.take_orders():
        for order in orders:
            try:
                await _carry_out(stage, order)
            except OSError:
                services.done(order.node, order.service, ServiceState.STOPPED, stage.site.clock.now())
                raise


async def _carry_out(stage: Stage, order: Order) -> None:
    site, starting = stage.site, order.action == "start"
    match order.service:
        case Service.CALL_MANAGER:
            await (stage.open_node(order.node) if starting else stage.close_node(order.node))
            return  # the site has noted it
        case Service.TOMCAT:
            await (stage.open_tomcat(order.node) if starting else stage.close_tomcat(order.node))
            if starting:
                site.office.doors[order.node].restarted(site.clock.now())
        case Service.TFTP:
            await (stage.open_tftp(order.node) if starting else stage.close_tftp(order.node))
        case Service.AXL:
            pass  # a web application inside Tomcat: it answers 404 while it is stopped
    state = ServiceState.STARTED if starting else ServiceState.STOPPED
    site.office.services.done(order.node, order.service, state, site.clock.now())
    site.note_service(order.node, order.service, starting)
