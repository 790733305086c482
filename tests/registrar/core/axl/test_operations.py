"""Every AXL operation: what it answers, what it changes, and how it refuses."""

from __future__ import annotations

import re

import pytest

from registrar.core.axl import OPERATIONS
from tests.registrar.core.axl.bench import ADMIN, WebBench, basic, binding, xml
from tests.registrar.core.database.bench import PUBLISHER, SUBSCRIBER

UUID = re.compile(r"\{[0-9A-F]{8}-([0-9A-F]{4}-){3}[0-9A-F]{12}\}")
DUPLICATE = (-239, "Could not insert new row - duplicate value in a UNIQUE INDEX column (Unique Index:).")

PORTS = (
    "<ports><ethernetPhonePort>2000</ethernetPhonePort><mgcpPorts><listen>2427</listen><keepAlive>2428</keepAlive>"
    "</mgcpPorts><sipPorts><sipPhonePort>5060</sipPhonePort><sipPhoneSecurePort>5061</sipPhoneSecurePort>"
    "<sipOAuthPort>{}</sipOAuthPort><sipOAuthMRAPort>{}</sipOAuthMRAPort></sipPorts></ports>"
)
PROFILE = (
    "<phoneSecurityProfile><phoneType>Cisco Unified Client Services Framework</phoneType>"
    "<protocol>SIP</protocol>"
    "<name>{name}</name><deviceSecurityMode>Encrypted</deviceSecurityMode><transportType>TLS</transportType>"
    "<EnableOAuthAuthentication>true</EnableOAuthAuthentication>{more}</phoneSecurityProfile>"
)
PHONE = (
    "<phone><name>{name}</name><description>d</description>"
    "<product>Cisco Unified Client Services Framework</product>"
    "<class>Phone</class><protocol>SIP</protocol><protocolSide>User</protocolSide>"
    "<callingSearchSpaceName></callingSearchSpaceName><devicePoolName>Default</devicePoolName>"
    "<commonPhoneConfigName>Standard Common Phone Profile</commonPhoneConfigName><vendorConfig/>"
    "<useTrustedRelayPoint>Off</useTrustedRelayPoint>"
    '<primaryPhoneName xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
    "<enableActivationID>True</enableActivationID>{more}</phone>"
)
LINE = (
    "<line><index>{}</index><display>A</display><dirn><pattern>{}</pattern><routePartitionName/></dirn></line>"
)


def uuid_of(web: WebBench, operation: str, content: str) -> str:
    text = web.call(operation, content).text
    assert UUID.fullmatch(text)
    return text


# --- Expressway-C --------------------------------------------------------------------------------------------


def test_an_expressway_row_lives_its_life(web: WebBench) -> None:
    row = (
        "<expresswayCConfiguration><HostNameOrIP>expc1</HostNameOrIP><X509SubjectNameorSubjectAlternateName>"
        "expc1.example.com,mra.example.com</X509SubjectNameorSubjectAlternateName></expresswayCConfiguration>"
    )
    uuid = uuid_of(web, "addExpresswayCConfiguration", row)
    assert "mra.example.com" in web.directory.trust.table
    assert web.fault("addExpresswayCConfiguration", row) == DUPLICATE
    got = web.call("getExpresswayCConfiguration", "<HostNameOrIP>expc1</HostNameOrIP>")
    assert got[0].get("uuid") == uuid
    assert xml(got) == (
        '<return><expresswayCConfiguration uuid="U"><HostNameOrIP>expc1</HostNameOrIP><description/>'
        "<X509SubjectNameorSubjectAlternateName>expc1.example.com,mra.example.com"
        "</X509SubjectNameorSubjectAlternateName></expresswayCConfiguration></return>"
    )
    by_uuid = f"<uuid>{uuid}</uuid>"
    assert xml(web.call("getExpresswayCConfiguration", by_uuid)) == xml(got)
    assert (
        uuid_of(
            web,
            "updateExpresswayCConfiguration",
            by_uuid + "<newHostNameOrIP>expc1.example.com</newHostNameOrIP>",
        )
        == uuid
    )
    assert [each.host for each in web.directory.expressways] == ["expc", "expc1.example.com"]
    assert (
        uuid_of(web, "removeExpresswayCConfiguration", "<HostNameOrIP>expc1.example.com</HostNameOrIP>") == uuid
    )
    assert "mra.example.com" not in web.directory.trust.table
    missing = "Item not valid: The specified ExpresswayCConfiguration was not found"
    assert web.fault("removeExpresswayCConfiguration", by_uuid) == (5007, missing)
    assert web.fault("getExpresswayCConfiguration", by_uuid) == (5007, missing)
    assert web.fault("updateExpresswayCConfiguration", by_uuid) == (5003, "ExpresswayCConfiguration not found")


