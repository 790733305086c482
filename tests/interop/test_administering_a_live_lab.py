"""Third-party clients administer a running `ucmsim up` over AXL: zeep and ciscoaxl.

No WSDL is committed here: ciscoaxl ships them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registrar.core.axl import OPERATIONS
from simulator.core.instant import Instant
from softphone.aio.client import Registered, register_once
from softphone.core.settings.profile import AccessToken, FixedToken, PhoneProfile
from tests.e2e.running_lab import RunningLab, running_lab
from tests.patience import patience

pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore")]

ciscoaxl = pytest.importorskip("ciscoaxl", reason="ciscoaxl is not installed")
requests = pytest.importorskip("requests", reason="requests is not installed")
zeep = pytest.importorskip("zeep", reason="zeep is not installed")

PASSWORD = "ucmsim"
CSF = "Cisco Unified Client Services Framework"
BINDING = "{http://www.cisco.com/AXLAPIService/}AXLAPIBinding"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningLab]:
    # requests lets these override verify=False; a proxy would not reach us.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_lab(tmp_path / "stderr", "--port-base", "0") as running:
        yield running


@contextlib.contextmanager
def axl(lab: RunningLab, version: str = "12.5") -> Iterator[Any]:
    """The AXL port as zeep builds it, parsing strictly: an answer out of the schema's order is an error."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = False
        session.auth = ("admin", PASSWORD)
        wsdl = Path(ciscoaxl.__file__).parent / "schema" / version / "AXLAPI.wsdl"
        transport = zeep.Transport(session=session, timeout=patience())
        client = zeep.Client(str(wsdl), settings=zeep.Settings(xml_huge_tree=True), transport=transport)
        yield client.create_service(BINDING, f"https://{lab.hostport('https')}/axl/")


async def registers(lab: RunningLab, device: str, user: str) -> None:
    profile = PhoneProfile(
        device=device,
        user=user,
        config_urls=(f"http://{lab.hostport('config')}/{device}.cnf.xml",),
        trust=(lab.ca_file.read_bytes(),),
    )
    token = AccessToken(lab.token(user), Instant(float("inf")))
    outcome = await register_once(profile, FixedToken(token), within=patience())
    assert isinstance(outcome, Registered), outcome


def whole_life_of_a_user_and_a_phone(service: Any) -> None:
    profile = {
        "phoneType": CSF,
        "protocol": "SIP",
        "name": "New OAuth",
        "deviceSecurityMode": "Encrypted",
        "transportType": "TLS",
        "EnableOAuthAuthentication": "true",
    }
    service.addPhoneSecurityProfile(phoneSecurityProfile=profile)
    service.updatePhoneSecurityProfile(name="New OAuth", description="of AXL")
    got = service.getPhoneSecurityProfile(name="New OAuth")["return"].phoneSecurityProfile
    assert (got.description, got.EnableOAuthAuthentication) == ("of AXL", "true")
    listed = service.listPhoneSecurityProfile({"name": "New%"}, {"name": ""})["return"].phoneSecurityProfile
    assert [each.name for each in listed] == ["New OAuth"]
    service.addUser(user={"userid": "zoe", "lastName": "Z", "presenceGroupName": "x", "password": "Secret12"})
    service.updateUser(userid="zoe", firstName="Zoe")
    assert service.getUser(userid="zoe")["return"].user.firstName == "Zoe"
    assert [each.userid for each in service.listUser({"userid": "z%"}, {"userid": ""})["return"].user] == [
        "zoe"
    ]
    service.addLine(line={"pattern": "3000", "usage": "Device", "routePartitionName": ""})
    service.updateLine(pattern="3000", routePartitionName="", description="Zoe's")
    assert service.getLine(pattern="3000", routePartitionName="")["return"].line.description == "Zoe's"
    assert len(service.listLine({"pattern": "3000"}, {"pattern": ""})["return"].line) == 1


