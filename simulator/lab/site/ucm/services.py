"""The services of a lab's UCM nodes: CallManager, Tomcat, TFTP, the platform CLI, and who carries them out.

HTTP services are functions from request to answer; the networks put them on 8443, 6970, 6971 and 6972.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from registrar.core.axl import WriteThrottle
from registrar.core.callmanager.service import CallManager
from registrar.core.cluster.cluster import Cluster
from registrar.core.cluster.snapshot import NodeSnapshot
from registrar.core.soap.control import ServiceState
from registrar.core.soap.realtime import RealtimeInformation
from registrar.core.tftp.secure_service import SecureConfigService
from registrar.core.tftp.service import ConfigService
from registrar.core.uds.profiles import STANDARD_PROFILE
from simulator.core.actor.flow import Actor
from simulator.core.entropy import Entropy
from simulator.core.events import ServiceStarted, ServiceStopped
from simulator.core.http.message import HttpService
from simulator.lab.site.environment.addresses import Addresses
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.ucm.altered_files import AlteredFiles
from simulator.lab.site.ucm.call_manager import DeviceActions, call_manager
from simulator.lab.site.ucm.cluster_start import StartedCluster
from simulator.lab.site.ucm.failure_plans import FailureMiddleware, FailurePlans
from simulator.lab.site.ucm.middleware import Wrapped
from simulator.lab.site.ucm.node_clocks import NodeClocks
from simulator.lab.site.ucm.platform_cli import platform_cli
from simulator.lab.site.ucm.service_control import NodeServices, UcmService
from simulator.lab.site.ucm.sign_in import SignInServices
from simulator.lab.site.ucm.token_counters import TokenCounters
from simulator.lab.site.ucm.tomcat import Tomcat


class UcmServices:
    """What the nodes of the cluster run. Dictionaries are by node name."""

    def __init__(
        self,
        context: LabContext,
        start: StartedCluster,
        addresses: Addresses,
        *,
        entropy: Entropy,
        run: Callable[[Actor], None],
        ordered: Callable[[], None],
    ) -> None:
        """`run` is the network's: it carries out what an administrator's call made an actor want. `ordered` is
        called when an administrator has ordered a service to start or stop.
        """
        config, cluster, database = context.config, start.cluster, start.database
        self.database, self._cluster, self._log, self._clock = database, cluster, context.log, context.clock
        self.clocks = NodeClocks({node.name: node.clock for node in config.nodes})
        nodes = [(node.name, node.host) for node in cluster.nodes]
        self.services = NodeServices(nodes, context.clock.now(), ordered=ordered)
        self.realtime = RealtimeInformation(cluster)
        self.tokens = TokenCounters()
        if context.log.on:  # a lab without readers stays without: RIS then knows no past
            context.log.subscribe(self.realtime)
            context.log.subscribe(self.tokens)
        database.provide("registrationdynamic", self.realtime.registration_rows)
        self.sign_in = SignInServices(context, start, addresses, entropy=entropy)
        self.failure_plans = FailurePlans(context.log)
        self.altered_files = AlteredFiles()
        self.call_managers = {
            node.name: call_manager(context, cluster, addresses, node.name) for node in cluster.nodes
        }
        self._files = {
            node.name: _config_service(context, cluster, addresses, node.name) for node in cluster.nodes
        }
        self.config_files: dict[str, HttpService] = {}
        """On 6970, HTTP."""
        self.secure_config_files: dict[str, HttpService] = {}
        """On 6971 and 6972, HTTPS."""
        self.tomcats: dict[str, HttpService] = {}
        """On 8443, HTTPS."""
        self.throttles: dict[str, WriteThrottle] = {}
        """Of the nodes' AXL services; an engaged one denies writes."""
        devices = DeviceActions(self.call_managers, run, context.clock)
        for node in cluster.nodes:
            name, sign_in = node.name, self.sign_in
            failures = FailureMiddleware(self.failure_plans, sign_in.request_user, name)
            node_clock = partial(self.clocks.at, name)
            files = self.config_files[name] = Wrapped(self._files[name], [failures, self.altered_files])
            secure = SecureConfigService(
                files, cluster.directory, sign_in.access[name], journal=context.journal(name)
            )
            self.secure_config_files[name] = Wrapped(secure, [], clock=node_clock)
            tomcat = Tomcat(
                context,
                node,
                cluster=cluster,
                database=database,
                addresses=addresses,
                sign_in=sign_in,
                services=self.services,
                realtime=self.realtime,
                devices=devices,
                entropy=entropy.child(f"tomcat/{name}"),
            )
            self.throttles[name] = tomcat.axl_throttle
            self.tomcats[name] = Wrapped(tomcat, [failures], clock=node_clock)
        self.clis = {
            name: platform_cli(
                context,
                actor,
                cluster=cluster,
                database=database,
                addresses=addresses,
                sign_in=self.sign_in,
                services=self.services,
            )
            for name, actor in self.call_managers.items()
        }

    def render_file(self, device: str) -> bytes:
        """Return the unchanged configuration file of a device. KeyError if there is no such device."""
        return next(iter(self._files.values())).render(device)

    def snapshot(self, node: str) -> NodeSnapshot:
        """Return what the node's CallManager would load now, with the token keys that reached this node."""
        return replace(self._cluster.snapshot(node), keys=self.sign_in.keys.at(node))

    # --- services start and stop ----------------------------------------------------------------------------

    def load_call_manager(self, node: str) -> CallManager:
        """Let Cisco CallManager start: it reads what the cluster holds now. Its ports are opened afterwards."""
        actor, now = self.call_managers[node], self._clock.now()
        actor.reload(self.snapshot(node), now)
        self.services.done(node, UcmService.CALL_MANAGER, ServiceState.STARTED, now)
        return actor

    def stop_call_manager(self, node: str) -> CallManager:
        """Let Cisco CallManager stop. Its ports are closed afterwards."""
        actor, now = self.call_managers[node], self._clock.now()
        actor.stop(now)
        self.services.done(node, UcmService.CALL_MANAGER, ServiceState.STOPPED, now)
        return actor

    def tomcat_started(self, node: str) -> None:
        """Let the node's web applications read what they read when Cisco Tomcat starts."""
        self.sign_in.tomcat_started(node)

    def note_service(self, node: str, service: UcmService, *, started: bool) -> None:
        """Report that a service other than CallManager, which reports itself, was started or stopped."""
        event = ServiceStarted(service=service) if started else ServiceStopped(service=service)
        self._log.journal(self.call_managers[node].name).add(event)

    # --- phones ---------------------------------------------------------------------------------------------

    def notify_reset(self, device: str) -> list[CallManager]:
        """Tell the device to reset; return the nodes that have something to send for it."""
        now = self._clock.now()
        return [node for node in self.call_managers.values() if node.notify_reset(device, "reset", now)]

    def close(self) -> None:
        """Close the cluster database."""
        self.database.close()


def _config_service(context: LabContext, cluster: Cluster, addresses: Addresses, node: str) -> ConfigService:
    return ConfigService(
        cluster,
        context.journal(node),
        ports_of=lambda node: addresses.ports_of(node.name),
        files=STANDARD_PROFILE.files(),
    )