def test_a_host_name_and_its_fqdn_make_two_rows(web: WebBench) -> None:
    for host in ("expc9", "expc9.example.com"):
        uuid_of(
            web,
            "addExpresswayCConfiguration",
            f"<expresswayCConfiguration><HostNameOrIP>{host}</HostNameOrIP></expresswayCConfiguration>",
        )
    assert len(web.directory.expressways) == 3


# --- CallManager ---------------------------------------------------------------------------------------------


def test_a_callmanager_shows_all_seven_ports(web: WebBench) -> None:
    got = web.call("getCallManager", "<name>CM_ucm1</name>")
    assert xml(got) == (
        '<return><callManager uuid="U" ctiid="1"><name>CM_ucm1</name><description/>'
        + PORTS.format(5090, 5091)
        + f'<processNodeName uuid="U">{PUBLISHER}</processNodeName></callManager></return>'
    )


def test_a_list_of_callmanagers_shows_no_ports(web: WebBench) -> None:
    got = web.call(
        "listCallManager",
        "<searchCriteria><name>cm%</name></searchCriteria><returnedTags><name/><ports/><processNodeName/></returnedTags>",
    )
    assert (
        xml(got)
        == "<return>"
        + "".join(
            f'<callManager uuid="U" ctiid="{number}"><name>CM_ucm{number}</name>'
            f'<processNodeName uuid="U">{host}</processNodeName></callManager>'
            for number, host in ((1, PUBLISHER), (2, SUBSCRIBER))
        )
        + "</return>"
    )


def test_new_ports_wait_in_the_cluster_for_a_restart(web: WebBench) -> None:
    uuid_of(web, "updateCallManager", "<name>CM_ucm1</name>" + PORTS.format(5190, 5191))
    assert (web.cluster.node("ucm1").ports.oauth, web.cluster.node("ucm1").ports.mra) == (5190, 5191)
    assert web.cluster.node("ucm2").ports.oauth == 5090


PORT_FAULTS = [
    ("a port out of range", PORTS.format(80, 5091), -746, "1024-49151"),
    ("two ports alike", PORTS.format(5091, 5091), -746, "already the node's"),
    ("no number", PORTS.format("x", 5091), 5000, "sipOAuthPort: 'x' is no number"),
    ("an empty port", PORTS.format("", 5091), 5000, "ports/sipPorts/sipOAuthPort is missing"),
    (
        "half the block",
        "<ports><ethernetPhonePort>2000</ethernetPhonePort></ports>",
        5000,
        "ports/mgcpPorts/listen is missing",
    ),
    (
        "a port that does not exist",
        "<ports><sipPorts><webPort>1</webPort></sipPorts></ports>",
        5000,
        "ports/sipPorts/webPort is not part",
    ),
]


@pytest.mark.parametrize(
    ("content", "code", "text"), [row[1:] for row in PORT_FAULTS], ids=[row[0] for row in PORT_FAULTS]
)
def test_bad_ports_are_refused_and_nothing_changes(web: WebBench, content: str, code: int, text: str) -> None:
    before = web.state()
    found = web.fault("updateCallManager", "<name>CM_ucm1</name>" + content)
    assert found[0] == code
    assert text in found[1]
    assert web.state() == before


# --- nodes, services, parameters -----------------------------------------------------------------------------


def test_nodes_are_listed_as_expressway_asks(web: WebBench) -> None:
    got = web.call(
        "listProcessNode",
        "<searchCriteria><name>%</name></searchCriteria><returnedTags><name/><nodeUsage/><processNodeRole/></returnedTags>",
    )
    names = [each.findtext("name") for each in got]
    assert names == ["EnterpriseWideData", PUBLISHER, SUBSCRIBER]
    assert got[0].get("uuid") == "{00000000-1111-0000-0000-000000000000}"
    assert [each.findtext("nodeUsage") for each in got] == ["Subscriber", "Publisher", "Subscriber"]
    assert xml(
        web.call("getProcessNode", f"<name>{PUBLISHER}</name><returnedTags><nodeUsage/></returnedTags>")
    ) == ('<return><processNode uuid="U"><nodeUsage>Publisher</nodeUsage></processNode></return>')


def test_services_of_nodes_are_listed(web: WebBench) -> None:
    got = web.call(
        "listProcessNodeService",
        f"<searchCriteria><processNodeName>{PUBLISHER}</processNodeName></searchCriteria>"
        "<returnedTags><service/><isActive/></returnedTags>",
    )
    assert {"Cisco CallManager": "true", "Cisco Tomcat": "true"}.items() <= {
        each.findtext("service"): each.findtext("isActive") for each in got
    }.items()
    one = web.call(
        "getProcessNodeService",
        f"<processNodeName>{PUBLISHER}</processNodeName><service>Cisco Tftp</service>",
    )
    assert one[0].findtext("service") == "Cisco Tftp"


