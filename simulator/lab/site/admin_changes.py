"""Changes to the cluster as an administrator's GUI makes them: rows of the database, in one place for steps and
control API. The product's rules judge each write; what a service only reads when it starts waits for that.
"""

from __future__ import annotations

from registrar.core.cluster.cluster import Cluster
from registrar.core.cluster.ports import NodePorts
from registrar.core.database import ClusterDatabase
from registrar.core.database.certificates import import_trust, record_regenerated

_PORT_COLUMNS = {
    "sip": "sipphoneport",
    "sips": "sipphonesecureport",
    "oauth": "sipoauthport",
    "mra": "sipoauthmraport",
}


class AdminChanges:
    """Raises the database's DatabaseRefusal (a rule), LookupError for what does not exist."""

    def __init__(self, database: ClusterDatabase, cluster: Cluster) -> None:
        self._database, self._cluster = database, cluster

    def oauth_mode(self, on: bool) -> None:
        sql = "update processconfig set paramvalue = ? where paramname = 'ClusterSIPOAuthMode'"
        self._write(sql, "1" if on else "0")

    def ports(self, node: str, ports: NodePorts) -> None:
        """All SIP ports of a node; a port of 0 is left as it is."""
        wanted = {
            column: getattr(ports, name) for name, column in _PORT_COLUMNS.items() if getattr(ports, name)
        }
        if not wanted:
            return
        columns = ", ".join(f"{column} = ?" for column in wanted)
        where = "fkprocessnode = (select pkid from processnode where name = ?)"
        sql = f"update callmanager set {columns} where {where}"  # noqa: S608 - names of our own
        self._write(sql, *wanted.values(), self._cluster.node(node).host)

    def profile_of(self, device: str, profile: str) -> None:
        pkid = self._database.value("select pkid from securityprofile where name = ?", profile)
        if pkid is None:
            raise LookupError(f"there is no phone security profile {profile!r}")
        if not self._write("update device set fksecurityprofile = ? where name = ?", pkid, device):
            raise LookupError(f"there is no device {device!r}")

    def expressway(self, host: str, names: str | None) -> None:
        """A row of the Expressway-C table: added, replaced, or removed (names None)."""
        removed = self._write("delete from expresswaycconfiguration where hostnameorip = ?", host)
        if names is not None:
            sql = "insert into expresswaycconfiguration values (?, ?, '', ?)"
            self._write(sql, self._database.new_pkid(), host, names)
        elif not removed:
            raise LookupError(f"there is no Expressway-C {host!r}")

    def trust(self, node: str, certificates: tuple[bytes, ...]) -> None:
        """Into the node's Tomcat-trust."""
        for pem in certificates:
            import_trust(self._database, self._cluster.node(node).host, pem)

    def regenerated(self, node: str) -> None:
        """The node's own certificates were made anew."""
        record_regenerated(self._database, self._cluster.node(node))

    def _write(self, sql: str, *values: object) -> int:
        with self._database.write() as connection:
            return connection.execute(sql, values).rowcount
