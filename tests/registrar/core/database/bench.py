"""A cluster of two nodes with its database, as a lab builds it; for the database's, AXL's and RIS's tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from uuid import UUID

from certs.authority import Authority
from certs.stores import NodeStores
from registrar.aio.database_file import open_database
from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.cluster.directory import Device, Line, SecurityMode, SecurityProfile, TransportType, User
from registrar.core.cluster.expressway_table import ExpresswayRow
from registrar.core.database import ClusterDatabase, SqlConsole, read_cluster
from registrar.core.database.seed import InitialCluster
from registrar.core.database.seed import seed as seed_tables
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


@cache
def servers() -> tuple[ClusterNode, ...]:
    """ucm1 (the publisher) and ucm2, with certificates of their own."""
    names = (("ucm1", PUBLISHER), ("ucm2", SUBSCRIBER))
    return tuple(ClusterNode(name=name, host=host, stores=stores(host)) for name, host in names)


def initial(devices: int = 2) -> InitialCluster:
    """Both servers, alice and bob, CSFONE 1001, CSFTWO 1002, ..., one Expressway-C."""
    names = ["CSFONE", "CSFTWO", *(f"CSF{number}" for number in range(3, devices + 1))][:devices]
    return InitialCluster(
        nodes=servers(),
        profiles=(OAUTH,),
        users=(User(id="alice"), User(id="bob")),
        devices=tuple(
            device(name, str(1000 + number), number=number) for number, name in enumerate(names, start=1)
        ),
        expressways=(ExpresswayRow(host="expc", x509_name="expc.example.com"),),
    )


def read(database: ClusterDatabase, installed: tuple[ClusterNode, ...] | None = None) -> Cluster:
    """The cluster that the tables describe."""
    if not _keys:
        _keys.append(ClusterKeys.create(CLUSTER_ID))
    return read_cluster(database, cluster_id=CLUSTER_ID, keys=_keys[0], installed=installed or servers())


class Administered:
    """A cluster that its database administers."""

    def __init__(
        self, *, devices: int = 2, export_controlled: bool = True, path: Path | None = None, seed: int = 1
    ) -> None:
        self.entropy = SeededEntropy(seed)
        self.database = ClusterDatabase(
            open_database(path),
            entropy=self.entropy.child("database"),
            export_controlled=export_controlled,
        )
        if self.database.is_new:
            seed_tables(self.database, initial(devices))
        self.cluster = read(self.database)
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