def parameter(name: str, value: str = "") -> str:
    return (
        f"<processNodeName>EnterpriseWideData</processNodeName><name>{name}</name>"
        f"<service>Enterprise Wide</service>{value}"
    )


def test_enterprise_parameters_are_service_parameters(web: WebBench) -> None:
    got = web.call("getServiceParameter", parameter("ClusterSIPOAuthMode"))
    assert xml(got) == (
        '<return><serviceParameter uuid="U"><processNodeName uuid="U">EnterpriseWideData</processNodeName>'
        "<name>ClusterSIPOAuthMode</name><service>Enterprise Wide</service><value>0</value>"
        "<valueType>long</valueType></serviceParameter></return>"
    )
    uuid_of(web, "updateServiceParameter", parameter("ClusterID", "<value>Lab</value>"))
    assert web.query("select paramvalue from processconfig where paramname = 'ClusterID'") == [
        {"paramvalue": "Lab"}
    ]
    listed = web.call(
        "listServiceParameter",
        "<searchCriteria><service>enterprise%</service></searchCriteria><returnedTags><name/></returnedTags>",
    )
    assert "ClusterSecurityMode" in [each.findtext("name") for each in listed]


def test_the_oauth_mode_is_read_only_here(web: WebBench) -> None:
    before = web.state()
    code, text = web.fault("updateServiceParameter", parameter("ClusterSIPOAuthMode", "<value>1</value>"))
    assert (code, text) == (5000, "Item not valid: enterprise parameter ClusterSIPOAuthMode is read only")
    assert web.state() == before


def test_an_unknown_parameter_is_not_found(web: WebBench) -> None:
    assert web.fault("getServiceParameter", parameter("Nope"))[0] == 5007
    assert (
        web.fault("getServiceParameter", parameter("ClusterID").replace("Enterprise Wide", "Nope"))[0] == 5007
    )


# --- security profiles ---------------------------------------------------------------------------------------


def test_a_security_profile_lives_its_life(web: WebBench) -> None:
    uuid = uuid_of(web, "addPhoneSecurityProfile", PROFILE.format(name="New", more=""))
    assert web.directory.profile("New").oauth
    got = web.call("getPhoneSecurityProfile", "<name>New</name>")[0]
    assert got.findtext("EnableOAuthAuthentication") == "true"
    assert got.findtext("keyOrder") == "RSA Only"
    assert got.findtext("nonceValidityTime") == "600"
    changed = "<name>New</name><newName>Newer</newName><EnableOAuthAuthentication>F</EnableOAuthAuthentication>"
    assert uuid_of(web, "updatePhoneSecurityProfile", changed) == uuid
    assert web.directory.profile("New") is None
    assert not web.directory.profile("Newer").oauth
    listed = web.call(
        "listPhoneSecurityProfile",
        "<searchCriteria><name>NEW%</name></searchCriteria><returnedTags><name/><deviceSecurityMode/></returnedTags>",
    )
    assert xml(listed) == (
        '<return><phoneSecurityProfile uuid="U"><name>Newer</name>'
        "<deviceSecurityMode>Encrypted</deviceSecurityMode>"
        "</phoneSecurityProfile></return>"
    )
    assert uuid_of(web, "removePhoneSecurityProfile", "<name>Newer</name>") == uuid
    assert web.directory.profile("Newer") is None


PROFILE_FAULTS = [
    (
        "digest",
        "<enableDigestAuthentication>true</enableDigestAuthentication>",
        -746,
        "digest authentication exclude",
    ),
    ("TFTP encryption", "<tftpEncryptedConfig>1</tftpEncryptedConfig>", -746, "TFTP encrypted config exclude"),
    ("TCP", "<transportType>TCP</transportType>", -746, "does not go with transport TCP"),
    (
        "a mode that is none",
        "<deviceSecurityMode>Secure</deviceSecurityMode>",
        5000,
        "none of Non Secure, Authenticated, Encrypted",
    ),
    (
        "a boolean that is none",
        "<EnableOAuthAuthentication>maybe</EnableOAuthAuthentication>",
        5000,
        "'maybe' is no boolean",
    ),
    (
        "an element that is none",
        "<enableOAuth>true</enableOAuth>",
        5000,
        "enableOAuth is not part of phoneSecurityProfile",
    ),
]


@pytest.mark.parametrize(
    ("more", "code", "text"), [row[1:] for row in PROFILE_FAULTS], ids=[row[0] for row in PROFILE_FAULTS]
)
def test_a_profile_that_breaks_a_rule_is_refused(web: WebBench, more: str, code: int, text: str) -> None:
    before = web.state()
    found = web.fault("updatePhoneSecurityProfile", "<name>CSF OAuth</name>" + more)
    assert found[0] == code
    assert text in found[1]
    assert web.state() == before


