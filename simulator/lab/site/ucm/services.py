"""The services of a lab's UCM nodes: CallManager, Tomcat, TFTP, the platform CLI, and who carries them out.

HTTP services are functions from request to answer; the networks put them on 8443, 6970, 6971 and 6972.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

from registrar.core.axl import PRODUCT_VERSIONS, WriteThrottle
from registrar.core.callmanager.reset import ResetAction
from registrar.core.callmanager.service import CallManager
from registrar.core.cluster.causes import UnregCause
from registrar.core.cluster.snapshot import NodeSnapshot
from registrar.core.platform_cli import ClusterAdministration, OpenPort, PlatformCli, Reachability
from registrar.core.register.policy import RegistrarPolicy
from registrar.core.soap.control import DeviceAction, ServiceState
from registrar.core.soap.realtime import RealtimeInformation
from registrar.core.tftp.secure_service import SecureConfigService
from registrar.core.tftp.service import ConfigService
from registrar.core.uds.profiles import STANDARD_PROFILE
from simulator.core.actor.flow import Actor
from simulator.core.entropy import Entropy
from simulator.core.events import ServiceStarted, ServiceStopped
from simulator.core.http.message import HttpService
from simulator.core.instant import Clock, Instant
from simulator.lab.config.nodes import ClusterConfig
from simulator.lab.site.environment.addresses import Addresses
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.ucm.altered_files import AlteredFiles
from simulator.lab.site.ucm.cluster_start import StartedCluster
from simulator.lab.site.ucm.failure_plans import FailureMiddleware, FailurePlans
from simulator.lab.site.ucm.middleware import Wrapped
from simulator.lab.site.ucm.node_clocks import NodeClockMiddleware, NodeClocks
from simulator.lab.site.ucm.service_control import NodeServices, UcmService
from simulator.lab.site.ucm.sign_in import SignInServices
from simulator.lab.site.ucm.token_counters import TokenCounters
from simulator.lab.site.ucm.tomcat import Tomcat

_CAUSES: dict[DeviceAction, UnregCause] = {
    "reset": UnregCause.CALL_MANAGER_RESET,
    "restart": UnregCause.CALL_MANAGER_RESTART,
    "apply": UnregCause.CALL_MANAGER_APPLY_CONFIG,
}


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
        policy = _policy(config.cluster)
        self.call_managers: dict[str, CallManager] = {}
        self.config_files: dict[str, HttpService] = {}
        """On 6970, HTTP."""
        self.secure_config_files: dict[str, HttpService] = {}
        """On 6971 and 6972, HTTPS."""
        self.tomcats: dict[str, HttpService] = {}
        """On 8443, HTTPS."""
        self.throttles: dict[str, WriteThrottle] = {}
        """Of the nodes' AXL services; an engaged one denies writes."""
        self.clis: dict[str, PlatformCli] = {}
        self._files: dict[str, ConfigService] = {}
        devices = DeviceActions(self.call_managers, run, context.clock)
        for node in cluster.nodes:
            name, journal = node.name, context.journal(node.name)
            failures = FailureMiddleware(self.failure_plans, self.sign_in.request_user, name)
            node_clock = NodeClockMiddleware(self.clocks, name)
            self.call_managers[name] = CallManager(
                cluster.snapshot(name),
                cluster.directory,
                cluster.bindings,
                journal=journal,
                entropy=context.entropy.child(name),
                policy=replace(policy, clock_error=config.node(name).clock),
                bind=addresses.of(name),
                resolves=addresses.ucm_resolves,
            )
            files = self._files[name] = ConfigService(
                cluster,
                journal,
                ports_of=lambda node: addresses.ports_of(node.name),
                files=STANDARD_PROFILE.files(),
            )
            self.config_files[name] = Wrapped(files, [failures, self.altered_files])
            secure = SecureConfigService(
                self.config_files[name], cluster.directory, self.sign_in.access[name], journal=journal
            )
            self.secure_config_files[name] = Wrapped(secure, [node_clock])
            tomcat = Tomcat(
                context,
                node,
                cluster=cluster,
                database=database,
                addresses=addresses,
                sign_in=self.sign_in,
                services=self.services,
                realtime=self.realtime,
                devices=devices,
                entropy=entropy.child(f"tomcat/{name}"),
            )
            self.throttles[name] = tomcat.axl_throttle
            self.tomcats[name] = Wrapped(tomcat, [failures, node_clock])
            administration = ClusterAdministration(
                name,
                cluster=cluster,
                database=database,
                keys=self.sign_in.keys,
                services=self.services,
                open_ports=partial(open_ports, addresses, self.call_managers[name]),
                reach=partial(reach, addresses),
                real_now=lambda: context.real_now,
                started_at=context.clock.now(),
                version=PRODUCT_VERSIONS[config.cluster.version],
                journal=journal,
            )
            self.clis[name] = PlatformCli(
                administration=administration, accounts=self.sign_in.accounts, journal=journal
            )

    def render_file(self, device: str) -> bytes:
        """Return the unchanged configuration file of a device. KeyError if there is no such device."""
        return next(iter(self._files.values())).render(device)

    def snapshot(self, node: str) -> NodeSnapshot:
        """Return what the node's CallManager would load now, with the token keys that reached this node."""
        return replace(self._cluster.snapshot(node), keys=self.sign_in.keys.at(node))

    # --- services start and stop ----------------------------------------------------------------------------

    def load_call_manager(self, node: str) -> CallManager:
        """Let Cisco CallManager start: it reads what the cluster holds now. Its ports are opened afterwards."""
        call_manager, now = self.call_managers[node], self._clock.now()
        call_manager.reload(self.snapshot(node), now)
        self.services.done(node, UcmService.CALL_MANAGER, ServiceState.STARTED, now)
        return call_manager

    def stop_call_manager(self, node: str) -> CallManager:
        """Let Cisco CallManager stop. Its ports are closed afterwards."""
        call_manager, now = self.call_managers[node], self._clock.now()
        call_manager.stop(now)
        self.services.done(node, UcmService.CALL_MANAGER, ServiceState.STOPPED, now)
        return call_manager

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


class DeviceActions:
    """A `registrar.core.soap.control.DeviceControl`: resets, restarts and changes that phones apply."""

    def __init__(
        self, call_managers: dict[str, CallManager], run: Callable[[Actor], None], clock: Clock
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


def open_ports(addresses: Addresses, call_manager: CallManager) -> list[OpenPort]:
    """List what is bound on the node at this moment, for `show open ports`."""
    owners = {"https": ("java", "tomcat"), "config": ("java", "tomcat"), "ssh": ("sshd", "root")}
    ports = []
    for listener, address in addresses.bound_of(call_manager.name).items():
        process, user = owners.get(listener, ("ccm", "ccmbase"))
        if process == "ccm" and not call_manager.running:
            continue
        protocol: Literal["TCP", "UDP"] = "UDP" if listener.endswith("udp") else "TCP"
        ports.append(OpenPort(process=process, user=user, pid=1, protocol=protocol, local=str(address)))
    return ports


def reach(addresses: Addresses, host: str) -> Reachability:
    """Say what `utils network ping` finds of a host."""
    address = addresses.resolve(host)
    return Reachability(address=address, alive=address is not None)


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
