"""The cluster database's tables under UCM's own names (administration 7), as DDL, and the triggers that tell
the rules and the projection which rows a transaction touched.

Evidence: table names and columns of `device`, `processnode`, `certificate`, `registrationdynamic` and
`refreshtokendetails` are observed; port columns of `callmanager`, all of `expresswaycconfiguration` and the
OAuth column of `securityprofile` are assumed (AXL's element names in lower case). `axlelement` and `simchange`
are ours, and so is what `credential` holds: hashes of passwords.
"""

from __future__ import annotations

import sqlite3

from registrar.core.database.enumerations import CERTIFICATE_SERVICES, ENUMERATIONS, moniker

VERSION = 2
"""Of the layout; kept in the file's user_version."""

PKID = "pkid text not null primary key"

_TABLES = f"""
create table processnode ({PKID}, name text not null unique, mac text not null default '',
  systemnode boolean not null default 'f', description text not null default '',
  isactive boolean not null default 't', nodeid integer not null unique,
  tknodeusage integer not null default 1 references typenodeusage (enum), ipv6name text, fklbmhubgroup text,
  tkprocessnoderole integer not null default 1 references typeprocessnoderole (enum),
  tkssomode integer not null default 0 references typessomode (enum));
create table processnodeservice ({PKID}, fkprocessnode text not null references processnode (pkid),
  tkservice integer not null references typeservice (enum), tracelevel integer not null default 0,
  usercategories integer not null default 0, enable boolean not null default 'f',
  numfiles integer not null default 250, maxfilesize integer not null default 1,
  isactive boolean not null default 't', unique (fkprocessnode, tkservice));
create table processconfig ({PKID}, fkprocessnode text not null references processnode (pkid),
  tkservice integer not null references typeservice (enum), paramname text not null, paramvalue text,
  tkparam integer not null default 4 references typeparam (enum), unique (fkprocessnode, tkservice, paramname));
create table callmanager ({PKID}, name text not null unique, description text not null default '',
  ctiid integer not null unique, fkprocessnode text not null references processnode (pkid),
  ethernetphoneport integer not null default 2000, mgcplistenport integer not null default 2427,
  mgcpkeepaliveport integer not null default 2428, sipphoneport integer not null default 5060,
  sipphonesecureport integer not null default 5061, sipoauthport integer not null default 5090,
  sipoauthmraport integer not null default 5091);
create table securityprofile ({PKID}, name text not null unique, description text not null default '',
  tkmodel integer not null default 503 references typemodel (enum),
  tkdeviceprotocol integer not null default 11 references typedeviceprotocol (enum),
  tkdevicesecuritymode integer not null default 1 references typedevicesecuritymode (enum),
  tkauthenticationmode integer not null default 2 references typeauthenticationmode (enum),
  tkkeyorder integer not null default 1 references typekeyorder (enum),
  tkkeysize integer default 3 references typekeysize (enum),
  tkeckeysize integer references typeeckeysize (enum),
  tftpencryptedconfig boolean not null default 'f', enableoauthauthentication boolean not null default 'f',
  noncevaliditytime integer not null default 600,
  tktransport integer not null default 4 references typetransport (enum),
  sipphoneport integer not null default 5060, enabledigestauthentication boolean not null default 'f',
  excludedigestcredentials boolean not null default 'f');
create table devicepool ({PKID}, name text not null unique);
create table sipprofile ({PKID}, name text not null unique, description text not null default '');
create table routepartition ({PKID}, name text not null unique, description text not null default '');
create table enduser ({PKID}, userid text not null unique collate nocase, firstname text not null default '',
  middlename text not null default '', lastname text not null default '', displayname text not null default '',
  mailid text not null default '', department text not null default '', manager text not null default '',
  telephonenumber text not null default '', title text not null default '',
  directoryuri text not null default '', status integer not null default 1,
  islocaluser boolean not null default 't');
create table device ({PKID}, name text not null unique, description text not null default '',
  tkmodel integer not null default 503 references typemodel (enum),
  tkproduct integer not null default 390 references typeproduct (enum),
  tkdeviceprotocol integer not null default 11 references typedeviceprotocol (enum),
  tkclass integer not null default 1 references typeclass (enum),
  fkdevicepool text references devicepool (pkid), fkenduser text references enduser (pkid) on delete set null,
  fksecurityprofile text not null references securityprofile (pkid),
  fksipprofile text references sipprofile (pkid), ctiid integer not null unique,
  isactive boolean not null default 't', versionstamp text not null default '',
  tkcertificatestatus integer not null default 1 references typecertificatestatus (enum),
  lscmd5 text not null default '', ciscosupportfield text not null default '');
create table numplan ({PKID}, dnorpattern text not null, description text not null default '',
  fkroutepartition text references routepartition (pkid),
  tkpatternusage integer not null default 2 references typepatternusage (enum),
  alertingname text not null default '', alertingnameascii text not null default '',
  isactive boolean not null default 't');
create unique index numplanpattern on numplan (dnorpattern, ifnull(fkroutepartition, ''));
create table devicenumplanmap ({PKID}, fkdevice text not null references device (pkid) on delete cascade,
  fknumplan text not null references numplan (pkid), numplanindex integer not null check (numplanindex > 0),
  display text not null default '', displayascii text not null default '', label text not null default '',
  unique (fkdevice, numplanindex));
create table enduserdevicemap ({PKID}, fkenduser text not null references enduser (pkid) on delete cascade,
  fkdevice text not null references device (pkid) on delete cascade,
  tkuserassociation integer not null default 1 references typeuserassociation (enum),
  unique (fkenduser, fkdevice, tkuserassociation));
create table credential ({PKID}, fkenduser text not null unique, credentials text not null);
create table expresswaycconfiguration ({PKID}, hostnameorip text not null unique collate nocase,
  description text, x509subjectnameorsubjectalternatename text);
create table certificate ({PKID}, servername text not null default '', subjectname text not null,
  issuername text not null, serialnumber text not null, certificate text not null, ipv4address text,
  ipv6address text, timetolive integer,
  tkcertificatedistribution integer not null default 1 references typecertificatedistribution (enum));
create table certificateservicecertificatemap ({PKID},
  fkcertificate text not null references certificate (pkid) on delete cascade,
  tkcertificateservice integer not null references typecertificateservice (enum));
create table certificateprocessnodemap ({PKID},
  fkcertificate text not null references certificate (pkid) on delete cascade,
  ipv4address text, servername text not null);
create table refreshtokendetails ({PKID}, refreshtokenindex text not null, userid text not null,
  clientid text not null, validity integer not null, state integer not null default 1);
create table registrationdynamic ({PKID}, lastknownipaddress text, lastknownucm text,
  fkdevice text not null references device (pkid) on delete cascade, datetimestamp integer,
  lastknownconfigversion text, locationdetails text, tkendpointconnection integer, portorssid text,
  lastseen integer);
create table axlelement (fkowner text not null, tag text not null, value text,
  primary key (fkowner, tag)) without rowid;
create table simchange (seq integer primary key, tablename text not null, pkid text not null);
create table systables (tabname text not null, owner text not null default 'informix',
  tabid integer primary key, tabtype text not null default 'T');
create table syscolumns (colname text not null, tabid integer not null, colno integer not null);
create index devicenumplanmapnumplan on devicenumplanmap (fknumplan);
create index deviceenduser on device (fkenduser);
create index devicesecurityprofile on device (fksecurityprofile);
create index enduserdevicemapdevice on enduserdevicemap (fkdevice);
"""

