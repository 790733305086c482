"""`run sql` and AXL's SQL: what administrators' documents ask, Informix's ways, and what is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registrar.core.database import DatabaseRefusal, QueryTooLarge, SqlError, SubscriberError
from registrar.core.database.informix import translate
from tests.registrar.core.database.bench import Administered

DOCUMENTED = [
    (
        "the SIP OAuth mode",
        "select paramvalue FROM processconfig WHERE paramname = 'ClusterSIPOAuthMode'",
        ("paramvalue",),
        [("0",)],
    ),
    (
        "the security mode",
        "select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'",
        ("paramname", "paramvalue"),
        [("ClusterSecurityMode", "0")],
    ),
    (
        "the Expressway-C table",
        "select hostnameorip, x509subjectnameorsubjectalternatename from expresswaycconfiguration",
        ("hostnameorip", "x509subjectnameorsubjectalternatename"),
        [("expc", "expc.example.com")],
    ),
    (
        "nodes with the virtual one first",
        "select name,nodeid from processnode",
        ("name", "nodeid"),
        [("EnterpriseWideData", "1"), ("ucm1.example.com", "2"), ("ucm2.example.com", "3")],
    ),
    (
        "SSO modes by join",
        "select p.name, t.moniker from processnode p, typessomode t where p.tkssomode = t.enum "
        "and p.tknodeusage = 0",
        ("name", "moniker"),
        [("ucm1.example.com", "SSO_MODE_DISABLE")],
    ),
    (
        "devices by profile and its mode",
        "select d.name, s.name as profile, t.name as mode from device d "
        "inner join securityprofile s on d.fksecurityprofile = s.pkid "
        "inner join typedevicesecuritymode t on t.enum = s.tkdevicesecuritymode order by d.name",
        ("name", "profile", "mode"),
        [("CSFONE", "CSF OAuth", "Encrypted"), ("CSFTWO", "CSF OAuth", "Encrypted")],
    ),
    (
        "directory numbers by device",
        "select n.dnorpattern from numplan n join devicenumplanmap m on m.fknumplan = n.pkid "
        "join device d on d.pkid = m.fkdevice where d.name = 'CSFTWO'",
        ("dnorpattern",),
        [("1002",)],
    ),
    ("a count", "select count(*) from device", ("(count)",), [("2",)]),
    ("the first row", "select first 1 name from device order by name", ("name",), [("CSFONE",)]),
    ("the second row", "select skip 1 first 1 name from device order by name", ("name",), [("CSFTWO",)]),
    (
        "first inside a subquery",
        "select name from device where pkid in (select first 1 pkid from device order by name desc)",
        ("name",),
        [("CSFTWO",)],
    ),
    (
        "a time made readable",
        "select dbinfo('utc_to_datetime',0) as validity from typeclass",
        ("validity",),
        [("1970-01-01 00:00:00",)],
    ),
    ("matches", "select name from device where name matches '*ONE'", ("name",), [("CSFONE",)]),
    ("double quotes make a string", 'select name from device where name = "CSFONE"', ("name",), [("CSFONE",)]),
    ("like minds case", "select name from device where name like 'csf%'", ("name",), []),
    ("lower", "select name from device where lower(name) like 'csfo%'", ("name",), [("CSFONE",)]),
    ("a comment", "select name -- first 1\nfrom device {skip 1} where name != 'x' order by 1", ("name",), None),
    ("a trailing semicolon", "select name from device order by name;", ("name",), None),
    (
        "booleans are t and f",
        "select isactive from device where isactive = 't'",
        ("isactive",),
        [("t",), ("t",)],
    ),
    (
        "NULL is no text",
        "select fklbmhubgroup from processnode where nodeid = 2",
        ("fklbmhubgroup",),
        [(None,)],
    ),
    ("a constant", "select 1 from typeclass", ("(constant)",), [("1",)]),
    ("an expression", "select name || 'x' from typeclass", ("(expression)",), [("Phonex",)]),
    ("the catalogue", "select tabname from systables where tabname = 'device'", ("tabname",), [("device",)]),
]


@pytest.mark.parametrize(
    ("sql", "columns", "rows"), [row[1:] for row in DOCUMENTED], ids=[r[0] for r in DOCUMENTED]
)
def test_a_query_of_the_documents_answers(
    ucm: Administered, sql: str, columns: tuple[str, ...], rows: list[tuple[str | None, ...]] | None
) -> None:
    result = ucm.publisher.run_query(sql)
    assert result.columns == columns
    if rows is None:
        assert result.rows == (("CSFONE",), ("CSFTWO",))
    else:
        assert result.rows == tuple(rows)


def test_every_column_of_the_expressway_table_answers_to_a_star(ucm: Administered) -> None:
    (row,) = ucm.query("select * from expresswaycconfiguration")
    assert list(row) == ["pkid", "hostnameorip", "description", "x509subjectnameorsubjectalternatename"]


def test_the_certificate_join_of_the_document_finds_one_tomcat_a_node(ucm: Administered) -> None:
    rows = ucm.query(
        "select c.pkid, c.serialnumber from certificate c, certificateservicecertificatemap m "
        "WHERE m.fkcertificate = c.pkid AND m.tkcertificateservice = '5'"
    )
    serials = {f"{node.stores.tomcat.identity.serial:x}" for node in ucm.cluster.nodes}
    assert {row["serialnumber"] for row in rows} == serials


def test_the_four_table_join_lists_certificates_with_node_and_service(ucm: Administered) -> None:
    rows = ucm.query(
        "select p.servername, t.name, c.subjectname from certificate c, certificateprocessnodemap p, "
        "certificateservicecertificatemap m, typecertificateservice t where p.fkcertificate = c.pkid "
        "and m.fkcertificate = c.pkid and m.tkcertificateservice = t.enum and p.servername = 'ucm1.example.com'"
    )
    assert {row["name"] for row in rows} == {
        "tomcat",
        "tomcat-trust",
        "CallManager",
        "CallManager-trust",
        "CAPF",
    }


REFUSED = [
    ("a word that is no statement", "selec name from device", -201),
    ("half a statement", "select name from", -201),
    ("nothing", "", -201),
    ("only a comment", "-- hello", -201),
    ("two statements", "select 1; select 2", -201),
    ("an update as a query", "update device set name = 'x'", -201),
    ("a pragma", "pragma user_version", -201),
    ("an attach", "attach database 'x' as y", -201),
    ("an unknown table", "select * from devices", -206),
    ("an unknown column", "select nam from device", -217),
    ("an ambiguous column", "select pkid from device, enduser", -324),
    ("the catalogue of SQLite", "select * from sqlite_master", -206),
    ("the change list", "select * from simchange", -206),
    ("what AXL keeps", "select * from axlelement", -206),
    ("an unknown routine", "select nosuch(1) from device", -674),
    ("chance", "select random() from device", -674),
    ("the clock", "select datetime('now') from device", -674),
    ("a file", "select load_extension('x') from device", -674),
    ("much memory", "select zeroblob(1000000000) from device", -674),
    ("a NUL", "select '\x00' from device", -202),
    ("half a surrogate pair", "select '\ud800' from device", -202),
    (
        "an endless recursion",
        "with recursive c(x) as (select 1 union all select x+1 from c) select count(*) from c",
        -387,
    ),
    ("a pragma function", "select * from pragma_table_info('device')", -387),
]


@pytest.mark.parametrize(("sql", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_query_is_refused(ucm: Administered, sql: str, code: int) -> None:
    before = ucm.state()
    with pytest.raises(SqlError) as caught:
        ucm.publisher.run_query(sql)
    assert caught.value.code == code
    assert ucm.state() == before


def test_a_table_is_named_in_its_error(ucm: Administered) -> None:
    with pytest.raises(SqlError, match=r"The specified table \(nope\) is not in the database\."):
        ucm.publisher.run_query("select * from nope")
    with pytest.raises(SqlError, match=r"Column \(nope\) not found in any table"):
        ucm.publisher.run_query("select nope from device")


def test_a_query_without_end_is_interrupted(ucm: Administered) -> None:
    columns = ", ".join(f"syscolumns s{n}" for n in range(6))
    with pytest.raises(SqlError) as caught:
        ucm.publisher.run_query(f"select count(*) from {columns}")
    assert caught.value.code == -213
    assert ucm.publisher.run_query("select count(*) from device").rows == (("2",),)


def test_an_update_without_end_is_interrupted_and_undone(ucm: Administered) -> None:
    before = ucm.state()
    columns = ", ".join(f"syscolumns s{n}" for n in range(6))
    with pytest.raises(SqlError) as caught:
        ucm.publisher.run_update(
            f"update device set description = 'x' where ctiid < (select count(*) from {columns})"
        )
    assert caught.value.code == -213
    assert ucm.state() == before


def test_a_statement_too_long_is_refused(ucm: Administered) -> None:
    with pytest.raises(SqlError, match="too large"):
        ucm.publisher.run_query("select '" + "x" * 300_000 + "' from device")


def test_an_answer_too_large_says_how_many_rows_there_are() -> None:
    ucm = Administered(devices=60)
    with pytest.raises(
        QueryTooLarge, match=r"Total rows matched: 60 rows\. Suggestive Row Fetch: less than"
    ) as caught:
        ucm.publisher.run_query("select * from device", max_bytes=8_000)
    assert 1 <= caught.value.suggested < 60
    assert len(ucm.publisher.run_query(f"select first {caught.value.suggested} * from device").rows) > 0


UPDATES = [
    ("an update counts its rows", "update device set description = 'x'", 2),
    ("an update of nothing", "update device set description = 'x' where name = 'nobody'", 0),
    ("a deletion", "delete from device where name = 'CSFTWO'", 1),
    ("an insertion with newid", "insert into routepartition (pkid, name) values (newid(), 'Internal')", 1),
    ("the SSO mode of a node", "update processnode set tkssomode='2' where name ='ucm1.example.com'", 1),
]


@pytest.mark.parametrize(("sql", "count"), [row[1:] for row in UPDATES], ids=[row[0] for row in UPDATES])
def test_an_update_works(ucm: Administered, sql: str, count: int) -> None:
    assert ucm.publisher.run_update(sql) == count


UPDATES_REFUSED = [
    ("a query as an update", "select 1", -201),
    ("a table is dropped", "drop table device", -201),
    ("a table is made", "create table x (y int)", -201),
    ("a type table", "update typeclass set name = 'x'", -387),
    ("the catalogue", "delete from systables", -387),
    ("the change list", "delete from simchange", -387),
    ("an unknown table", "delete from nope", -206),
    ("an unknown column", "update device set nope = 1", -217),
    ("a duplicate", "update device set name = 'CSFONE'", -239),
    ("a duplicate Expressway-C in other letters",
     "insert into expresswaycconfiguration (pkid, hostnameorip) values (newid(), 'EXPC')", -239),
    ("NULL where a value must be", "update device set name = null", -391),
    ("a boolean that is none", "update device set isactive = 'x'", -530),
    ("a missing key", "update device set fksecurityprofile = 'x'", -691),
    ("a key that is needed", "delete from securityprofile", -691),
    ("values that do not fit", "insert into device (pkid, name) values (newid())", -236),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "code"), [row[1:] for row in UPDATES_REFUSED], ids=[row[0] for row in UPDATES_REFUSED]
)
def test_an_update_is_refused_and_changes_nothing(ucm: Administered, sql: str, code: int) -> None:
    before = ucm.state()
    with pytest.raises(SqlError) as caught:
        ucm.publisher.run_update(sql)
    assert caught.value.code == code
    assert ucm.state() == before


def test_a_subscriber_answers_queries_and_refuses_updates(ucm: Administered) -> None:
    before = ucm.state()
    assert ucm.subscriber.run_query("select count(*) from device").rows == (("2",),)
    with pytest.raises(
        SubscriberError, match=r"ucm2\.example\.com is a subscriber.*publisher ucm1\.example\.com"
    ):
        ucm.subscriber.run_update("delete from device")
    assert ucm.state() == before


def test_what_stands_in_a_string_is_not_rewritten() -> None:
    assert translate("select name from t where a = 'select first 3 \"x\" matches'").sql == (
        "select name from t where a = 'select first 3 \"x\" matches'"
    )
    assert translate('select "it\'s" from t').sql == "select 'it''s' from t"


_SQL_PIECES = st.sampled_from(
    [
        "select",
        "first",
        "skip",
        "1",
        "*",
        "from",
        "device",
        "(",
        ")",
        ",",
        "'",
        '"',
        "{",
        "}",
        "--",
        ";",
        "union",
        "name",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(_SQL_PIECES, max_size=14).map(" ".join)))
def test_no_text_breaks_the_door(text: str) -> None:
    console = _shared().publisher
    for run in (console.run_query, console.run_update):
        with suppress(DatabaseRefusal):
            run(text)
    assert console.run_query("select count(*) from device").rows == (("2",),)


_kept: list[Administered] = []


def _shared() -> Administered:
    if not _kept:
        _kept.append(Administered())
    return _kept[0]
