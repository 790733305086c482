"""An Expressway-E and an Expressway-C in the World: what passes between them, and who is let in at 7001."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from simulator.core import events as ev
from simulator.core.actor.flow import (
    Address,
    CloseFlow,
    Effect,
    FlowEnd,
    FlowFacts,
    OpenFlow,
    SendData,
    Transport,
)
from simulator.core.events import Event
from simulator.core.events.log import Record
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls, Credential
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.expressways import EdgeConfig, ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.phones import PhoneConfig, TokenConfig
from simulator.lab.run.world import World, run_now
from simulator.lab.steps.service_actions import start_expressway, stop_expressway

REGISTER = (
    b"REGISTER sip:ucm-pub.lab.example SIP/2.0\r\n"
    b"Via: SIP/2.0/TLS 198.51.100.2:5061;branch=z9hG4bKforged\r\n"
    b"From: <sip:1010@ucm-pub.lab.example>;tag=1\r\nTo: <sip:1010@ucm-pub.lab.example>\r\n"
    b"Call-ID: forged@198.51.100.2\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
PEERS = {7001: "traversal", 2222: "tunnel"}


class RawClient:
    """A client that connects once and says one thing."""

    name = ActorId("CSFALICE")

    def __init__(self, flow: FlowId, port: int, tls: ClientTls | None, said: bytes) -> None:
        self.said, self.heard, self.ended, self._flow = said, b"", False, flow
        transport: Transport = "tls" if tls is not None else "tcp"
        self._effects: list[Effect] = [
            OpenFlow(flow=flow, transport=transport, remote=Address("expe.lab.example", port), tls=tls)
        ]

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        self._effects.append(SendData(flow, self.said))

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        self.heard += data

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        self.ended = True

    def next_timeout(self) -> Instant | None:
        return None

    def handle_timeout(self, now: Instant) -> None: ...

    def leave(self) -> None:
        self._effects.append(CloseFlow(self._flow))

    def effects(self) -> list[Effect]:
        drained, self._effects = self._effects, []
        return drained


def lab(**edge: object) -> World:
    pair = ExpresswayConfig(edge=EdgeConfig.model_validate(edge), rate_limit=10)
    config = LabConfig(expressways=[pair], phones=[PhoneConfig(deployment="mra")])
    world = World(config, real_now=Instant(time.time()))
    world.site.ucm.sign_in.load_passwords()
    return world


def seen(world: World, kind: type[Event], actor: str) -> list[Record]:
    return [one for one in world.site.log.records() if one.actor == actor and isinstance(one.event, kind)]


def states(world: World) -> dict[str, str]:
    site = world.site
    zones = [("e", zone) for zone in site.expressways.expressway_e["expe"].zones]
    zones += [("c", zone) for zone in site.expressways.expressway_c["expc"].traversal]
    return {f"{side} {zone.zone}": zone.state for side, zone in zones}


def register(world: World) -> str | None:
    phone = world.site.phones.get("CSFALICE")
    phone.start(world.site.clock.now())
    world.run(phone)
    run_now(world.until_idle())
    return world.site.phones.bound_at("CSFALICE")


ALL_ACTIVE = dict.fromkeys(("e TraversalZone", "e SSH tunnels", "c TraversalZone", "c SSH tunnels"), "active")


def test_both_sides_show_both_connections_from_the_start() -> None:
    assert states(lab()) == ALL_ACTIVE


def test_a_phone_registers_through_both_and_is_reached_through_both() -> None:
    world = lab()
    assert register(world) == "ucm-pub"
    for node in world.site.ucm.notify_reset("CSFALICE"):
        world.run(node)
    run_now(world.until_idle())
    notified = [one.event for one in seen(world, ev.SipReceived, "CSFALICE")]
    assert "NOTIFY" in [event.method for event in notified if isinstance(event, ev.SipReceived)]


def credential(world: World, **certificate: object) -> Credential:
    issued = world.site.pki.issue(
        CertificateConfig.model_validate(certificate),
        holder="another",
        host="expc9.lab.example",
        addresses=(),
        default_ca="expressway-ca",
    )
    return issued.credential


def connect(world: World, port: int, said: bytes, shown: Credential | None) -> RawClient:
    tls = ClientTls(server_name="expe.lab.example", verify=False, check_hostname=False, credential=shown)
    client = RawClient(world.site.flows.take(), port, tls, said)
    run_now(world.join(client))
    run_now(world.until_idle())
    return client


Shown = Callable[[World], Credential | None]


@pytest.mark.parametrize("port", PEERS)
@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(lambda world: None, id="no certificate"),
        pytest.param(lambda world: credential(world, issuer="self"), id="a self-signed certificate"),
        pytest.param(lambda world: credential(world, forged=True), id="one of a forged authority"),
        pytest.param(lambda world: credential(world, usages="server"), id="one for servers only"),
        pytest.param(lambda world: credential(world), id="a trusted one with another name"),
    ],
)
def test_who_is_not_the_expressway_c_gets_nothing_through(port: int, shown: Shown) -> None:
    world = lab()
    client = connect(world, port, REGISTER, shown(world))
    assert client.ended
    assert client.heard == b""
    assert not seen(world, ev.ProxyForwarded, "expe")
    assert not seen(world, ev.SipReceived, "expe")
    assert states(world) == ALL_ACTIVE, "the right one is not put out"
    assert register(world) == "ucm-pub"


def test_a_trusted_certificate_with_another_name_is_told_of_at_the_edge() -> None:
    world = lab()
    connect(world, 7001, REGISTER, credential(world))
    (record,) = seen(world, ev.TraversalPeerRefused, "expe")
    assert isinstance(record.event, ev.TraversalPeerRefused)
    assert (record.event.wanted, record.event.offered) == ("expc.lab.example", ("expc9.lab.example",))


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"\xff\x00" * 500, id="bytes"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="HTTP"),
        pytest.param((1 << 31).to_bytes(4, "big"), id="a length of two gigabytes"),
        pytest.param(b"\0\0\0\x05" + b"[" * 5, id="no JSON"),
        pytest.param(b"\0\0\0\x02{}", id="an object without fields"),
    ],
)
@pytest.mark.parametrize("port", PEERS)
def test_garbage_of_the_right_peer_ends_its_connection_alone(port: int, said: bytes) -> None:
    """It has the Expressway-C's own certificate; the real one connects anew."""
    world = lab()
    client = connect(world, port, said, world.site.credentials["expc"])
    client.leave()
    world.run(client)
    run_now(world.advance(200))
    assert states(world) == ALL_ACTIVE
    assert register(world) == "ucm-pub"


