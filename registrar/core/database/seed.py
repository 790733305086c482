"""Writes what a lab's Cluster holds into a fresh database, row by row under UCM's names."""

from __future__ import annotations

from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.cluster.directory import Device, Directory, SecurityProfile
from registrar.core.cluster.ports import NodePorts
from registrar.core.database.certificates import record_node
from registrar.core.database.enumerations import (
    AXL_SERVICE,
    CALLMANAGER_SERVICE,
    ENTERPRISE_WIDE,
    ENUMERATIONS,
    NODE_SERVICES,
    PUBLISHER,
    SUBSCRIBER,
    TFTP_SERVICE,
    TOMCAT_SERVICE,
    product_of_model,
)
from registrar.core.database.rows import Transaction
from registrar.core.database.rules import OAUTH_MODE, SECURITY_MODE, SIGN_IN_PARAMETERS
from registrar.core.database.store import ClusterDatabase

ENTERPRISE_NODE = "00000000-1111-0000-0000-000000000000"
ENTERPRISE_NAME = "EnterpriseWideData"
"""The virtual node of enterprise parameters. [observed: administration 7]"""
DEFAULT_POOL = "1b1b9eb6-7803-11d3-bdf0-00108302ead1"
DEFAULT_SIP_PROFILE = "c89435ad-9385-3b3f-c3c2-b2a4c26ab267"

SERVICES = {name: number for number, name in ENUMERATIONS["typeservice"].items()}
_ENTERPRISE: tuple[tuple[str, str, int], ...] = (
    ("ClusterID", "StandAloneCluster", 4),
    (SECURITY_MODE, "0", 3),
    *((name, value, 3) for name, (_, value, _) in SIGN_IN_PARAMETERS.items()),
    ("AllowedDeviceQueriesPerMinute", "15", 3),  # placeholder name; 15 and the range 1-18 are documented
)


def seed(database: ClusterDatabase, cluster: Cluster) -> None:
    """One transaction. The first node is the publisher. Raises what `ClusterDatabase.write` does."""
    with database.write(seeding=True) as connection:
        _defaults(database, connection, cluster.sip_oauth_mode)
        for number, node in enumerate(cluster.nodes):
            _node(database, connection, number, node)
        _directory(database, connection, cluster.directory)


def _defaults(database: ClusterDatabase, connection: Transaction, mode: bool) -> None:
    connection.execute(
        "insert into processnode (pkid, name, systemnode, nodeid, tknodeusage) values (?, ?, 't', 1, ?)",
        (ENTERPRISE_NODE, ENTERPRISE_NAME, SUBSCRIBER),
    )
    connection.execute("insert into devicepool (pkid, name) values (?, 'Default')", (DEFAULT_POOL,))
    connection.execute(
        "insert into sipprofile (pkid, name) values (?, 'Standard SIP Profile')", (DEFAULT_SIP_PROFILE,)
    )
    for name, value, kind in ((OAUTH_MODE, "1" if mode else "0", 3), *_ENTERPRISE):
        connection.execute(
            "insert into processconfig (pkid, fkprocessnode, tkservice, paramname, paramvalue, tkparam) "
            "values (?, ?, ?, ?, ?, ?)",
            (database.new_pkid(), ENTERPRISE_NODE, SERVICES[ENTERPRISE_WIDE], name, value, kind),
        )


def _node(database: ClusterDatabase, connection: Transaction, number: int, node: ClusterNode) -> None:
    pkid = database.new_pkid()
    connection.execute(
        "insert into processnode (pkid, name, description, nodeid, tknodeusage) values (?, ?, ?, ?, ?)",
        (pkid, node.host, node.description, number + 2, SUBSCRIBER if number else PUBLISHER),
    )
    ports = node.ports
    connection.execute(
        "insert into callmanager (pkid, name, description, ctiid, fkprocessnode, sipphoneport, "
        "sipphonesecureport, sipoauthport, sipoauthmraport) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            database.new_pkid(),
            f"CM_{node.name}",
            node.description,
            number + 1,
            pkid,
            ports.sip,
            ports.sips,
            ports.oauth,
            ports.mra,
        ),
    )
    active = (CALLMANAGER_SERVICE, TFTP_SERVICE, AXL_SERVICE, TOMCAT_SERVICE)
    for service in NODE_SERVICES:
        runs = "t" if service in active else "f"
        connection.execute(
            "insert into processnodeservice (pkid, fkprocessnode, tkservice, enable, isactive) "
            "values (?, ?, ?, ?, ?)",
            (database.new_pkid(), pkid, SERVICES[service], runs, runs),
        )
    record_node(database, connection, node)


