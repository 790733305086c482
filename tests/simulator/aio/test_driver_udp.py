"""UDP flows: one for each remote address, bounded in number."""

from __future__ import annotations

import asyncio
import errno
from typing import Any

import pytest

from simulator.aio.driver import Driver
from simulator.aio.flow_context import ConnectionLimits
from simulator.core.actor.flow import Address, Listen, SendData
from simulator.core.events import FlowClosed, FlowOpened
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowIds

UDP = Listen(name="sip-udp", transport="udp", address=Address("127.0.0.1", 0))


async def test_each_datagram_arrives_whole_and_is_answered(
    driver: Driver, recorder: Any, flows: FlowIds, log: EventLog
) -> None:
    server, phone = recorder("ucm", echo=True), recorder("phone")
    ports = await server.serve(driver, [UDP])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip-udp"], transport="udp")
    await phone.until(lambda r: flow in r.facts)
    phone.say(driver, flow, b"one", b"two")
    await phone.until(lambda r: len(r.datagrams) == 2)
    assert [data for _, data in phone.datagrams] == [b"one", b"two"]
    assert [data for _, data in server.datagrams] == [b"one", b"two"]
    (there,) = server.facts.values()
    assert (there.transport, there.listener, there.remote) == ("udp", "sip-udp", phone.facts[flow].local)
    phone.hang_up(driver, flow)
    assert len(log.of(FlowOpened)) == 2
    assert [e.by for e in log.of(FlowClosed, actor="phone")] == ["us"]


async def test_two_remote_addresses_are_two_flows(driver: Driver, recorder: Any, flows: FlowIds) -> None:
    server, phone = recorder("ucm", echo=True), recorder("phone")
    ports = await server.serve(driver, [UDP])
    await driver.join(phone)
    both = [phone.open(driver, flows, ports["sip-udp"], transport="udp") for _ in range(2)]
    await phone.until(lambda r: len(r.facts) == 2)
    for flow in both:
        phone.say(driver, flow, str(flow).encode())
    await phone.until(lambda r: len(r.heard) == 2)
    assert phone.heard == {flow: str(flow).encode() for flow in both}
    assert len(server.facts) == 2


async def test_the_address_silent_for_longest_is_forgotten(
    log: EventLog, clock: Any, flows: FlowIds, recorder: Any
) -> None:
    driver = Driver(log, clock, flows, limits=ConnectionLimits(udp_flows=2))
    server, phone = recorder("ucm", echo=True), recorder("phone")
    ports = await server.serve(driver, [UDP])
    await driver.join(phone)
    three = [phone.open(driver, flows, ports["sip-udp"], transport="udp") for _ in range(3)]
    await phone.until(lambda r: len(r.facts) == 3)
    for number, flow in enumerate(three, start=1):
        phone.say(driver, flow, b"x")
        await phone.until(lambda r, number=number: len(r.datagrams) == number)
    (end,) = server.ends.values()
    assert next(iter(server.ends)) == next(iter(server.facts))
    assert end.clean
    assert "too many" in end.detail
    await driver.shut_down()


async def test_a_port_where_nobody_listens_ends_the_flow(driver: Driver, recorder: Any, flows: FlowIds) -> None:
    server, phone = recorder("ucm"), recorder("phone")
    gone = (await server.serve(driver, [UDP]))["sip-udp"]
    await driver.leave(server)
    await driver.join(phone)
    flow = phone.open(driver, flows, gone, transport="udp")
    await phone.until(lambda r: flow in r.facts)
    phone.say(driver, flow, b"anybody?")
    await phone.until(lambda r: flow in r.ends)
    assert "refused" in phone.ends[flow].detail.lower()


async def test_a_removed_listener_frees_its_port(driver: Driver, recorder: Any) -> None:
    server = recorder("ucm")
    ports = await server.serve(driver, [UDP])
    await driver.leave(server)
    fixed = Listen(name="sip-udp", transport="udp", address=ports["sip-udp"])
    assert await recorder("again").serve(driver, [fixed]) == ports
    with pytest.raises(OSError) as caught:
        await recorder("taken").serve(driver, [fixed])
    assert caught.value.errno == errno.EADDRINUSE
    assert str(ports["sip-udp"]) in str(caught.value)


async def test_an_answer_to_a_flow_that_was_closed_goes_nowhere(
    driver: Driver, recorder: Any, flows: FlowIds
) -> None:
    server, phone = recorder("ucm"), recorder("phone")
    ports = await server.serve(driver, [UDP])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip-udp"], transport="udp")
    await phone.until(lambda r: flow in r.facts)
    phone.say(driver, flow, b"x")
    await server.until(lambda r: r.datagrams)
    (there,) = server.facts
    server.hang_up(driver, there)
    server.todo.append(SendData(there, b"late"))
    driver.run(server)
    await asyncio.sleep(0)
    assert phone.datagrams == []
