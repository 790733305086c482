"""Alarms in syslog form while a lab runs, and UCM's counters at GET /metrics."""

from __future__ import annotations

import re
import socket
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from simulator.lab.config.expressways import ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.phones import PhoneConfig, ProfileConfig, TokenConfig
from simulator.lab.control import ControlServer
from simulator.lab.control.up import endpoints_of
from simulator.lab.run.live import Lab, open_lab
from simulator.lab.run.syslog import Syslog
from simulator.lab.steps.service_actions import end_service
from tests.patience import patience

LAB = LabConfig(
    expressways=[ExpresswayConfig(name="expc", trusted_cas=["tomcat-ca"])],
    profiles=[ProfileConfig(name="other", mode="encrypted", transport="tls")],
    phones=[
        PhoneConfig(device="CSFALICE", user="alice", dn="1010"),
        PhoneConfig(device="CSFBOB", user="bob", dn="1011", deployment="mra"),
        PhoneConfig(device="CSFCAROL", user="carol", dn="1012", profile="authenticated"),
        PhoneConfig(device="CSFERIN", user="erin", dn="1014", token=TokenConfig(mutate="expired")),
        PhoneConfig(device="CSFFRED", user="fred", dn="1015", trust=["stranger-ca"]),
    ],
)


async def start(lab: Lab, *devices: str) -> None:
    for device in devices:
        phone = lab.site.phones.get(device)
        phone.start(lab.site.clock.now())
        lab.run(phone)
        await lab.until_idle()


async def happenings(lab: Lab) -> None:
    await start(lab, "CSFALICE", "CSFERIN", "CSFFRED")
    await end_service(lab, "ucm-pub")
    await lab.until_idle()


ALARM = re.compile(
    r"(?P<number>\d+): ucm-pub \w{3} \d\d \d{4} \d\d:\d\d:\d\d UTC :   "
    r"%UC_CALLMANAGER-(?P<severity>\d)-(?P<name>\w+): %(?P<fields>(\[\w+=[^\[\]]*\])+): \S.*"
)


def named(lines: list[str]) -> dict[str, dict[str, str]]:
    """Alarm name -> its parameters."""
    found = {}
    for line in lines:
        match = ALARM.search(line)
        assert match is not None, line
        found[match["name"]] = dict(re.findall(r"\[(\w+)=([^\]]*)\]", match["fields"]))
    return found


ALL = {"EndPointRegistered", "EndPointTransientConnection", "SSLorTCPConnectionFailure", "EndPointUnregistered"}


