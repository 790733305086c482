"""The registrar follows the database: live tables at once, the rest into the cluster, for the next start."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registrar.aio.database_file import open_database
from registrar.core.cluster.directory import NON_SECURE_PROFILE
from registrar.core.cluster.ports import NodePorts
from registrar.core.database import ClusterDatabase, DatabaseFileError, DatabaseRefusal
from registrar.core.database.certificates import (
    CertificateError,
    delete_trust,
    import_trust,
    record_regenerated,
)
from registrar.core.database.seed import record_ports
from simulator.core.entropy import SeededEntropy
from tests.registrar.core.database.bench import NOW, PUBLISHER, Administered, authority, initial, read, servers


def test_a_cluster_is_read_as_its_first_rows_were_written(ucm: Administered) -> None:
    directory, written = ucm.directory, initial()
    assert directory.devices == written.devices
    assert directory.profiles == (NON_SECURE_PROFILE, *written.profiles)
    assert directory.users == written.users
    assert directory.expressways == written.expressways
    for node, server in zip(ucm.cluster.nodes, written.nodes, strict=True):
        assert (node.host, node.ports, node.description) == (server.host, server.ports, server.description)
        assert node.stores.tomcat_trust == server.stores.tomcat_trust


def test_what_is_said_of_a_node_follows_its_row(ucm: Administered) -> None:
    ucm.publisher.run_update("update callmanager set description = 'Rack 2' where name = 'CM_ucm2'")
    assert [node.description for node in ucm.cluster.nodes] == ["", "Rack 2"]


def test_a_standard_profile_that_was_deleted_is_not_read_again(ucm: Administered) -> None:
    ucm.publisher.run_update(f"delete from securityprofile where name = '{NON_SECURE_PROFILE.name}'")
    assert read(ucm.database).directory.profiles == initial().profiles


LIVE = [
    (
        "a device's description",
        "update device set description = 'x' where name = 'CSFONE'",
        lambda d: d.device("CSFONE").description == "x",
    ),
    (
        "a device renamed",
        "update device set name = 'CSFNEW' where name = 'CSFONE'",
        lambda d: d.device("CSFONE") is None and d.device("CSFNEW").lines[0].dn == "1001",
    ),
    (
        "a device deleted with its lines",
        "delete from device where name = 'CSFONE'",
        lambda d: d.device("CSFONE") is None and d.devices_with("1001") == (),
    ),
    (
        "a device deactivated",
        "update device set isactive = 'f' where name = 'CSFONE'",
        lambda d: d.device("CSFONE") is None and d.device("CSFTWO") is not None,
    ),
    (
        "a device's profile",
        "update device set fksecurityprofile = (select pkid from securityprofile where tktransport = 4)",
        lambda d: not d.profile_of(d.device("CSFONE")).oauth,
    ),
    (
        "a profile renamed takes its devices along",
        "update securityprofile set name = 'New' where name = 'CSF OAuth'",
        lambda d: d.profile("CSF OAuth") is None and d.profile_of(d.device("CSFONE")).name == "New",
    ),
    (
        "a profile's OAuth flag",
        "update securityprofile set enableoauthauthentication = 'f' where name = 'CSF OAuth'",
        lambda d: not d.profile_of(d.device("CSFONE")).oauth,
    ),
    (
        "a directory number",
        "update numplan set dnorpattern = '2001' where dnorpattern = '1001'",
        lambda d: [each.name for each in d.devices_with("2001")] == ["CSFONE"] and not d.devices_with("1001"),
    ),
    (
        "a line taken from a device",
        "delete from devicenumplanmap where label = '1001'",
        lambda d: d.device("CSFONE").lines == (),
    ),
    (
        "an owner renamed",
        "update enduser set userid = 'carol' where userid = 'alice'",
        lambda d: (
            d.device("CSFONE").owner == "carol" and d.user("alice") is None and d.user("carol") is not None
        ),
    ),
    (
        "a user deactivated",
        "update enduser set status = 0 where userid = 'alice'",
        lambda d: d.subject_status("alice") == "inactive",
    ),
    (
        "a user deleted is nobody's owner",
        "delete from enduser where userid = 'alice'",
        lambda d: d.user("alice") is None and d.device("CSFONE").owner is None,
    ),
    (
        "an association taken away",
        "delete from enduserdevicemap",
        lambda d: d.device("CSFONE").associated == () and not d.device("CSFONE").belongs_to("bob"),
    ),
    (
        "an Expressway-C added",
        "insert into expresswaycconfiguration (pkid, hostnameorip, x509subjectnameorsubjectalternatename) "
        "values (newid(), 'expc.example.com', 'a.example.com')",
        lambda d: len(d.expressways) == 2 and "a.example.com" in d.trust.table,
    ),
    (
        "an Expressway-C renamed",
        "update expresswaycconfiguration set hostnameorip = 'expc2'",
        lambda d: [row.host for row in d.expressways] == ["expc2"],
    ),
    ("no Expressway-C at all", "delete from expresswaycconfiguration", lambda d: d.trust.table == ()),
]


@pytest.mark.parametrize(("sql", "holds"), [row[1:] for row in LIVE], ids=[row[0] for row in LIVE])
def test_a_live_table_applies_at_once(ucm: Administered, sql: str, holds) -> None:
    assert not holds(ucm.directory)
    ucm.publisher.run_update(sql)
    assert holds(ucm.directory)


def test_mode_ports_and_trust_wait_for_the_next_start(ucm: Administered) -> None:
    loaded = ucm.cluster.snapshot("ucm1")
    ca = authority("Imported CA").certificate
    ucm.publisher.run_update("update processconfig set paramvalue='1' where paramname='ClusterSIPOAuthMode'")
    ucm.publisher.run_update("update callmanager set sipoauthport = 5190 where name = 'CM_ucm1'")
    assert import_trust(ucm.database, PUBLISHER, ca) == "Imported CA"
    assert not loaded.sip_oauth_mode
    assert loaded.ports.oauth == 5090
    assert ca not in loaded.tomcat_trust
    restarted = ucm.cluster.snapshot("ucm1")
    assert restarted.sip_oauth_mode
    assert restarted.ports.oauth == 5190
    assert ca in restarted.tomcat_trust
    other = ucm.cluster.snapshot("ucm2")
    assert other.ports.oauth == 5090
    assert ca not in other.tomcat_trust


def test_ports_that_listeners_got_become_the_configured_ones(ucm: Administered) -> None:
    record_ports(ucm.database, PUBLISHER, NodePorts(sip=40_001, sips=40_002, oauth=40_003, mra=40_004))
    assert ucm.cluster.snapshot("ucm1").ports == NodePorts(sip=40_001, sips=40_002, oauth=40_003, mra=40_004)
    assert ucm.cluster.snapshot("ucm2").ports == NodePorts()


def test_a_trusted_certificate_is_imported_once_and_deleted(ucm: Administered) -> None:
    held = ucm.cluster.node("ucm1").stores.tomcat_trust
    ca = authority("CA").certificate
    for _ in range(2):
        import_trust(ucm.database, PUBLISHER, b"text before\n" + ca)
    assert ucm.cluster.node("ucm1").stores.tomcat_trust == (*held, ca)
    assert delete_trust(ucm.database, PUBLISHER, ca)
    assert not delete_trust(ucm.database, PUBLISHER, ca)
    assert ucm.cluster.node("ucm1").stores.tomcat_trust == held
    with pytest.raises(CertificateError):
        import_trust(ucm.database, PUBLISHER, b"no certificate")


def test_a_certificate_deleted_by_sql_is_no_longer_trusted(ucm: Administered) -> None:
    ucm.publisher.run_update(
        "delete from certificate where pkid in (select fkcertificate from certificateservicecertificatemap "
        "where tkcertificateservice = 6)"
    )
    assert [node.stores.tomcat_trust for node in ucm.cluster.nodes] == [(), ()]
    assert all(node.stores.callmanager_trust for node in ucm.cluster.nodes)


def test_a_regenerated_certificate_shows_in_the_tables(ucm: Administered) -> None:
    node = ucm.cluster.node("ucm1")
    ucm.cluster.set_stores("ucm1", node.stores.regenerated_tomcat(now=NOW))
    record_regenerated(ucm.database, ucm.cluster.node("ucm1"))
    sql = (
        "select c.serialnumber from certificate c, certificateservicecertificatemap m "
        "where m.fkcertificate = c.pkid and m.tkcertificateservice = {} and c.servername = 'ucm1.example.com'"
    )
    serial = f"{ucm.cluster.node('ucm1').stores.tomcat.identity.serial:x}"
    assert [row["serialnumber"] for row in ucm.query(sql.format(5))] == [serial]
    assert serial in [row["serialnumber"] for row in ucm.query(sql.format(6))]


def test_a_state_file_keeps_what_was_changed(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    first = Administered(path=file)
    first.publisher.run_update("update processconfig set paramvalue='1' where paramname='ClusterSIPOAuthMode'")
    first.publisher.run_update("delete from device where name = 'CSFONE'")
    first.publisher.run_update("update callmanager set sipoauthport = 5190 where name = 'CM_ucm1'")
    first.database.close()
    second = Administered(path=file, seed=2)
    assert second.cluster.sip_oauth_mode
    assert [device.name for device in second.directory.devices] == ["CSFTWO"]
    assert second.cluster.node("ucm1").ports.oauth == 5190
    second.database.close()


def test_a_state_file_of_another_cluster_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    Administered(path=file).database.close()
    database = ClusterDatabase(open_database(file), entropy=SeededEntropy(1))
    with pytest.raises(ValueError, match=r"ucm2\.example\.com"):
        read(database, servers()[:1])
    database.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(b"not a database, but long enough to be looked at as one" * 20)
    with pytest.raises(DatabaseFileError, match="no cluster database"):
        ClusterDatabase(open_database(file), entropy=SeededEntropy(1))


def test_the_live_table_is_filled_when_a_query_names_it(ucm: Administered) -> None:
    asked = []

    def rows():
        asked.append(1)
        yield {"lastknownipaddress": "192.0.2.10", "fkdevice": str(UUID(int=0xA001)), "lastseen": 5}

    ucm.database.provide("registrationdynamic", rows)
    ucm.publisher.run_query("select * from device")
    assert asked == []
    sql = "select d.name, r.lastknownipaddress from registrationdynamic r, device d where r.fkdevice = d.pkid"
    for _ in range(2):
        assert ucm.query(sql) == [{"name": "CSFONE", "lastknownipaddress": "192.0.2.10"}]


_NAMES = st.sampled_from(["CSFONE", "CSFTWO", "CSFX"])
_WRITES = st.one_of(
    st.builds("update device set name = '{}' where name = '{}'".format, _NAMES, _NAMES),
    st.builds("delete from device where name = '{}'".format, _NAMES),
    st.builds(
        "update numplan set dnorpattern = '{}' where dnorpattern = '{}'".format, *(st.integers(1000, 1003),) * 2
    ),
    st.builds("update enduser set userid = '{}' where userid = '{}'".format, *(st.sampled_from("ab"),) * 2),
    st.builds("update securityprofile set enableoauthauthentication = '{}'".format, st.sampled_from("tf")),
    st.builds("update securityprofile set name = name || '{}'".format, st.sampled_from("xy")),
    st.builds("update callmanager set sipoauthport = {}".format, st.integers(1000, 1100)),
    st.builds("update expresswaycconfiguration set hostnameorip = '{}'".format, st.sampled_from("abc")),
    st.just("delete from expresswaycconfiguration"),
    st.just("delete from enduserdevicemap"),
    st.just("delete from enduser"),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(_WRITES, max_size=8))
def test_following_changes_ends_where_reading_everything_does(writes: list[str]) -> None:
    ucm = Administered()
    for sql in writes:
        try:
            ucm.publisher.run_update(sql)
        except DatabaseRefusal:
            continue
    fresh = read(ucm.database)

    def seen(directory) -> tuple:
        return (
            {each.name: each for each in directory.devices},
            {each.name: each for each in directory.profiles},
            {each.id: each for each in directory.users},
            {each.host: each for each in directory.expressways},
        )

    assert seen(ucm.directory) == seen(fresh.directory)
    assert [node.ports for node in ucm.cluster.nodes] == [node.ports for node in fresh.nodes]
    ucm.database.close()


def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseFileError, match=r"nowhere.*no cluster database: unable to open"):
        open_database(tmp_path / "nowhere" / "state.db")


def test_a_database_of_another_layout_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    ClusterDatabase(open_database(file), entropy=SeededEntropy(1)).close()
    connection = open_database(file)
    connection.execute("pragma user_version = 999")
    with pytest.raises(DatabaseFileError, match=r"state\.db: a cluster database of layout .* this has 999"):
        ClusterDatabase(connection, entropy=SeededEntropy(1))


def test_databases_in_memory_are_alike_and_apart() -> None:
    first, second = (ClusterDatabase(open_database(), entropy=SeededEntropy(1)) for _ in range(2))
    assert list(first.connection.iterdump()) == list(second.connection.iterdump())
    with first.write(seeding=True) as transaction:
        transaction.execute("insert into devicepool (pkid, name) values ('1', 'Default')")
    assert second.value("select count(*) from devicepool") == 0