def test_a_profile_in_use_is_not_removed(web: WebBench) -> None:
    assert web.fault("removePhoneSecurityProfile", "<name>CSF OAuth</name>")[0] == -691


# --- phones and lines ----------------------------------------------------------------------------------------


def test_a_phone_as_ciscoaxl_sends_it_is_added_and_shown_again(web: WebBench) -> None:
    more = (
        "<securityProfileName>CSF OAuth</securityProfileName><ownerUserName>alice</ownerUserName>"
        f"<lines>{LINE.format(1, 2001)}</lines>"
    )
    uuid = uuid_of(web, "addPhone", PHONE.format(name="CSFNEW", more=more))
    device = web.directory.device("CSFNEW")
    assert f"{{{str(device.pkid).upper()}}}" == uuid
    assert (device.owner, device.model, [line.dn for line in device.lines]) == ("alice", "503", ["2001"])
    got = web.call("getPhone", "<name>CSFNEW</name>")[0]
    assert [each.tag for each in got][:7] == [
        "name",
        "description",
        "product",
        "model",
        "class",
        "protocol",
        "protocolSide",
    ]
    assert got.findtext("model") == "Cisco Unified Client Services Framework"
    assert got.findtext("commonPhoneConfigName") == "Standard Common Phone Profile"
    assert got.findtext("enableActivationID") == "True"
    assert got.find("callingSearchSpaceName") is None
    assert got.find("lines/line/dirn").findtext("pattern") == "2001"
    assert int(got.get("ctiid")) == device.ctiid
    assert web.fault("addPhone", PHONE.format(name="CSFNEW", more="")) == DUPLICATE


def test_a_phone_without_a_profile_gets_the_standard_one(web: WebBench) -> None:
    uuid_of(web, "addPhone", PHONE.format(name="CSFNEW", more="<ownerUserName></ownerUserName><lines/>"))
    device = web.directory.device("CSFNEW")
    assert not web.directory.profile_of(device).oauth
    assert device.owner is None


PHONE_FAULTS = [
    (
        "an unknown owner",
        "<ownerUserName>zoe</ownerUserName>",
        (5007, "Item not valid: The specified User was not found"),
    ),
    (
        "an unknown profile",
        "<securityProfileName>X</securityProfileName>",
        (5007, "Item not valid: The specified PhoneSecurityProfile was not found"),
    ),
    (
        "a line without a pattern",
        "<lines><line><index>1</index><dirn><pattern/></dirn></line></lines>",
        (5000, "a line's dirn needs a pattern"),
    ),
    ("a line without a dirn", "<lines><line><index>1</index></line></lines>", (5000, "a line needs a dirn")),
    (
        "an unknown partition",
        "<lines><line><dirn><pattern>1</pattern><routePartitionName>X</routePartitionName></dirn></line></lines>",
        (5007, "Item not valid: The specified RoutePartition was not found"),
    ),
    (
        "a misspelt element",
        "<securityProfile>CSF OAuth</securityProfile>",
        (5000, "element securityProfile is not part of phone"),
    ),
    (
        "a structure where text belongs",
        "<locationName><x/></locationName>",
        (5000, "element locationName has no plain text of at most 4096 characters"),
    ),
    (
        "the model, which follows from the product",
        "<model>Cisco 8841</model>",
        (5000, "element model cannot be written"),
    ),
]


@pytest.mark.parametrize(
    ("more", "fault"), [row[1:] for row in PHONE_FAULTS], ids=[row[0] for row in PHONE_FAULTS]
)
def test_a_phone_that_cannot_be_is_refused_and_nothing_changes(
    web: WebBench, more: str, fault: tuple[int, str]
) -> None:
    before = web.state()
    assert web.fault("addPhone", PHONE.format(name="CSFNEW", more=more)) == fault
    assert web.state() == before


def test_a_required_element_that_is_missing_is_named(web: WebBench) -> None:
    assert web.fault("addPhone", "<phone><name>X</name></phone>") == (
        5000,
        "element product is missing or empty in phone",
    )
    assert web.fault("addPhone") == (5000, "element phone is missing")


def test_lines_are_replaced_added_and_removed_and_keep_their_contact(web: WebBench) -> None:
    contact = web.directory.device("CSFONE").lines[0].contact
    name = "<name>CSFONE</name>"
    uuid_of(web, "updatePhone", f"{name}<addLines>{LINE.format(2, 2002)}</addLines>")
    assert [line.dn for line in web.directory.device("CSFONE").lines] == ["1001", "2002"]
    uuid_of(web, "updatePhone", f"{name}<lines>{LINE.format(1, 2002)}{LINE.format(2, 1001)}</lines>")
    lines = web.directory.device("CSFONE").lines
    assert [line.dn for line in lines] == ["2002", "1001"]
    assert lines[1].contact == contact
    uuid_of(web, "updatePhone", f"{name}<removeLines>{LINE.format(1, 2002)}</removeLines>")
    assert [line.dn for line in web.directory.device("CSFONE").lines] == ["1001"]
    assert (
        web.fault("updatePhone", f"{name}<addLines>{LINE.format(2, 3001)}{LINE.format(2, 3002)}</addLines>")[0]
        == -239
    )
    assert [line.dn for line in web.directory.device("CSFONE").lines] == ["1001"]