async def test_a_file_gets_each_alarm_as_it_comes(tmp_path: Path) -> None:
    file = tmp_path / "alarms.log"
    with closing(Syslog(str(file))) as syslog:
        async with open_lab(LAB, virtual_ports=True, syslog=syslog) as lab:
            await start(lab, "CSFALICE")
            assert list(named(file.read_text().splitlines())) == ["EndPointRegistered"]
            await happenings_without_alice(lab)
        lines = file.read_text().splitlines()
    alarms = named(lines)
    assert alarms.keys() == ALL
    assert alarms["EndPointRegistered"]["DeviceName"] == "CSFALICE"
    assert alarms["EndPointRegistered"]["IPAddress"] == "127.0.0.1"
    assert alarms["EndPointUnregistered"]["Reason"] == "15"  # CallManager restart
    assert alarms["EndPointTransientConnection"]["DeviceName"] == "CSFERIN"
    assert alarms["EndPointTransientConnection"]["ConnectingPort"] == "5090"
    assert alarms["SSLorTCPConnectionFailure"]["ReasonCode"] == "48"
    assert [int(ALARM.search(line)["number"]) for line in lines] == list(range(1, len(lines) + 1))  # type: ignore[index]
    assert all(re.match(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ucm-pub local7 [36] : ", line) for line in lines)
    assert "eyJ" not in file.read_text()


async def happenings_without_alice(lab: Lab) -> None:
    await start(lab, "CSFERIN", "CSFFRED")
    await end_service(lab, "ucm-pub")
    await lab.until_idle()


async def test_a_syslog_server_gets_datagrams_with_a_priority() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(patience())
        with closing(Syslog(f"udp://127.0.0.1:{server.getsockname()[1]}")) as syslog:
            async with open_lab(LAB, virtual_ports=True, syslog=syslog) as lab:
                await happenings(lab)
        datagrams: list[str] = []
        while "EndPointUnregistered" not in (datagrams or [""])[-1]:
            datagrams.append(server.recv(65536).decode())
    assert named(datagrams).keys() == ALL
    for datagram in datagrams:
        match = ALARM.search(datagram)
        assert match is not None
        assert datagram.startswith(f"<{23 * 8 + int(match['severity'])}>")


async def test_alarms_go_on_after_a_reset(tmp_path: Path) -> None:
    file = tmp_path / "alarms.log"
    with closing(Syslog(str(file))) as syslog:
        async with open_lab(LAB, virtual_ports=True, syslog=syslog) as lab:
            await start(lab, "CSFALICE")
            await lab.reset()
            await start(lab, "CSFALICE")
    assert file.read_text().count("EndPointRegistered") == 2


@pytest.mark.parametrize("target", ["udp:", "udp://", "udp://host:port", "udp://127.0.0.1:99999", "udp://[::1"])
def test_a_target_that_is_none_is_named(target: str) -> None:
    with pytest.raises(ValueError, match="udp"):
        Syslog(target)


def values(text: str) -> dict[str, float]:
    """Every sample; the text must be what Prometheus reads."""
    found = {}
    typed = set()
    for line in text.splitlines():
        if line.startswith("#"):
            what, name, rest = line[2:].split(" ", 2)
            assert what in ("HELP", "TYPE")
            assert rest
            typed.add(name)
            continue
        match = re.fullmatch(r'([a-z_]+)(\{([a-z]+="[^"\n]*",?)+\})? (\d+)', line)
        assert match is not None, line
        assert match[1] in typed
        found[match[1] + (match[2] or "")] = float(match[4])
    return found


async def test_metrics_count_phones_tokens_and_answers() -> None:
    async with open_lab(LAB, virtual_ports=True) as lab:
        control = ControlServer(lab, lambda: endpoints_of(lab))
        address = await control.start("127.0.0.1", 0)

        async def scrape() -> dict[str, float]:
            async with aiohttp.ClientSession() as session, session.get(f"http://{address}/metrics") as answer:
                assert answer.status == 200
                assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
                return values(await answer.text())

        try:
            before = await scrape()
            assert before['ucm_registered_phones{node="ucm-pub"}'] == 0
            await start(lab, "CSFALICE", "CSFBOB", "CSFCAROL", "CSFERIN")
            after = await scrape()
            assert after['ucm_registered_phones{node="ucm-pub"}'] == 3
            assert after['ucm_encrypted_registered_phones{node="ucm-pub"}'] == 2
            assert after['ucm_authenticated_registered_phones{node="ucm-pub"}'] == 1
            assert after['ucm_registered_csf_webex_mra{node="ucm-pub"}'] == 1
            assert after['ucm_registered_hardware_phones_mra{node="ucm-pub"}'] == 0
            assert after["ucm_oauth_tokens_validated_total"] == 2
            assert after["ucm_oauth_tokens_expired_total"] >= 1
            assert after['ucm_register_answers_total{node="ucm-pub",answer="registered"}'] == 3
            assert after['ucm_axl_throttle_state{node="ucm-pub"}'] == 0
            lab.site.ucm.throttles["ucm-pub"].engage()
            throttled = await scrape()
            assert throttled['ucm_axl_throttle_state{node="ucm-pub"}'] == 1
            assert throttled['ucm_axl_throttle_count_total{node="ucm-pub"}'] == 1
        finally:
            await control.stop()
