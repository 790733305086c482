"""cnf.xml: the documented example rebuilt from parameters, and what each setting changes in it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from lxml import etree

from registrar.core.cluster.directory import Device, Line, SecurityMode, SecurityProfile, TransportType
from registrar.core.cluster.ports import NodePorts
from registrar.core.tftp.device_file import ConfigNode, ConfigSite, render
from registrar.core.tftp.xml_text import UnwritableText

SITE = ConfigSite(
    publisher="ucm-pub.lab.example",
    domain="lab.example",
    device_pool="DP-Jabber",
    device_pool_uuid=UUID("b6a4f0d7-52c9-4b19-8e0a-90d3c1f7a2be"),
    group="CMG-Jabber",
    date_group_uuid=UUID("5c9e1a20-7d44-4f0e-b8c3-0a6de94c2f11"),
    srst_uuid=UUID("0e7bb1c4-3f95-4c62-8f1d-2b9a7d4e6c03"),
    voicemail="2999",
)
DEVICE = Device(
    name="CSFADA",
    pkid=UUID("3d0f6a52-1c84-4b7e-9a35-7f2e61c0d418"),
    profile="OAuth",
    ctiid=137,
    owner="ada",
    lines=(
        Line(
            dn="2001",
            contact=UUID("c41f2d76-9b0e-4a35-8d57-1e6f03a9b2c8"),
            display="Ada Example",
            label="2001 - Ada & Grace",
        ),
    ),
    version_stamp="1760000000-9f5b0c3e-2a67-4d18-b4e1-c0d7a8f65e32",
    support_field="ConfigurationFile=jabber-config-lab.xml",
)
PROFILE = SecurityProfile(name="OAuth", mode=SecurityMode.ENCRYPTED, transport=TransportType.TLS, oauth=True)
NODES = (
    ConfigNode(host="ucm-sub1.lab.example", description="Subscriber 1", ports=NodePorts()),
    ConfigNode(
        host="ucm-sub2.lab.example",
        description="Subscriber 2 (other OAuth ports)",
        ports=NodePorts(oauth=15090, mra=15091),
    ),
)
GOLDEN = Path(__file__).parent / "golden" / "CSFADA.cnf.xml"
"""The complete example of device-config 6: composed from published elements, no vendor's file."""


def rendered(**changes: object) -> bytes:
    settings = {
        "device": DEVICE,
        "profile": PROFILE,
        "nodes": NODES,
        "site": SITE,
        "oauth_mode": True,
    } | changes
    return render(
        settings.pop("device"),
        settings.pop("profile"),
        settings.pop("nodes"),
        settings.pop("site"),
        **settings,
    )


def parsed(xml: bytes) -> etree._Element:
    """lxml as oracle: strict, after the prefix that UCM never declares was declared."""
    start, declared = b'<device  xsi:type="', b'<device xmlns:xsi="urn:test" xsi:type="'
    assert xml.count(start) == 1
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(xml.replace(start, declared), parser)


def texts(xml: bytes, path: str) -> list[str]:
    return [node.text or "" for node in parsed(xml).findall(path)]


def test_no_reader_that_knows_namespaces_accepts_the_file_as_it_stands():
    with pytest.raises(etree.XMLSyntaxError, match="xsi"):
        etree.fromstring(rendered())


def test_declaring_xsi_makes_it_well_formed():
    assert etree.fromstring(rendered(declare_xsi=True)).tag == "device"


def test_the_start_of_the_file_is_that_of_a_real_one():
    assert rendered().startswith(
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<device  xsi:type="axl:XIPPhone" ctiid="137" uuid="{3d0f6a52-1c84-4b7e-9a35-7f2e61c0d418}">\n'
        b"<fullConfig>true</fullConfig>\n<portalDefaultServer>ucm-pub.lab.example</portalDefaultServer>\n"
        b"<deviceProtocol>SIP</deviceProtocol>\n<sshUserId></sshUserId>\n"
    )


def test_a_members_block_stands_as_documented():
    assert (
        b'<member  priority="1">\n<callManager>\n<name>ucm-sub2.lab.example</name>\n'
        b"<description>Subscriber 2 (other OAuth ports)</description>\n<ports>\n"
        b"<ethernetPhonePort>2000</ethernetPhonePort>\n<sipPort>5060</sipPort>\n"
        b"<securedSipPort>5061</securedSipPort>\n<sipOAuthPort>15090</sipOAuthPort>\n"
        b"<sipMRAOAuthPort>15091</sipMRAOAuthPort>\n<mgcpPorts>\n<listen>2427</listen>\n"
        b"<keepAlive>2428</keepAlive>\n</mgcpPorts>\n</ports>\n"
        b"<processNodeName>ucm-sub2.lab.example</processNodeName>\n</callManager>\n</member>\n"
    ) in rendered()