def test_a_phone_is_renamed_described_and_removed(web: WebBench) -> None:
    more = (
        "<newName>CSFNEW</newName><description>x</description><ownerUserName/><locationName>Hub</locationName>"
    )
    uuid_of(web, "updatePhone", "<name>CSFONE</name>" + more)
    device = web.directory.device("CSFNEW")
    assert (device.description, device.owner) == ("x", None)
    assert web.call("getPhone", "<name>CSFNEW</name>")[0].findtext("locationName") == "Hub"
    uuid_of(web, "updatePhone", "<name>CSFNEW</name><locationName/>")
    assert web.call("getPhone", "<name>CSFNEW</name>")[0].find("locationName") is None
    uuid_of(web, "removePhone", "<name>CSFNEW</name>")
    assert web.directory.device("CSFNEW") is None
    assert web.fault("updatePhone", "<name>CSFNEW</name>") == (5003, "Phone not found")


TAGS = [
    ("a scalar", "<name/>", "<name>CSFONE</name>"),
    ("a reference has its uuid", "<ownerUserName/>", '<ownerUserName uuid="U">alice</ownerUserName>'),
    (
        "deep down",
        "<lines><line><dirn><pattern/></dirn></line></lines>",
        '<lines><line uuid="U"><dirn uuid="U"><pattern>1001</pattern></dirn></line></lines>',
    ),
    ("what the phone does not have", "<locationName/>", ""),
    (
        "the order is the answer's",
        "<description/><name/>",
        "<name>CSFONE</name><description>Jabber of alice</description>",
    ),
]


@pytest.mark.parametrize(("tags", "content"), [row[1:] for row in TAGS], ids=[row[0] for row in TAGS])
def test_returned_tags_choose(web: WebBench, tags: str, content: str) -> None:
    got = web.call("getPhone", f"<name>CSFONE</name><returnedTags>{tags}</returnedTags>")
    text = xml(got).replace(' ctiid="101"', "")
    expected = f'<phone uuid="U">{content}</phone>' if content else '<phone uuid="U"/>'
    assert text == f"<return>{expected}</return>"


SEARCHES = [
    ("all", "<name>%</name>", "", ["CSFONE", "CSFTWO"]),
    ("by pattern, whatever the case", "<name>csf_NE</name>", "", ["CSFONE"]),
    ("by description", "<description>%alice</description>", "", ["CSFONE", "CSFTWO"]),
    ("by two criteria", "<name>%</name><description>nothing</description>", "", []),
    ("by profile", "<securityProfileName>csf%</securityProfileName>", "", ["CSFONE", "CSFTWO"]),
    ("by protocol", "<protocol>SCCP</protocol>", "", []),
    ("by what is only kept", "<callingSearchSpaceName>x%</callingSearchSpaceName>", "", []),
    ("the first one", "<name>%</name>", "<first>1</first>", ["CSFONE"]),
    ("after the first", "<name>%</name>", "<skip>1</skip><first>10</first>", ["CSFTWO"]),
    ("nothing found", "<name>zzz</name>", "", []),
]


@pytest.mark.parametrize(
    ("criteria", "window", "names"), [row[1:] for row in SEARCHES], ids=[row[0] for row in SEARCHES]
)
def test_a_search_finds(web: WebBench, criteria: str, window: str, names: list[str]) -> None:
    content = f"<searchCriteria>{criteria}</searchCriteria><returnedTags><name/></returnedTags>{window}"
    assert [each.findtext("name") for each in web.call("listPhone", content)] == names


SEARCH_FAULTS = [
    (
        "an unknown criterion",
        "<searchCriteria><model>x</model></searchCriteria><returnedTags/>",
        "cannot be searched by model",
    ),
    ("no criteria", "<returnedTags><name/></returnedTags>", "searchCriteria is missing"),
    ("no tags", "<searchCriteria><name>%</name></searchCriteria>", "returnedTags is missing"),
    (
        "a window that is none",
        "<searchCriteria><name>%</name></searchCriteria><returnedTags/><first>-1</first>",
        "is no count",
    ),
    ("another element", "<searchCriteria/><returnedTags/><last>1</last>", "last is not part of listPhone"),
]


