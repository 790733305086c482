"""A connection that pipelines does not keep the others waiting."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.aio.driver import Driver
from simulator.core.actor.flow import Address, CloseFlow, Listen, SendData
from simulator.core.ids import FlowIds
from simulator.core.tls.settings import ClientTls, ServerTls

MESSAGE = b"x" * 128
FLOOD = 512
"""Messages that the kernel holds for the server at once: 64 KiB."""


@pytest.mark.parametrize("version", ["", "1.2", "1.3"])
async def test_another_connection_is_served_between_the_messages_of_one_that_pipelines(
    driver: Driver, recorder: Any, flows: FlowIds, node: Any, ca: Any, version: Any
) -> None:
    server, phone = recorder("ucm"), recorder("phone")
    trust, tls = None, None
    if version:
        tls = ServerTls(credential=node.credential, minimum=version, maximum=version)
        trust = ClientTls(server_name="ucm", trust=(ca.certificate,))
    listen = Listen(name="sip", transport="tls" if tls else "tcp", address=Address("127.0.0.1", 0), tls=tls)
    ports = await server.serve(driver, [listen])
    await driver.join(phone)
    flooding = phone.open(driver, flows, ports["sip"], trust)
    await driver.until_idle()
    other = phone.open(driver, flows, ports["sip"], trust)
    await driver.until_idle()
    at_flooding, at_other = server.facts

    phone.todo += [SendData(flooding, MESSAGE * FLOOD), SendData(other, MESSAGE)]
    driver.run(phone)
    await driver.until_idle()
    assert server.heard[at_flooding] == MESSAGE * FLOOD
    assert server.heard[at_other] == MESSAGE
    sizes = [len(data) for flow, data in server.datagrams if flow == at_flooding]
    assert max(sizes) <= 8192, "what one turn of the loop brings is bounded"
    turn = [flow for flow, _ in server.datagrams].index(at_other)
    assert turn < len(server.datagrams) - 1, "the other one did not wait for the end of the flood"


@pytest.mark.parametrize("version", ["", "1.2", "1.3"])
async def test_what_was_sent_before_the_end_is_handed_over_before_it(
    driver: Driver, recorder: Any, flows: FlowIds, node: Any, ca: Any, version: Any
) -> None:
    server, phone = recorder("ucm"), recorder("phone")
    trust, tls = None, None
    if version:
        tls = ServerTls(credential=node.credential, minimum=version, maximum=version)
        trust = ClientTls(server_name="ucm", trust=(ca.certificate,))
    listen = Listen(name="sip", transport="tls" if tls else "tcp", address=Address("127.0.0.1", 0), tls=tls)
    ports = await server.serve(driver, [listen])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip"], trust)
    await driver.until_idle()
    phone.todo += [SendData(flow, MESSAGE * FLOOD), CloseFlow(flow)]
    driver.run(phone)
    await driver.until_idle()
    ((_, heard),) = server.heard.items()
    assert heard == MESSAGE * FLOOD
    ((_, end),) = server.ends.items()
    assert end.clean


async def test_a_driver_is_not_idle_while_messages_wait_to_be_handed_over(
    driver: Driver, recorder: Any, flows: FlowIds
) -> None:
    server, phone = recorder("ucm", echo=True), recorder("phone")
    listen = Listen(name="sip", transport="tcp", address=Address("127.0.0.1", 0))
    ports = await server.serve(driver, [listen])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip"])
    await driver.until_idle()
    phone.say(driver, flow, MESSAGE * FLOOD)
    await driver.until_idle()
    assert phone.heard[flow] == MESSAGE * FLOOD


async def test_a_flow_closed_amid_a_flood_hears_no_more_of_it(
    driver: Driver, recorder: Any, flows: FlowIds
) -> None:
    class Closing(recorder):  # type: ignore[misc]
        def flow_data(self, flow: Any, data: bytes, now: Any) -> None:
            super().flow_data(flow, data, now)
            self.todo.append(CloseFlow(flow))

    server, phone = Closing("ucm"), recorder("phone")
    listen = Listen(name="sip", transport="tcp", address=Address("127.0.0.1", 0))
    ports = await server.serve(driver, [listen])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip"])
    await driver.until_idle()
    phone.say(driver, flow, MESSAGE * FLOOD)
    await driver.until_idle()
    assert len(server.datagrams) == 1
    assert phone.ends[flow].by == "peer"
