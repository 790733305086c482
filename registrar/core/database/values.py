"""Rows as the values the registrar works with. The rules and the projection read rows through here only, so a
row that the registrar could not use is never committed.
"""

from __future__ import annotations

from uuid import UUID

from registrar.core.cluster.directory import Device, Line, SecurityMode, SecurityProfile, TransportType, User
from registrar.core.cluster.expressway_table import ExpresswayRow
from registrar.core.cluster.ports import NodePorts
from registrar.core.database.rows import Row, Transaction

PROFILE_COLUMNS = (
    "pkid, name, tkdevicesecuritymode, tktransport, enableoauthauthentication, enabledigestauthentication, "
    "tftpencryptedconfig"
)
_DEVICE = """
select d.pkid, d.name, p.name as profile, d.description, d.tkmodel, t.name as protocol, u.userid as owner,
  d.ctiid, d.lscmd5, d.versionstamp, d.ciscosupportfield
from device d join securityprofile p on p.pkid = d.fksecurityprofile
join typedeviceprotocol t on t.enum = d.tkdeviceprotocol
left join enduser u on u.pkid = d.fkenduser
where d.pkid = ? and d.tkclass = 1 and d.isactive = 't'
"""
_LINES = """
select m.pkid, n.dnorpattern, m.display, m.label from devicenumplanmap m join numplan n on n.pkid = m.fknumplan
where m.fkdevice = ? order by m.numplanindex
"""
_ASSOCIATED = """
select u.userid from enduserdevicemap m join enduser u on u.pkid = m.fkenduser
where m.fkdevice = ? order by u.userid
"""


def profile_of(row: Row) -> SecurityProfile:
    """Read a row of securityprofile. Raises ProfileError, which names the product's rule."""
    return SecurityProfile(
        name=row["name"],
        mode=SecurityMode(row["tkdevicesecuritymode"]),
        transport=TransportType(row["tktransport"]),
        oauth=row["enableoauthauthentication"] == "t",
        digest=row["enabledigestauthentication"] == "t",
        tftp_encrypted=row["tftpencryptedconfig"] == "t",
    )


def device_of(connection: Transaction, pkid: str) -> Device | None:
    """Read a phone; None if there is none. Raises ValueError for a pkid or ctiid that is none."""
    row = connection.execute(_DEVICE, (pkid,)).fetchone()
    if row is None:
        return None
    lines = connection.execute(_LINES, (pkid,)).fetchall()
    return Device(
        name=row["name"],
        pkid=UUID(row["pkid"]),
        profile=row["profile"],
        lines=tuple(
            Line(dn=line[1], contact=UUID(line[0]), display=line["display"], label=line["label"])
            for line in lines
        ),
        description=row["description"],
        model=str(row["tkmodel"]),
        protocol=row["protocol"],
        owner=row["owner"],
        associated=tuple(user for (user,) in connection.execute(_ASSOCIATED, (pkid,))),
        ctiid=int(row["ctiid"]),
        lsc_md5=row["lscmd5"],
        version_stamp=row["versionstamp"],
        support_field=row["ciscosupportfield"],
    )


def user_of(row: Row) -> User:
    """Read a row of enduser."""
    return User(id=row["userid"], active=row["status"] == 1)


def expressway_of(row: Row) -> ExpresswayRow:
    """Read a row of expresswaycconfiguration."""
    return ExpresswayRow(
        host=row["hostnameorip"],
        x509_name=row["x509subjectnameorsubjectalternatename"] or "",
        description=row["description"] or "",
    )


def ports_of(row: Row, config: int) -> NodePorts:
    """Read a row of callmanager. `config`: the configuration server's port, no column. Raises PortError."""
    return NodePorts(
        sip=row["sipphoneport"],
        sips=row["sipphonesecureport"],
        oauth=row["sipoauthport"],
        mra=row["sipoauthmraport"],
        config=config,
    )
