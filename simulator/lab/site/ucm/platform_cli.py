"""The platform CLI of a node: what it administers, and what it shows of the machine."""

from __future__ import annotations

from functools import partial
from typing import Literal

from registrar.core.axl import PRODUCT_VERSIONS
from registrar.core.callmanager.service import CallManager
from registrar.core.cluster.cluster import Cluster
from registrar.core.database import ClusterDatabase
from registrar.core.platform_cli import ClusterAdministration, OpenPort, PlatformCli, Reachability
from simulator.lab.site.environment.addresses import Addresses
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.ucm.service_control import NodeServices
from simulator.lab.site.ucm.sign_in import SignInServices


def platform_cli(
    context: LabContext,
    call_manager: CallManager,
    *,
    cluster: Cluster,
    database: ClusterDatabase,
    addresses: Addresses,
    sign_in: SignInServices,
    services: NodeServices,
) -> PlatformCli:
    """Make the platform CLI of the node on which `call_manager` runs."""
    journal = context.journal(call_manager.name)
    administration = ClusterAdministration(
        call_manager.name,
        cluster=cluster,
        database=database,
        keys=sign_in.keys,
        services=services,
        open_ports=partial(open_ports, addresses, call_manager),
        reach=partial(reach, addresses),
        real_now=lambda: context.real_now,
        started_at=context.clock.now(),
        version=PRODUCT_VERSIONS[context.config.cluster.version],
        journal=journal,
    )
    return PlatformCli(administration=administration, accounts=sign_in.accounts, journal=journal)


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