@pytest.mark.parametrize(
    ("content", "text"), [row[1:] for row in SEARCH_FAULTS], ids=[row[0] for row in SEARCH_FAULTS]
)
def test_a_search_that_cannot_be_is_refused(web: WebBench, content: str, text: str) -> None:
    code, found = web.fault("listPhone", content)
    assert code == 5000
    assert text in found


def test_an_empty_list_is_an_empty_return(web: WebBench) -> None:
    content = "<searchCriteria><name>zzz</name></searchCriteria><returnedTags><name/></returnedTags>"
    assert xml(web.call("listPhone", content)) == "<return/>"


def test_a_directory_number_lives_its_life(web: WebBench) -> None:
    uuid_of(web, "addRoutePartition", "<routePartition><name>Internal</name></routePartition>")
    content = "<line><pattern>3000</pattern><usage>Device</usage>{}<alertingName>A</alertingName></line>"
    inside = "<routePartitionName>Internal</routePartitionName>"
    uuid = uuid_of(web, "addLine", content.format(inside))
    assert uuid != uuid_of(web, "addLine", content.format(""))
    assert web.fault("addLine", content.format(inside)) == DUPLICATE
    key = f"<pattern>3000</pattern>{inside}"
    got = web.call("getLine", key)[0]
    assert (got.get("uuid"), got.findtext("alertingName")) == (uuid, "A")
    assert uuid_of(web, "updateLine", f"{key}<newPattern>3001</newPattern><description>x</description>") == uuid
    assert web.fault("getLine", key)[0] == 5007
    listed = web.call(
        "listLine",
        "<searchCriteria><routePartitionName>int%</routePartitionName></searchCriteria><returnedTags><pattern/></returnedTags>",
    )
    assert xml(listed) == '<return><line uuid="U"><pattern>3001</pattern></line></return>'
    assert uuid_of(web, "removeLine", f"<uuid>{uuid}</uuid>") == uuid
    devices = web.call("getLine", "<pattern>1001</pattern>")[0].find("associatedDevices")
    assert xml(devices) == "<associatedDevices><device>CSFONE</device></associatedDevices>"
    assert web.fault("removeLine", "<pattern>1001</pattern>")[0] == -691


def test_a_user_lives_their_life_and_their_password_is_never_shown(web: WebBench) -> None:
    content = (
        "<user><userid>carol</userid><lastName>C</lastName><password>TopSecret1</password><pin>12345</pin>"
        "<digestCredentials>TopSecret2</digestCredentials>"
        "<presenceGroupName>Standard Presence group</presenceGroupName>"
        "<associatedDevices><device>CSFONE</device></associatedDevices></user>"
    )
    uuid_of(web, "addUser", content)
    assert web.directory.user("carol").active
    assert web.directory.device("CSFONE").associated == ("bob", "carol")
    got = web.call("getUser", "<userid>CAROL</userid>")[0]
    assert got.findtext("associatedDevices/device") == "CSFONE"
    assert got.findtext("status") == "1"
    assert got.find("password") is None
    dump = "\n".join(web.database.connection.iterdump())
    assert "TopSecret" not in dump
    assert "12345" not in dump
    uuid_of(web, "updateUser", "<userid>carol</userid><newUserid>cora</newUserid><associatedDevices/>")
    assert web.directory.device("CSFONE").associated == ("bob",)
    assert web.directory.user("cora") is not None
    listed = web.call(
        "listUser",
        "<searchCriteria><lastName>c</lastName></searchCriteria><returnedTags><userid/><lastName/></returnedTags>",
    )
    assert xml(listed) == '<return><user uuid="U"><lastName>C</lastName><userid>cora</userid></user></return>'
    uuid_of(web, "removeUser", "<userid>cora</userid>")
    assert web.directory.user("cora") is None
    assert (
        web.fault(
            "addUser",
            "<user><userid>x</userid><lastName>X</lastName><associatedDevices><device>no</device></associatedDevices></user>",
        )[0]
        == 5007
    )
    assert web.directory.user("x") is None


def test_a_device_pool_can_be_made_for_phones(web: WebBench) -> None:
    uuid_of(web, "addDevicePool", "<devicePool><name>HQ</name><regionName>Default</regionName></devicePool>")
    uuid_of(web, "addPhone", PHONE.format(name="CSFHQ", more="").replace("Default</device", "HQ</device"))
    got = web.call("getPhone", "<name>CSFHQ</name><returnedTags><devicePoolName/></returnedTags>")[0]
    assert got.findtext("devicePoolName") == "HQ"
    assert web.call("getDevicePool", "<name>HQ</name>")[0].findtext("regionName") == "Default"
    by_uuid = f'<name>CSFONE</name><devicePoolName uuid="{got[0].get("uuid")}"/>'
    uuid_of(web, "updatePhone", by_uuid)
    assert web.query(
        "select p.name from device d, devicepool p where p.pkid = d.fkdevicepool and d.name='CSFONE'"
    ) == [{"name": "HQ"}]


