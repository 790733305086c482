"""Provisioning libraries that nobody here wrote administer a node over real HTTPS: ciscoaxl, and zeep with the
WSDL files that ciscoaxl ships. Where they are not installed the tests are skipped; no WSDL is committed here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from certs.authority import self_signed
from certs.contexts import server_context
from certs.spec import CertSpec
from simulator.aio.clock import RealClock
from simulator.aio.http_server import http_protocols
from simulator.core.tls.settings import ServerTls
from tests.patience import patience
from tests.registrar.core.axl.bench import WebBench

pytestmark = [
    pytest.mark.interop,
    # What the libraries warn of is theirs.
    pytest.mark.filterwarnings("ignore"),
]

ciscoaxl = pytest.importorskip("ciscoaxl", reason="ciscoaxl is not installed")
requests = pytest.importorskip("requests", reason="requests is not installed")
zeep = pytest.importorskip("zeep", reason="zeep is not installed")

MODE = "select paramname,paramvalue from processconfig where paramname='ClusterSIPOAuthMode'"
CSF = "Cisco Unified Client Services Framework"


@dataclass(frozen=True)
class Node:
    web: WebBench
    port: int

    def session(self) -> Any:
        session = requests.Session()
        session.trust_env = False
        session.verify = False
        session.auth = ("admin", "secret")
        return session

    def zeep(self, version: str) -> Any:
        """The AXL port as zeep builds it, parsing strictly: an answer out of the schema's order is an error."""
        wsdl = Path(ciscoaxl.__file__).parent / "schema" / version / "AXLAPI.wsdl"
        transport = zeep.Transport(session=self.session(), timeout=patience())
        client = zeep.Client(str(wsdl), settings=zeep.Settings(xml_huge_tree=True), transport=transport)
        binding = "{http://www.cisco.com/AXLAPIService/}AXLAPIBinding"
        return client.create_service(binding, f"https://127.0.0.1:{self.port}/axl/")

    def ciscoaxl(self) -> Any:
        return ciscoaxl.axl(
            username="admin", password="secret", cucm="127.0.0.1", cucm_port=self.port, cucm_version="12.5"
        )


@pytest.fixture
async def node(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Node]:
    # requests lets these override verify=False; a proxy would not reach us.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    sessions: list[Any] = []
    begin = requests.Session.__init__

    def beginning(session: Any) -> None:
        begin(session)
        sessions.append(session)

    # ciscoaxl keeps its session to itself: note each one, so that all are closed with the node.
    monkeypatch.setattr(requests.Session, "__init__", beginning)
    web = WebBench()
    clock = RealClock()
    issued = self_signed(
        CertSpec(common_name="ucm1.example.com", sans=("127.0.0.1",), key="ec256"), now=clock.now()
    )
    context = server_context(ServerTls(credential=issued.credential, maximum="1.3"))
    protocols = http_protocols(web.axl, clock)
    opened: list[Any] = []

    def protocol() -> Any:
        opened.append(protocols())
        return opened[-1]

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=context)
    yield Node(web=web, port=server.sockets[0].getsockname()[1])
    server.close()
    for session in sessions:
        session.close()
    for each in opened:
        # The libraries leave some connections to the garbage collector; a closing handshake would wait for it.
        if each.transport is not None:
            each.transport.abort()
    await protocols.shutdown()
    await asyncio.sleep(0)
    web.database.close()


async def told(work: Callable[[], Any]) -> Any:
    """The client's own thread: these libraries block."""
    return await asyncio.to_thread(work)


async def test_ciscoaxl_walks_through_a_days_work(node: Node) -> None:
    def work() -> dict[str, Any]:
        ucm = node.ciscoaxl()
        done: dict[str, Any] = {"version": ucm.client.getCCMVersion()["return"].componentVersion.version}
        row = {"HostNameOrIP": "expc1", "X509SubjectNameorSubjectAlternateName": "expc1.example.com"}
        ucm.client.addExpresswayCConfiguration(expresswayCConfiguration=row)
        done["rows"] = ucm.client.listExpresswayCConfiguration(
            {"HostNameOrIP": "%"}, returnedTags=dict.fromkeys(row, "")
        )
        done["sql"] = ucm.run_sql_query(MODE)
        done["updated"] = ucm.sql_update("update device set description='x' where name='CSFTWO'")
        done["phone"] = ucm.add_phone(
            name="CSFNEW",
            description="n",
            product=CSF,
            protocol="SIP",
            phone_template="Standard Client Services Framework",
            ownerUserName="alice",
        )
        done["got"] = ucm.get_phone(name="CSFNEW")
        done["phones"] = ucm.get_phones(tagfilter={"name": "", "model": ""})
        done["reset"] = ucm.do_device_reset(name="CSFONE")
        ucm.client.updatePhoneSecurityProfile(name="CSF OAuth", EnableOAuthAuthentication="false")
        return done

    done = await told(work)
    assert done["version"] == "12.5.1.11900(146)"
    assert [each.HostNameOrIP for each in done["rows"]["return"].expresswayCConfiguration] == ["expc", "expc1"]
    assert done["sql"]["rows"] == [{"paramname": "ClusterSIPOAuthMode", "paramvalue": "0"}]
    web = node.web
    assert web.directory.device("CSFTWO").description == "x"
    assert web.directory.device("CSFNEW").model == "503"
    assert {each["name"] for each in done["phones"]} == {"CSFONE", "CSFTWO", "CSFNEW"}
    assert ("CSFONE", "reset") in web.devices.done
    assert not web.directory.profile("CSF OAuth").oauth


