"""The services of the cluster's nodes, as administrators see and order them (SOAP, CLI, steps).

An order is noted at once and carried out by the driver, which alone can close and open ports; until then the
service is Stopping or Starting. A service reads the cluster when it starts, never between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from registrar.core.soap.control import ServiceRefused, ServiceState, ServiceStatus
from simulator.core.instant import Instant


class UcmService(StrEnum):
    """The services of a node that this simulator has, under UCM's names."""

    CALL_MANAGER = "Cisco CallManager"
    TFTP = "Cisco Tftp"
    TOMCAT = "Cisco Tomcat"
    AXL = "Cisco AXL Web Service"


@dataclass(frozen=True, slots=True)
class ServiceAction:
    node: str
    """The node's name in the cluster, e.g. ucm-pub."""
    service: UcmService
    action: Literal["start", "stop"]


class NodeServices:
    """A `registrar.core.soap.control.ServiceControl`; `node` there is processnode.name, i.e. the host."""

    def __init__(self, nodes: Iterable[tuple[str, str]], now: Instant, *, ordered: Callable[[], None]) -> None:
        """`nodes`: (name, host). Everything has started at `now`. `ordered` is called with every order."""
        self._names = {host: name for name, host in nodes}
        self._states = {
            (name, service): ServiceState.STARTED for name in self._names.values() for service in UcmService
        }
        self._since: dict[tuple[str, UcmService], Instant] = dict.fromkeys(self._states, now)
        self._orders: list[ServiceAction] = []
        self._ordered = ordered

    # --- ServiceControl -------------------------------------------------------------------------------------

    def services(self, node: str, now: Instant) -> tuple[ServiceStatus, ...]:
        name = self._name(node)
        return tuple(
            ServiceStatus(
                name=service.value,
                state=(state := self._states[name, service]),
                started_at=self._since[name, service] if state is ServiceState.STARTED else None,
            )
            for service in UcmService
        )

    def start(self, node: str, service: str, now: Instant) -> None:
        name, known = self._name(node), _service(service)
        if self._states[name, known] in (ServiceState.STARTED, ServiceState.STARTING):
            raise ServiceRefused(f"{known} is already running")
        self._order(name, known, "start")

    def stop(self, node: str, service: str, now: Instant) -> None:
        name, known = self._name(node), _service(service)
        if self._states[name, known] in (ServiceState.STOPPED, ServiceState.STOPPING):
            raise ServiceRefused(f"{known} is not running")
        self._order(name, known, "stop")

    def restart(self, node: str, service: str, now: Instant) -> None:
        name, known = self._name(node), _service(service)
        if self._states[name, known] is not ServiceState.STOPPED:
            self._order(name, known, "stop")
        self._order(name, known, "start")

    # --- the driver -----------------------------------------------------------------------------------------

    def take_orders(self) -> list[ServiceAction]:
        """Return what was ordered since the last call, in order, and forget it."""
        orders, self._orders = self._orders, []
        return orders

    def done(self, node: str, service: UcmService, state: ServiceState, now: Instant) -> None:
        """Note that the driver carried an order out: the service is STARTED or STOPPED."""
        self._states[node, service] = state
        self._since[node, service] = now

    def is_running(self, node: str, service: UcmService) -> bool:
        """Say whether the service serves. One that was told to stop does until the driver has closed it."""
        return self._states[node, service] in (ServiceState.STARTED, ServiceState.STOPPING)

    def _order(self, name: str, service: UcmService, action: Literal["start", "stop"]) -> None:
        self._orders.append(ServiceAction(name, service, action))
        self._states[name, service] = ServiceState.STOPPING if action == "stop" else ServiceState.STARTING
        self._ordered()

    def _name(self, host: str) -> str:
        name = self._names.get(host)
        if name is None:
            raise ServiceRefused(f"there is no node {host}")
        return name


def _service(name: str) -> UcmService:
    for service in UcmService:
        if service.value.casefold() == name.strip().casefold():
            return service
    raise ServiceRefused(f"Service {name} is not known on this node")
