"""What `?wsdl` tells of RIS and Control Center: for those who may call them, and true of every message."""

from __future__ import annotations

import pytest
from lxml import etree

from registrar.core.soap.control_center import PATHS
from registrar.core.soap.ris import PATH
from registrar.core.soap.wsdl import SOAP_BINDING, WSDL, XSD
from simulator.core.http.message import HttpRequest, HttpResponse
from tests.registrar.core.axl.bench import ADMIN, AST, ENVELOPE, WebBench, basic, binding

NS = {"w": WSDL, "s": SOAP_BINDING, "x": XSD}
HOST = ("Host", "ucm1.example.com:8443")


def get(web: WebBench, path: str, *headers: tuple[str, str], method: str = "GET") -> HttpResponse:
    service = web.ris if path == PATH else web.control_center
    request = HttpRequest(method=method, path=path, query=(("wsdl", ""),), headers=headers)
    return service.handle(request, web.now)


def described(web: WebBench, path: str) -> etree._Element:
    response = get(web, path, ADMIN, HOST)
    assert response.status == 200
    return etree.fromstring(response.body)


@pytest.mark.parametrize(
    ("path", "binding_name", "operations"),
    [
        (PATH, "RisBinding", {"selectCmDevice", "selectCmDeviceExt"}),
        (PATHS[0], "ControlCenterServicesBinding", {"soapDoControlServices", "soapGetServiceStatus"}),
        (PATHS[1], "ControlCenterServicesExBinding", {"soapDoControlServices", "soapGetServiceStatus"}),
    ],
    ids=["RIS", "Control Center", "Control Center, extended"],
)
def test_a_service_names_its_binding_its_operations_and_where_it_was_reached(
    web: WebBench, path: str, binding_name: str, operations: set[str]
) -> None:
    wsdl = described(web, path)
    assert wsdl.get("targetNamespace") == AST
    assert [each.get("name") for each in wsdl.iterfind("w:binding", NS)] == [binding_name]
    actions = wsdl.iterfind("w:binding/w:operation/s:operation", NS)
    assert {each.get("soapAction") for each in actions} == operations
    (address,) = wsdl.iterfind(".//s:address", NS)
    assert address.get("location") == f"https://ucm1.example.com:8443{path}"


@pytest.mark.parametrize("path", [PATH, *PATHS])
def test_only_who_may_call_a_service_reads_what_it_is(web: WebBench, path: str) -> None:
    assert get(web, path, HOST).status == 401
    assert get(web, path, HOST, basic("nobody", "secret")).status == 403
    head = get(web, path, HOST, ADMIN, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    post = HttpRequest(method="POST", path=path, query=(("wsdl", ""),), headers=(HOST, ADMIN))
    assert (web.ris if path == PATH else web.control_center).handle(post, web.now).status == 500


@pytest.mark.parametrize(
    "hosts",
    [(), (HOST, HOST), (("Host", ""),), (("Host", "a b"),), (("Host", 'x"/><evil'),), (("Host", "h:999999"),)],
    ids=["none", "two", "empty", "a blank", "markup", "no port"],
)
def test_a_service_without_one_plain_host_has_no_address_to_tell(
    web: WebBench, hosts: tuple[tuple[str, str], ...]
) -> None:
    assert get(web, PATH, ADMIN, *hosts).status == 400


CONTROL = (
    f'<x:soapDoControlServices xmlns:x="{AST}"><x:ControlServiceRequest>'
    '<x:NodeName xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
    "<x:ControlType>Restart</x:ControlType><x:ServiceList><x:item>Cisco CallManager</x:item>"
    "<x:item>Cisco Nothing</x:item></x:ServiceList></x:ControlServiceRequest></x:soapDoControlServices>"
)
STATUS = f'<x:soapGetServiceStatus xmlns:x="{AST}"/>'
SELECT = (
    '<x:{0} xmlns:x="' + AST + '"><x:StateInfo/><x:CmSelectionCriteria><x:MaxReturnedDevices>9'
    "</x:MaxReturnedDevices><x:DeviceClass>Phone</x:DeviceClass><x:Model>255</x:Model><x:Status>Any</x:Status>"
    "<x:NodeName/><x:SelectBy>Name</x:SelectBy><x:SelectItems><x:item><x:Item>{1}</x:Item></x:item>"
    "</x:SelectItems><x:Protocol>Any</x:Protocol><x:DownloadStatus>Any</x:DownloadStatus>"
    "</x:CmSelectionCriteria></x:{0}>"
)


@pytest.mark.parametrize(
    ("path", "question"),
    [
        (PATH, SELECT.format("selectCmDevice", "*")),
        (PATH, SELECT.format("selectCmDeviceExt", "CSFONE")),
        (PATH, SELECT.format("selectCmDeviceExt", "CSFNOBODY")),
        (PATHS[0], CONTROL),
        (PATHS[1], CONTROL),
        (PATHS[0], STATUS),
    ],
    ids=["all devices", "one device", "no device", "control", "control, extended", "status"],
)
def test_published_questions_and_our_answers_are_as_described(web: WebBench, path: str, question: str) -> None:
    web.cluster.bindings.put(binding("CSFONE", "1001", "ucm1"))
    wsdl = described(web, path)
    (types,) = wsdl.iterfind("w:types/x:schema", NS)
    schema = etree.XMLSchema(etree.fromstring(etree.tostring(types)))
    schema.assertValid(etree.fromstring(question))
    service = web.ris if path == PATH else web.control_center
    request = HttpRequest(method="POST", path=path, headers=(ADMIN,), body=ENVELOPE.format(question).encode())
    response = service.handle(request, web.now)
    assert response.status == 200
    ((answer,),) = etree.fromstring(response.body)
    schema.assertValid(etree.fromstring(etree.tostring(answer)))
