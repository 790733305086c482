"""A cluster of two nodes with its database, as a lab builds it; for the database's, AXL's and RIS's tests."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from certs.authority import Authority
from certs.stores import NodeStores
from registrar.aio.database_file import open_database
from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.cluster.directory import Device, Line, SecurityMode, SecurityProfile, TransportType, User
from registrar.core.cluster.expressway_table import ExpresswayRow
from registrar.core.database import ClusterDatabase, Projection, SqlConsole
from registrar.core.tokens import ClusterKeys
from simulator.core.entropy import SeededEntropy
from simulator.core.instant import Instant

NOW = Instant(1_790_000_000.0)
PUBLISHER = "ucm1.example.com"
SUBSCRIBER = "ucm2.example.com"
CLUSTER_ID = "0d8c1b2e-4b0f-4a6c-9d53-6f6d8f1f6a10"
OAUTH = SecurityProfile(name="CSF OAuth", mode=SecurityMode.ENCRYPTED, transport=TransportType.TLS, oauth=True)
_keys: list[ClusterKeys] = []


def stores(host: str) -> NodeStores:
    return NodeStores.create(host, now=NOW, key="ec256")


def authority(name: str) -> Authority:
    return Authority.create(name, now=NOW, key="ec256")


def device(name: str, dn: str, *, owner: str | None = "alice", number: int = 1) -> Device:
    return Device(
        name=name,
        pkid=UUID(int=0xA000 + number),
        profile=OAUTH.name,
        lines=(Line(dn=dn, contact=UUID(int=0xB000 + number), display=f"User {dn}", label=dn),),
        description=f"Jabber of {owner}",
        owner=owner,
        associated=("bob",),
        ctiid=100 + number,
    )


def cluster(devices: int = 2) -> Cluster:
    """ucm1 (the publisher) and ucm2, alice and bob, CSFONE 1001, CSFTWO 1002, ..., one Expressway-C."""
    if not _keys:
        _keys.append(ClusterKeys.create(CLUSTER_ID))
    made = Cluster(CLUSTER_ID, _keys[0])
    for name, host in (("ucm1", PUBLISHER), ("ucm2", SUBSCRIBER)):
        made.add_node(ClusterNode(name=name, host=host, stores=stores(host)))
    directory = made.directory
    directory.put_profile(OAUTH)
    for user in ("alice", "bob"):
        directory.put_user(User(id=user))
    names = ["CSFONE", "CSFTWO", *(f"CSF{number}" for number in range(3, devices + 1))][:devices]
    directory.put_devices(
        device(name, str(1000 + number), number=number) for number, name in enumerate(names, start=1)
    )
    directory.put_expressway(ExpresswayRow(host="expc", x509_name="expc.example.com"))
    return made


class Administered:
    """A cluster that its database administers."""

    def __init__(
        self, *, devices: int = 2, export_controlled: bool = True, path: Path | None = None, seed: int = 1
    ) -> None:
        self.cluster = cluster(devices)
        self.entropy = SeededEntropy(seed)
        self.database = ClusterDatabase(
            open_database(path),
            entropy=self.entropy.child("database"),
            export_controlled=export_controlled,
        )
        self.projection = Projection.connect(self.database, self.cluster)
        self.publisher = SqlConsole(self.database, PUBLISHER)
        self.subscriber = SqlConsole(self.database, SUBSCRIBER)

    @property
    def directory(self):
        return self.cluster.directory

    def query(self, sql: str) -> list[dict[str, str | None]]:
        result = self.publisher.run_query(sql)
        return [dict(zip(result.columns, row, strict=True)) for row in result.rows]

    def state(self) -> tuple:
        """Everything the registrar knows, to be compared before and after a refusal."""
        directory = self.directory
        return (
            directory.devices,
            directory.profiles,
            directory.users,
            directory.expressways,
            self.cluster.sip_oauth_mode,
            tuple((node.name, node.ports, node.stores) for node in self.cluster.nodes),
            tuple(self.database.connection.iterdump()),
        )
