"""What Cisco RIS Data Collector remembers: each device's last registration outcome at each node.

Registered is read from the bindings; how a registration ended, or why it was refused, is learnt from the event
log, of which this is a reader. A device that was refused while a registration of it lives stays registered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from registrar.core.cluster.bindings import Binding
from registrar.core.cluster.cluster import Cluster
from registrar.core.cluster.directory import Device
from simulator.core.events import BindingChanged, RegistrarRejected
from simulator.core.events.log import Record
from simulator.core.instant import Instant

MEMORY = 10_000
"""Device and node pairs remembered; the oldest is forgotten first."""


class DeviceStatus(StrEnum):
    """As RIS spells it. [documented]"""

    REGISTERED = "Registered"
    UNREGISTERED = "UnRegistered"
    REJECTED = "Rejected"
    PARTIAL = "PartiallyRegistered"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAtNode:
    """One device at one node. `reason` is a cause of the list that fits the status (administration 8.2)."""

    device: str
    node: str
    """The node's name in the cluster."""
    status: DeviceStatus
    reason: int = 0
    at: Instant
    address: str = ""
    """Where the device is; empty if it never registered."""
    attempts: int = 0
    """Refusals since it last registered."""
    lines: frozenset[str] = frozenset()
    """Directory numbers that are registered now."""


class RealtimeInformation:
    """The cluster's. Subscribe it to the event log."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._past: OrderedDict[tuple[str, str], DeviceAtNode] = OrderedDict()

    def __call__(self, record: Record) -> None:
        event = record.event
        if isinstance(event, BindingChanged) and event.what != "refreshed":
            self._changed(str(record.actor), event, record.at)
        elif isinstance(event, RegistrarRejected) and event.device:
            self._refused(str(record.actor), event.device, event.cause, record.at)

    def _changed(self, node: str, event: BindingChanged, at: Instant) -> None:
        held = self._past.get((event.device, node))
        address = held.address if held else ""
        for binding in self._cluster.bindings.of(event.device):
            if binding.node == node:
                address = binding.source.host
        ended = event.what != "added"
        self._remember(
            DeviceAtNode(
                device=event.device,
                node=node,
                status=DeviceStatus.UNREGISTERED if ended else DeviceStatus.REGISTERED,
                reason=event.cause if ended else 0,
                at=at,
                address=address,
            )
        )

    def _refused(self, node: str, device: str, cause: int, at: Instant) -> None:
        held = self._past.get((device, node))
        self._remember(
            DeviceAtNode(
                device=device,
                node=node,
                status=DeviceStatus.REJECTED,
                reason=cause,
                at=at,
                address=held.address if held else "",
                attempts=held.attempts + 1 if held else 1,
            )
        )

    def _remember(self, outcome: DeviceAtNode) -> None:
        key = (outcome.device, outcome.node)
        self._past.pop(key, None)
        self._past[key] = outcome
        while len(self._past) > MEMORY:
            self._past.popitem(last=False)

    # --- what the services ask ------------------------------------------------------------------------------

    def outcomes(self, node: str) -> list[DeviceAtNode]:
        """Return what happened to every device that a node remembers, by device name."""
        live: dict[str, list[Binding]] = {}
        for binding in self._cluster.bindings.on(node):
            live.setdefault(binding.device, []).append(binding)
        found = [outcome for (device, at), outcome in self._past.items() if at == node and device not in live]
        found = [
            # Remembered as registered, but its binding is gone: the event said nothing of why.
            replace(outcome, status=DeviceStatus.UNREGISTERED)
            if outcome.status is DeviceStatus.REGISTERED
            else outcome
            for outcome in found
        ]
        found += [self._live(node, device, bindings) for device, bindings in live.items()]
        return sorted(found, key=lambda outcome: outcome.device)

    def latest(self) -> list[DeviceAtNode]:
        """Return one outcome for each device, of whatever node: a live one, or the most recent."""
        best: dict[str, DeviceAtNode] = {}
        for node in self._cluster.nodes:
            for outcome in self.outcomes(node.name):
                held = best.get(outcome.device)
                if held is None or _rank(outcome) > _rank(held):
                    best[outcome.device] = outcome
        return sorted(best.values(), key=lambda outcome: outcome.device)

    def device(self, name: str) -> Device | None:
        """Return a configured device; None: there is none of this name."""
        return self._cluster.directory.device(name)

    def _live(self, node: str, device: str, bindings: list[Binding]) -> DeviceAtNode:
        lines = frozenset(line for binding in bindings for line in (binding.dn, *binding.lines))
        configured = self._cluster.directory.device(device)
        partial = configured is not None and any(line.dn not in lines for line in configured.lines)
        return DeviceAtNode(
            device=device,
            node=node,
            status=DeviceStatus.PARTIAL if partial else DeviceStatus.REGISTERED,
            at=max(binding.registered_at for binding in bindings),
            address=bindings[-1].source.host,
            lines=lines,
        )

    def registration_rows(self) -> Iterable[Mapping[str, object]]:
        """Return rows of the table `registrationdynamic`, for `ClusterDatabase.provide`."""
        hosts = {node.name: node.host for node in self._cluster.nodes}
        for outcome in self.latest():
            device = self.device(outcome.device)
            if device is not None and outcome.address:
                yield {
                    "lastknownipaddress": outcome.address,
                    "lastknownucm": hosts[outcome.node],
                    "fkdevice": str(device.pkid),
                    "datetimestamp": int(outcome.at),
                    "lastseen": int(outcome.at),
                }


def _rank(outcome: DeviceAtNode) -> tuple[bool, Instant]:
    return (outcome.status in (DeviceStatus.REGISTERED, DeviceStatus.PARTIAL), outcome.at)