def test_the_top_level_elements_stand_in_the_documented_order():
    order = [child.tag for child in parsed(rendered())]
    documented = (
        "fullConfig portalDefaultServer deviceProtocol sshUserId sshPassword ipAddressMode "
        "allowAutoConfig dadEnable redirectEnable echoMultiEnable ipPreferenceModeControl "
        "ipMediaAddressFamilyPreference mlppDomainId mlppIndicationStatus preemption devicePool TVS "
        "sipProfile MissedCallLoggingOption commonProfile loadInformation inactiveLoadInformation "
        "vendorConfig commonConfig enterpriseConfig versionStamp userLocale networkLocale "
        "networkLocaleInfo deviceSecurityMode sipOAuthMode idleTimeout authenticationURL directoryURL "
        "idleURL informationURL messagesURL proxyServerURL servicesURL secureAuthenticationURL "
        "secureDirectoryURL secureUDSUsersAccessURL dscpForSCCPPhoneConfig dscpForSCCPPhoneServices "
        "dscpForCm2Dvce transportLayerProtocol dialToneSetting dndCallAlert phonePersonalization "
        "rollover singleButtonBarge joinAcrossLines autoCallPickupEnable "
        "blfAudibleAlertSettingOfIdleStation blfAudibleAlertSettingOfBusyStation capfAuthMode capfList "
        "certHash encrConfig advertiseG722Codec mobility TLSResumptionTimer userId ownerId phoneServices"
    )
    assert order == documented.split()


def test_the_documented_example_is_rebuilt_byte_for_byte():
    assert rendered().decode().splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()
    assert rendered() == GOLDEN.read_bytes()


def test_every_line_ends_in_lf_and_there_is_no_bom():
    xml = rendered()
    assert b"\r" not in xml
    assert xml.endswith(b"</device>\n")


@pytest.mark.parametrize(
    ("cluster", "flag", "expected"),
    [
        pytest.param(True, True, "1", id="cluster switch on and profile flag on: 1"),
        pytest.param(False, True, "0", id="cluster switch off: 0"),
        pytest.param(True, False, "0", id="profile flag off: 0"),
        pytest.param(False, False, "0", id="both off: 0"),
    ],
)
def test_sip_oauth_mode(cluster, flag, expected):
    profile = replace(PROFILE, oauth=flag)
    assert texts(rendered(profile=profile, oauth_mode=cluster), "sipOAuthMode") == [expected]


@pytest.mark.parametrize(
    ("mode", "transport", "expected"),
    [
        (SecurityMode.NON_SECURE, TransportType.TCP, ("1", "1")),
        (SecurityMode.NON_SECURE, TransportType.UDP, ("1", "2")),
        (SecurityMode.NON_SECURE, TransportType.TCP_UDP, ("1", "4")),
        (SecurityMode.AUTHENTICATED, TransportType.TLS, ("2", "3")),
        (SecurityMode.ENCRYPTED, TransportType.TLS, ("3", "3")),
    ],
)
def test_security_mode_and_transport(mode, transport, expected):
    xml = rendered(profile=SecurityProfile(name="p", mode=mode, transport=transport))
    assert (*texts(xml, "deviceSecurityMode"), *texts(xml, "transportLayerProtocol")) == expected


def test_text_is_escaped_and_survives():
    line = replace(DEVICE.lines[0], label='<&">', display="Zoë")
    device = replace(DEVICE, lines=(line,), owner='a"&b', support_field="a<b")
    xml = rendered(device=device)
    assert texts(xml, "sipProfile/sipLines/line/featureLabel") == ['<&">']
    assert texts(xml, "sipProfile/sipLines/line/displayName") == ["Zoë"]
    assert texts(xml, "userId") == ['a"&b']
    assert texts(xml, "vendorConfig/desktopClient") == ["a<b"]


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\ud800", "￾"])
def test_what_no_xml_can_hold_is_refused_with_its_place(bad):
    line = replace(DEVICE.lines[0], display=f"Ada{bad}")
    with pytest.raises(UnwritableText, match=r"displayName: character U\+"):
        rendered(device=replace(DEVICE, lines=(line,)))


def test_each_line_has_its_own_block_and_contact():
    second = Line(dn="2002", contact=UUID(int=7))
    xml = rendered(device=replace(DEVICE, lines=(*DEVICE.lines, second)))
    assert texts(xml, "sipProfile/sipLines/line/name") == ["2001", "2002"]
    assert texts(xml, "sipProfile/sipLines/line/featureLabel")[1] == "2002"
    assert texts(xml, "sipProfile/sipLines/line/contact")[1] == str(UUID(int=7))
    assert b'<line  button="2" lineIndex="2">' in xml


def test_the_owner_carries_the_service_profile():
    assert b'<userId  serviceProfileFile="SPDefault.cnf.xml">ada</userId>\n' in rendered()
    assert b'<ownerId  serviceProfileFile="SPDefault.cnf.xml"></ownerId>\n' in rendered(
        device=replace(DEVICE, owner=None)
    )


def test_the_lsc_hash_is_named():
    assert texts(rendered(device=replace(DEVICE, lsc_md5="00ff")), "certHash") == ["00ff"]


def test_a_given_version_stamp_is_kept_and_a_derived_one_follows_the_content():
    assert texts(rendered(), "versionStamp") == [DEVICE.version_stamp]
    device = replace(DEVICE, version_stamp="")
    first = texts(rendered(device=device), "versionStamp")[0]
    assert re.fullmatch(r"1\d{9}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first)
    assert texts(rendered(device=device), "versionStamp") == [first]
    assert texts(rendered(device=device, oauth_mode=False), "versionStamp") != [first]


def test_a_profile_with_encrypted_config_leaves_only_a_short_file_in_the_clear():
    profile = SecurityProfile(
        name="enc", mode=SecurityMode.ENCRYPTED, transport=TransportType.TLS, tftp_encrypted=True
    )
    root = parsed(rendered(profile=profile))
    assert [child.tag for child in root] == [
        "fullConfig",
        "ipAddressMode",
        "loadInformation",
        "capfAuthMode",
        "capfList",
        "certHash",
        "encrConfig",
    ]
    assert (root.findtext("fullConfig"), root.findtext("encrConfig")) == ("false", "true")
