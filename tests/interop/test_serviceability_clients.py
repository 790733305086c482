"""zeep asks a running `ucmsim up` for the WSDL of RIS and Control Center, and then works as scripts for a real
UCM do: by the binding's name, by the types it builds by name, and by the address that the WSDL tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.running_lab import RunningLab, running_lab
from tests.patience import patience

pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore")]

requests = pytest.importorskip("requests", reason="requests is not installed")
zeep = pytest.importorskip("zeep", reason="zeep is not installed")
etree = pytest.importorskip("lxml.etree", reason="lxml is not installed")

AST = "http://schemas.cisco.com/ast/soap"
RIS = "/realtimeservice2/services/RISService70"
CONTROL = "/controlcenterservice2/services/ControlCenterServices"
CRITERIA = {
    "MaxReturnedDevices": "1000",
    "DeviceClass": "Phone",
    "Model": "255",
    "Status": "Any",
    "NodeName": "",
    "SelectBy": "Name",
    "SelectItems": {"item": [{"Item": "CSFALICE"}]},
    "Protocol": "Any",
    "DownloadStatus": "Any",
}
PUBLISHED_QUESTION = (
    f'<ns0:selectCmDeviceExt xmlns:ns0="{AST}"><ns0:StateInfo></ns0:StateInfo><ns0:CmSelectionCriteria>'
    "<ns0:MaxReturnedDevices>1000</ns0:MaxReturnedDevices><ns0:DeviceClass>Phone</ns0:DeviceClass>"
    "<ns0:Model>255</ns0:Model><ns0:Status>Any</ns0:Status><ns0:NodeName></ns0:NodeName>"
    "<ns0:SelectBy>Name</ns0:SelectBy><ns0:SelectItems><ns0:item><ns0:Item>CSFALICE</ns0:Item></ns0:item>"
    "</ns0:SelectItems><ns0:Protocol>Any</ns0:Protocol><ns0:DownloadStatus>Any</ns0:DownloadStatus>"
    "</ns0:CmSelectionCriteria></ns0:selectCmDeviceExt>"
)
PUBLISHED_ORDER = (
    f'<ns0:soapDoControlServices xmlns:ns0="{AST}"><ns0:ControlServiceRequest>'
    '<ns0:NodeName xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
    "<ns0:ControlType>Restart</ns0:ControlType><ns0:ServiceList><ns0:item>Cisco CallManager</ns0:item>"
    "</ns0:ServiceList></ns0:ControlServiceRequest></ns0:soapDoControlServices>"
)
"""Both as zeep writes them with a real UCM's WSDL. [observed: administration 5]"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("lab") / "stderr", "--port-base", "0") as running:
        yield running


@pytest.fixture
def session() -> Iterator[Any]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = False
        session.auth = ("admin", "ucmsim")
        yield session


def client_of(lab: RunningLab, session: Any, path: str) -> Any:
    """zeep parses strictly: an answer that the WSDL does not describe is an error."""
    transport = zeep.Transport(session=session, timeout=patience())
    return zeep.Client(f"https://{lab.hostport('https')}{path}?wsdl", transport=transport)


def written(client: Any, operation: str, *arguments: object) -> bytes:
    envelope = client.create_message(client.service, operation, *arguments)
    ((question,),) = envelope
    return bytes(etree.tostring(question, method="c14n", exclusive=True))


def canonical(text: str) -> bytes:
    return bytes(etree.tostring(etree.fromstring(text), method="c14n", exclusive=True))


def devices(answer: Any) -> list[Any]:
    nodes = answer["SelectCmDeviceResult"]["CmNodes"]["item"]
    return [each for node in nodes if node["ReturnCode"] == "Ok" for each in node["CmDevices"]["item"]]


