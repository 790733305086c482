"""RIS and Control Center of a running lab: what they tell is what phones live through."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from simulator.core.instant import Instant
from softphone.aio.client import Outcome, register_once
from softphone.core.settings.profile import AccessToken, FixedToken, PhoneProfile
from tests.e2e.axl import Axl
from tests.e2e.running_lab import RunningLab
from tests.patience import patience

RIS = "/realtimeservice2/services/RISService70"
CONTROL = "/controlcenterservice2/services/ControlCenterServices"
ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<a:{operation} xmlns:a="http://schemas.cisco.com/ast/soap">{body}</a:{operation}></s:Body></s:Envelope>'
)


async def call(lab: RunningLab, path: str, operation: str, body: str) -> tuple[int, str]:
    data = ENVELOPE.format(operation=operation, body=body).encode()
    return await asyncio.to_thread(Axl(lab).post, path, data)


async def select(lab: RunningLab, device: str, operation: str = "selectCmDeviceExt") -> tuple[int, str]:
    criteria = (
        "<a:StateInfo></a:StateInfo><a:CmSelectionCriteria><a:MaxReturnedDevices>10</a:MaxReturnedDevices>"
        "<a:DeviceClass>Phone</a:DeviceClass><a:Model>255</a:Model><a:Status>Any</a:Status><a:NodeName/>"
        f"<a:SelectBy>Name</a:SelectBy><a:SelectItems><a:item><a:Item>{device}</a:Item></a:item></a:SelectItems>"
        "<a:Protocol>Any</a:Protocol><a:DownloadStatus>Any</a:DownloadStatus></a:CmSelectionCriteria>"
    )
    return await call(lab, RIS, operation, criteria)


def status_of(text: str) -> tuple[str, str]:
    device = text[text.index("CmDevices>") :]
    found = re.search(r"<ns1:Status>(\w+)</ns1:Status><ns1:StatusReason>(\d+)<", device)
    assert found is not None, text
    return found[1], found[2]


async def alice(lab: RunningLab, token_of: str = "alice") -> Outcome:
    profile = PhoneProfile(
        device="CSFALICE",
        user="alice",
        config_urls=(f"http://{lab.hostport('config')}/CSFALICE.cnf.xml",),
        trust=(lab.ca_file.read_bytes(),),
    )
    token = AccessToken(await asyncio.to_thread(lab.token, token_of), Instant(float("inf")))
    return await register_once(replace(profile, user=token_of), FixedToken(token), within=patience())


async def test_ris_tells_how_a_phone_fares_and_why(lab: RunningLab) -> None:
    await alice(lab, token_of="bob")
    assert status_of((await select(lab, "CSFALICE"))[1]) == ("Rejected", "35")
    lab.ask("POST", "/phones/CSFALICE/start", {})
    lab.wait_for("binding:changed", 0, device="CSFALICE", what="added")
    assert status_of((await select(lab, "CSFALICE"))[1]) == ("Registered", "0")
    assert status_of((await select(lab, "CSFAL*", "selectCmDevice"))[1]) == ("Registered", "0")


async def test_control_center_restarts_callmanager_for_real(lab: RunningLab) -> None:
    since = lab.mark()
    body = (
        "<a:ControlServiceRequest><a:NodeName/><a:ControlType>Restart</a:ControlType>"
        "<a:ServiceList><a:item>Cisco CallManager</a:item></a:ServiceList></a:ControlServiceRequest>"
    )
    status, text = await call(lab, CONTROL, "soapDoControlServices", body)
    assert (status, "<ns1:ReturnCode>0<" in text) == (200, True), text
    lab.wait_for("service:stopped", since, service="Cisco CallManager")
    lab.wait_for("service:started", since, service="Cisco CallManager")
    ask = "<a:ServiceStatus>Cisco CallManager</a:ServiceStatus>"
    status, text = await call(lab, CONTROL, "soapGetServiceStatus", ask)
    assert "<ns1:ServiceStatus>Started<" in text


async def test_the_sixteenth_question_in_a_minute_is_refused(lab: RunningLab) -> None:
    lab.ask("POST", "/clock/advance", {"seconds": 61})
    for _ in range(15):
        assert (await select(lab, "CSFALICE"))[0] == 200
    status, text = await select(lab, "CSFALICE")
    assert status == 500
    assert "Exceeded allowed rate for Reatime information" in text
    lab.ask("POST", "/clock/advance", {"seconds": 61})
    assert (await select(lab, "CSFALICE"))[0] == 200


@pytest.mark.parametrize("path", [RIS, CONTROL, "AXL"])
async def test_an_unknown_operation_is_a_fault(lab: RunningLab, path: str) -> None:
    if path == "AXL":
        status, text = await asyncio.to_thread(Axl(lab).call, "doSomethingElse", "")
    else:
        status, text = await call(lab, path, "doSomethingElse", "")
    assert status == 500
    assert "Fault>" in text
    assert "<html" not in text
