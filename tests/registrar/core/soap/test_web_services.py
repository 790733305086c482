"""What the web services have in common: liveness, login, roles, sessions, lockout, and hostile XML."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from registrar.core.soap.control import ServiceState
from registrar.core.soap.xml_source import XmlLimits, XmlRefused, clean, parse
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant
from tests.registrar.core.axl.bench import ADMIN, ENVELOPE, WebBench, basic
from tests.registrar.core.database.bench import PUBLISHER

LIVENESS = (
    "<html><head><title>Cisco CallManager: AXL Web Service</title></head><body><h1>Cisco CallManager: AXL Web "
    "Service</h1><p>The AXL Web Service is working and accepting requests. Use HTTP POST to send a request.</p>"
    "</body></html>"
)
VERSION = ENVELOPE.format('<n:getCCMVersion xmlns:n="http://www.cisco.com/AXL/API/12.5"/>')


def values(response: HttpResponse, name: str) -> list[str]:
    return [value for key, value in response.headers if key == name]


def cookies(response: HttpResponse) -> dict[str, str]:
    return dict(each.partition(";")[0].split("=") for each in values(response, "Set-Cookie"))


def test_a_get_says_that_the_service_lives(web: WebBench) -> None:
    for path in ("/axl/", "/axl"):
        response = web.post("", method="GET", path=path)
        assert (response.status, response.body.decode()) == (200, LIVENESS)
        assert values(response, "Content-Type") == ["text/html"]
    assert web.post("", method="HEAD").body == b""


WRONG = [
    ("no credentials", ()),
    ("a wrong password", (basic("admin", "wrong"),)),
    ("an unknown user", (basic("zoe", "secret"),)),
    ("another scheme", (("Authorization", "Bearer abc"),)),
    ("no base64", (("Authorization", "Basic !!!"),)),
    ("no colon", (("Authorization", "Basic YWRtaW4="),)),
    ("no UTF-8", (("Authorization", "Basic //8="),)),
    ("an unknown cookie", (("Cookie", "JSESSIONIDSSO=ABC"),)),
]


@pytest.mark.parametrize("headers", [row[1] for row in WRONG], ids=[row[0] for row in WRONG])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_cannot_log_in_gets_tomcats_401(web: WebBench, method: str, headers: tuple) -> None:
    response = web.post(VERSION, *(headers or (("Accept", "*/*"),)), method=method)
    assert response.status == 401
    assert b"HTTP Status 401" in response.body
    assert values(response, "WWW-Authenticate") == ['Basic realm="Cisco Web Services Realm"']
    assert values(response, "Content-Type") == ["text/html;charset=utf-8"]
    assert cookies(response) == {}


def test_a_request_is_refused_by_its_head_alone_and_counts_as_a_wrong_password(web: WebBench) -> None:
    wrong = HttpRequest(method="POST", path="/axl/", headers=(basic("admin", "wrong"),))
    for _ in range(3):
        refused = web.axl.refuse(wrong, web.now)
        assert refused is not None
        assert refused.status == 401
    assert web.post(VERSION).status == 401, "the user is locked now"


def test_who_is_let_in_by_the_head_has_no_session_before_the_request_is_handled(web: WebBench) -> None:
    good = HttpRequest(method="POST", path="/axl/", headers=(ADMIN,))
    other = HttpRequest(method="POST", path="/other/", headers=(ADMIN,))
    assert web.axl.refuse(good, web.now) is None
    assert [answer.status for answer in (web.axl.refuse(other, web.now),) if answer is not None] == [404]
    assert set(cookies(web.post(VERSION))) == {"JSESSIONIDSSO", "JSESSIONID"}


def test_three_wrong_passwords_lock_the_user_for_five_minutes(web: WebBench) -> None:
    for _ in range(2):
        web.post(VERSION, basic("admin", "wrong"))
    assert web.post(VERSION).status == 200
    for _ in range(3):
        web.post(VERSION, basic("Admin", "wrong"))
    assert web.post(VERSION).status == 401
    assert web.post(VERSION, basic("reader", "secret")).status == 200
    web.now = Instant(web.now + 299)
    assert web.post(VERSION).status == 401
    web.now = Instant(web.now + 1)
    assert web.post(VERSION).status == 200


def test_a_user_without_a_role_gets_403(web: WebBench) -> None:
    for method in ("GET", "POST"):
        response = web.post(VERSION, basic("nobody", "secret"), method=method)
        assert response.status == 403
        assert b"HTTP Status 403" in response.body


def test_a_session_needs_no_password_until_it_is_idle_for_half_an_hour(web: WebBench) -> None:
    first = web.post(VERSION)
    given = cookies(first)
    assert set(given) == {"JSESSIONIDSSO", "JSESSIONID"}
    assert all(each.endswith("; Secure; HttpOnly") for each in values(first, "Set-Cookie"))
    single = ("Cookie", f"other=1; JSESSIONIDSSO={given['JSESSIONIDSSO']}")
    for _ in range(3):
        web.now = Instant(web.now + 1700)
        again = web.post(VERSION, single)
        assert (again.status, cookies(again)) == (200, {})
    # A client that returns both, as zeep does, may even have a wrong password by now.
    assert web.post(VERSION, single, basic("admin", "wrong")).status == 200
    assert web.post(VERSION, single, basic("reader", "wrong")).status == 401
    web.now = Instant(web.now + 1801)
    assert web.post(VERSION, single).status == 401


def test_sessions_are_bounded(web: WebBench) -> None:
    first = cookies(web.post(VERSION))["JSESSIONID"]
    for _ in range(600):
        assert web.post(VERSION).status == 200
    assert web.post(VERSION, ("Cookie", f"JSESSIONID={first}")).status == 401


def test_a_service_that_is_not_started_is_not_found(web: WebBench) -> None:
    web.services.states[PUBLISHER, "Cisco AXL Web Service"] = ServiceState.STOPPED
    for method in ("GET", "POST"):
        assert web.post(VERSION, method=method).status == 404
    web.services.states[PUBLISHER, "Cisco AXL Web Service"] = ServiceState.STARTED
    assert web.post(VERSION).status == 200
    web.services.names = ()
    assert web.post(VERSION).status == 404


@pytest.mark.parametrize("path", ["/", "/axl/x", "/realtimeservice2/services/RISService70"])
def test_another_path_is_not_found(web: WebBench, path: str) -> None:
    assert web.post(VERSION, path=path).status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_another_method_is_not_allowed(web: WebBench, method: str) -> None:
    response = web.post(VERSION, method=method)
    assert (response.status, values(response, "Allow")) == (405, ["GET, HEAD, POST"])


# --- hostile XML ---------------------------------------------------------------------------------------------

XXE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + ENVELOPE.format(
    '<n:getCCMVersion xmlns:n="http://www.cisco.com/AXL/API/12.5"><a>&e;</a></n:getCCMVersion>'
)
LAUGHS = (
    "<!DOCTYPE l [<!ENTITY a 'ha'>"
    + "".join(
        f"<!ENTITY {new} '{('&' + old + ';') * 10}'>" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
    + ENVELOPE.format("<a>&i;</a>")
)
ATTRIBUTE_LAUGHS = LAUGHS.replace("<a>&i;</a>", '<a x="&i;"/>')
DEEP = ENVELOPE.format("<a>" * 5_000 + "</a>" * 5_000)
WIDE = ENVELOPE.format("<r>" + "<a/>" * 100_001 + "</r>")

HOSTILE = [
    ("an external entity", XXE, "document type"),
    ("a billion laughs", LAUGHS, "document type"),
    ("a billion laughs in an attribute", ATTRIBUTE_LAUGHS, "document type"),
    (
        "a document type behind a comment",
        "<!-- x -->" + XXE.removeprefix('<?xml version="1.0"?>'),
        "document type",
    ),
    ("an entity that nobody declared", ENVELOPE.format("<a>&nope;</a>"), "not well-formed"),
    ("deeper than any request", DEEP, ""),
    ("wider than any request", WIDE, "more than 100000 elements"),
    ("UTF-16", VERSION.encode("utf-16"), "UTF-8"),
    ("UTF-16 that only says so", '<?xml version="1.0" encoding="UTF-16"?>' + VERSION, "UTF-8"),
    ("UTF-7", '<?xml version="1.0" encoding="UTF-7"?>' + VERSION, "UTF-8"),
    ("broken UTF-8", VERSION.encode().replace(b"12.5", b"12\xff5"), "not well-formed"),
    ("nothing", b"", "empty"),
    ("blanks", b"  \n", "empty"),
    ("binary garbage", bytes(range(256)), ""),
    ("a NUL", VERSION.replace("12.5", "12\x005"), "UTF-8"),
    ("half a document", VERSION[:-30], "not well-formed"),
    ("two documents", VERSION + VERSION, "not well-formed"),
    ("no envelope", "<a/>", "not a SOAP 1.1 envelope"),
    (
        "SOAP 1.2",
        VERSION.replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"),
        "not a SOAP 1.1",
    ),
    ("no body", VERSION.replace("Body>", "Head>"), "one Body"),
    ("an empty body", ENVELOPE.format(""), "one operation, it has 0"),
    ("two operations", ENVELOPE.format("<a/><b/>"), "one operation, it has 2"),
]


@pytest.mark.parametrize(("body", "text"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_hostile_xml_is_refused_and_the_service_lives(web: WebBench, body: str | bytes, text: str) -> None:
    before = web.state()
    response = web.post(body)
    assert response.status == 500
    (found,) = etree.fromstring(response.body).iter("faultstring")
    assert text in found.text
    assert "root:" not in response.body.decode()
    assert len(response.body) < 2_000
    assert web.state() == before
    assert web.post(VERSION).status == 200


def test_an_oversize_request_is_refused_before_it_is_read(web: WebBench) -> None:
    response = web.post("<" + "x" * (2 * 1024 * 1024))
    assert response.status == 413
    assert b"2097152 are allowed" in response.body


def test_hostile_xml_is_not_read_before_the_login(web: WebBench) -> None:
    assert web.post(XXE, basic("admin", "wrong")).status == 401


def test_a_comment_or_an_instruction_changes_nothing(web: WebBench) -> None:
    commented = VERSION.replace("<n:get", "<!-- x --><?php y?><n:get")
    assert web.post(commented).body == web.post(VERSION).body


def test_prefixes_headers_and_a_byte_order_mark_are_fine(web: WebBench) -> None:
    odd = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header/><soap:Body>\n'
        '<getPhone xmlns="http://www.cisco.com/AXL/API/12.5"> <name> CSFONE </name> </getPhone>\n'
        "</soap:Body></soap:Envelope>"
    )
    assert web.post(b"\xef\xbb\xbf" + odd.encode()).status == 200


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: ENVELOPE.format(text).encode()))
def test_the_parser_raises_nothing_but_its_own(data: bytes) -> None:
    try:
        parse(data, XmlLimits(size=1_000, depth=6, elements=20))
    except XmlRefused as error:
        assert len(str(error)) < 200  # noqa: PT017 - or it does not raise


_shared: list[WebBench] = []
_NAMES = st.sampled_from(
    [
        "getPhone",
        "addPhone",
        "updatePhone",
        "listPhone",
        "updateCallManager",
        "addUser",
        "doDeviceReset",
        "executeSQLQuery",
    ]
)
_TREE = st.recursive(
    st.sampled_from(["", "x", "-1", "t", "%"]),
    lambda below: st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "name",
                    "uuid",
                    "phone",
                    "ports",
                    "sipPorts",
                    "lines",
                    "line",
                    "dirn",
                    "searchCriteria",
                    "returnedTags",
                    "first",
                    "sql",
                    "user",
                    "userid",
                    "deviceName",
                    "product",
                    "zzz",
                ]
            ),
            below,
        ).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"),
        max_size=4,
    ).map("".join),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(_NAMES, _TREE)
def test_any_tree_of_elements_gets_an_answer_or_a_fault(operation: str, content: str) -> None:
    if not _shared:
        _shared.append(WebBench())
    web = _shared[0]
    response = web.ask(operation, content)
    assert response.status in (200, 500)
    root = etree.fromstring(response.body)
    assert response.status == 200 or root.find(".//axlcode") is not None
    assert web.post(VERSION).status == 200


@given(st.text())
def test_cleaned_text_always_fits_into_xml(text: str) -> None:
    element = etree.Element("a")
    element.text = clean(text)
    assert etree.fromstring(etree.tostring(element)) is not None


def test_passwords_are_not_in_any_repr(web: WebBench) -> None:
    assert "secret" not in repr(web.accounts.account("admin"))
    assert "secret" not in repr(HttpRequest(method="POST", path="/", body=b"secret"))
    assert ADMIN[1] not in repr(web.log.records())
