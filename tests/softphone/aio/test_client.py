"""One phone on real sockets against a scripted registrar on real sockets: every kind of outcome."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from certs.authority import Authority
from certs.spec import CertSpec
from simulator.aio.clock import RealClock
from simulator.aio.driver import Driver
from simulator.core.actor.flow import Address, CloseFlow, Effect, Fetched, FlowEnd, FlowFacts, Listen, SendData
from simulator.core.events import PhoneRegistered, SipSent
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.network.endpoint import Endpoint
from simulator.core.sip import Need, Request, SipStream, reply_to, serialize
from simulator.core.tls.settings import ServerTls
from softphone.aio.client import Outcome, Refused, Registered, Unreachable, register_once
from softphone.core.settings.profile import AccessToken, FixedToken, PhoneProfile

Make = Callable[..., Any]
TOKENS = FixedToken(AccessToken("a-token-that-is-good-enough", Instant(4e9)))


class Node:
    """An actor that hands each request to the scripted registrar."""

    def __init__(self, ucm: Any) -> None:
        self.name = ActorId("node")
        self._ucm = ucm
        self._streams: dict[FlowId, SipStream] = {}
        self._out: list[Effect] = []
        self.hang_up = False

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        self._streams[flow] = SipStream()
        if self.hang_up:
            self._out.append(CloseFlow(flow))

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        stream = self._streams[flow]
        stream.receive_data(data)
        while (message := stream.next_message()) is not Need.DATA:
            assert isinstance(message, Request)
            reply = self._ucm.answer(message)
            if reply is not None:
                self._out.append(SendData(flow, serialize(reply)))

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        self._streams.pop(flow, None)

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        raise AssertionError("nothing is fetched here")

    def next_timeout(self) -> Instant | None:
        return None

    def handle_timeout(self, now: Instant) -> None:
        raise AssertionError("nothing is due here")

    def effects(self) -> list[Effect]:
        out, self._out = self._out, []
        return out


@asynccontextmanager
async def serving(body: bytes, *, status: str = "200 OK") -> AsyncIterator[str]:
    """An HTTP server that gives the same answer to everything; yields its URL."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/CSFADA.cnf.xml"


@asynccontextmanager
async def node(
    ucm: Any, tls: ServerTls | None = None, *, hang_up: bool = False, log: EventLog | None = None
) -> AsyncIterator[int]:
    """The registrar on a free port of 127.0.0.1; yields the port."""
    driver = Driver(log or EventLog(RealClock(), keep=0), RealClock(), FlowIds())
    actor = Node(ucm)
    actor.hang_up = hang_up
    listen = Listen(name="sip", transport="tls" if tls else "tcp", address=Address("127.0.0.1", 0), tls=tls)
    try:
        (address,) = await driver.open(Endpoint(owner=actor.name, listen=listen, handler=actor))
        yield address.port
    finally:
        await driver.shut_down()


def file_for(cnf: Make, port: int, *, oauth: bool = False) -> bytes:
    edits = [("ucm-sub1.lab.example</p", "127.0.0.1</p"), ("ucm-sub2.lab.example</p", "</p")]
    if oauth:
        return cnf(*edits, (">5090<", f">{port}<"))  # type: ignore[no-any-return]
    edits += [
        ("<sipOAuthMode>1", "<sipOAuthMode>0"),
        ("SecurityMode>3", "SecurityMode>1"),
        (">5060</s", f">{port}</s"),
    ]
    return cnf(*edits, ("LayerProtocol>3", "LayerProtocol>1"))  # type: ignore[no-any-return]


async def outcome_of(url: str, *, within: float = 10.0, **more: Any) -> Outcome:
    log, clock = more.pop("log", None), more.pop("clock", None)
    profile = PhoneProfile(device="CSFADA", config_urls=(url,), **more)
    return await register_once(profile, TOKENS, within=within, log=log, clock=clock)


@pytest.fixture(scope="module")
def tomcat() -> tuple[Authority, ServerTls]:
    now = Instant(time.time())
    authority = Authority.create("Tomcat CA", now=now)
    issued = authority.issue(CertSpec(common_name="ucm", sans=("127.0.0.1",)), now=now)
    return authority, ServerTls(credential=issued.credential)


