"""Lives of flows and listeners on real sockets: starts, ends, restarts, faults, limits."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import pytest

from certs.authority import Authority, IssuedCertificate
from simulator.aio.driver import Driver
from simulator.aio.flow_context import ConnectionLimits
from simulator.core.actor.flow import Address, CloseFlow, Listen, SendData
from simulator.core.events import ActorFailed, FlowClosed, FlowFailed, FlowOpened, TlsFailed
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowIds
from simulator.core.tls.settings import ClientTls, ServerTls

ANY = Address("127.0.0.1", 0)
TCP = Listen(name="sip", transport="tcp", address=ANY)


@pytest.fixture
def secure(node: IssuedCertificate) -> Listen:
    return Listen(name="oauth", transport="tls", address=ANY, tls=ServerTls(credential=node.credential))


@pytest.fixture
def trusting(ca: Authority) -> ClientTls:
    return ClientTls(server_name="ucm", trust=(ca.certificate,))


async def connected(
    driver: Driver, recorder: Any, flows: FlowIds, listen: Listen, tls: ClientTls | None
) -> Any:
    """A server and a phone with one open flow between them."""
    server, phone = recorder("ucm"), recorder("phone")
    ports = await server.serve(driver, [listen])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports[listen.name], tls)
    await phone.until(lambda r: flow in r.facts)
    await server.until(lambda r: r.facts)
    return server, phone, next(iter(server.facts)), flow


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
async def test_a_port_of_zero_is_reported_as_it_really_is(
    driver: Driver, recorder: Any, flows: FlowIds, host: str
) -> None:
    server, phone = recorder("ucm", echo=True), recorder("phone")
    ports = await server.serve(driver, [Listen(name="sip", transport="tcp", address=Address(host, 0))])
    assert ports["sip"].port > 0
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip"])
    await phone.until(lambda r: flow in r.facts)
    phone.say(driver, flow, b"ping")
    await phone.until(lambda r: r.heard.get(flow) == b"ping")
    assert phone.facts[flow].remote == ports["sip"]


@pytest.mark.parametrize("secured", [False, True])
async def test_a_removed_actor_leaves_its_port_free_for_the_next(
    driver: Driver, recorder: Any, flows: FlowIds, secure: Listen, trusting: ClientTls, secured: bool
) -> None:
    listen, tls = (secure, trusting) if secured else (TCP, None)
    server, phone, _, flow = await connected(driver, recorder, flows, listen, tls)
    (port,) = {facts.local for facts in server.facts.values()}
    await driver.leave(server)
    await phone.until(lambda r: flow in r.ends)
    assert (phone.ends[flow].by, phone.ends[flow].clean) == ("peer", True)
    assert server.ends == {}, "who is removed is not called any more"

    again = recorder("ucm", echo=True)
    fixed = Listen(name=listen.name, transport=listen.transport, address=port, tls=listen.tls)
    assert await again.serve(driver, [fixed]) == {listen.name: port}
    flow = phone.open(driver, flows, port, tls)
    await phone.until(lambda r: flow in r.facts)
    phone.say(driver, flow, b"back")
    await phone.until(lambda r: r.heard.get(flow) == b"back")


async def test_a_taken_port_is_named_in_the_error_and_nothing_stays_open(driver: Driver, recorder: Any) -> None:
    first = await recorder("one").serve(driver, [TCP])
    taken = Listen(name="two", transport="tcp", address=first["sip"])
    free = recorder("two")
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{first['sip'].port}"):
        await free.serve(driver, [TCP, taken])
    await free.serve(driver, [TCP])


async def test_an_actor_joins_once(driver: Driver, recorder: Any) -> None:
    phone = recorder("phone")
    await driver.join(phone)
    with pytest.raises(ValueError, match="phone is on this driver already"):
        await driver.join(phone)


async def test_tls_without_settings_is_refused(driver: Driver, recorder: Any, flows: FlowIds) -> None:
    with pytest.raises(ValueError, match="'oauth' has no TLS settings"):
        await recorder("ucm").serve(driver, [Listen(name="oauth", transport="tls", address=ANY)])
    phone = recorder("phone")
    await driver.join(phone)
    flow = phone.open(driver, flows, Address("127.0.0.1", 9), transport="tls")
    await phone.until(lambda r: flow in r.ends)
    assert "without TLS settings" in phone.ends[flow].detail


async def test_nobody_listening_is_a_clear_end(
    driver: Driver, recorder: Any, flows: FlowIds, log: EventLog
) -> None:
    server, phone = recorder("ucm"), recorder("phone")
    gone = (await server.serve(driver, [TCP]))["sip"]
    await driver.leave(server)
    await driver.join(phone)
    flow = phone.open(driver, flows, gone)
    await phone.until(lambda r: flow in r.ends)
    end = phone.ends[flow]
    assert (end.by, end.clean) == ("network", False)
    assert end.detail == f"cannot connect to {gone}: connection refused"
    assert [e.detail for e in log.of(FlowFailed)] == [end.detail]
    assert log.of(FlowOpened) == []


async def test_lab_names_are_resolved_by_the_hook(
    log: EventLog, clock: Any, flows: FlowIds, recorder: Any
) -> None:
    table: dict[Address, Address] = {}
    driver = Driver(log, clock, flows, resolve=table.__getitem__)
    server, phone = recorder("ucm"), recorder("phone")
    table[Address("ucm.lab", 5090)] = (await server.serve(driver, [TCP]))["sip"]
    await driver.join(phone)
    known = phone.open(driver, flows, Address("ucm.lab", 5090))
    unknown = phone.open(driver, flows, Address("nowhere.lab", 5090))
    await phone.until(lambda r: known in r.facts and unknown in r.ends)
    assert "cannot connect to nowhere.lab:5090" in phone.ends[unknown].detail
    await driver.shut_down()


async def test_a_silent_peer_is_given_up_in_the_handshake_on_both_sides(
    log: EventLog, clock: Any, flows: FlowIds, recorder: Any, plain: Any, secure: Listen, trusting: ClientTls
) -> None:
    driver = Driver(log, clock, flows, limits=ConnectionLimits(handshake=0.01))
    server, mute, phone = recorder("ucm"), recorder("mute"), recorder("phone")
    ports = await server.serve(driver, [secure])
    reader, _ = await plain(ports["oauth"])
    assert await reader.read() == b""
    deaf = (await mute.serve(driver, [TCP]))["sip"]
    await driver.join(phone)
    flow = phone.open(driver, flows, deaf, trusting, timeout=0.05)
    await phone.until(lambda r: flow in r.ends)
    assert "no TLS handshake within" in phone.ends[flow].detail
    assert [(e.role, e.reason) for e in log.of(TlsFailed)] == [
        ("server", "HANDSHAKE_TIMEOUT"),
        ("client", "HANDSHAKE_TIMEOUT"),
    ]
    assert server.facts == {}
    await driver.shut_down()


async def test_a_connection_that_is_reset_is_the_networks_end(
    driver: Driver, recorder: Any, log: EventLog
) -> None:
    server = recorder("ucm")
    ports = await server.serve(driver, [TCP])
    client = socket.create_connection(("127.0.0.1", ports["sip"].port))
    await server.until(lambda r: r.facts)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    await server.until(lambda r: r.ends)
    (end,) = server.ends.values()
    assert (end.by, end.clean) == ("network", False)
    assert "reset" in end.detail
    assert [e.by for e in log.of(FlowClosed)] == ["network"]


async def test_a_tls_peer_that_just_hangs_up_is_not_clean(
    driver: Driver, recorder: Any, secure: Listen, trusting: ClientTls, flows: FlowIds
) -> None:
    server, phone, _, flow = await connected(driver, recorder, flows, secure, trusting)
    # Below TLS: a FIN without close_notify.
    pump = driver._runners[id(phone)].carriers[flow]
    pump._transport.write_eof()
    await server.until(lambda r: r.ends)
    (end,) = server.ends.values()
    assert (end.by, end.clean) == ("peer", False)


@pytest.mark.parametrize("secured", [False, True])
async def test_what_was_sent_before_a_close_arrives_first(
    driver: Driver, recorder: Any, flows: FlowIds, secure: Listen, trusting: ClientTls, secured: bool
) -> None:
    listen, tls = (secure, trusting) if secured else (TCP, None)
    server, phone, there, flow = await connected(driver, recorder, flows, listen, tls)
    big = b"z" * 700_000
    phone.todo += [SendData(flow, big), SendData(flow, b"end"), CloseFlow(flow), SendData(flow, b"late")]
    driver.run(phone)
    await server.until(lambda r: r.ends)
    assert server.heard[there] == big + b"end"
    assert server.ends[there].clean


async def test_closing_while_the_peer_still_writes_resets_nothing(
    driver: Driver, recorder: Any, flows: FlowIds, secure: Listen, trusting: ClientTls
) -> None:
    server, phone, there, flow = await connected(driver, recorder, flows, secure, trusting)
    phone.say(driver, flow, b"q" * 500_000)
    server.todo += [SendData(there, b"last words"), CloseFlow(there)]
    driver.run(server)
    await phone.until(lambda r: flow in r.ends)
    assert phone.heard[flow] == b"last words"
    assert phone.ends[flow].clean


async def test_a_peer_that_never_reads_is_dropped_at_the_limit(
    log: EventLog, clock: Any, flows: FlowIds, recorder: Any, plain: Any
) -> None:
    driver = Driver(log, clock, flows, limits=ConnectionLimits(unsent=100_000))
    server = recorder("ucm")
    ports = await server.serve(driver, [TCP])
    _, writer = await plain(ports["sip"])
    writer.transport.pause_reading()
    await server.until(lambda r: r.facts)
    (flow,) = server.facts
    for _ in range(200):
        server.say(driver, flow, b"n" * 100_000)
    await server.until(lambda r: r.ends)
    assert "the peer does not read" in server.ends[flow].detail
    await driver.shut_down()


async def test_a_connection_that_says_nothing_is_closed_when_it_is_told_so(
    log: EventLog, clock: Any, flows: FlowIds, recorder: Any, plain: Any
) -> None:
    driver = Driver(log, clock, flows, limits=ConnectionLimits(idle=0.02))
    server = recorder("ucm", echo=True)
    ports = await server.serve(driver, [TCP])
    reader, writer = await plain(ports["sip"])
    writer.write(b"x")
    assert await reader.read() == b"x"
    writer.close()
    (end,) = server.ends.values()
    assert (end.by, end.clean, end.detail) == ("us", True, "idle for 0.02 s")
    await driver.shut_down()


async def test_a_peer_that_keeps_its_half_open_does_not_hold_up_a_removal(
    log: EventLog, clock: Any, flows: FlowIds, recorder: Any, plain: Any
) -> None:
    driver = Driver(log, clock, flows, limits=ConnectionLimits(linger=0.02))
    server = recorder("ucm")
    ports = await server.serve(driver, [TCP])
    reader, _ = await plain(ports["sip"])
    await server.until(lambda r: r.facts)
    await driver.leave(server)
    assert await reader.read() == b""


async def test_a_fault_of_an_actor_costs_one_flow_and_is_loud(
    driver: Driver, recorder: Any, plain: Any, log: EventLog
) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    server = recorder("ucm", echo=True)
    ports = await server.serve(driver, [TCP])
    healthy = await plain(ports["sip"])
    hurt = await plain(ports["sip"])
    await server.until(lambda r: len(r.facts) == 2)
    server.raises = True
    hurt[1].write(b"boom")
    assert await hurt[0].read() == b""
    healthy[1].write(b"still here")
    assert await healthy[0].readexactly(10) == b"still here"
    assert [type(c["exception"]) for c in complaints] == [RuntimeError]
    (failed,) = log.of(ActorFailed)
    assert failed.during == "flow_data"
    assert "RuntimeError" in failed.error
    assert "abcdefghij" not in failed.error, "no secret of the exception's text reaches the log"
    (end,) = server.ends.values()
    assert (end.by, end.clean) == ("us", False)


@pytest.mark.parametrize("method", ["flow_opened", "flow_ended", "handle_timeout", "effects"])
async def test_an_actor_may_fail_anywhere_and_the_listener_lives(
    driver: Driver, recorder: Any, plain: Any, log: EventLog, clock: Any, method: str
) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    server = recorder("ucm", echo=True)
    ports = await server.serve(driver, [TCP])
    healthy = getattr(server, method)

    def fail(*_: object) -> None:
        setattr(server, method, healthy)
        server.deadlines.clear()
        raise RuntimeError(method)

    setattr(server, method, fail)
    server.deadlines.append(clock.now())
    reader, writer = await plain(ports["sip"])
    writer.write(b"x")
    writer.write_eof()
    await reader.read()
    reader, writer = await plain(ports["sip"])
    writer.write(b"still here")
    assert await reader.readexactly(10) == b"still here"
    assert [e.during for e in log.of(ActorFailed)] == [method]


async def test_a_flow_that_is_closed_while_it_is_accepted_is_closed(
    driver: Driver, recorder: Any, plain: Any
) -> None:
    server = recorder("ucm")
    server.greeting = b"503"
    opened = server.flow_opened

    def turn_away(flow: Any, facts: Any, now: Any) -> None:
        opened(flow, facts, now)
        server.todo.append(CloseFlow(flow))

    server.flow_opened = turn_away
    ports = await server.serve(driver, [TCP])
    reader, writer = await plain(ports["sip"])
    assert await reader.read() == b"503"
    writer.close()


async def test_a_flow_can_be_given_up_while_it_is_being_opened(
    driver: Driver, recorder: Any, flows: FlowIds, secure: Listen, trusting: ClientTls
) -> None:
    server, phone = recorder("ucm"), recorder("phone")
    ports = await server.serve(driver, [secure])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["oauth"], trusting)
    phone.hang_up(driver, flow)
    again = phone.open(driver, flows, ports["oauth"], trusting)
    await phone.until(lambda r: again in r.facts)
    assert flow not in phone.facts
    assert flow not in phone.ends


async def test_hundreds_of_connections_open_talk_and_close(
    driver: Driver, recorder: Any, flows: FlowIds, secure: Listen, trusting: ClientTls
) -> None:
    server, phone = recorder("ucm", echo=True), recorder("phones")
    phone.greeting = b"REGISTER sip:ucm SIP/2.0\r\n\r\n"
    ports = await server.serve(driver, [secure])
    await driver.join(phone)
    opened = [phone.open(driver, flows, ports["oauth"], trusting) for _ in range(300)]
    await phone.until(lambda r: len(r.heard) == len(opened))
    assert set(phone.heard.values()) == {phone.greeting}
    await driver.leave(phone)
    await server.until(lambda r: len(r.ends) == len(opened))
    assert all(end.clean for end in server.ends.values())
    assert driver._runners[id(server)].carriers == {}


async def test_nothing_is_made_for_a_log_that_nobody_reads(
    clock: Any, flows: FlowIds, recorder: Any, secure: Listen, trusting: ClientTls
) -> None:
    log = EventLog(clock, keep=0)
    driver = Driver(log, clock, flows)
    await connected(driver, recorder, flows, secure, trusting)
    await driver.shut_down()
    assert log.last_seq == 0


async def test_a_dropped_actor_resets_its_connections_without_a_word(
    driver: Driver, recorder: Any, flows: FlowIds, secure: Listen, trusting: ClientTls
) -> None:
    server, phone, _, flow = await connected(driver, recorder, flows, secure, trusting)
    (port,) = {facts.local for facts in server.facts.values()}
    await driver.drop(server)
    await phone.until(lambda r: flow in r.ends)
    assert (phone.ends[flow].by, phone.ends[flow].clean) == ("network", False)
    assert "reset" in phone.ends[flow].detail
    await server.serve(driver, [Listen(name="sip", transport="tcp", address=port)])