def _directory(database: ClusterDatabase, connection: Transaction, directory: Directory) -> None:
    profiles = {profile.name: _profile(database, connection, profile) for profile in directory.profiles}
    users: dict[str, str] = {}
    for user in directory.users:
        users[user.id.casefold()] = _user(database, connection, user.id, user.active)
    lines: dict[str, str] = {}
    for device in directory.devices:
        for name in (device.owner, *device.associated):
            # An owner that is no user yet: the row keeps the name, without it the device loses its owner.
            if name and name.casefold() not in users:
                users[name.casefold()] = _user(database, connection, name, True)
        _device(database, connection, device, profiles[device.profile], users, lines)
    for row in directory.expressways:
        connection.execute(
            "insert into expresswaycconfiguration values (?, ?, ?, ?)",
            (database.new_pkid(), row.host, row.description, row.x509_name),
        )


def _profile(database: ClusterDatabase, connection: Transaction, profile: SecurityProfile) -> str:
    pkid = database.new_pkid()
    connection.execute(
        "insert into securityprofile (pkid, name, tkdevicesecuritymode, tktransport, "
        "enableoauthauthentication, enabledigestauthentication, tftpencryptedconfig) "
        "values (?, ?, ?, ?, ?, ?, ?)",
        (
            pkid,
            profile.name,
            profile.mode.value,
            profile.transport.value,
            *("t" if flag else "f" for flag in (profile.oauth, profile.digest, profile.tftp_encrypted)),
        ),
    )
    return pkid


def _user(database: ClusterDatabase, connection: Transaction, userid: str, active: bool) -> str:
    pkid = database.new_pkid()
    connection.execute(
        "insert into enduser (pkid, userid, lastname, status) values (?, ?, ?, ?)",
        (pkid, userid, userid, int(active)),
    )
    return pkid


def _device(
    database: ClusterDatabase,
    connection: Transaction,
    device: Device,
    profile: str,
    users: dict[str, str],
    lines: dict[str, str],
) -> None:
    pkid = str(device.pkid)
    ctiid = device.ctiid or next_ctiid(connection)
    model = int(device.model) if device.model.isdecimal() else 503
    connection.execute(
        "insert into device (pkid, name, description, tkmodel, tkproduct, fkdevicepool, fkenduser, "
        "fksecurityprofile, fksipprofile, ctiid, versionstamp, lscmd5, ciscosupportfield) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            pkid,
            device.name,
            device.description,
            model,
            product_of_model(model),
            DEFAULT_POOL,
            users[device.owner.casefold()] if device.owner else None,
            profile,
            DEFAULT_SIP_PROFILE,
            ctiid,
            device.version_stamp,
            device.lsc_md5,
            device.support_field,
        ),
    )
    for index, line in enumerate(device.lines, start=1):
        if line.dn not in lines:
            lines[line.dn] = database.new_pkid()
            connection.execute(
                "insert into numplan (pkid, dnorpattern) values (?, ?)", (lines[line.dn], line.dn)
            )
        connection.execute(
            "insert into devicenumplanmap (pkid, fkdevice, fknumplan, numplanindex, display, label) "
            "values (?, ?, ?, ?, ?, ?)",
            (str(line.contact), pkid, lines[line.dn], index, line.display, line.label),
        )
    for name in device.associated:
        connection.execute(
            "insert into enduserdevicemap (pkid, fkenduser, fkdevice) values (?, ?, ?)",
            (database.new_pkid(), users[name.casefold()], pkid),
        )


def record_ports(database: ClusterDatabase, host: str, ports: NodePorts) -> None:
    """Where the lab asked for any free port: those of this run, whatever a state file says."""
    with database.write(seeding=True) as connection:
        connection.execute(
            "update callmanager set sipphoneport = ?, sipphonesecureport = ?, "
            "sipoauthport = ?, sipoauthmraport = ? "
            "where fkprocessnode = (select pkid from processnode where name = ?)",
            (ports.sip, ports.sips, ports.oauth, ports.mra, host),
        )


def next_ctiid(connection: Transaction) -> int:
    """A number no device has."""
    (highest,) = connection.execute("select ifnull(max(ctiid), 100) from device").fetchone()
    return int(highest) + 1