# --- version, SQL, resets ------------------------------------------------------------------------------------


def test_the_version_of_the_product(web: WebBench) -> None:
    assert xml(web.call("getCCMVersion")) == (
        "<return><componentVersion><version>12.5.1.11900(146)</version></componentVersion></return>"
    )
    assert web.fault("getCCMVersion", "<processNodeName>nope</processNodeName>")[0] == 5007
    web.call("getCCMVersion", f"<processNodeName>{SUBSCRIBER}</processNodeName>")


def test_sql_reads_and_writes(web: WebBench) -> None:
    sql = "<sql>select paramname,paramvalue from processconfig where paramname='ClusterSIPOAuthMode'</sql>"
    assert xml(web.call("executeSQLQuery", sql)) == (
        "<return><row><paramname>ClusterSIPOAuthMode</paramname><paramvalue>0</paramvalue></row></return>"
    )
    assert xml(web.call("executeSQLQuery", "<sql>select count(*) from device</sql>")) == (
        "<return><row><count>2</count></row></return>"
    )
    assert xml(web.call("executeSQLQuery", "<sql>select name from device where 1 = 2</sql>")) == "<return/>"
    update = "<sql>update processconfig set paramvalue='1' where paramname='ClusterSIPOAuthMode'</sql>"
    assert xml(web.call("executeSQLUpdate", update)) == "<return><rowsUpdated>1</rowsUpdated></return>"
    assert web.cluster.sip_oauth_mode


SQL_FAULTS = [
    ("executeSQLQuery", "selec", -201, "A syntax error has occurred."),
    ("executeSQLQuery", "select x from nope", -206, "The specified table (nope) is not in the database."),
    (
        "executeSQLQuery",
        "select nope from device",
        -217,
        "Column (nope) not found in any table in the query (or SLV is undefined).",
    ),
    ("executeSQLUpdate", "update device set name = 'CSFONE'", *DUPLICATE),
    ("executeSQLUpdate", "update callmanager set sipoauthport = 1", -746, "outside 1024-49151"),
    ("executeSQLUpdate", "select 1", -201, "A syntax error has occurred."),
]


@pytest.mark.parametrize(("operation", "sql", "code", "text"), SQL_FAULTS)
def test_bad_sql_is_a_fault(web: WebBench, operation: str, sql: str, code: int, text: str) -> None:
    found = web.fault(operation, f"<sql>{sql}</sql>")
    assert found[0] == code
    assert text in found[1]
    assert web.fault(operation, "<sql/>") == (5000, "element sql is missing or empty")


def test_what_xml_cannot_hold_is_replaced(web: WebBench) -> None:
    with web.database.write() as connection:
        connection.execute("update device set description = ? where name = 'CSFONE'", ("a\x01b<&\ufffe",))
    got = web.call("getPhone", "<name>CSFONE</name><returnedTags><description/></returnedTags>")
    assert got[0].findtext("description") == "a\ufffdb<&\ufffd"


RESETS = [
    ("doDeviceReset", "<deviceName>CSFONE</deviceName><isHardReset>True</isHardReset>", [("CSFONE", "reset")]),
    (
        "doDeviceReset",
        "<deviceName>CSFONE</deviceName><isHardReset>false</isHardReset>",
        [("CSFONE", "restart")],
    ),
    (
        "doDeviceReset",
        "<deviceName>CSFONE</deviceName><deviceResetType>Apply Configuration</deviceResetType>",
        [("CSFONE", "apply")],
    ),
    ("resetPhone", "<name>CSFTWO</name>", [("CSFTWO", "reset")]),
    ("restartPhone", "<name>CSFTWO</name>", [("CSFTWO", "restart")]),
    ("applyPhone", "<name>CSFTWO</name>", [("CSFTWO", "apply")]),
    ("applyPhoneSecurityProfile", "<name>CSF OAuth</name>", [("CSFONE", "apply"), ("CSFTWO", "apply")]),
    ("resetCallManager", "<name>CM_ucm1</name>", [("CSFTWO", "reset")]),
    ("restartCallManager", "<name>CM_ucm2</name>", []),
]


@pytest.mark.parametrize(("operation", "content", "done"), RESETS)
def test_a_reset_reaches_the_device(web: WebBench, operation: str, content: str, done: list) -> None:
    web.cluster.bindings.put(binding("CSFTWO", "1002", "ucm1"))
    uuid_of(web, operation, content)
    assert web.devices.done == done


def test_a_reset_of_nothing_is_refused(web: WebBench) -> None:
    assert web.fault("doDeviceReset", "<deviceName>X</deviceName><isHardReset>t</isHardReset>")[0] == 5007
    assert web.fault("doDeviceReset", "<deviceName>CSFONE</deviceName>")[0] == 5000
    assert web.fault("doDeviceReset") == (5000, "element deviceName is missing")
    assert web.fault("resetPhone", "<name>X</name>")[0] == 5007
    assert web.fault("resetPhone") == (5000, "either uuid or name must be given")
    assert web.devices.done == []


