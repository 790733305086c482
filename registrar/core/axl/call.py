"""What one AXL call has at hand, and what a node's AXL service is made of."""

from __future__ import annotations

from dataclasses import dataclass

from registrar.core.axl.objects import Objects
from registrar.core.axl.versions import Version
from registrar.core.cluster.cluster import Cluster
from registrar.core.database.sql_console import SqlConsole
from registrar.core.database.store import ClusterDatabase
from registrar.core.soap.control import DeviceAction, DeviceControl
from registrar.core.soap.envelope import Element
from simulator.core.instant import Instant

PRODUCT_VERSIONS = {
    "11.5": "11.5.1.10000(6)",
    "12.0": "12.0.1.10000(10)",
    "12.5": "12.5.1.11900(146)",
    "14.0": "14.0.1.10000(20)",
    "15.0": "15.0.1.11900(23)",
}
"""Server version -> what getCCMVersion answers. [12.5 observed, the others made up in its style]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxlEnvironment:
    """Of one node: `node` is its processnode.name."""

    database: ClusterDatabase
    cluster: Cluster
    node: str
    devices: DeviceControl
    version: str
    """For getCCMVersion, e.g. 12.5.1.11900(146)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxlRequest:
    """One AXL request on its way: what it asks for, and what it may use to answer."""

    request: Element
    now: Instant
    version: Version
    environment: AxlEnvironment

    @property
    def objects(self) -> Objects:
        return Objects(self.environment.database, self.environment.node, self.version)

    @property
    def sql(self) -> SqlConsole:
        return SqlConsole(self.environment.database, self.environment.node)

    def act(self, device: str, action: DeviceAction) -> None:
        self.environment.devices.act(device, action, self.now)