WATCHED = (
    "processnode",
    "processconfig",
    "callmanager",
    "securityprofile",
    "device",
    "numplan",
    "devicenumplanmap",
    "enduser",
    "enduserdevicemap",
    "credential",
    "expresswaycconfiguration",
    "certificate",
    "certificateservicecertificatemap",
    "certificateprocessnodemap",
)
"""Tables whose changes the rules judge and the projection follows."""

OF_DEVICE = ("devicenumplanmap", "enduserdevicemap")
"""Tables whose change is a change of their row's device."""

OWNERS = ("device", "enduser", "numplan", "devicepool", "processnode", "callmanager")
"""Tables whose rows may have `axlelement` rows."""

INTERNAL = frozenset(
    {"axlelement", "credential", "simchange", "sqlite_master", "sqlite_schema", "sqlite_temp_master"}
)
"""Tables that administrators' SQL does not see."""


def create(connection: sqlite3.Connection) -> None:
    """Create all tables, their triggers and the rows of the type tables, in one transaction."""
    statements = [*_type_tables(), *_with_boolean_checks(), *_triggers()]
    connection.execute("begin immediate")
    for statement in statements:
        connection.execute(statement)
    for table, rows in ENUMERATIONS.items():
        connection.executemany(
            f"insert into {table} (enum, name, moniker) values (?, ?, ?)",  # noqa: S608 - our own names
            [(number, name, moniker(table, number, name)) for number, name in rows.items()],
        )
    connection.executemany(
        "insert into typecertificateservice (enum, name, moniker, usestruststore) values (?, ?, ?, ?)",
        [
            (number, name, moniker("typecertificateservice", number, name), "t" if trust else "f")
            for number, name, trust in CERTIFICATE_SERVICES
        ],
    )
    _fill_catalogue(connection)
    connection.execute(f"pragma user_version = {VERSION}")
    connection.execute("commit")


