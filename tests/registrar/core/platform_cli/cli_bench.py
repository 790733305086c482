"""A cluster of two nodes that its CLI administers: real database, stores, keys and CallManager services."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from certs.authority import Authority
from certs.stores import NodeStores
from registrar.aio.database_file import open_database
from registrar.core.callmanager.service import CallManager
from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.cluster.directory import SecurityMode, SecurityProfile, TransportType, User
from registrar.core.database import ClusterDatabase, read_cluster
from registrar.core.database.seed import InitialCluster, seed
from registrar.core.platform_cli import ClusterAdministration, OpenPort, Output, PlatformCli, Reachability
from registrar.core.platform_cli.session import CliSession
from registrar.core.register.policy import RegistrarPolicy
from registrar.core.soap.accounts import Accounts, AdminAccount
from registrar.core.soap.control import ServiceRefused, ServiceState, ServiceStatus
from registrar.core.tokens import ClusterKeys
from registrar.core.tokens.key_ring import KeyRing
from simulator.core.entropy import SeededEntropy
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId
from simulator.core.instant import Instant, ManualClock

NOW = Instant(1_790_000_000.0)
PUBLISHER, SUBSCRIBER = "ucm1.example.com", "ucm2.example.com"
ADDRESSES = {PUBLISHER: "10.1.1.1", SUBSCRIBER: "10.1.1.2", "expc.example.com": "10.1.1.9", "gone": "10.1.1.99"}
CLUSTER_ID = "0d8c1b2e-4b0f-4a6c-9d53-6f6d8f1f6a10"
CALLMANAGER = "Cisco CallManager"
PASSWORD = "correct horse"


@cache
def token_keys() -> ClusterKeys:
    return ClusterKeys.create(CLUSTER_ID)


@cache
def authority(name: str) -> Authority:
    return Authority.create(name, now=NOW, key="ec256")


@dataclass
class Services:
    """Cisco CallManager of each node, really stopped and loaded; each state of it takes `takes` seconds."""

    cluster: Cluster
    nodes: dict[str, CallManager]
    takes: float = 0.0
    begun: dict[str, tuple[Instant, str]] = field(default_factory=dict)

    def services(self, node: str, now: Instant) -> tuple[ServiceStatus, ...]:
        return (
            ServiceStatus(name=CALLMANAGER, state=self._state(node, now), started_at=NOW),
            ServiceStatus(name="Cisco Tomcat", state=ServiceState.STARTED, started_at=NOW),
            ServiceStatus(name="Cisco CTIManager", state=ServiceState.STOPPED, activated=False),
        )

    def start(self, node: str, service: str, now: Instant) -> None:
        self._begin(node, service, now, "start")

    def stop(self, node: str, service: str, now: Instant) -> None:
        self._begin(node, service, now, "stop")

    def restart(self, node: str, service: str, now: Instant) -> None:
        self._begin(node, service, now, "restart")

    def _begin(self, node: str, service: str, now: Instant, what: str) -> None:
        if service != CALLMANAGER:
            raise ServiceRefused(f"{service} is not activated on {node}")
        self.begun[node] = (now, what)
        if what != "start":
            self.nodes[node].stop(now)
        if not self.takes:
            self._state(node, now)

    def _state(self, node: str, now: Instant) -> ServiceState:
        actor = self.nodes[node]
        if node in self.begun:
            begun, what = self.begun[node]
            age = now - begun
            if what != "start" and age < self.takes:
                return ServiceState.STOPPING
            if what != "stop":
                if age < self.takes * (2 if what == "restart" else 1):
                    return ServiceState.STARTING
                name = next(each.name for each in self.cluster.nodes if each.host == node)
                actor.reload(self.cluster.snapshot(name), now)
            del self.begun[node]
        return ServiceState.STARTED if actor.running else ServiceState.STOPPED

    def open_ports(self, node: str) -> list[OpenPort]:
        """What the CallManager would have open, by the listeners it asks for."""
        actor = self.nodes[node]
        return [
            OpenPort(
                process="ccm",
                user="ccmbase",
                pid=12345,
                protocol="UDP" if listen.transport == "udp" else "TCP",
                local=f"{node}:{listen.address.port}",
            )
            for listen in (actor.listens() if actor.running else ())
        ]


class Bench:
    def __init__(self, *, export_controlled: bool = True, takes: float = 0.0) -> None:
        self.clock = ManualClock(NOW)
        self.log = EventLog(self.clock)
        nodes = []
        for name, host in (("ucm1", PUBLISHER), ("ucm2", SUBSCRIBER)):
            stores = NodeStores.create(host, now=NOW, tomcat_ca=authority("Lab CA"), key="ec256")
            nodes.append(ClusterNode(name=name, host=host, stores=stores))
        oauth = SecurityProfile(
            name="CSF OAuth", mode=SecurityMode.ENCRYPTED, transport=TransportType.TLS, oauth=True
        )
        entropy = SeededEntropy(7)
        self.database = ClusterDatabase(
            open_database(), entropy=entropy.child("database"), export_controlled=export_controlled
        )
        seed(
            self.database,
            InitialCluster(nodes=tuple(nodes), profiles=(oauth,), users=(User(id="alice"),)),
        )
        self.cluster = read_cluster(self.database, cluster_id=CLUSTER_ID, keys=token_keys(), installed=nodes)
        self.nodes = {
            node.host: CallManager(
                self.cluster.snapshot(node.name),
                self.cluster.directory,
                self.cluster.bindings,
                journal=self.log.journal(ActorId(node.name)),
                entropy=entropy.child(node.name),
                policy=RegistrarPolicy(),
                bind="127.0.0.1",
            )
            for node in self.cluster.nodes
        }
        self.services = Services(self.cluster, self.nodes, takes)
        self.revoked: list[str] = []
        self.keys = KeyRing(
            lambda: self.cluster.keys,
            self._publish,
            journal=self.log.journal(ActorId("lab")),
            revoke_refresh_tokens=self.revoked.append,
        )
        self.publisher = self._cli("ucm1")
        self.subscriber = self._cli("ucm2")

    def _publish(self, keys: ClusterKeys) -> None:
        self.cluster.keys = keys

    def _cli(self, name: str) -> PlatformCli:
        host = self.cluster.node(name).host
        journal = self.log.journal(ActorId(name))
        administration = ClusterAdministration(
            name,
            cluster=self.cluster,
            database=self.database,
            keys=self.keys,
            services=self.services,
            open_ports=lambda: self.services.open_ports(host),
            reach=lambda asked: Reachability(address=ADDRESSES.get(asked), alive=asked != "gone"),
            real_now=lambda: NOW,
            started_at=Instant(1_561_988_649.0),
            version="15.0.1.11900(40)",
            journal=journal,
        )
        accounts = Accounts(
            [AdminAccount(name="admin", password=PASSWORD), AdminAccount(name="trainee", password="pw")]
        )
        return PlatformCli(
            administration=administration, accounts=accounts, journal=journal, levels={"trainee": 0}
        )

    def session(self, *, on: PlatformCli | None = None, user: str = "admin") -> Typist:
        return Typist((on or self.publisher).open(user, self.clock.now()), self.clock)


class Typist:
    """Feeds a session, and lets time go by where a command waits for it."""

    def __init__(self, session: CliSession, clock: ManualClock) -> None:
        self.session = session
        self.clock = clock
        self.output = session.start(clock.now())

    def type(self, *lines: str) -> Output:
        """The output of the last line."""
        for line in lines:
            self.output = self.session.feed(line, self.clock.now())
        return self.output

    def run(self, command: str, answers: Iterable[str] = ()) -> str:
        """What the command prints, prompts of questions left out."""
        text = self.type(command).text
        for answer in answers:
            text += self.type(answer).text
        return text

    def wait(self) -> Output:
        due = self.session.next_timeout()
        assert due is not None
        self.clock.set(due)
        output = self.session.handle_timeout(due)
        assert output is not None
        self.output = output
        return output