def a_phone_of_zoe(lab: RunningLab) -> None:
    host, port = lab.endpoint("https")
    ucm = ciscoaxl.axl(username="admin", password=PASSWORD, cucm=host, cucm_port=port, cucm_version="12.5")
    added = ucm.add_phone(
        name="CSFZOE",
        description="Zoe's",
        product=CSF,
        protocol="SIP",
        phone_template="Standard Client Services Framework",
        ownerUserName="zoe",
    )
    assert not isinstance(added, Exception), added
    ucm.client.updatePhone(
        name="CSFZOE",
        securityProfileName="New OAuth",
        lines={"line": [{"index": 1, "dirn": {"pattern": "3000", "routePartitionName": ""}}]},
    )
    assert ucm.get_phone(name="CSFZOE")["ownerUserName"]["_value_1"] == "zoe"
    assert {"CSFALICE", "CSFZOE"} <= {each["name"] for each in ucm.get_phones(tagfilter={"name": ""})}
    assert ucm.sql_query("select name from device where name = 'CSFZOE'")


def its_end(service: Any) -> None:
    service.removePhone(name="CSFZOE")
    service.removeLine(pattern="3000", routePartitionName="")
    service.removeUser(userid="zoe")
    service.removePhoneSecurityProfile(name="New OAuth")
    with pytest.raises(zeep.exceptions.Fault):
        service.getPhone(name="CSFZOE")


async def a_user_and_a_phone_made_over_axl_register(lab: RunningLab) -> None:
    with axl(lab) as service:
        await asyncio.to_thread(whole_life_of_a_user_and_a_phone, service)
        await asyncio.to_thread(a_phone_of_zoe, lab)
        await registers(lab, "CSFZOE", "zoe")
        await asyncio.to_thread(its_end, service)
    with pytest.raises(AssertionError, match=r"404|NOT_FOUND|Unreachable|Refused"):
        await registers(lab, "CSFZOE", "alice")


async def the_cluster_is_read_and_its_ports_are_changed(lab: RunningLab) -> None:
    oauth = lab.endpoint("oauth")[1]

    def work(service: Any) -> int:
        key = {"name": "CM_ucm-pub"}
        assert service.getCCMVersion()["return"].componentVersion.version.startswith("12.5.1")
        ports = service.getCallManager(**key)["return"].callManager.ports
        assert ports.sipPorts.sipOAuthPort == oauth
        assert [
            each.name for each in service.listCallManager({"name": "%"}, {"name": ""})["return"].callManager
        ] == ["CM_ucm-pub"]
        nodes = service.listProcessNode({"name": "%"}, {"name": "", "nodeUsage": ""})["return"].processNode
        assert [each.name for each in nodes] == ["EnterpriseWideData", "127.0.0.1"]
        services = service.listProcessNodeService({"processNodeName": "%"}, {"service": ""})["return"]
        assert "Cisco CallManager" in {each.service for each in services.processNodeService}
        parameter = {"processNodeName": "EnterpriseWideData", "service": "Enterprise Wide"}
        rate = parameter | {"name": "AllowedDeviceQueriesPerMinute"}
        service.updateServiceParameter(**rate, value="18")
        assert service.getServiceParameter(**rate)["return"].serviceParameter.value == "18"
        listed = service.listServiceParameter(parameter, {"name": ""})["return"].serviceParameter
        assert "ClusterSIPOAuthMode" in {each.name for each in listed}
        new = int(oauth) - 7000
        service.updateCallManager(
            **key,
            ports={
                "ethernetPhonePort": 2000,
                "mgcpPorts": {"listen": 2427, "keepAlive": 2428},
                "sipPorts": {
                    "sipPhonePort": ports.sipPorts.sipPhonePort,
                    "sipPhoneSecurePort": ports.sipPorts.sipPhoneSecurePort,
                    "sipOAuthPort": new,
                    "sipOAuthMRAPort": ports.sipPorts.sipOAuthMRAPort,
                },
            },
        )
        for act in (service.applyCallManager, service.resetCallManager, service.restartCallManager):
            assert act(**key)["return"]
        for act in (service.applyPhone, service.resetPhone, service.restartPhone):
            assert act(name="CSFALICE")["return"]
        assert service.doDeviceReset(deviceName="CSFALICE", isHardReset="true", isMGCP="false")
        return new

    with axl(lab) as service:
        new = await asyncio.to_thread(work, service)
    restarted = await asyncio.to_thread(
        lab.ask, "POST", "/admin", {"command": "utils service restart Cisco CallManager"}
    )
    assert restarted.json["succeeded"]
    assert lab.get("/endpoints")["ucm-pub"]["oauth"][1] == new
    await registers(lab, "CSFALICE", "alice")


