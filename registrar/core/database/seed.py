"""Writes the first rows of a cluster: what an administrator has set up before anybody signs in."""

from __future__ import annotations

from dataclasses import dataclass

from registrar.core.cluster.cluster import ClusterNode
from registrar.core.cluster.directory import NON_SECURE_PROFILE, Device, SecurityProfile, User
from registrar.core.cluster.expressway_table import ExpresswayRow
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


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialCluster:
    """What the first rows say. The first node is the publisher; of two users of one name the later counts."""

    nodes: tuple[ClusterNode, ...]
    sip_oauth_mode: bool = False
    profiles: tuple[SecurityProfile, ...] = ()
    """Beside the standard one, which every cluster has."""
    users: tuple[User, ...] = ()
    devices: tuple[Device, ...] = ()
    expressways: tuple[ExpresswayRow, ...] = ()


def seed(database: ClusterDatabase, initial: InitialCluster) -> None:
    """Fill a new database in one transaction. Raises what `ClusterDatabase.write` does."""
    with database.write(seeding=True) as connection:
        _defaults(database, connection, initial.sip_oauth_mode)
        for number, node in enumerate(initial.nodes):
            _node(database, connection, number, node)
        _directory(database, connection, initial)
    database.is_new = False


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


def _directory(database: ClusterDatabase, connection: Transaction, initial: InitialCluster) -> None:
    named = {profile.name: profile for profile in (NON_SECURE_PROFILE, *initial.profiles)}
    profiles = {name: _profile(database, connection, profile) for name, profile in named.items()}
    spelled = {user.id.casefold(): user for user in initial.users}
    users = {name: _user(database, connection, user.id, user.active) for name, user in spelled.items()}
    lines: dict[str, str] = {}
    for device in initial.devices:
        for name in (device.owner, *device.associated):
            # An owner that is no user yet: the row keeps the name, without it the device loses its owner.
            if name and name.casefold() not in users:
                users[name.casefold()] = _user(database, connection, name, True)
        _device(database, connection, device, profiles[device.profile], users, lines)
    for row in initial.expressways:
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
    """Record the ports of a node that were chosen for this run, whatever the tables said before."""
    with database.write(seeding=True) as connection:
        connection.execute(
            "update callmanager set sipphoneport = ?, sipphonesecureport = ?, "
            "sipoauthport = ?, sipoauthmraport = ? "
            "where fkprocessnode = (select pkid from processnode where name = ?)",
            (ports.sip, ports.sips, ports.oauth, ports.mra, host),
        )


def next_ctiid(connection: Transaction) -> int:
    """Return a number that no device has."""
    (highest,) = connection.execute("select ifnull(max(ctiid), 100) from device").fetchone()
    return int(highest) + 1
