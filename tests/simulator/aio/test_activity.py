"""What is under way on a driver: `until_idle` ends exactly when nothing more can come."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulator.aio.activity import Activity
from simulator.aio.driver import Driver
from simulator.core.actor.flow import Address, Listen
from simulator.core.ids import FlowIds
from simulator.core.tls.settings import ClientTls, ServerTls

ANYWHERE = Address("127.0.0.1", 0)


class End:
    """One end of a connection, moved by hand."""

    def __init__(self, local: int, remote: int) -> None:
        self.local, self.remote = Address("127.0.0.1", local), Address("127.0.0.1", remote)
        self.mate: Any = None
        self.sent = self.got = 0
        self.eof_sent = self.eof_got = False
        self.holds_back = False

    @property
    def expects(self) -> bool:
        mate = self.mate
        return mate is not None and not self.eof_got and (mate.eof_sent or mate.sent > self.got)


def pair(activity: Activity) -> tuple[End, End]:
    activity.listen(Address("127.0.0.1", 5060))
    client, server = End(40_000, 5060), End(5060, 40_000)
    activity.connected(client)
    assert activity.is_under_way
    assert activity.under_way() == ["a connection from 127.0.0.1:40000 that 127.0.0.1:5060 accepts"]
    activity.connected(server)
    assert not activity.is_under_way
    return client, server


def test_what_was_sent_is_under_way_until_all_of_it_arrived() -> None:
    activity = Activity()
    client, server = pair(activity)
    client.sent = 10
    activity.sent_to(server)
    assert activity.under_way() == ["data on the way from 127.0.0.1:40000 to 127.0.0.1:5060"]
    server.got = 4
    activity.received(server)
    assert activity.is_under_way
    server.got = 10
    activity.received(server)
    assert not activity.is_under_way


def test_the_end_of_a_connection_is_under_way_too() -> None:
    activity = Activity()
    client, server = pair(activity)
    client.eof_sent = True
    activity.gone(client)
    assert activity.is_under_way
    server.eof_got = True
    activity.received(server)
    activity.gone(server)
    assert not activity.is_under_way


def test_who_does_not_read_is_not_waited_for() -> None:
    activity = Activity()
    client, server = pair(activity)
    client.sent, server.holds_back = 10, True
    activity.sent_to(server)
    assert not activity.is_under_way
    server.holds_back = False
    assert activity.is_under_way


def test_a_client_that_a_closed_port_never_accepts_is_not_waited_for() -> None:
    activity = Activity()
    activity.listen(Address("0.0.0.0", 5060))
    activity.connected(End(40_000, 5060))
    assert activity.is_under_way
    activity.unlisten(Address("0.0.0.0", 5060))
    assert not activity.is_under_way


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::"])
async def test_a_datagram_is_under_way_until_it_is_received(host: str) -> None:
    activity = Activity()
    activity.open_socket(Address(host, 5060))
    activity.datagram_sent(Address("127.0.0.1", 5060))
    assert activity.under_way() == [f"a datagram on the way to {Address(host, 5060)}"]
    activity.datagram_received(Address(host, 5060))
    assert not activity.is_under_way


async def test_a_datagram_to_another_host_is_not() -> None:
    activity = Activity()
    activity.datagram_sent(Address("192.0.2.1", 5060))
    assert not activity.is_under_way


def test_what_was_begun_is_under_way_until_it_ends_or_is_given_up() -> None:
    activity = Activity()
    activity.begin(1, "CSFALICE", "connecting to ucm:5061")
    activity.begin(2, "CSFBOB", "connecting to ucm:5061")
    activity.end(1)
    assert activity.under_way() == ["CSFBOB: connecting to ucm:5061"]
    activity.end(2)
    assert not activity.is_under_way


@pytest.mark.parametrize("size", [1, 100_000, 10_000_000])
async def test_all_that_was_sent_has_been_echoed_when_the_driver_is_idle(
    driver: Driver, recorder: Any, flows: FlowIds, size: int
) -> None:
    server, phone = recorder("ucm", echo=True), recorder("phone")
    ports = await server.serve(driver, [Listen(name="sip", transport="tcp", address=ANYWHERE)])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip"])
    await driver.until_idle()
    assert flow in phone.facts
    assert server.facts, "it has accepted, not only the kernel"
    piece = min(size, 100_000)
    for _ in range(size // piece):
        phone.say(driver, flow, b"x" * piece)
        await driver.until_idle()
    assert len(phone.heard[flow]) == size


async def test_a_datagram_has_been_answered_when_the_driver_is_idle(
    driver: Driver, recorder: Any, flows: FlowIds
) -> None:
    server, phone = recorder("ucm", echo=True), recorder("phone")
    ports = await server.serve(driver, [Listen(name="sip", transport="udp", address=ANYWHERE)])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip"], transport="udp")
    await driver.until_idle()
    phone.say(driver, flow, b"ping")
    await driver.until_idle()
    assert phone.heard[flow] == b"ping"


async def test_hundreds_of_handshakes_are_done_when_the_driver_is_idle(
    driver: Driver, recorder: Any, flows: FlowIds, node: Any, ca: Any
) -> None:
    tls = ServerTls(credential=node.credential, minimum="1.2", maximum="1.3")
    server, phone = recorder("ucm", echo=True), recorder("phone")
    ports = await server.serve(driver, [Listen(name="sip", transport="tls", address=ANYWHERE, tls=tls)])
    await driver.join(phone)
    trust = ClientTls(server_name="ucm", trust=(ca.certificate,))
    opened = [phone.open(driver, flows, ports["sip"], trust) for _ in range(200)]
    await driver.until_idle()
    assert set(phone.facts) == set(opened)
    assert len(server.facts) == 200


async def test_the_end_of_a_flow_has_been_told_when_the_driver_is_idle(
    driver: Driver, recorder: Any, flows: FlowIds
) -> None:
    server, phone = recorder("ucm"), recorder("phone")
    ports = await server.serve(driver, [Listen(name="sip", transport="tcp", address=ANYWHERE)])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip"])
    await driver.until_idle()
    phone.hang_up(driver, flow)
    await driver.until_idle()
    assert len(server.ends) == 1


async def test_traffic_from_outside_that_never_ends_does_not_keep_the_driver_from_being_idle(
    driver: Driver, recorder: Any, plain: Any
) -> None:
    server = recorder("ucm", echo=True)
    ports = await server.serve(driver, [Listen(name="sip", transport="tcp", address=ANYWHERE)])
    reader, writer = await plain(ports["sip"])
    writer.write(b"x")

    async def echo_for_ever() -> None:
        while data := await reader.read(100):
            writer.write(data)

    endless = asyncio.create_task(echo_for_ever())
    await server.until(lambda it: it.facts)
    await driver.until_idle()
    assert not endless.done()
    endless.cancel()
