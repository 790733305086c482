"""Starting a lab over: everything as in the beginning, for strangers the same lab."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest

from registrar.core.cluster.ports import NodePorts
from simulator.core.events import PhoneRegistered
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.defaults import default_lab
from simulator.lab.config.expressways import ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import PortsConfig
from simulator.lab.config.phones import PhoneConfig, TokenConfig
from simulator.lab.control.up import endpoints_of
from simulator.lab.run.live import Lab, open_lab
from simulator.lab.steps.service_actions import end_service, start_service
from tests.patience import awaited


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with open_lab(default_lab(port_base=0), virtual_ports=False) as opened:
        yield opened


async def start(lab: Lab, device: str) -> str:
    phone = lab.site.phones.get(device)
    phone.start(lab.site.clock.now())
    lab.run(phone)
    await lab.until_idle()
    return phone.state.value


async def test_registrations_events_and_time_are_those_of_the_beginning(lab: Lab) -> None:
    beginning = [(record.seq, record.actor, record.event.kind) for record in lab.site.log]
    assert await start(lab, "CSFALICE") == "registered"
    await lab.advance(5000)
    before = time.time()
    await lab.reset()
    assert len(lab.site.cluster.bindings) == 0
    assert [(record.seq, record.actor, record.event.kind) for record in lab.site.log] == beginning
    # The machine's time again, not 5,000 s ahead: compared with two readings around it, whatever the load.
    assert before - 1 <= lab.site.clock.now() <= time.time() + 1


async def test_what_administrators_and_scripts_changed_is_as_it_was(lab: Lab) -> None:
    site = lab.site
    site.administration.set_oauth_mode(False)
    site.administration.set_profile("CSFBOB", "non-secure")
    site.administration.set_table_row("expc", None)
    site.administration.add_trust("ucm-pub", ["stranger-ca"])
    site.phones.set_behaviours("CSFALICE", ["never-refresh"])
    site.phones.set_token("CSFBOB", TokenConfig(user="alice"))
    site.administration.regenerate_tomcat("ucm-pub", CertificateConfig(issuer="stranger-ca"))
    await end_service(lab, "ucm-pub")
    await start_service(lab, "ucm-pub")
    assert await start(lab, "CSFALICE") != "registered"
    await lab.reset()
    for device in ("CSFALICE", "CSFBOB", "CSFCAROL", "CSFDAVE"):
        assert await start(lab, device) == "registered"


async def test_ports_certificates_and_token_keys_stay(lab: Lab) -> None:
    ports, node = endpoints_of(lab), lab.site.cluster.node("ucm-pub")
    keys, expressway, lsc = lab.site.cluster.keys, lab.site.credentials["expc"], lab.site.credentials["CSFDAVE"]
    lab.site.administration.regenerate_tomcat("ucm-pub", CertificateConfig())
    assert lab.site.cluster.node("ucm-pub").stores.tomcat != node.stores.tomcat
    await lab.reset()
    assert endpoints_of(lab) == ports
    assert lab.site.cluster.node("ucm-pub").stores == node.stores
    assert lab.site.cluster.keys == keys
    assert (lab.site.credentials["expc"], lab.site.credentials["CSFDAVE"]) == (expressway, lsc)


async def test_connections_of_strangers_end_at_once(lab: Lab) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", lab.site.addresses.ports_of("ucm-pub").sip)
    writer.write(b"\r\n\r\n")
    assert await reader.readexactly(2) == b"\r\n"
    async with awaited("the end of a reset while a stranger is connected"):
        await lab.reset()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_stopped_node_runs_again(lab: Lab) -> None:
    await end_service(lab, "ucm-pub")
    await lab.reset()
    assert await start(lab, "CSFCAROL") == "registered"


async def test_any_port_that_was_taken_meanwhile_is_replaced(lab: Lab) -> None:
    await end_service(lab, "ucm-pub")
    before = lab.site.addresses.ports_of("ucm-pub")
    with socket.create_server(("127.0.0.1", before.oauth)):
        await lab.reset()
    after = lab.site.addresses.ports_of("ucm-pub")
    assert after.oauth != before.oauth
    assert await start(lab, "CSFALICE") == "registered"


async def test_labs_with_documented_ports_start_over_too() -> None:
    config = LabConfig(phones=[PhoneConfig()])
    async with open_lab(config, virtual_ports=True) as lab:
        assert await start(lab, "CSFALICE") == "registered"
        await lab.reset()
        assert await start(lab, "CSFALICE") == "registered"
        assert lab.site.log.of(PhoneRegistered)[0].port == NodePorts().oauth


async def test_phones_are_told_the_free_ports_the_system_chose() -> None:
    free = PortsConfig(sip=0, sips=0, oauth=0, mra=0, config=0)
    config = default_lab().model_copy(
        update={
            "nodes": [node.model_copy(update={"ports": free}) for node in default_lab().nodes],
            "expressways": [ExpresswayConfig(name="expc", port=0)],
            "phones": [PhoneConfig(), PhoneConfig(device="CSFMIA", user="mia", dn="2", deployment="mra")],
        }
    )
    async with open_lab(config, virtual_ports=False) as lab:
        assert await start(lab, "CSFALICE") == "registered"
        assert await start(lab, "CSFMIA") == "registered"


async def test_many_resets_leave_nothing_open(lab: Lab) -> None:
    def descriptors() -> int:
        with socket.socket() as probe:
            return probe.fileno()

    await lab.reset()
    before = descriptors()
    for _ in range(25):
        await start(lab, "CSFALICE")
        await lab.reset()
    assert descriptors() <= before + 2
