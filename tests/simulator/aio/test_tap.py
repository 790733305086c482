"""The driver's tap: every byte as it is on the wire, and every end."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest

from certs.authority import Authority, IssuedCertificate
from simulator.aio.clock import ShiftClock
from simulator.aio.driver import Driver
from simulator.core.actor.flow import Address, FlowFacts, Listen
from simulator.core.actor.tap import WireEnd
from simulator.core.events import FlowOpened
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowId, FlowIds
from simulator.core.tls.settings import ClientTls, ServerTls
from tests.patience import awaited

ANY = Address("127.0.0.1", 0)


class Witness:
    """A `Tap` that writes down what it is told. `until` waits for an end."""

    def __init__(self) -> None:
        self.facts: dict[FlowId, FlowFacts] = {}
        self.bytes: dict[tuple[FlowId, str], bytes] = {}
        self.ends: dict[FlowId, list[WireEnd]] = {}
        self._more = asyncio.Event()

    def opened(self, flow: FlowId, facts: FlowFacts) -> None:
        assert flow not in self.facts
        self.facts[flow] = facts

    def sent(self, flow: FlowId, data: bytes) -> None:
        self._add(flow, "sent", data)

    def received(self, flow: FlowId, data: bytes) -> None:
        self._add(flow, "received", data)

    def _add(self, flow: FlowId, way: str, data: bytes) -> None:
        assert flow in self.facts
        assert isinstance(data, bytes)
        self.bytes[flow, way] = self.bytes.get((flow, way), b"") + data

    def ended(self, flow: FlowId, how: WireEnd) -> None:
        self.ends.setdefault(flow, []).append(how)
        self._more.set()

    async def until(self, flow: FlowId, how: WireEnd) -> None:
        async with awaited(f"the {how} of flow {flow}"):
            while how not in self.ends.get(flow, []):
                self._more.clear()
                await self._more.wait()


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
async def driver(log: EventLog, clock: ShiftClock, flows: FlowIds, witness: Witness) -> AsyncIterator[Driver]:
    driver = Driver(log, clock, flows, tap=witness)
    yield driver
    await driver.shut_down()


async def test_both_ends_tell_the_same_ciphertext(
    driver: Driver, witness: Witness, recorder: Any, flows: FlowIds, ca: Authority, node: IssuedCertificate
) -> None:
    server, phone = recorder("ucm", echo=True), recorder("phone")
    tls = ServerTls(credential=node.credential)
    where = await server.serve(driver, [Listen(name="oauth", transport="tls", address=ANY, tls=tls)])
    await driver.join(phone)
    client = phone.open(driver, flows, where["oauth"], ClientTls(server_name="ucm", trust=(ca.certificate,)))
    await phone.until(lambda it: it.facts)
    phone.say(driver, client, b"REGISTER in plain text")
    await phone.until(lambda it: it.heard.get(client))
    (accepted,) = server.facts
    phone.hang_up(driver, client)
    await witness.until(client, WireEnd.FIN_RECEIVED)
    there, here = witness.bytes[client, "sent"], witness.bytes[client, "received"]
    assert there == witness.bytes[accepted, "received"]
    assert here == witness.bytes[accepted, "sent"]
    assert there[0] == here[0] == 22, "a handshake record"
    assert b"REGISTER" not in there + here
    assert witness.ends[client] == [WireEnd.FIN_SENT, WireEnd.FIN_RECEIVED]
    assert set(witness.ends[accepted]) == {WireEnd.FIN_RECEIVED, WireEnd.FIN_SENT}
    facts = witness.facts
    assert (facts[client].local, facts[client].remote) == (facts[accepted].remote, facts[accepted].local)
    assert (facts[client].listener, facts[accepted].listener) == (None, "oauth")


async def test_a_reset_is_told_at_both_ends(
    driver: Driver, witness: Witness, recorder: Any, flows: FlowIds
) -> None:
    server, phone = recorder("ucm"), recorder("phone")
    where = await server.serve(driver, [Listen(name="sip", transport="tcp", address=ANY)])
    await driver.join(phone)
    client = phone.open(driver, flows, where["sip"])
    await server.until(lambda it: it.facts)
    (accepted,) = server.facts
    await driver.drop(phone)
    await witness.until(accepted, WireEnd.RESET_RECEIVED)
    assert witness.ends[client][0] is WireEnd.RESET_SENT


async def test_a_stranger_that_resets_is_told(driver: Driver, witness: Witness, recorder: Any) -> None:
    server = recorder("ucm")
    where = await server.serve(driver, [Listen(name="sip", transport="tcp", address=ANY)])
    with socket.create_connection((where["sip"].host, where["sip"].port)) as stranger:
        await server.until(lambda it: it.facts)
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    (accepted,) = server.facts
    await witness.until(accepted, WireEnd.RESET_RECEIVED)


async def test_datagrams_are_told_whole(
    driver: Driver, witness: Witness, recorder: Any, flows: FlowIds
) -> None:
    server, phone = recorder("ucm", echo=True), recorder("phone")
    where = await server.serve(driver, [Listen(name="sip", transport="udp", address=ANY)])
    await driver.join(phone)
    client = phone.open(driver, flows, where["sip"], transport="udp")
    await phone.until(lambda it: it.facts)
    phone.say(driver, client, b"question")
    await phone.until(lambda it: it.heard.get(client) == b"question")
    (accepted,) = server.facts
    assert set(witness.bytes) == {(flow, way) for flow in (client, accepted) for way in ("sent", "received")}
    assert set(witness.bytes.values()) == {b"question"}
    assert witness.ends == {}


async def test_events_show_the_addresses_they_are_told_to(
    log: EventLog, clock: ShiftClock, flows: FlowIds, witness: Witness, recorder: Any
) -> None:
    server, phone = recorder("ucm"), recorder("phone")
    bound: list[Address] = []

    def shown(address: Address) -> Address:
        return Address(address.host, 5060) if address in bound else address

    driver = Driver(log, clock, flows, tap=witness, address_map=shown)
    where = await server.serve(driver, [Listen(name="sip", transport="tcp", address=ANY)])
    bound.append(where["sip"])
    await driver.join(phone)
    phone.open(driver, flows, where["sip"])
    await server.until(lambda it: it.facts)
    await phone.until(lambda it: it.facts)
    opened = {event.listener: event for event in log.of(FlowOpened)}
    assert opened["sip"].local == opened[None].remote == "127.0.0.1:5060"
    assert {facts.listener: facts.local for facts in witness.facts.values()}["sip"] == where["sip"]
    await driver.shut_down()
