"""The product's rules hold for AXL, SQL and scenario steps, and a refused write changes nothing."""

from __future__ import annotations

import pytest

from registrar.core.database import ClusterDatabase, RuleError
from registrar.core.database.errors import Rule
from tests.registrar.core.database.bench import Administered

PORT = "update callmanager set {} where name = 'CM_ucm1'"
PROFILE = "update securityprofile set {} where name = 'CSF OAuth'"
MODE = "update processconfig set paramvalue = {} where paramname = 'ClusterSIPOAuthMode'"

BROKEN = [
    ("an OAuth port below the range", PORT.format("sipoauthport = 1023"), Rule.PORT, "1024-49151"),
    ("an MRA port above the range", PORT.format("sipoauthmraport = 49152"), Rule.PORT, "1024-49151"),
    ("two OAuth ports alike", PORT.format("sipoauthport = 5091"), Rule.PORT, "already the node's"),
    ("an OAuth port that is the SIP port", PORT.format("sipoauthport = 5060"), Rule.PORT, "already the node's"),
    ("an OAuth port that is the SCCP port", PORT.format("sipoauthport = 2000"), Rule.PORT, "phoneport 2000"),
    ("two MGCP ports alike", PORT.format("mgcplistenport = 2428"), Rule.PORT, "mgcpkeepaliveport 2428"),
    ("a port that is no number", PORT.format("sipoauthport = 'x'"), Rule.PORT, "not a port number"),
    ("port 0", PORT.format("sipoauthport = 0"), Rule.PORT, "sipoauthport 0 is no port"),
    ("a CallManager goes", "delete from callmanager", Rule.NODES, "added or removed"),
    ("OAuth without encryption", PROFILE.format("tkdevicesecuritymode = 2"), Rule.PROFILE, "ENCRYPTED"),
    ("OAuth without TLS", PROFILE.format("tktransport = 1"), Rule.PROFILE, "transport TCP"),
    ("OAuth with digest", PROFILE.format("enabledigestauthentication = 't'"), Rule.PROFILE, "digest"),
    ("OAuth with TFTP encryption", PROFILE.format("tftpencryptedconfig = 't'"), Rule.PROFILE, "TFTP encrypted"),
    ("a profile without a name", PROFILE.format("name = ''"), Rule.PROFILE, "needs a name"),
    ("a mode that is none", MODE.format("'2'"), Rule.MODE, "must be 0 or 1"),
    ("no mode at all", MODE.format("null"), Rule.MODE, "must be 0 or 1"),
    ("a mode that is deleted", "delete from processconfig", Rule.MODE, "must be 0 or 1"),
    (
        "a node renamed",
        "update processnode set name = 'x' where nodeid = 2",
        Rule.NODES,
        "cannot be added, removed, renamed",
    ),
    (
        "a new node",
        "insert into processnode (pkid, name, nodeid) values (newid(), 'ucm3', 9)",
        Rule.NODES,
        "cannot be added",
    ),
    (
        "an Expressway-C without a host",
        "insert into expresswaycconfiguration (pkid, hostnameorip) values (newid(), '')",
        Rule.EXPRESSWAY,
        "needs a host name",
    ),
    (
        "an Expressway-C with a long description",
        f"update expresswaycconfiguration set description = '{'x' * 51}'",
        Rule.EXPRESSWAY,
        "longer than 50",
    ),
    ("a device without a name", "update device set name = '' where name = 'CSFONE'", Rule.DEVICE, "1 to 128"),
    ("a ctiid that is no number", "update device set ctiid = 'x' where name = 'CSFONE'", Rule.DEVICE, "'x'"),
    (
        "a line whose pkid is none",
        "update devicenumplanmap set pkid = 'x' where label = '1001'",
        Rule.DEVICE,
        "badly formed hexadecimal UUID",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rule", "text"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_rule_is_kept_and_nothing_changes(ucm: Administered, sql: str, rule: Rule, text: str) -> None:
    before = ucm.state()
    with pytest.raises(RuleError) as caught:
        ucm.publisher.run_update(sql)
    assert caught.value.rule is rule
    assert text in str(caught.value)
    assert ucm.state() == before


ALLOWED = [
    ("the lowest OAuth port", PORT.format("sipoauthport = 1024")),
    ("the highest OAuth port", PORT.format("sipoauthmraport = 49151")),
    ("the two ports exchanged at once", PORT.format("sipoauthport = 5091, sipoauthmraport = 5090")),
    ("a SIP port outside the OAuth range", PORT.format("sipphoneport = 60000")),
    ("the same ports on another node", PORT.format("sipoauthport = 5190").replace("ucm1", "ucm2")),
    ("OAuth off", PROFILE.format("enableoauthauthentication = 'f'")),
    (
        "OAuth off and digest on at once",
        PROFILE.format("enableoauthauthentication = 'f', enabledigestauthentication = 't'"),
    ),
    ("the mode on", MODE.format("'1'")),
    ("the mode off again", MODE.format("'0'")),
]


@pytest.mark.parametrize("sql", [row[1] for row in ALLOWED], ids=[row[0] for row in ALLOWED])
def test_what_no_rule_forbids_is_done(ucm: Administered, sql: str) -> None:
    assert ucm.publisher.run_update(sql) == 1


@pytest.mark.parametrize("column", ["enabledigestauthentication", "tftpencryptedconfig"])
def test_digest_and_encrypted_config_are_unsupported_only_while_the_mode_is_on(
    ucm: Administered, column: str
) -> None:
    standard = f"update securityprofile set {column} = 't' where name like '%Non-Secure%'"
    assert ucm.publisher.run_update(standard) == 1
    assert ucm.publisher.run_update(standard.replace("'t'", "'f'")) == 1
    ucm.publisher.run_update(MODE.format("'1'"))
    with pytest.raises(RuleError, match="not supported while SIP OAuth mode is enabled"):
        ucm.publisher.run_update(standard)


def test_enabling_the_mode_needs_export_controlled_licences() -> None:
    ucm = Administered(export_controlled=False)
    before = ucm.state()
    with pytest.raises(RuleError, match="export-controlled") as caught:
        ucm.publisher.run_update(MODE.format("'1'"))
    assert caught.value.rule is Rule.LICENCE
    assert ucm.state() == before
    ucm.database.export_controlled = True
    assert ucm.publisher.run_update(MODE.format("'1'")) == 1
    ucm.database.export_controlled = False
    assert ucm.publisher.run_update("update processconfig set paramvalue='x' where paramname='ClusterID'") == 1


def test_a_transaction_of_several_writes_is_judged_as_a_whole(ucm: Administered) -> None:
    with ucm.database.write() as connection:
        connection.execute("update callmanager set sipoauthport = 5091 where name = 'CM_ucm1'")
        connection.execute("update callmanager set sipoauthmraport = 5191 where name = 'CM_ucm1'")
    assert ucm.cluster.node("ucm1").ports.oauth == 5091
    assert ucm.cluster.node("ucm1").ports.mra == 5191


def test_an_exception_inside_a_transaction_rolls_it_back(ucm: Administered) -> None:
    before = ucm.state()

    class Oops(Exception):
        pass

    def write(database: ClusterDatabase) -> None:
        with database.write() as connection:
            connection.execute("delete from device")
            raise Oops

    with pytest.raises(Oops):
        write(ucm.database)
    assert ucm.state() == before
    assert ucm.publisher.run_update("delete from device") == 2


def test_a_lab_with_free_ports_may_keep_them_and_fix_them_one_by_one() -> None:
    ucm = Administered()
    with ucm.database.write(seeding=True) as connection:
        connection.execute("update callmanager set sipphoneport = 0, sipoauthport = 0, sipoauthmraport = 0")
    assert ucm.publisher.run_update(PORT.format("sipoauthport = 5190")) == 1
    with pytest.raises(RuleError, match="sipoauthport 0 is no port"):
        ucm.publisher.run_update(PORT.format("sipoauthport = 0"))