# --- versions and paths --------------------------------------------------------------------------------------


def test_the_answer_is_in_the_namespace_and_sequence_of_the_request(web: WebBench) -> None:
    for version in ("1.0", "8.5", "12.5", "14.0", "15.0"):
        body = web.ask("getCCMVersion", version=version, attributes='sequence="7"').body.decode()
        assert (
            f'<ns:getCCMVersionResponse xmlns:ns="http://www.cisco.com/AXL/API/{version}" sequence="7"><return>'
        ) in body


@pytest.mark.parametrize(
    ("version", "known"), [("12.0", False), ("8.5", False), ("12.5", True), ("15.0", True), ("1.0", True)]
)
def test_expressway_rows_exist_from_12_5_on(web: WebBench, version: str, known: bool) -> None:
    content = "<searchCriteria><HostNameOrIP>%</HostNameOrIP></searchCriteria><returnedTags/>"
    response = web.ask("listExpresswayCConfiguration", content, version=version)
    assert (response.status == 200) is known


def test_an_old_version_is_not_shown_what_it_does_not_know(web: WebBench) -> None:
    old = web.call("getCallManager", "<name>CM_ucm1</name>", version="11.5")[0]
    assert old.find("ports/sipPorts/sipOAuthPort") is None
    assert old.findtext("ports/sipPorts/sipPhonePort") == "5060"
    profile = web.call("getPhoneSecurityProfile", "<name>CSF OAuth</name>", version="10.0")[0]
    assert profile.find("EnableOAuthAuthentication") is None
    assert profile.find("keyOrder") is None
    seven = PORTS.format(1, 1)
    five = re.sub("<sipOAuthPort>.*</sipOAuthMRAPort>", "", seven)
    web.call("updateCallManager", "<name>CM_ucm1</name>" + five, version="11.5")
    assert web.cluster.node("ucm1").ports.oauth == 5090


@pytest.mark.parametrize("version", ["8.0", "7.1", "16.0", "x", "12.5.1", ""])
def test_an_unsupported_version_is_answered_599(web: WebBench, version: str) -> None:
    response = web.ask("getCCMVersion", version=version)
    assert response.status == 599
    assert response.body.decode().startswith("Incorrect axl version. Supported axl versions: [8.5,")


def test_an_unknown_operation_is_a_fault(web: WebBench) -> None:
    code, text = web.fault("addSrst", "<srst/>")
    assert code == 5000
    assert text.startswith("addSrst is no operation of")


def test_a_subscriber_reads_and_refuses_to_write() -> None:
    web = WebBench(node=SUBSCRIBER)
    web.call("getPhone", "<name>CSFONE</name>")
    before = web.state()
    for operation, content in (
        ("removePhone", "<name>CSFONE</name>"),
        ("updatePhone", "<name>CSFONE</name><description>x</description>"),
        ("addPhone", PHONE.format(name="CSFNEW", more="")),
        ("executeSQLUpdate", "<sql>delete from device</sql>"),
    ):
        code, text = web.fault(operation, content)
        assert code == -746
        assert "subscriber" in text
        assert PUBLISHER in text
    assert web.state() == before


def test_every_operation_that_writes_is_closed_to_a_reader_and_while_throttled(web: WebBench) -> None:
    before = web.state()
    web.axl.throttle.engage()
    web.axl.throttle.engage()
    assert web.axl.throttle.count == 1
    for operation in OPERATIONS.values():
        expected = {503} if operation.writes else {200, 500}
        assert web.ask(operation.name, user=ADMIN).status in expected, operation.name
        expected = {403} if operation.writes else {200, 500}
        assert web.ask(operation.name, user=basic("reader", "secret")).status in expected, operation.name
    web.axl.throttle.release()
    assert web.ask("resetPhone", "<name>CSFONE</name>").status == 200
    assert web.state() == before


def test_a_read_operation_is_one_that_gets_lists_or_queries() -> None:
    for name, operation in OPERATIONS.items():
        assert operation.writes is not name.startswith(("get", "list", "executeSQLQuery")), name


def test_each_call_is_an_event_without_contents(web: WebBench) -> None:
    web.call("updateUser", "<userid>alice</userid><password>TopSecret</password>")
    web.fault("getPhone", "<name>X</name>")
    assert [(each.operation, each.user, each.status, each.fault[:4]) for each in web.calls] == [
        ("updateUser", "admin", 200, ""),
        ("getPhone", "admin", 500, "5007"),
    ]
    assert "TopSecret" not in repr(web.log.records())