def test_plain_bytes_at_7001_are_no_handshake() -> None:
    world = lab()
    client = RawClient(world.site.flows.take(), 7001, None, REGISTER)
    run_now(world.join(client))
    run_now(world.until_idle())
    assert not seen(world, ev.SipReceived, "expe")
    assert register(world) == "ucm-pub"


@pytest.mark.parametrize(
    ("edge", "alert"),
    [
        pytest.param({"verify_subject": "expc2.lab.example"}, None, id="E expects another name"),
        pytest.param({"trusted_cas": ["tomcat-ca"]}, 48, id="E does not know C's authority"),
        pytest.param({"certificate": {"issuer": "public-ca"}}, 48, id="C does not know E's authority"),
        pytest.param(
            {"certificate": {"sans": ["DNS:edge.example"], "common_name": "edge.example"}},
            42,
            id="C dials another name",
        ),
        pytest.param({"certificate": {"valid": "expired"}}, 45, id="E's certificate has expired"),
    ],
)
def test_a_pair_that_does_not_trust_each_other_lets_no_phone_in(
    edge: dict[str, object], alert: int | None
) -> None:
    world = lab(**edge)
    assert "active" not in states(world).values()
    alerts = {
        one.event.alert for one in seen(world, ev.TlsFailed, "expc") if isinstance(one.event, ev.TlsFailed)
    }
    assert alerts == ({alert} if alert is not None else set())
    assert register(world) is None


def test_attempts_become_rarer_and_never_stop() -> None:
    world = lab(trusted_cas=["tomcat-ca"])
    run_now(world.advance(1_000))
    at = [one.at for one in seen(world, ev.FlowOpened, "expc")][::2]
    pauses = [round(later - earlier) for earlier, later in pairwise(at)]
    assert pauses[:5] == [5, 10, 20, 40, 80]
    assert set(pauses[5:]) == {120}


def test_an_expressway_c_that_hangs_is_noticed_at_the_edge() -> None:
    world = lab()
    world.site.faults.hang_expressway("expc", True)
    run_now(world.advance(70))
    assert states(world)["e TraversalZone"] == "failed"
    world.site.faults.hang_expressway("expc", False)
    world.run(world.site.expressways.expressway_c["expc"])
    run_now(world.advance(200))
    assert states(world) == ALL_ACTIVE


@pytest.mark.parametrize("name", ["expe", "expc"])
def test_either_of_the_pair_may_be_switched_off_and_on(name: str) -> None:
    world = lab()
    assert register(world) == "ucm-pub"
    run_now(stop_expressway(world, name))
    run_now(world.advance(30))
    run_now(start_expressway(world, name))
    run_now(world.advance(400))
    assert states(world) == ALL_ACTIVE
    assert world.site.phones.bound_at("CSFALICE") == "ucm-pub"


# --- what phones' side sends ----------------------------------------------------------------------------------


