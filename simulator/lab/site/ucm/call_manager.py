"""Cisco CallManager of a node as the lab file configures it, and the resets that are sent through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from registrar.core.callmanager.reset import ResetAction
from registrar.core.callmanager.service import CallManager
from registrar.core.cluster.causes import UnregCause
from registrar.core.cluster.cluster import Cluster
from registrar.core.register.policy import RegistrarPolicy
from registrar.core.soap.control import DeviceAction
from simulator.core.actor.flow import Actor
from simulator.core.instant import Clock, Instant
from simulator.lab.config.nodes import ClusterConfig
from simulator.lab.site.environment.addresses import Addresses
from simulator.lab.site.environment.context import LabContext

_CAUSES: dict[DeviceAction, UnregCause] = {
    "reset": UnregCause.CALL_MANAGER_RESET,
    "restart": UnregCause.CALL_MANAGER_RESTART,
    "apply": UnregCause.CALL_MANAGER_APPLY_CONFIG,
}


def call_manager(context: LabContext, cluster: Cluster, addresses: Addresses, node: str) -> CallManager:
    """Make the node's CallManager, which has read what the cluster holds now."""
    return CallManager(
        cluster.snapshot(node),
        cluster.directory,
        cluster.bindings,
        journal=context.journal(node),
        entropy=context.entropy.child(node),
        policy=replace(_policy(context.config.cluster), clock_error=context.config.node(node).clock),
        bind=addresses.of(node),
        resolves=addresses.ucm_resolves,
    )


def _policy(config: ClusterConfig) -> RegistrarPolicy:
    return RegistrarPolicy(
        version=config.version,
        dialect=config.dialect,
        min_expires=config.min_expires,
        trying=config.trying,
        request_client_certificate=config.request_client_certificate,
        lsc_in_handshake=config.lsc_in_handshake,
        max_challenges=config.max_challenges,
        lose_binding_with_connection=config.lose_binding_with_connection,
    )


class DeviceActions:
    """A `registrar.core.soap.control.DeviceControl`: resets, restarts and changes that phones apply."""

    def __init__(
        self, call_managers: Mapping[str, CallManager], run: Callable[[Actor], None], clock: Clock
    ) -> None:
        self._call_managers, self._run, self._clock = call_managers, run, clock

    def act(self, device: str, action: DeviceAction, now: Instant) -> int:
        """Let every node that has the device tell it; return how many registrations that reached.

        `now` is the time of the node that was asked, whose clock may be wrong; timers go by the true one.
        """
        reached = 0
        for call_manager in self._call_managers.values():
            kind: ResetAction = "reset" if action == "reset" else "restart"
            reached += call_manager.notify_reset(device, kind, self._clock.now(), why=_CAUSES[action])
            self._run(call_manager)
        return reached
