"""Changes to the cluster as an administrator's GUI makes them: rows of the database, in one place for steps and
control API. The product's rules judge each write; what a service only reads when it starts waits for that.
"""

from __future__ import annotations

from registrar.core.cluster.cluster import Cluster
from registrar.core.database import ClusterDatabase
from registrar.core.database.certificates import import_trust, record_regenerated
from simulator.core.events import ClusterChanged
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.nodes import PortsConfig
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.environment.pki import TOMCAT_CA
from simulator.lab.site.expressways import Expressways
from simulator.lab.site.ucm.cluster_start import certificate_addresses, node_ports

_PORT_COLUMNS = {
    "sip": "sipphoneport",
    "sips": "sipphonesecureport",
    "oauth": "sipoauthport",
    "mra": "sipoauthmraport",
}


class LabAdministration:
    """Raises the database's DatabaseRefusal (a rule), LookupError for what does not exist."""

    def __init__(
        self, context: LabContext, *, cluster: Cluster, database: ClusterDatabase, expressways: Expressways
    ) -> None:
        self._context, self._journal = context, context.journal("lab")
        self._cluster, self._database, self._expressways = cluster, database, expressways

    def set_oauth_mode(self, on: bool) -> None:
        """Set SIP OAuth mode; a node notices when its CallManager restarts."""
        sql = "update processconfig set paramvalue = ? where paramname = 'ClusterSIPOAuthMode'"
        self._write(sql, "1" if on else "0")
        self._note("utils sipOAuth-mode", "enable" if on else "disable")

    def set_ports(self, node: str, ports: PortsConfig) -> None:
        """Set the SIP ports of a node, save those of 0; they count after a restart. Raises PortError."""
        asked = node_ports(ports)
        wanted = {
            column: getattr(asked, name) for name, column in _PORT_COLUMNS.items() if getattr(asked, name)
        }
        if wanted:
            columns = ", ".join(f"{column} = ?" for column in wanted)
            where = "fkprocessnode = (select pkid from processnode where name = ?)"
            sql = f"update callmanager set {columns} where {where}"  # noqa: S608 - names of our own
            self._write(sql, *wanted.values(), self._cluster.node(node).host)
        self._note(f"ports of {node}", f"OAuth {ports.oauth}, MRA {ports.mra}")

    def set_profile(self, device: str, profile: str) -> None:
        """Give the device another phone security profile."""
        pkid = self._database.value("select pkid from securityprofile where name = ?", profile)
        if pkid is None:
            raise LookupError(f"there is no phone security profile {profile!r}")
        if not self._write("update device set fksecurityprofile = ? where name = ?", pkid, device):
            raise LookupError(f"there is no device {device!r}")
        self._note(f"security profile of {device}", profile)

    def set_table_row(self, host: str, names: str | None) -> None:
        """Add or replace a row of the Expressway-C table, or remove it (names None). Applies live."""
        with self._database.write() as rows:
            removed = rows.execute("delete from expresswaycconfiguration where hostnameorip = ?", (host,))
            if names is not None:
                sql = "insert into expresswaycconfiguration values (?, ?, '', ?)"
                rows.execute(sql, (self._database.new_pkid(), host, names))
            elif not removed.rowcount:
                raise LookupError(f"there is no Expressway-C {host!r}")
        self._note(f"expresswaycconfiguration {host}", names or "removed")

    def regenerate_tomcat(self, node: str, certificate: CertificateConfig) -> None:
        """Give the node a new Tomcat certificate; 5090 and 5091 present it after a restart."""
        entry = self._cluster.node(node)
        tomcat = self._context.pki.issue(
            certificate,
            holder=f"{node}/tomcat",
            host=entry.host,
            addresses=certificate_addresses(self._context, node),
            default_ca=TOMCAT_CA,
        )
        self._cluster.set_stores(node, entry.stores.with_tomcat(tomcat))
        record_regenerated(self._database, self._cluster.node(node))
        self._note("set cert regen tomcat", node)

    def add_trust(self, owner: str, authorities: list[str]) -> None:
        """Put authorities into a node's Tomcat-trust (read when CallManager starts) or an Expressway's trusted
        CAs (live). `tomcat:NODE` and `callmanager:NODE` name that node's own certificates, as self-signed ones.
        """
        certificates = tuple(pem for name in authorities for pem in self._certificates(name))
        if owner in self._expressways:
            self._expressways.add_trusted_cas(owner, certificates)
            store = "trusted CAs"
        else:
            for pem in certificates:
                import_trust(self._database, self._cluster.node(owner).host, pem)
            store = "tomcat-trust"
        self._note(f"{store} of {owner}", f"+ {', '.join(authorities)}")

    def _certificates(self, name: str) -> tuple[bytes, ...]:
        kind, colon, node = name.partition(":")
        if not colon:
            return self._context.pki.bundle([name])
        stores = self._cluster.node(node).stores
        held = {"tomcat": stores.tomcat, "callmanager": stores.callmanager}.get(kind)
        if held is None:
            raise ValueError(f"{name}: what can be trusted is an authority, tomcat:NODE or callmanager:NODE")
        return (held.certificate,)

    def _note(self, what: str, detail: str) -> None:
        self._journal.add(ClusterChanged(what=what, detail=detail))

    def _write(self, sql: str, *values: object) -> int:
        with self._database.write() as connection:
            return connection.execute(sql, values).rowcount
