"""Keeps the registrar's Cluster and Directory equal to the database: devices, profiles, users and the
Expressway-C table at once; ports, mode and trust stores into the Cluster, where a service finds them when it
restarts.
"""

from __future__ import annotations

from registrar.core.cluster.cluster import Cluster
from registrar.core.cluster.directory import Device
from registrar.core.database.certificates import project_trust, record_own
from registrar.core.database.rules import OAUTH_MODE
from registrar.core.database.seed import seed
from registrar.core.database.store import Changes, ClusterDatabase
from registrar.core.database.values import (
    PROFILE_COLUMNS,
    device_of,
    expressway_of,
    ports_of,
    profile_of,
    user_of,
)

_CERTIFICATES = ("certificate", "certificateservicecertificatemap", "certificateprocessnodemap")


class Projection:
    """`connect` a database and a cluster: a new database is filled from the cluster, an old one fills it."""

    def __init__(self, database: ClusterDatabase, cluster: Cluster) -> None:
        self._database = database
        self._cluster = cluster
        self._directory = cluster.directory
        self._devices: dict[str, str] = {}
        self._profiles: dict[str, str] = {}
        self._users: dict[str, str] = {}
        self._expressways: dict[str, str] = {}

    @classmethod
    def connect(cls, database: ClusterDatabase, cluster: Cluster) -> Projection:
        """From now on every committed change reaches the cluster. Raises what `seed` does, and ValueError for a
        state file that names other nodes than the cluster has.
        """
        if database.is_new:
            seed(database, cluster)
            database.is_new = False
        else:
            _check_nodes(database, cluster)
            with database.write(seeding=True) as connection:
                for node in cluster.nodes:
                    record_own(database, connection, node)
        projection = cls(database, cluster)
        projection.load()
        database.subscribe(projection.follow)
        return projection

    def load(self) -> None:
        """Everything, whatever the cluster held before."""
        database = self._database
        pkids = {
            table: frozenset(row[0] for row in database.rows(f"select pkid from {table}"))  # noqa: S608
            for table in ("securityprofile", "enduser", "expresswaycconfiguration")
        }
        self._follow_profiles(pkids["securityprofile"])
        self._follow_users(pkids["enduser"])
        self._follow_expressways(pkids["expresswaycconfiguration"])
        self._put_devices([row[0] for row in database.rows("select pkid from device order by rowid")])
        self._forget_others()
        self._project_cluster()
        project_trust(database, self._cluster)

    def _forget_others(self) -> None:
        directory = self._directory
        devices, users = set(self._devices.values()), set(self._users.values())
        hosts = set(self._expressways.values())
        profiles = set(self._profiles.values())
        for device in directory.devices:
            if device.name not in devices:
                directory.remove_device(device.name)
        for user in directory.users:
            if user.id not in users:
                directory.remove_user(user.id)
        for row in directory.expressways:
            if row.host not in hosts:
                directory.remove_expressway(row.host)
        for profile in directory.profiles:
            if profile.name not in profiles:
                directory.remove_profile(profile.name)

    def follow(self, changes: Changes) -> None:
        """Profiles first and last: devices need theirs, and may have let go of one."""
        profiles = changes.of("securityprofile")
        gone = self._follow_profiles(profiles)
        self._follow_users(changes.of("enduser"))
        self._follow_devices(self._affected(changes))
        for name in gone:
            if self._directory.profile(name) is not None and name not in self._profiles.values():
                self._directory.remove_profile(name)
        self._follow_expressways(changes.of("expresswaycconfiguration"))
        if changes.of("callmanager", "processconfig"):
            self._project_cluster()
        if changes.of(*_CERTIFICATES):
            project_trust(self._database, self._cluster)

    # --- the directory ---------------------------------------------------------------------------------------

    def _affected(self, changes: Changes) -> list[str]:
        """Devices whose row, lines, users or profile changed."""
        database = self._database
        pkids = dict.fromkeys(sorted(changes.of("device")))
        for table, sql in (
            ("numplan", "select fkdevice from devicenumplanmap where fknumplan = ?"),
            ("securityprofile", "select pkid from device where fksecurityprofile = ?"),
            (
                "enduser",
                "select pkid from device where fkenduser = ?1 "
                "union select fkdevice from enduserdevicemap where fkenduser = ?1",
            ),
        ):
            for pkid in sorted(changes.of(table)):
                pkids.update(dict.fromkeys(row[0] for row in database.rows(sql, pkid)))
        return list(pkids)

    def _follow_devices(self, pkids: list[str]) -> None:
        for pkid in pkids:
            name = self._devices.get(pkid)
            device = device_of(self._database.connection, pkid)
            if name is not None and (device is None or device.name != name):
                del self._devices[pkid]
                if self._directory.device(name) is not None and name not in self._devices.values():
                    self._directory.remove_device(name)
        self._put_devices(pkids)

    def _put_devices(self, pkids: list[str]) -> None:
        changed: list[Device] = []
        for pkid in pkids:
            device = device_of(self._database.connection, pkid)
            if device is None:
                continue
            self._devices[pkid] = device.name
            if self._directory.device(device.name) != device:
                changed.append(device)
        if changed:
            self._directory.put_devices(changed)

    def _follow_profiles(self, pkids: frozenset[str]) -> list[str]:
        """Returns the names nobody has any more; their devices are to be moved before they go."""
        gone = []
        for pkid in sorted(pkids):
            row = self._database.row(f"select {PROFILE_COLUMNS} from securityprofile where pkid = ?", pkid)  # noqa: S608
            name = self._profiles.pop(pkid, None)
            if row is not None:
                profile = profile_of(row)
                self._profiles[pkid] = profile.name
                self._directory.put_profile(profile)
            if name is not None and (row is None or row["name"] != name):
                gone.append(name)
        return gone

    def _follow_users(self, pkids: frozenset[str]) -> None:
        rows = {
            pkid: self._database.row("select * from enduser where pkid = ?", pkid) for pkid in sorted(pkids)
        }
        for pkid in rows:
            name = self._users.pop(pkid, None)
            if name is not None:
                self._directory.remove_user(name)
        for pkid, row in rows.items():
            if row is not None:
                user = user_of(row)
                self._users[pkid] = user.id
                self._directory.put_user(user)

    def _follow_expressways(self, pkids: frozenset[str]) -> None:
        rows = {
            pkid: self._database.row("select * from expresswaycconfiguration where pkid = ?", pkid)
            for pkid in sorted(pkids)
        }
        for pkid in rows:
            host = self._expressways.pop(pkid, None)
            if host is not None:
                self._directory.remove_expressway(host)
        for pkid, row in rows.items():
            if row is not None:
                expressway = expressway_of(row)
                self._expressways[pkid] = expressway.host
                self._directory.put_expressway(expressway)

    # --- the cluster -----------------------------------------------------------------------------------------

    def _project_cluster(self) -> None:
        """What a service reads at its next start."""
        cluster, database = self._cluster, self._database
        cluster.sip_oauth_mode = (
            database.value("select paramvalue from processconfig where paramname = ?", OAUTH_MODE) == "1"
        )
        for node in cluster.nodes:
            row = database.row(
                "select m.* from callmanager m join processnode n on n.pkid = m.fkprocessnode where n.name = ?",
                node.host,
            )
            if row is not None:
                ports = ports_of(row, node.ports.config)
                if ports != node.ports:
                    cluster.set_ports(node.name, ports)


def _check_nodes(database: ClusterDatabase, cluster: Cluster) -> None:
    stored = [
        row[0] for row in database.rows("select name from processnode where systemnode = 'f' order by nodeid")
    ]
    named = [node.host for node in cluster.nodes]
    if stored != named:
        raise ValueError(f"the state file is of a cluster with the nodes {stored}, the lab has {named}")