async def test_zeep_asks_ris_how_phones_fare(lab: RunningLab, session: Any) -> None:
    lab.ask("POST", "/phones/CSFALICE/start", {})
    lab.wait_for("binding:changed", 0, device="CSFALICE", what="added")

    def work() -> None:
        client = client_of(lab, session, RIS)
        (alice,) = devices(client.service.selectCmDeviceExt("", CRITERIA))
        assert (alice.Name, alice.Status, alice.StatusReason) == ("CSFALICE", "Registered", 0)
        assert (alice.LoginUserId, alice.Model, alice.DirNumber) == ("alice", 503, "1010-Registered")
        assert alice.IPAddress["item"][0].IP == "127.0.0.1"
        assert alice.LinesStatus["item"][0].DirectoryNumber == "1010"
        service = client.create_service(f"{{{AST}}}RisBinding", f"https://{lab.hostport('https')}{RIS}")
        build = client.type_factory("ns0")
        names = build.ArrayOfSelectItem([build.SelectItem(Item="CSFAL*")])
        criteria = build.CmSelectionCriteria(**{**CRITERIA, "SelectItems": names})
        assert [each.Name for each in devices(service.selectCmDevice("", criteria))] == ["CSFALICE"]
        assert devices(service.selectCmDeviceExt(StateInfo="", CmSelectionCriteria=criteria)) == []

    await asyncio.to_thread(work)


async def test_zeep_restarts_callmanager_and_waits_until_it_runs(lab: RunningLab, session: Any) -> None:
    since = lab.mark()

    def work() -> list[str]:
        client = client_of(lab, session, CONTROL)
        order = {"ControlType": "Restart", "ServiceList": {"item": ["Cisco CallManager"]}}
        answer = client.service.soapDoControlServices(order)
        assert (answer.ReturnCode, answer.ReasonCode) == (0, -1)
        assert [each.ServiceName for each in answer.ServiceInfoList["item"]] == ["Cisco CallManager"]
        states: list[str] = []
        while "Started" not in states:
            (item,) = client.service.soapGetServiceStatus(["Cisco CallManager"]).ServiceInfoList["item"]
            states.append(item.ServiceStatus)
        everything = client.service.soapGetServiceStatus("").ServiceInfoList["item"]
        return [each.ServiceName for each in everything]

    assert {"Cisco CallManager", "Cisco Tomcat", "Cisco AXL Web Service"} <= set(await asyncio.to_thread(work))
    lab.wait_for("service:stopped", since, service="Cisco CallManager")
    lab.wait_for("service:started", since, service="Cisco CallManager")


async def test_zeep_writes_what_it_writes_for_a_real_ucm(lab: RunningLab, session: Any) -> None:
    def work() -> tuple[bytes, bytes]:
        order = {"ControlType": "Restart", "ServiceList": {"item": ["Cisco CallManager"]}}
        return (
            written(client_of(lab, session, RIS), "selectCmDeviceExt", "", CRITERIA),
            written(client_of(lab, session, CONTROL), "soapDoControlServices", order),
        )

    question, order = await asyncio.to_thread(work)
    assert question == canonical(PUBLISHED_QUESTION)
    assert order == canonical(PUBLISHED_ORDER)


async def test_zeep_is_told_what_was_wrong(lab: RunningLab, session: Any) -> None:
    def fault(path: str, operation: str, *arguments: object) -> str:
        with pytest.raises(zeep.exceptions.Fault) as caught:
            client_of(lab, session, path).service[operation](*arguments)
        return str(caught.value.message)

    order = {"NodeName": "ucm9", "ControlType": "Restart", "ServiceList": {"item": ["Cisco CallManager"]}}
    assert "ucm9" in await asyncio.to_thread(fault, CONTROL, "soapDoControlServices", order)
    criteria = {**CRITERIA, "SelectBy": "Colour"}
    assert "Colour" in await asyncio.to_thread(fault, RIS, "selectCmDevice", "", criteria)


async def test_ris_is_not_described_to_strangers(lab: RunningLab, session: Any) -> None:
    session.auth = ("admin", "no")
    with pytest.raises(requests.HTTPError, match="401"):
        await asyncio.to_thread(client_of, lab, session, RIS)