async def test_ciscoaxl_is_told_of_a_wrong_password(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> Any:
        return ciscoaxl.axl(
            username="admin", password="wrong", cucm="127.0.0.1", cucm_port=node.port, cucm_version="12.5"
        )

    try:
        await told(work)
    except Exception as error:
        assert "401" in str(error)  # noqa: PT017 - some versions print
    else:
        assert "401" in capsys.readouterr().out


async def test_zeep_parses_every_answer_strictly(node: Node) -> None:
    def work() -> None:
        axl = node.zeep("12.5")
        key = {"name": "CM_ucm1"}
        ports = axl.getCallManager(**key)["return"].callManager.ports
        sip = ports.sipPorts
        assert (ports.ethernetPhonePort, sip.sipOAuthPort, sip.sipOAuthMRAPort) == (2000, 5090, 5091)
        new = {
            "ethernetPhonePort": 2000,
            "mgcpPorts": {"listen": 2427, "keepAlive": 2428},
            "sipPorts": {
                "sipPhonePort": 5060,
                "sipPhoneSecurePort": 5061,
                "sipOAuthPort": 5190,
                "sipOAuthMRAPort": 5191,
            },
        }
        assert axl.updateCallManager(**key, ports=new)["return"].startswith("{")
        nodes = axl.listProcessNode({"name": "%"}, {"name": "", "nodeUsage": ""})["return"].processNode
        assert [each.nodeUsage for each in nodes] == ["Subscriber", "Publisher", "Subscriber"]
        assert axl.listProcessNodeService({"processNodeName": "%"}, {"service": ""})[
            "return"
        ].processNodeService
        assert axl.listCallManager({"name": "%"}, {"name": "", "processNodeName": ""})["return"].callManager
        parameter = {
            "processNodeName": "EnterpriseWideData",
            "name": "ClusterSIPOAuthMode",
            "service": "Enterprise Wide",
        }
        assert axl.getServiceParameter(**parameter)["return"].serviceParameter.value == "0"
        profile = {
            "phoneType": CSF,
            "protocol": "SIP",
            "name": "New",
            "deviceSecurityMode": "Encrypted",
            "transportType": "TLS",
            "EnableOAuthAuthentication": "true",
        }
        axl.addPhoneSecurityProfile(phoneSecurityProfile=profile)
        assert (
            axl.getPhoneSecurityProfile(name="New")["return"].phoneSecurityProfile.EnableOAuthAuthentication
            == "true"
        )
        phone = axl.getPhone(name="CSFONE")["return"].phone
        assert phone.securityProfileName._value_1 == "CSF OAuth"
        assert phone.lines.line[0].dirn.pattern == "1001"
        axl.updatePhone(name="CSFONE", securityProfileName="New")
        axl.addLine(line={"pattern": "3000", "usage": "Device", "routePartitionName": ""})
        assert axl.getLine(pattern="3000", routePartitionName="")["return"].line.pattern == "3000"
        axl.addUser(user={"userid": "carol", "lastName": "C", "presenceGroupName": "x", "password": "Secret12"})
        assert axl.getUser(userid="carol")["return"].user.lastName == "C"
        assert axl.listUser({"userid": "%"}, {"userid": ""})["return"].user
        for act in (axl.applyPhone, axl.restartPhone, axl.resetPhone):
            act(name="CSFONE")
        assert axl.listPhone({"name": "nothing"}, {"name": ""})["return"] is None
        assert axl.getPhone(name="CSFONE", sequence=5).sequence == 5

    await told(work)
    assert node.web.cluster.node("ucm1").ports.oauth == 5190
    assert node.web.directory.device("CSFONE").profile == "New"


@pytest.mark.parametrize("version", ["8.5", "9.1", "10.0", "10.5", "11.0", "11.5", "12.0"])
async def test_zeep_with_an_older_schema_parses_strictly_too(node: Node, version: str) -> None:
    def work() -> None:
        axl = node.zeep(version)
        assert axl.getCallManager(name="CM_ucm1")["return"].callManager.ports.sipPorts.sipPhonePort == 5060
        assert (
            axl.getPhoneSecurityProfile(name="CSF OAuth")["return"].phoneSecurityProfile.transportType == "TLS"
        )
        assert axl.getPhone(name="CSFONE")["return"].phone.ownerUserName._value_1 == "alice"
        assert axl.getProcessNode(name="ucm1.example.com")["return"].processNode.nodeUsage == "Publisher"
        assert axl.getLine(pattern="1001")["return"].line.usage == "Device"

    await told(work)


async def test_zeep_reads_a_fault(node: Node) -> None:
    def fault(name: str, /, **arguments: Any) -> tuple[str, str, str]:
        with pytest.raises(zeep.exceptions.Fault) as caught:
            node.zeep("12.5")[name](**arguments)
        error = caught.value
        return error.code, error.message, error.detail.findtext(".//axlcode")

    missing = await told(lambda: fault("getPhone", name="NOPE"))
    assert missing == ("soapenv:Client", "Item not valid: The specified Phone was not found", "5007")
    refused = await told(
        lambda: fault("updatePhoneSecurityProfile", name="CSF OAuth", tftpEncryptedConfig="true")
    )
    assert refused[2] == "-746"
    syntax = await told(lambda: fault("executeSQLQuery", sql="selec"))
    assert syntax == ("soapenv:Client", "A syntax error has occurred.", "-201")
