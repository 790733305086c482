"""RIS tells who is registered where and why not; Control Center starts and stops a node's own services."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from registrar.core.cluster.causes import FailCause, UnregCause
from registrar.core.soap.control_center import PATHS
from registrar.core.soap.realtime import MEMORY
from registrar.core.soap.ris import PATH
from simulator.core.events import BindingChanged, RegistrarRejected
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant
from tests.registrar.core.axl.bench import ADMIN, AST, ENVELOPE, WebBench, basic, binding
from tests.registrar.core.database.bench import PUBLISHER, SUBSCRIBER

NS = {"a": AST}


def criteria(*items: str, **more: str) -> str:
    values = {
        "MaxReturnedDevices": "1000",
        "DeviceClass": "Phone",
        "Model": "255",
        "Status": "Any",
        "NodeName": "",
        "SelectBy": "Name",
        "Protocol": "Any",
        "DownloadStatus": "Any",
        **more,
    }
    selected = "".join(f"<x:item><x:Item>{item}</x:Item></x:item>" for item in items)
    rest = "".join(f"<x:{name}>{value}</x:{name}>" for name, value in values.items())
    return f"<x:CmSelectionCriteria>{rest}<x:SelectItems>{selected}</x:SelectItems></x:CmSelectionCriteria>"


def send(
    handle: Callable[[HttpRequest, Instant], HttpResponse],
    path: str,
    operation: str,
    content: str,
    now: Instant,
    *headers: tuple[str, str],
) -> HttpResponse:
    body = ENVELOPE.format(f'<x:{operation} xmlns:x="{AST}">{content}</x:{operation}>')
    request = HttpRequest(method="POST", path=path, headers=headers or (ADMIN,), body=body.encode())
    return handle(request, now)


def select(web: WebBench, content: str, operation: str = "selectCmDevice") -> etree._Element:
    response = send(web.ris.handle, PATH, operation, f"<x:StateInfo/>{content}", web.now)
    assert response.status == 200, response.body
    return etree.fromstring(response.body)


def found(root: etree._Element) -> dict[str, list[tuple[str, ...]]]:
    """Node -> (name, status, reason) of its devices."""
    nodes = {}
    for node in root.iterfind(".//a:CmNodes/a:item", NS):
        nodes[node.findtext("a:Name", namespaces=NS)] = [
            tuple(item.findtext(f"a:{tag}", namespaces=NS) for tag in ("Name", "Status", "StatusReason"))
            for item in node.iterfind("a:CmDevices/a:item", NS)
        ]
    return nodes


def rejected(web: WebBench, node: str, device: str, cause: int) -> None:
    web.log.emit(
        node,
        RegistrarRejected(
            device=device, aor="", reason="r", detail="", status=403, cause=cause, mark="assumed"
        ),
    )


def ended(web: WebBench, node: str, device: str, what: str, cause: int) -> None:
    web.log.emit(node, BindingChanged(what=what, device=device, aor="", contact="", cause=cause))


def test_a_registered_device_is_shown_with_its_lines_and_address(web: WebBench) -> None:
    web.cluster.bindings.put(binding("CSFONE", "1001", "ucm1", at=1_585_566_211))
    root = select(web, criteria("CSFONE"))
    (item,) = root.iterfind(".//a:CmDevices/a:item", NS)
    text = {etree.QName(each).localname: each.text for each in item}
    assert text["DirNumber"] == "1001-Registered"
    assert (text["Model"], text["Product"], text["LoginUserId"]) == ("503", "390", "alice")
    assert (text["Status"], text["StatusReason"], text["TimeStamp"]) == ("Registered", "0", "1585566211")
    assert item.findtext("a:IPAddress/a:item/a:IP", namespaces=NS) == "192.0.2.10"
    assert item.findtext("a:LinesStatus/a:item/a:Status", namespaces=NS) == "Registered"
    assert root.findtext(".//a:TotalDevicesFound", namespaces=NS) == "1"
    codes = [node.findtext("a:ReturnCode", namespaces=NS) for node in root.iterfind(".//a:CmNodes/a:item", NS)]
    assert codes == ["Ok", "NotFound"]


def test_why_a_device_is_not_registered(web: WebBench) -> None:
    rejected(web, "ucm1", "CSFONE", FailCause.SECURITY_MISMATCH)
    web.cluster.bindings.put(binding("CSFTWO", "1002", "ucm1"))
    ended(web, "ucm1", "CSFTWO", "added", 0)
    web.cluster.bindings.clear("ucm1")
    ended(web, "ucm1", "CSFTWO", "expired", UnregCause.KEEP_ALIVE_TIMEOUT)
    rejected(web, "ucm1", "CSFGHOST", FailCause.DATABASE_CONFIGURATION_ERROR)
    root = select(web, criteria("*"))
    assert found(root)[PUBLISHER] == [
        ("CSFGHOST", "Rejected", "3"),
        ("CSFONE", "Rejected", "28"),
        ("CSFTWO", "UnRegistered", "13"),
    ]
    addresses = root.iterfind(".//a:IPAddress/a:item/a:IP", NS)
    assert [each.text for each in addresses] == ["192.0.2.10"]


def test_a_refusal_beside_a_living_registration_does_not_count(web: WebBench) -> None:
    web.cluster.bindings.put(binding("CSFONE", "1001", "ucm1"))
    rejected(web, "ucm1", "CSFONE", FailCause.AUTHENTICATION_ERROR)
    assert found(select(web, criteria("CSFONE")))[PUBLISHER] == [("CSFONE", "Registered", "0")]


def test_a_device_with_one_of_two_lines_is_partially_registered(web: WebBench) -> None:
    line = "<line><index>2</index><dirn><pattern>1009</pattern><routePartitionName/></dirn></line>"
    web.call("updatePhone", f"<name>CSFONE</name><addLines>{line}</addLines>")
    web.cluster.bindings.put(binding("CSFONE", "1001", "ucm1"))
    root = select(web, criteria("CSFONE"))
    assert found(root)[PUBLISHER] == [("CSFONE", "PartiallyRegistered", "0")]
    numbers = [each.text for each in root.iterfind(".//a:DirNumber", NS)]
    assert numbers == ["1001-Registered,1009-UnRegistered"]


def test_the_extended_query_knows_the_most_recent_record_only(web: WebBench) -> None:
    rejected(web, "ucm1", "CSFONE", 28)
    web.cluster.bindings.put(binding("CSFONE", "1001", "ucm2", at=5))
    rejected(web, "ucm1", "CSFTWO", 10)
    assert found(select(web, criteria("*")))[PUBLISHER][0][:2] == ("CSFONE", "Rejected")
    latest = found(select(web, criteria("CSFONE", "CSFTWO"), "selectCmDeviceExt"))
    assert latest == {PUBLISHER: [("CSFTWO", "Rejected", "10")], SUBSCRIBER: [("CSFONE", "Registered", "0")]}
    assert found(select(web, criteria("*"), "selectCmDeviceExt")) == {PUBLISHER: [], SUBSCRIBER: []}


SELECTIONS = [
    ("by a wildcard", criteria("csf*e"), ["CSFONE"]),
    ("by several names in one item", criteria("CSFONE,CSFTWO"), ["CSFONE", "CSFTWO"]),
    ("by directory number", criteria("1002", SelectBy="DirNumber"), ["CSFTWO"]),
    ("by address", criteria("192.0.2.10", SelectBy="IPV4Address"), ["CSFONE"]),
    ("by description", criteria("*alice", SelectBy="Description"), ["CSFONE", "CSFTWO"]),
    ("by status", criteria("*", Status="Rejected"), ["CSFTWO"]),
    ("by model", criteria("*", Model="575"), []),
    ("by protocol", criteria("*", Protocol="SCCP"), []),
    ("by class", criteria("*", DeviceClass="Gateway"), []),
    ("at most one", criteria("*", MaxReturnedDevices="1"), ["CSFONE"]),
    ("no item", criteria(), []),
    ("no regular expression", criteria("CSF.NE"), []),
]


@pytest.mark.parametrize(
    ("content", "names"), [row[1:] for row in SELECTIONS], ids=[row[0] for row in SELECTIONS]
)
def test_a_selection_selects(web: WebBench, content: str, names: list[str]) -> None:
    web.cluster.bindings.put(binding("CSFONE", "1001", "ucm1"))
    rejected(web, "ucm1", "CSFTWO", 10)
    assert [name for name, *_ in found(select(web, content))[PUBLISHER]] == names


def test_one_node_can_be_asked_for(web: WebBench) -> None:
    assert list(found(select(web, criteria("*", NodeName=SUBSCRIBER)))) == [SUBSCRIBER]
    root = select(web, criteria("*", NodeName="nope"))
    assert root.findtext(".//a:ReturnCode", namespaces=NS) == "InvalidNodeName"


def test_the_sixteenth_query_in_a_minute_is_refused(web: WebBench) -> None:
    for _ in range(15):
        select(web, criteria("*"))
    refused = send(web.ris.handle, PATH, "selectCmDevice", criteria("*"), web.now)
    assert refused.status == 500
    assert etree.fromstring(refused.body).findtext(".//faultstring") == (
        "AxisFault: Exceeded allowed rate for Reatime information. Current allowed rate for realtime "
        "information is 15 requests per minute."
    )
    web.now = Instant(web.now + 60)
    select(web, criteria("*"))
    parameter = "update processconfig set paramvalue = '1' where paramname = 'AllowedDeviceQueriesPerMinute'"
    web.publisher.run_update(parameter)
    refused = send(web.ris.handle, PATH, "selectCmDevice", criteria("*"), web.now)
    assert b"is 1 requests per minute" in refused.body


def test_what_ris_remembers_is_bounded(web: WebBench) -> None:
    for number in range(MEMORY + 10):
        rejected(web, "ucm1", f"GHOST{number}", 3)
    assert len(web.realtime.outcomes("ucm1")) == MEMORY
    assert web.realtime.outcomes("ucm1")[0].device == "GHOST10"


def test_the_registration_table_says_where_a_device_is(web: WebBench) -> None:
    assert web.query("select * from registrationdynamic") == []
    web.cluster.bindings.put(binding("CSFONE", "1001", "ucm2", at=7))
    assert web.query(
        "select d.name, r.lastknownipaddress, r.lastknownucm, r.lastseen from registrationdynamic r, device d "
        "where d.pkid = r.fkdevice"
    ) == [{"name": "CSFONE", "lastknownipaddress": "192.0.2.10", "lastknownucm": SUBSCRIBER, "lastseen": "7"}]


RIS_FAULTS = [
    ("another operation", "selectCtiItem", "", "selectCtiItem is no operation"),
    ("no criteria", "selectCmDevice", "", "CmSelectionCriteria is missing"),
    ("a wrong way to select", "selectCmDevice", criteria("*", SelectBy="Colour"), "SelectBy 'Colour'"),
    (
        "a limit that is none",
        "selectCmDevice",
        criteria("*", MaxReturnedDevices="-5"),
        "MaxReturnedDevices '-5'",
    ),
]


@pytest.mark.parametrize(
    ("operation", "content", "text"), [row[1:] for row in RIS_FAULTS], ids=[row[0] for row in RIS_FAULTS]
)
def test_a_query_that_cannot_be_is_a_fault(web: WebBench, operation: str, content: str, text: str) -> None:
    response = send(web.ris.handle, PATH, operation, content, web.now)
    assert response.status == 500
    assert text in etree.fromstring(response.body).findtext(".//faultstring")


# --- Control Center ------------------------------------------------------------------------------------------


def control(web: WebBench, operation: str, content: str, path: str = PATHS[0]) -> etree._Element:
    response = send(web.control_center.handle, path, operation, content, web.now)
    assert response.status == 200, response.body
    return etree.fromstring(response.body)


def order(action: str, *services: str, node: str = "") -> str:
    items = "".join(f"<x:item>{name}</x:item>" for name in services)
    return (
        f"<x:ControlServiceRequest><x:NodeName>{node}</x:NodeName><x:ControlType>{action}</x:ControlType>"
        f"<x:ServiceList>{items}</x:ServiceList></x:ControlServiceRequest>"
    )


def states(root: etree._Element) -> dict[str, str]:
    return {
        item.findtext("a:ServiceName", namespaces=NS): item.findtext("a:ServiceStatus", namespaces=NS)
        for item in root.iterfind(".//a:ServiceInfoList/a:item", NS)
    }


def code(root: etree._Element) -> tuple[str, str, str]:
    return tuple(
        root.find(".//a:ReturnCode/..", NS).findtext(f"a:{tag}", namespaces=NS)
        for tag in ("ReturnCode", "ReasonCode", "ReasonString")
    )


@pytest.mark.parametrize("path", PATHS)
def test_the_status_of_all_services_or_of_some(web: WebBench, path: str) -> None:
    every = states(control(web, "soapGetServiceStatus", "<x:ServiceStatus/>", path))
    assert every["Cisco CallManager"] == "Started"
    assert every["Cisco CTIManager"] == "Stopped"
    assert len(every) == 4
    some = control(web, "soapGetServiceStatus", "<x:ServiceStatus>Cisco Tomcat</x:ServiceStatus>", path)
    assert states(some) == {"Cisco Tomcat": "Started"}
    assert code(some) == ("0", "-1", "")
    assert some.findtext(".//a:UpTime", namespaces=NS) == "12"
    assert some.findtext(".//a:StartTime", namespaces=NS) == "Mon Sep 21 14:13:08 2026"


def test_a_service_that_is_not_activated_says_so(web: WebBench) -> None:
    root = control(web, "soapGetServiceStatus", "<x:ServiceStatus>Cisco CTIManager</x:ServiceStatus>")
    item = root.find(".//a:ServiceInfoList/a:item", NS)
    assert item.findtext("a:ReasonCode", namespaces=NS) == "-1068"
    assert item.findtext("a:ReasonCodeString", namespaces=NS) == "Service Not Activated"


ACTIONS = [("Restart", "restart", "Starting"), ("Stop", "stop", "Stopped"), ("Start", "start", "Started")]


@pytest.mark.parametrize(("action", "done", "state"), ACTIONS)
def test_services_are_controlled_on_the_own_node(web: WebBench, action: str, done: str, state: str) -> None:
    names = ("Cisco CallManager", "Cisco Tomcat")
    root = control(web, "soapDoControlServices", order(action, *names, node=PUBLISHER))
    assert web.services.done == [(done, PUBLISHER, name) for name in names]
    assert states(root) == dict.fromkeys(names, state)
    assert code(root) == ("0", "-1", "")


def test_a_service_that_cannot_be_controlled_is_reported_beside_the_others(web: WebBench) -> None:
    root = control(web, "soapDoControlServices", order("Restart", "Nope", "Cisco Tomcat"))
    assert states(root) == {"Nope": "Unknown", "Cisco Tomcat": "Starting"}
    assert code(root) == ("1", "-1068", "there is no service Nope")


CONTROL_FAULTS = [
    ("another operation", "soapDoServiceDeployment", "", "is no operation"),
    ("no request", "soapDoControlServices", "", "ControlServiceRequest is missing"),
    ("an unknown action", "soapDoControlServices", order("Reload", "Cisco Tomcat"), "ControlType 'Reload'"),
    ("no service", "soapDoControlServices", order("Start"), "names no service"),
    ("another node", "soapDoControlServices", order("Start", "Cisco Tomcat", node=SUBSCRIBER), "not this node"),
]


@pytest.mark.parametrize(
    ("operation", "content", "text"),
    [row[1:] for row in CONTROL_FAULTS],
    ids=[row[0] for row in CONTROL_FAULTS],
)
def test_an_order_that_cannot_be_is_a_fault(web: WebBench, operation: str, content: str, text: str) -> None:
    response = send(web.control_center.handle, PATHS[0], operation, content, web.now)
    assert response.status == 500
    assert text in etree.fromstring(response.body).findtext(".//faultstring")
    assert web.services.done == []


# --- both of them --------------------------------------------------------------------------------------------


def test_the_doors_ask_for_login_role_method_and_path(web: WebBench) -> None:
    for handle, path in ((web.ris.handle, PATH), (web.control_center.handle, PATHS[0])):
        assert send(handle, path, "x", "", web.now, ("Accept", "*/*")).status == 401
        assert send(handle, path, "x", "", web.now, basic("admin", "wrong")).status == 401
        assert send(handle, path, "x", "", web.now, basic("nobody", "secret")).status == 403
        assert send(handle, "/axl/", "x", "", web.now).status == 404
        assert handle(HttpRequest(method="GET", path=path, headers=(ADMIN,)), web.now).status == 405
        for body in (b"", b"\x00\xff", b"<!DOCTYPE x><x/>", b"<" + b"x" * 300_000):
            response = handle(HttpRequest(method="POST", path=path, headers=(ADMIN,), body=body), web.now)
            assert response.status in (413, 500)
        assert send(handle, path, "x", "", web.now).status == 500
    assert {(each.service, each.operation) for each in web.calls} == {("RIS", "x"), ("Control Center", "x")}
