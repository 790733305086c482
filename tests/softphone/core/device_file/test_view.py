"""Reading cnf.xml: the table of malformed and edge inputs, device-config section 7."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.core.device_file.problems import ConfigError, ConfigProblem, ConfigWarning
from softphone.core.device_file.view import (
    ConfigView,
    DeviceTimers,
    SecurityMode,
    TransportProtocol,
    compare_configs,
    read_config,
)

Cnf = Callable[..., bytes]
Edit = tuple[str, str]
MODE = "<sipOAuthMode>1</sipOAuthMode>"
HOST1 = "<processNodeName>ucm-sub1.lab.example</processNodeName>"
NODE2 = "<processNodeName>ucm-sub2.lab.example</processNodeName>"
CONTACT = "c41f2d76-9b0e-4a35-8d57-1e6f03a9b2c8"
LINE = '<line  button="1" lineIndex="1">'
LAUGHS = (
    '<!DOCTYPE device [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY c{i} "{f"&c{i - 1};" * 10}">' for i in range(1, 9)).replace("&c0;", "&b;")
    + "]><device>&c8;</device>"
)


def codes(view: ConfigView) -> list[str]:
    return [str(finding.code) for finding in view.findings]


def test_the_whole_file_is_read_by_path(cnf: Cnf) -> None:
    view = read_config(cnf())
    assert (view.model_type, view.ctiid, view.uuid) == (
        "axl:XIPPhone",
        "137",
        "3d0f6a52-1c84-4b7e-9a35-7f2e61c0d418",
    )
    assert view.sip_oauth_mode
    assert view.security_mode is SecurityMode.ENCRYPTED
    assert view.transport is TransportProtocol.TLS
    assert [(node.host, node.name, node.priority) for node in view.nodes] == [
        ("ucm-sub1.lab.example", "ucm-sub1", 0),
        ("ucm-sub2.lab.example", "ucm-sub2", 1),
    ]
    assert view.nodes[1].port_text("sipOAuthPort") == "15090"
    assert [(line.directory_number, line.display_name, line.label) for line in view.lines] == [
        ("2001", "Ada Example", "2001 - Ada & Grace")
    ]
    assert view.lines[0].contact == "c41f2d76-9b0e-4a35-8d57-1e6f03a9b2c8"
    assert view.timers == DeviceTimers(register_expires=3600, register_delta=5, keep_alive=120, t1=0.5, t2=4.0)
    assert (view.user, view.owner, view.service_profile) == ("ada", "ada", "SPDefault.cnf.xml")
    assert view.version_stamp.startswith("1760000000-")
    assert view.media_ports == (16384, 32766)
    assert view.findings == ()


REFUSED: dict[str, tuple[ConfigProblem, bytes]] = {
    "02 an HTML error page served with 200 is no configuration": (
        ConfigProblem.NOT_DEVICE_CONFIG,
        b"<html><body><h1>Error</h1></body></html>",
    ),
    "02 an HTML page that is no XML is malformed": (ConfigProblem.XML_MALFORMED, b"<html><br><p>no</html>"),
    "06 an empty body": (ConfigProblem.EMPTY, b""),
    "06 nothing but white space": (ConfigProblem.EMPTY, b" \r\n\t "),
    "12 an unknown encoding": (ConfigProblem.ENCODING, b'<?xml version="1.0" encoding="x-klingon"?><device/>'),
    "12 a multi-byte encoding that expat does not know": (
        ConfigProblem.ENCODING,
        b'<?xml version="1.0" encoding="shift_jis"?><device/>',
    ),
    "12 a declaration that contradicts the bytes": (
        ConfigProblem.ENCODING,
        b'<?xml version="1.0" encoding="UTF-16"?><device/>',
    ),
    "18 a DOCTYPE without entities": (ConfigProblem.XML_FORBIDDEN, b"<!DOCTYPE device><device/>"),
    "19 an internal entity": (
        ConfigProblem.XML_FORBIDDEN,
        b'<!DOCTYPE device [<!ENTITY p "5090">]><device><sipOAuthPort>&p;</sipOAuthPort></device>',
    ),
    "20 an external entity": (
        ConfigProblem.XML_FORBIDDEN,
        b'<!DOCTYPE device [<!ENTITY h SYSTEM "file:///etc/hostname">]><device>&h;</device>',
    ),
    "20 a parameter entity": (
        ConfigProblem.XML_FORBIDDEN,
        b'<!DOCTYPE device [<!ENTITY % p SYSTEM "http://192.0.2.1/x.dtd">%p;]><device/>',
    ),
    "20 an external DTD": (
        ConfigProblem.XML_FORBIDDEN,
        b'<!DOCTYPE device SYSTEM "http://192.0.2.1/device.dtd"><device/>',
    ),
    "21 a billion laughs": (ConfigProblem.XML_FORBIDDEN, LAUGHS.encode()),
    "22 nesting of 100,000": (ConfigProblem.TOO_DEEP, b"<device>" + b"<a>" * 100_000),
    "22 nesting of 33": (ConfigProblem.TOO_DEEP, b"<device>" + b"<a>" * 32),
    "23 a file of 20 MB": (ConfigProblem.TOO_LARGE, b"<device>" + b"x" * 20_000_000 + b"</device>"),
    "23 a file one byte too long": (ConfigProblem.TOO_LARGE, b"x" * ((1 << 20) + 1)),
    "23 more elements than a real file ever has": (ConfigProblem.TOO_LARGE, b"<device>" + b"<a/>" * 5_000),
    "27 XMLDefault": (ConfigProblem.NOT_DEVICE_CONFIG, b"<Default><callManagerGroup/></Default>"),
    "27 a flat-profile": (ConfigProblem.NOT_DEVICE_CONFIG, b"<flat-profile><x/></flat-profile>"),
    "27 a device in a namespace prefix": (ConfigProblem.NOT_DEVICE_CONFIG, b"<u:device/>"),
    "66 a signed file": (ConfigProblem.SIGNATURE, b"\x01\x00\x02\x01\x00\x02\x00\x02\x01\x2a<device/>"),
    "67 a signed file whose header is longer than the file": (ConfigProblem.SIGNATURE, b"\x01\xff\xff"),
    "an XML declaration and nothing else": (ConfigProblem.XML_MALFORMED, b'<?xml version="1.0"?>\n'),
}


@pytest.mark.parametrize(("code", "body"), REFUSED.values(), ids=REFUSED.keys())
def test_a_body_is_refused(code: ConfigProblem, body: bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(body)
    assert caught.value.code is code
    assert str(caught.value).startswith(f"{code}: ")


REFUSED_EDITS: dict[str, tuple[ConfigProblem, tuple[Edit, ...]]] = {
    "15 trailing NUL": (ConfigProblem.XML_MALFORMED, (("</device>\n", "</device>\x00"),)),
    "15 trailing garbage": (ConfigProblem.XML_MALFORMED, (("</device>\n", "</device>garbage"),)),
    "15 two roots": (ConfigProblem.XML_MALFORMED, (("</device>\n", "</device><device/>"),)),
    "13 a blank line before the declaration": (ConfigProblem.XML_MALFORMED, (("<?xml", "\n<?xml"),)),
    "16 a bare ampersand": (ConfigProblem.XML_MALFORMED, (("Ada &amp; Grace", "Ada & Grace"),)),
    "17 a start tag without its >": (ConfigProblem.XML_MALFORMED, (("<certHash>", "<certHash[== X ==]"),)),
    "28 an SCCP phone": (ConfigProblem.WRONG_PROTOCOL, (("Protocol>SIP<", "Protocol>SCCP<"),)),
    "29 a short configuration": (ConfigProblem.SHORT_CONFIG, (("fullConfig>true<", "fullConfig>false<"),)),
    "29 a short configuration of an encrypted file": (
        ConfigProblem.SHORT_CONFIG,
        (("fullConfig>true<", "fullConfig>false<"), ("encrConfig>false<", "encrConfig>true<")),
    ),
    "29 fullConfig neither true nor false": (
        ConfigProblem.BAD_ENUM,
        (("fullConfig>true<", "fullConfig>yes<"),),
    ),
    "30 an empty sipOAuthMode": (ConfigProblem.BAD_ENUM, ((MODE, "<sipOAuthMode></sipOAuthMode>"),)),
    "30 sipOAuthMode 2": (ConfigProblem.BAD_ENUM, ((MODE, "<sipOAuthMode>2</sipOAuthMode>"),)),
    "30 sipOAuthMode true": (ConfigProblem.BAD_ENUM, ((MODE, "<sipOAuthMode>true</sipOAuthMode>"),)),
    "31 two different sipOAuthMode": (
        ConfigProblem.DUPLICATE,
        ((MODE, MODE + "<sipOAuthMode>0</sipOAuthMode>"),),
    ),
    "42 priority a": (ConfigProblem.BAD_ENUM, (('priority="1"', 'priority="a"'),)),
    "42 priority -1": (ConfigProblem.BAD_ENUM, (('priority="1"', 'priority="-1"'),)),
    "42 priority in Arabic digits": (ConfigProblem.BAD_ENUM, (('priority="1"', 'priority="١"'),)),
    "43 no callManagerGroup": (ConfigProblem.NO_CCM, (("callManagerGroup", "cmGroup"),)),
    "44 no member has a name": (ConfigProblem.NO_CCM, ((HOST1, ""), (NODE2, "<processNodeName/>"))),
    "47 no member has a usable name": (
        ConfigProblem.BAD_HOST,
        (("ucm-sub1.lab.example</p", "a b</p"), ("ucm-sub2.lab.example</p", "host:5060</p")),
    ),
    "54 deviceSecurityMode 0": (ConfigProblem.BAD_ENUM, (("SecurityMode>3<", "SecurityMode>0<"),)),
    "54 deviceSecurityMode 4": (ConfigProblem.BAD_ENUM, (("SecurityMode>3<", "SecurityMode>4<"),)),
    "54 deviceSecurityMode abc": (ConfigProblem.BAD_ENUM, (("SecurityMode>3<", "SecurityMode>abc<"),)),
    "54 an empty transportLayerProtocol": (ConfigProblem.BAD_ENUM, (("LayerProtocol>3<", "LayerProtocol><"),)),
    "54 transportLayerProtocol 5": (ConfigProblem.BAD_ENUM, (("LayerProtocol>3<", "LayerProtocol>5<"),)),
    "57 no sipLines": (ConfigProblem.NO_LINE, (("sipLines", "sipRows"),)),
    "57 only speed dials": (ConfigProblem.NO_LINE, (("<featureID>9", "<featureID>2"),)),
    "57 an empty line name": (ConfigProblem.NO_LINE, (("<name>2001</name>", "<name></name>"),)),
    "57 an unprovisioned line": (ConfigProblem.NO_LINE, (("<name>2001</name>", "<name>UNPROVISIONED</name>"),)),
    "58 the only line has no button": (ConfigProblem.NO_LINE, ((LINE, '<line lineIndex="1">'),)),
    "58 the only line has button 0": (ConfigProblem.NO_LINE, ((LINE, '<line button="0">'),)),
    "58 the only line has button 999": (ConfigProblem.NO_LINE, ((LINE, '<line button="999">'),)),
    "60 the only line has a foreign proxy": (
        ConfigProblem.UNSUPPORTED_PROXY,
        (("<proxy>USECALLMANAGER", "<proxy>sip.example.net"),),
    ),
    "a directory number that would end the Request-URI": (
        ConfigProblem.BAD_LINE,
        (("<name>2001</name>", "<name>2001&gt;&#13;&#10;Evil: 1</name>"),),
    ),
    "a contact that would end the URI": (ConfigProblem.BAD_LINE, (("<contact>c41f", "<contact>c4 1f"),)),
    "a value with an element inside": (
        ConfigProblem.BAD_STRUCTURE,
        ((MODE, "<sipOAuthMode>1<b/></sipOAuthMode>"),),
    ),
    "two device pools": (ConfigProblem.DUPLICATE, (("<TVS>", "<devicePool/><TVS>"),)),
}


@pytest.mark.parametrize(("code", "edits"), REFUSED_EDITS.values(), ids=REFUSED_EDITS.keys())
def test_a_file_is_refused(cnf: Cnf, code: ConfigProblem, edits: tuple[Edit, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(cnf(*edits))
    assert caught.value.code is code
    assert caught.value.line is not None


def test_07_a_truncated_file_is_malformed_wherever_it_was_cut(cnf: Cnf) -> None:
    body = cnf().rstrip()
    for end in range(1, len(body), 97):
        with pytest.raises(ConfigError) as caught:
            read_config(body[:end])
        assert caught.value.code is ConfigProblem.XML_MALFORMED


def test_14_a_latin_1_byte_in_a_utf_8_file_is_malformed(cnf: Cnf) -> None:
    with pytest.raises(ConfigError, match="E_XML_MALFORMED"):
        read_config(cnf().replace(b"Ada Example", b"Ad\xe9 Example"))


SAME: dict[str, tuple[Edit, ...]] = {
    "08 the undeclared xsi prefix of every real file": (),
    "09 a declared xsi prefix": (
        ("<device  ", '<device xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '),
    ),
    "11 no XML declaration": (('<?xml version="1.0" encoding="UTF-8"?>\n', ""),),
    "25 comments and processing instructions between elements": (("<TVS>", "<!-- a --><?b c?><TVS>"),),
    "25 CDATA counts as text": (("OAuthPort>5090<", "OAuthPort><![CDATA[5090]]><"),),
    "26 a comment inside a number is cut out": (("OAuthPort>5090<", "OAuthPort>50<!--x-->90<"),),
    "30 white space around sipOAuthMode": ((MODE, "<sipOAuthMode> 1\n</sipOAuthMode>"),),
    "31 the same sipOAuthMode twice": ((MODE, MODE + MODE),),
    "32 a sipOAuthMode in vendorConfig": (
        ("<desktopClient>", "<sipOAuthMode>0</sipOAuthMode><desktopClient>"),
    ),
    "32 a sipOAuthMode in sipProfile": (("<sipProfile>", "<sipProfile><sipOAuthMode>0</sipOAuthMode>"),),
    "50 a CAPF address is never a node": (("<processNodeName></p", "<processNodeName>capf.lab.example</p"),),
    "51 SRST addresses are no group members": (("192.0.2.99", "192.0.2.100"),),
    "15 carriage returns at the end, as AES padding leaves them": (("</device>\n", "</device>\r\r\r"),),
    "28 no deviceProtocol": (("<deviceProtocol>SIP</deviceProtocol>\n", ""),),
    "encrConfig empty": (("encrConfig>false<", "encrConfig><"),),
}


@pytest.mark.parametrize("edits", SAME.values(), ids=SAME.keys())
def test_a_file_means_the_same(cnf: Cnf, edits: tuple[Edit, ...]) -> None:
    def without_lines(view: ConfigView) -> ConfigView:
        return replace(view, nodes=tuple(replace(node, line=None) for node in view.nodes))

    assert without_lines(read_config(cnf(*edits))) == without_lines(read_config(cnf()))


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "12 a UTF-8 byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "12 UTF-16 with its declaration": lambda text: text.replace("UTF-8", "UTF-16").encode("utf-16"),
    "12 Latin-1 with its declaration": lambda text: text.replace("UTF-8", "ISO-8859-1").encode("latin-1"),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_an_encoding_is_never_mistaken(cnf: Cnf, encode: Callable[[str], bytes]) -> None:
    text = cnf(("Ada Example", "Adé Example")).decode()
    assert read_config(encode(text)).lines[0].display_name == "Adé Example"


def test_45_processNodeName_may_stand_before_ports(cnf: Cnf) -> None:
    swapped = re.sub(r"(<ports>.*?</ports>\n)(<processNodeName>.*?\n)", r"\2\1", cnf().decode(), flags=re.S)
    view = read_config(swapped.encode())
    assert [node.port_text("sipOAuthPort") for node in view.nodes] == ["5090", "15090"]


def test_52_a_minified_file_means_the_same(cnf: Cnf) -> None:
    view = read_config(re.sub(rb">\n<", b"><", cnf()))
    assert [node.host for node in view.nodes] == ["ucm-sub1.lab.example", "ucm-sub2.lab.example"]
    assert view.sip_oauth_mode


ODD: dict[str, tuple[tuple[str, ...], tuple[Edit, ...]]] = {
    "10 a default namespace": ((ConfigWarning.NAMESPACE,), (("<device  ", '<device xmlns="urn:x" '),)),
    "33 SIPOAUTHMODE is another element": (
        (ConfigWarning.SUSPICIOUS_NAME,),
        (("sipOAuthMode>", "SIPOAUTHMODE>"),),
    ),
    "34 AXL's name of the MRA port is another element": (
        (ConfigWarning.SUSPICIOUS_NAME,) * 2,
        (("sipMRAOAuthPort>", "sipOAuthMRAPort>"),),
    ),
    "42 a priority twice": ((ConfigWarning.DUPLICATE_PRIORITY,), (('priority="1"', 'priority="0"'),)),
    "44 an empty first processNodeName": ((ConfigWarning.NODE_SKIPPED,), ((HOST1, "<processNodeName/>"),)),
    "44 a member without callManager": (
        (ConfigWarning.NODE_SKIPPED,),
        (('<member  priority="1">', '<member/><member  priority="1">'),),
    ),
    "47 a bad first host": ((ConfigProblem.BAD_HOST,), (("ucm-sub1.lab.example</p", "a b</p"),)),
    "57 a second line without a name": (
        (ConfigWarning.LINE_IGNORED,),
        (("<featureID>2", "<featureID>9"),),
    ),
    "58 a second line with button 999": (
        (ConfigWarning.LINE_IGNORED,),
        (("<featureID>2", "<featureID>9"), ('button="2"', 'button="999"')),
    ),
    "60 a second line with a foreign proxy": (
        (ConfigProblem.UNSUPPORTED_PROXY,),
        (
            ("<featureID>2", "<featureID>9"),
            ("<featureLabel>Speed dial", "<name>2002</name><proxy>x</proxy><featureLabel>Speed dial"),
        ),
    ),
    "64 a versionStamp of 4 KB": (
        (ConfigWarning.LONG_STAMP,),
        (("<versionStamp>", "<versionStamp>" + "9" * 4096),),
    ),
    "a line without contact": ((ConfigWarning.NO_CONTACT,), ((CONTACT, ""),)),
}


@pytest.mark.parametrize(("expected", "edits"), ODD.values(), ids=ODD.keys())
def test_an_oddity_is_accepted_with_a_finding(
    cnf: Cnf, expected: tuple[str, ...], edits: tuple[Edit, ...]
) -> None:
    view = read_config(cnf(*edits))
    assert codes(view) == [str(code) for code in expected]
    assert all(finding.path and finding.line for finding in view.findings)


def test_30_and_33_an_absent_sipOAuthMode_is_0(cnf: Cnf) -> None:
    assert not read_config(cnf((MODE, ""))).sip_oauth_mode
    assert not read_config(cnf(("sipOAuthMode>", "sipOauthMode>"))).sip_oauth_mode


def test_64_a_long_stamp_is_cut(cnf: Cnf) -> None:
    assert len(read_config(cnf(("<versionStamp>", "<versionStamp>" + "9" * 4096))).version_stamp) == 128


def members(cnf: Cnf, *priorities: str | None) -> bytes:
    """The file with one member for each priority, hosts n0, n1, ... in document order."""
    texts = []
    for index, priority in enumerate(priorities):
        attribute = "" if priority is None else f' priority="{priority}"'
        texts.append(
            f"<member{attribute}><callManager><processNodeName>n{index}.example</processNodeName>"
            "</callManager></member>"
        )
    text = cnf().decode()
    start, end = text.index("<members>") + 9, text.index("</members>")
    return (text[:start] + "".join(texts) + text[end:]).encode()


ORDERS: dict[str, tuple[tuple[str | None, ...], str]] = {
    "41 document order 2,0,1": (("2", "0", "1"), "120"),
    "42 no priorities: document order": ((None, None, None), "012"),
    "42 equal priorities: document order": (("7", "7", "0"), "201"),
    "46 six members: the first five by priority": (("5", "4", "3", "2", "1", "0"), "54321"),
    "46 fifty members": (tuple(str(i) for i in range(50)), "01234"),
}


@pytest.mark.parametrize(("priorities", "order"), ORDERS.values(), ids=ORDERS.keys())
def test_members_are_tried_in_order(cnf: Cnf, priorities: tuple[str | None, ...], order: str) -> None:
    view = read_config(members(cnf, *priorities))
    assert [node.host for node in view.nodes] == [f"n{i}.example" for i in order]
    assert ("W_TOO_MANY_NODES" in codes(view)) == (len(priorities) > 5)


def test_43_an_empty_members_element_is_no_group(cnf: Cnf) -> None:
    with pytest.raises(ConfigError, match="E_NO_CCM"):
        read_config(members(cnf))


BAD_HOSTS = {
    "47 of 300 characters": "a" * 300,
    "47 with a space": "ucm 1.example",
    "47 with a line end": "ucm&#13;&#10;Route: x",
    "47 with a port": "ucm.example:5060",
    "47 in brackets": "[2001:db8::1]",
    "47 with a scheme": "sip:ucm.example",
    "47 with a label of 64": "a" * 64 + ".example",
    "47 with an empty label": "ucm..example",
    "47 of digits and dots that is no address": "1.2.3",
    "47 of a dot": ".",
    "47 with a parameter": "ucm.example;transport=udp",
    "47 with an IDN label too long": "é" * 70 + ".example",
}


@pytest.mark.parametrize("host", BAD_HOSTS.values(), ids=BAD_HOSTS.keys())
def test_a_host_is_refused_for_its_node_only(cnf: Cnf, host: str) -> None:
    view = read_config(cnf(("ucm-sub1.lab.example</p", f"{host}</p")))
    assert [node.host for node in view.nodes] == ["ucm-sub2.lab.example"]
    assert codes(view) == ["E_BAD_HOST"]


GOOD_HOSTS = {
    "48 an IPv4 address": ("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1"),
    "48 an IPv6 address": ("2001:DB8::1", "2001:db8::1", "[2001:db8::1]", "2001:db8::1"),
    "48 an IDN": ("bücher.example", "xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example"),
    "48 a trailing dot": ("ucm.example.", "ucm.example.", "ucm.example.", "ucm.example"),
    "a short name in capitals": ("UCM2-PUB", "UCM2-PUB", "UCM2-PUB", "UCM2-PUB"),
    "white space around it": ("\n ucm.example\n", "ucm.example", "ucm.example", "ucm.example"),
}


@pytest.mark.parametrize(("text", "host", "uri_host", "tls_name"), GOOD_HOSTS.values(), ids=GOOD_HOSTS.keys())
def test_a_host_is_accepted(cnf: Cnf, text: str, host: str, uri_host: str, tls_name: str) -> None:
    node = read_config(cnf(("ucm-sub1.lab.example</p", f"{text}</p"))).nodes[0]
    assert (node.host, node.uri_host, node.tls_name) == (host, uri_host, tls_name)


def test_49_the_node_is_processNodeName_and_not_name(cnf: Cnf) -> None:
    assert read_config(cnf(("<name>ucm-sub1<", "<name>other.example<"))).nodes[0].host == "ucm-sub1.lab.example"


def test_a_node_without_ports_keeps_no_port_texts(cnf: Cnf) -> None:
    view = read_config(members(cnf, "0"))
    assert view.nodes[0].ports == ()


SECOND_LINE = (
    ("<featureID>2", "<featureID>9"),
    ("<featureLabel>Speed dial", "<name>2002</name><featureLabel>b"),
)


def test_59_the_first_of_two_lines_with_one_index_wins(cnf: Cnf) -> None:
    view = read_config(cnf(*SECOND_LINE, ('lineIndex="2"', 'lineIndex="1"')))
    assert [line.directory_number for line in view.lines] == ["2001"]
    assert codes(view) == ["W_NO_CONTACT", "W_DUPLICATE_LINE"]


def test_lines_come_by_index_and_a_missing_index_is_the_button(cnf: Cnf) -> None:
    view = read_config(cnf(*SECOND_LINE, (' lineIndex="2"', ""), ('lineIndex="1"', 'lineIndex="3"')))
    assert [(line.index, line.directory_number) for line in view.lines] == [(2, "2002"), (3, "2001")]


def test_a_hash_in_a_directory_number_is_escaped_in_the_uri(cnf: Cnf) -> None:
    line = read_config(cnf(("<name>2001<", "<name>*#21<"), (CONTACT, ""))).lines[0]
    assert (line.directory_number, line.uri_user, line.contact) == ("*#21", "*%2321", "*%2321")


TIMERS = {
    "61 zero": ("0", 60, True),
    "61 negative": ("-5", 60, True),
    "61 a thousand million": ("1000000000", 86_400, True),
    "61 no number": ("often", 3600, True),
    "61 a sign in the middle": ("3-6", 3600, True),
    "61 twenty-one digits": ("9" * 21, 3600, True),
    "61 an ordinary value": ("300", 300, False),
}


@pytest.mark.parametrize(("text", "seconds", "warned"), TIMERS.values(), ids=TIMERS.keys())
def test_timerRegisterExpires_is_clamped(cnf: Cnf, text: str, seconds: int, warned: bool) -> None:
    view = read_config(cnf(("RegisterExpires>3600<", f"RegisterExpires>{text}<")))
    assert view.timers.register_expires == seconds
    assert codes(view) == (["W_TIMER_CLAMPED"] if warned else [])


def test_61_missing_timers_have_their_defaults(cnf: Cnf) -> None:
    view = read_config(cnf(("sipStack", "sipHeap")))
    assert view.timers == DeviceTimers()
    assert view.findings == ()


MEDIA = {
    "62 start above stop": ("32766", "16384", (16384, 32766), True),
    "62 start equals stop": ("16384", "16384", (16384, 32766), True),
    "62 an odd start": ("16385", "32766", (16384, 32766), True),
    "62 no number": ("a", "32766", (16384, 32766), True),
    "62 another range": ("20000", "20100", (20000, 20100), False),
}


@pytest.mark.parametrize(("start", "stop", "ports", "warned"), MEDIA.values(), ids=MEDIA.keys())
def test_media_ports(cnf: Cnf, start: str, stop: str, ports: tuple[int, int], warned: bool) -> None:
    view = read_config(
        cnf(
            ("startMediaPort>16384<", f"startMediaPort>{start}<"),
            ("stopMediaPort>32766<", f"stopMediaPort>{stop}<"),
        )
    )
    assert view.media_ports == ports
    assert codes(view) == (["W_MEDIA_PORTS_DEFAULTED"] if warned else [])


def test_62_missing_media_ports_have_their_defaults(cnf: Cnf) -> None:
    view = read_config(cnf(("startMediaPort", "a"), ("stopMediaPort", "b")))
    assert (view.media_ports, view.findings) == ((16384, 32766), ())


def test_a_file_without_userId_has_no_user(cnf: Cnf) -> None:
    view = read_config(cnf(("userId", "uid"), ("ownerId", "oid")))
    assert (view.user, view.owner, view.service_profile) == ("", "", "")


def test_63_the_content_decides_about_a_restart_and_not_the_stamp(cnf: Cnf) -> None:
    old = read_config(cnf())
    restamped = compare_configs(old, read_config(cnf(("1760000000-", "1760000001-"))))
    assert (restamped.restart, restamped.findings) == (False, ())
    port = compare_configs(old, read_config(cnf((">15090<", ">15092<"))))
    assert (port.restart, [f.code for f in port.findings]) == (True, [ConfigWarning.STAMP_REUSED])
    both = compare_configs(old, read_config(cnf((">15090<", ">15092<"), ("1760000000-", "1760000001-"))))
    assert (both.restart, both.findings) == (True, ())


@given(st.binary(max_size=400))
def test_whatever_the_bytes_only_a_ConfigError_comes_out(body: bytes) -> None:
    with pytest.raises(ConfigError):
        read_config(body)


@given(st.data())
def test_whatever_is_damaged_only_a_ConfigError_comes_out(data: st.DataObject) -> None:
    body = bytearray(BODY)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=6))
    try:
        read_config(bytes(body))
    except ConfigError as error:
        found = error.code
    else:
        return
    assert found in ConfigProblem


BODY = b"""<?xml version="1.0"?><device xsi:type="axl:XIPPhone"><fullConfig>true</fullConfig><devicePool>
<callManagerGroup><members><member priority="0"><callManager><ports><sipOAuthPort>5090</sipOAuthPort></ports>
<processNodeName>ucm</processNodeName></callManager></member></members></callManagerGroup></devicePool><sipProfile>
<sipLines><line button="1"><featureID>9</featureID><name>1</name></line></sipLines></sipProfile>
<deviceSecurityMode>3</deviceSecurityMode><sipOAuthMode>1</sipOAuthMode></device>"""