def from_outside(world: World, *lines: str, uri: str = "sip:ucm-pub.lab.example", hops: int = 70) -> RawClient:
    head = (
        f"REGISTER {uri} SIP/2.0",
        "Via: SIP/2.0/TLS 10.9.9.9:5061;branch=z9hG4bKx",
        "From: <sip:1010@ucm-pub.lab.example>;tag=1",
        "To: <sip:1010@ucm-pub.lab.example>",
        "Call-ID: outside@10.9.9.9",
        "CSeq: 1 REGISTER",
        f"Max-Forwards: {hops}",
        *lines,
        "Content-Length: 0",
    )
    return connect(world, 5061, "\r\n".join((*head, "", "")).encode(), None)


@pytest.mark.parametrize(
    ("line", "hops", "answer"),
    [
        pytest.param("Route: <sip:evil.example:5061;lr>", 70, b"SIP/2.0 404", id="a Route elsewhere"),
        pytest.param("Route: <sip:192.0.2.1:5091;lr>", 70, b"SIP/2.0 404", id="a Route past the C"),
        pytest.param("User-Agent: x", 0, b"SIP/2.0 483", id="no hop left"),
        pytest.param("Proxy-Require: x", 70, b"SIP/2.0 420", id="an extension for proxies"),
    ],
)
def test_what_the_edge_refuses_goes_no_further(line: str, hops: int, answer: bytes) -> None:
    world = lab()
    assert from_outside(world, line, hops=hops).heard.startswith(answer)
    assert not seen(world, ev.ProxyForwarded, "expe")


def test_a_node_that_nobody_knows_is_refused_by_the_expressway_c() -> None:
    world = lab()
    client = from_outside(world, uri="sip:elsewhere.example")
    assert client.heard.startswith(b"SIP/2.0 404")
    assert b'Warning: 399 198.51.100.2:5061 "Policy Response"' in client.heard


def test_hops_count_over_both() -> None:
    world = lab()
    assert from_outside(world, hops=1).heard.startswith(b"SIP/2.0 483")
    assert seen(world, ev.ProxyForwarded, "expe")
    assert not seen(world, ev.SipReceived, "ucm-pub")


def test_expired_tokens_block_their_source_at_the_edge_and_not_the_pair() -> None:
    world = lab()
    token = world.site.phones.token_text(TokenConfig(mutate="expired"))
    for _ in range(6):
        client = from_outside(world, f'Proxy-Authorization: Bearer token="{token}"')
        assert client.heard.startswith(b"SIP/2.0 407")
    (record,) = seen(world, ev.SourceBlocked, "expe")
    assert client.ended
    assert not seen(world, ev.SourceBlocked, "expc")
    assert states(world) == ALL_ACTIVE
    source = record.event.source if isinstance(record.event, ev.SourceBlocked) else ""
    judged = [one.event for one in seen(world, ev.EdgeTokenJudged, "expc")]
    assert {event.source for event in judged if isinstance(event, ev.EdgeTokenJudged)} == {source}


def test_a_loop_over_the_traversal_zone_is_cut() -> None:
    """A REGISTER that already carries the edge's own Via, as it wrote it."""
    world = lab()
    from_outside(world)
    events = [one.event for one in seen(world, ev.SipSent, "expe")]
    (sent,) = [event for event in events if isinstance(event, ev.SipSent) and event.status is None]
    via = next(line for line in sent.text.splitlines() if line.startswith("Via:"))
    assert ":7001" in via
    again = from_outside(world, via)
    assert again.heard.startswith(b"SIP/2.0 482")


# --- what is asked while the other one says nothing ----------------------------------------------------------


def test_a_question_at_8443_that_the_expressway_c_never_answers_gets_504() -> None:
    world = lab()
    world.site.faults.hang_expressway("expc", True)
    asked = connect(world, 8443, b"GET /bGFiLmV4YW1wbGU/get_edge_sso HTTP/1.1\r\nHost: expe\r\n\r\n", None)
    run_now(world.advance(14))
    assert asked.heard == b""
    run_now(world.advance(2))
    assert asked.heard.startswith(b"HTTP/1.1 504 ")


def test_what_ucm_sends_to_a_phone_while_the_link_is_cut_is_answered_480() -> None:
    world = lab()
    assert register(world) == "ucm-pub"
    run_now(stop_expressway(world, "expe"))
    run_now(world.advance(1))
    for node in world.site.ucm.notify_reset("CSFALICE"):
        world.run(node)
    run_now(world.until_idle())
    answers = [one.event for one in seen(world, ev.SipReceived, "ucm-pub")]
    assert [event.status for event in answers if isinstance(event, ev.SipReceived)][-1] == 480
    assert world.site.phones.bound_at("CSFALICE") == "ucm-pub"