_image: bytes | None = None
"""The first new database in memory, as SQLite keeps it."""


def create_in_memory(connection: sqlite3.Connection) -> None:
    """Do what `create` does for a database in memory, by a copy of the first one: a fraction of the time."""
    global _image
    if _image is None:
        create(connection)
        _image = connection.serialize()
    else:
        connection.deserialize(_image)


def _type_tables() -> list[str]:
    plain = "create table {} (enum integer primary key, name text not null, moniker text not null)"
    trusted = "create table typecertificateservice (enum integer primary key, name text not null, "
    return [
        *(plain.format(table) for table in ENUMERATIONS),
        trusted + "moniker text not null, usestruststore boolean not null)",
    ]


def _with_boolean_checks() -> list[str]:
    """Booleans are the characters t and f, as Informix shows them."""
    statements = []
    for statement in _TABLES.split(";"):
        words = statement.replace("(", " ( ").split()
        names = [words[i - 1] for i, word in enumerate(words) if word == "boolean"]
        if names:
            checks = "".join(f", check ({name} in ('t', 'f'))" for name in names)
            statement = f"{statement[: statement.rindex(')')]}{checks})"
        if statement.strip():
            statements.append(statement)
    return statements


def _triggers() -> list[str]:
    out = []
    for table in WATCHED:
        for event, rows in (("insert", ("new",)), ("delete", ("old",)), ("update", ("old", "new"))):
            body = "".join(
                f"insert into simchange (tablename, pkid) values ('{name}', {row}.{column}); "  # noqa: S608
                for row in rows
                for name, column in ((table, "pkid"), *(("device", "fkdevice"),) * (table in OF_DEVICE))
            )
            out.append(f"create trigger {table}{event} after {event} on {table} begin {body}end")
    forget = "delete from axlelement where fkowner = old.pkid"
    forgotten = "delete from credential where fkenduser = old.pkid"
    out.append(f"create trigger endusercredential after delete on enduser begin {forgotten}; end")
    out.extend(f"create trigger {table}axl after delete on {table} begin {forget}; end" for table in OWNERS)
    return out


def _fill_catalogue(connection: sqlite3.Connection) -> None:
    tables = connection.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
    visible = [name for (name,) in tables if name not in INTERNAL]
    for number, name in enumerate(visible, start=100):
        connection.execute("insert into systables (tabname, tabid) values (?, ?)", (name, number))
        columns = connection.execute(f"pragma table_info({name})").fetchall()
        connection.executemany(
            "insert into syscolumns (colname, tabid, colno) values (?, ?, ?)",
            [(column[1], number, column[0] + 1) for column in columns],
        )