async def test_over_TLS_it_registers_with_a_token_and_leaves(
    cnf: Make, ucm: Make, tomcat: tuple[Authority, ServerTls]
) -> None:
    authority, tls = tomcat
    registrar = ucm()
    clock = RealClock()
    log = EventLog(clock)
    async with node(registrar, tls, log=log) as port, serving(file_for(cnf, port, oauth=True)) as url:
        outcome = await outcome_of(url, trust=(authority.certificate,), log=log, clock=clock)
    assert outcome == Registered(node="127.0.0.1", port=port, expires=120, unregistered=True)
    assert [r.headers.get("Expires") for r in registrar.seen] == ["3600", "3600", "0"]
    assert len(log.of(PhoneRegistered)) == 1
    assert {record.actor for record in log} == {"CSFADA", "node"}
    assert all("a-token-that-is" not in event.text for event in log.of(SipSent))


async def test_a_certificate_of_an_unknown_authority_is_refused(
    cnf: Make, ucm: Make, tomcat: tuple[Authority, ServerTls]
) -> None:
    other = Authority.create("Another CA", now=Instant(time.time()))
    async with node(ucm(), tomcat[1]) as port, serving(file_for(cnf, port, oauth=True)) as url:
        outcome = await outcome_of(url, trust=(other.certificate,))
    assert isinstance(outcome, Unreachable)
    assert outcome.code == "E_ALL_NODES_FAILED"
    assert "TLS refused by us" in outcome.why


async def test_over_TCP_it_registers_without_a_token(cnf: Make, ucm: Make) -> None:
    registrar = ucm(bearer=False)
    async with node(registrar) as port, serving(file_for(cnf, port)) as url:
        assert await outcome_of(url) == Registered(node="127.0.0.1", port=port, expires=120, unregistered=True)


async def test_a_refusal_is_told_with_its_warning(cnf: Make, ucm: Make) -> None:
    extra = [("Retry-After", "35"), ("Warning", '399 ucm "SIP OAuth Registration port Mismatch"')]
    registrar = ucm()
    registrar.script.append(lambda r: reply_to(r, 403, extra=extra))
    async with node(registrar) as port, serving(file_for(cnf, port)) as url:
        assert await outcome_of(url) == Refused(
            node="127.0.0.1",
            port=port,
            status=403,
            reason="Forbidden",
            warning="SIP OAuth Registration port Mismatch",
            retry_after=35,
        )


async def test_a_challenge_it_cannot_answer_is_a_refusal_with_a_code(cnf: Make, ucm: Make) -> None:
    async with node(ucm()) as port, serving(file_for(cnf, port)) as url:
        outcome = await outcome_of(url)
    assert isinstance(outcome, Refused)
    assert (outcome.status, outcome.code) == (407, "E_CHALLENGE_UNSUPPORTED")


async def test_a_file_that_is_not_there(cnf: Make) -> None:
    async with serving(b"no", status="404 Not Found") as url:
        outcome = await outcome_of(url)
    assert outcome == Unreachable(code="E_HTTP_404", why="404: the server has no such file")


async def test_a_node_that_hangs_up(cnf: Make, ucm: Make) -> None:
    async with node(ucm(), hang_up=True) as port, serving(file_for(cnf, port)) as url:
        outcome = await outcome_of(url)
    assert isinstance(outcome, Unreachable)
    assert outcome.code == "E_ALL_NODES_FAILED"


async def test_a_silent_node_takes_too_long(cnf: Make, ucm: Make) -> None:
    registrar = ucm()
    registrar.script.append(None)
    async with node(registrar) as port, serving(file_for(cnf, port)) as url:
        outcome = await outcome_of(url, within=0.5)
    assert outcome == Unreachable(
        code="E_TIMEOUT", why=f"still registering to 127.0.0.1:{port} (tcp) after 0.5 s"
    )


async def test_a_silent_config_server_takes_too_long() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x.cnf.xml"
        outcome = await outcome_of(url, within=0.3)
    assert outcome == Unreachable(code="E_TIMEOUT", why="still fetching_config after 0.3 s")
