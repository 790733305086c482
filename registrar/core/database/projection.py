"""Reads the cluster from the database and keeps it equal.

Devices, profiles, users and the Expressway-C table count at once; ports, SIP OAuth mode and trust stores go
into the Cluster, where a service finds them when it restarts.
"""

from __future__ import annotations

from collections.abc import Sequence

from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.cluster.directory import Device
from registrar.core.database.certificates import project_trust
from registrar.core.database.rules import OAUTH_MODE
from registrar.core.database.store import Changes, ClusterDatabase
from registrar.core.database.values import (
    PROFILE_COLUMNS,
    device_of,
    expressway_of,
    ports_of,
    profile_of,
    user_of,
)
from registrar.core.tokens import ClusterKeys

_CERTIFICATES = ("certificate", "certificateservicecertificatemap", "certificateprocessnodemap")


def read_cluster(
    database: ClusterDatabase, *, cluster_id: str, keys: ClusterKeys, installed: Sequence[ClusterNode]
) -> Cluster:
    """Build the cluster that the tables describe, and keep it equal to them after every commit.

    `installed` are the servers with what no table holds: private keys, versions of TLS, the port of the
    configuration files. Raises ValueError if the tables name other servers.
    """
    check_nodes(database, installed)
    cluster = Cluster(cluster_id, keys, installed)
    projection = Projection(database, cluster)
    projection.load()
    database.subscribe(projection.follow)
    return cluster


def check_nodes(database: ClusterDatabase, installed: Sequence[ClusterNode]) -> None:
    """Raise ValueError if the tables name other servers than these, or name them in another order."""
    sql = "select name from processnode where systemnode = 'f' order by nodeid"
    stored, named = [row[0] for row in database.rows(sql)], [node.host for node in installed]
    if stored != named:
        raise ValueError(f"the state file is of a cluster with the nodes {stored}, the lab has {named}")


class Projection:
    """Writes rows of the database into one Cluster and its Directory."""

    def __init__(self, database: ClusterDatabase, cluster: Cluster) -> None:
        self._database = database
        self._cluster = cluster
        self._directory = cluster.directory
        self._devices: dict[str, str] = {}
        self._profiles: dict[str, str] = {}
        self._users: dict[str, str] = {}
        self._expressways: dict[str, str] = {}

    def load(self) -> None:
        """Read everything into a new cluster, in the order in which the rows were inserted."""
        database, directory = self._database, self._directory
        pkids = {
            table: [row[0] for row in database.rows(f"select pkid from {table} order by rowid")]  # noqa: S608
            for table in ("securityprofile", "enduser", "expresswaycconfiguration", "device")
        }
        self._follow_profiles(pkids["securityprofile"])
        self._follow_users(pkids["enduser"])
        self._follow_expressways(pkids["expresswaycconfiguration"])
        self._put_devices(pkids["device"])
        for profile in directory.profiles:  # a new directory has the standard one, which may be deleted
            if profile.name not in self._profiles.values():
                directory.remove_profile(profile.name)
        self._project_cluster()
        project_trust(database, self._cluster)

    def follow(self, changes: Changes) -> None:
        """Read the rows that a commit changed. Profiles come first and last: devices need theirs, and may have
        let go of one.
        """
        gone = self._follow_profiles(sorted(changes.of("securityprofile")))
        self._follow_users(sorted(changes.of("enduser")))
        self._follow_devices(self._affected(changes))
        for name in gone:
            if self._directory.profile(name) is not None and name not in self._profiles.values():
                self._directory.remove_profile(name)
        self._follow_expressways(sorted(changes.of("expresswaycconfiguration")))
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

    def _follow_profiles(self, pkids: list[str]) -> list[str]:
        """Returns the names nobody has any more; their devices are to be moved before they go."""
        gone = []
        for pkid in pkids:
            row = self._database.row(f"select {PROFILE_COLUMNS} from securityprofile where pkid = ?", pkid)  # noqa: S608
            name = self._profiles.pop(pkid, None)
            if row is not None:
                profile = profile_of(row)
                self._profiles[pkid] = profile.name
                self._directory.put_profile(profile)
            if name is not None and (row is None or row["name"] != name):
                gone.append(name)
        return gone

    def _follow_users(self, pkids: list[str]) -> None:
        rows = {pkid: self._database.row("select * from enduser where pkid = ?", pkid) for pkid in pkids}
        for pkid in rows:
            name = self._users.pop(pkid, None)
            if name is not None:
                self._directory.remove_user(name)
        for pkid, row in rows.items():
            if row is not None:
                user = user_of(row)
                self._users[pkid] = user.id
                self._directory.put_user(user)

    def _follow_expressways(self, pkids: list[str]) -> None:
        rows = {
            pkid: self._database.row("select * from expresswaycconfiguration where pkid = ?", pkid)
            for pkid in pkids
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
                if row["description"] != node.description:
                    cluster.set_description(node.name, row["description"])