async def rows_of_expressways_come_and_go(lab: RunningLab) -> None:
    def work(service: Any) -> None:
        row = {"HostNameOrIP": "expc1", "X509SubjectNameorSubjectAlternateName": "expc1.example.com"}
        service.addExpresswayCConfiguration(expresswayCConfiguration=row)
        with pytest.raises(zeep.exceptions.Fault) as twice:
            service.addExpresswayCConfiguration(expresswayCConfiguration=row)
        assert twice.value.detail.findtext(".//axlcode") == "-239"
        service.updateExpresswayCConfiguration(HostNameOrIP="expc1", newHostNameOrIP="expc1.example.com")
        got = service.getExpresswayCConfiguration(HostNameOrIP="expc1.example.com")["return"]
        assert got.expresswayCConfiguration.X509SubjectNameorSubjectAlternateName == "expc1.example.com"
        listed = service.listExpresswayCConfiguration({"HostNameOrIP": "%"}, {"HostNameOrIP": ""})["return"]
        assert {each.HostNameOrIP for each in listed.expresswayCConfiguration} == {"expc", "expc1.example.com"}
        service.removeExpresswayCConfiguration(HostNameOrIP="expc1.example.com")
        updated = service.executeSQLUpdate(sql="delete from expresswaycconfiguration")["return"].rowsUpdated
        assert updated == 1
        assert service.executeSQLQuery(sql="select * from expresswaycconfiguration")["return"] is None

    with axl(lab) as service:
        await asyncio.to_thread(work, service)


def what_phones_stand_on(service: Any) -> None:
    partition = {"name": "Internal"}
    service.addRoutePartition(routePartition=partition)
    service.updateRoutePartition(**partition, description="inside")
    assert service.getRoutePartition(**partition)["return"].routePartition.description == "inside"
    listed = service.listRoutePartition({"name": "Int%"}, {"name": ""})["return"].routePartition
    assert [each.name for each in listed] == ["Internal"]
    service.removeRoutePartition(**partition)
    assert service.listRoutePartition(partition, {"name": ""})["return"] is None
    pool = {"name": "Branch"}
    needed = {"dateTimeSettingName": "CMLocal", "callManagerGroupName": "Default", "regionName": "Default"}
    service.addDevicePool(devicePool={**pool, **needed, "srstName": "Disable"})
    service.updateDevicePool(**pool, newName="Branch 2")
    assert service.getDevicePool(name="Branch 2")["return"].devicePool.name == "Branch 2"
    assert len(service.listDevicePool({"name": "Branch%"}, {"name": ""})["return"].devicePool) == 1
    service.removeDevicePool(name="Branch 2")
    assert service.listDevicePool({"name": "Branch%"}, {"name": ""})["return"] is None


def profiles_and_nodes(service: Any) -> None:
    for act in (service.applyPhoneSecurityProfile, service.resetPhoneSecurityProfile):
        assert act(name="oauth")["return"]
    found = service.listProcessNode({"name": "127%"}, {"name": ""})["return"].processNode
    node = service.getProcessNode(uuid=found[0].uuid)["return"].processNode
    assert (node.name, node.nodeUsage) == ("127.0.0.1", "Publisher")
    key = {"processNodeName": node.name, "service": "Cisco CallManager"}
    assert service.getProcessNodeService(**key)["return"].processNodeService.isActive == "true"


async def test_every_operation_is_called_by_a_library_nobody_here_wrote(lab: RunningLab) -> None:
    await a_user_and_a_phone_made_over_axl_register(lab)
    await rows_of_expressways_come_and_go(lab)
    with axl(lab) as service:
        await asyncio.to_thread(what_phones_stand_on, service)
        await asyncio.to_thread(profiles_and_nodes, service)
    await the_cluster_is_read_and_its_ports_are_changed(lab)
    done = {event["operation"] for event in lab.events("soap:called", 0, service="AXL", status=200)}
    assert done == set(OPERATIONS)
