"""An Expressway-E without an Expressway-C: what its clients are answered, and how its parts hand work on."""

from __future__ import annotations

from simulator.core.actor.flow import Address
from simulator.core.entropy import SeededEntropy
from simulator.core.events import EdgeRequestAnswered, TraversalPeerRefused
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.core.tls.settings import Credential
from simulator.expressway.core.actors.expressway_e import ExpresswayE
from simulator.expressway.core.mra_https.paths import encode
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.testing import Playbook

GET = f"GET /{encode('lab.example')}/get_edge_sso HTTP/1.1\r\nHost: expe.lab.example\r\n\r\n".encode()
OPTIONS = (
    b"OPTIONS sip:ucm-pub.lab.example SIP/2.0\r\n"
    b"Via: SIP/2.0/TLS 203.0.113.8:58980;branch=z9hG4bK1\r\n"
    b"From: <sip:1010@lab.example>;tag=1\r\n"
    b"To: <sip:ucm-pub.lab.example>\r\n"
    b"Call-ID: 1@203.0.113.8\r\n"
    b"CSeq: 1 OPTIONS\r\n"
    b"Max-Forwards: 70\r\n"
    b"Content-Length: 0\r\n\r\n"
)


def expressway_e(**settings: float | None) -> Playbook:
    flows, clock = FlowIds(), ManualClock(Instant(1_000.0))
    log = EventLog(clock)
    actor = ExpresswayE(
        host="expe.lab.example",
        address=Address("203.0.113.1", 5061),
        https=Address("203.0.113.1", 8443),
        traversal=Address("203.0.113.1", 7001),
        tunnel=Address("203.0.113.1", 2222),
        credential=Credential(b"chain", b"key"),
        trust=(b"ca",),
        verify="expc.lab.example",
        client=Address("10.15.20.10", 5061),
        client_host="expc.lab.example",
        entropy=SeededEntropy(1),
        journal=log.journal(ActorId("expe")),
        settings=ExpresswaySettings(**settings),
    )
    return Playbook(actor, flows=flows, clock=clock, log=log)


def test_without_a_tunnel_each_request_to_8443_is_answered_503() -> None:
    play = expressway_e().accepted("https").receives(GET + GET)
    play.sends(r"^HTTP/1\.1 503 ").sends(r"^HTTP/1\.1 503 ").quiet()
    play.reports(EdgeRequestAnswered, status=503, detail="no tunnel to the Expressway-C")


def test_without_a_traversal_connection_a_phone_s_request_is_answered_408() -> None:
    play = expressway_e().accepted("edge").receives(OPTIONS)
    play.sends(
        r'^SIP/2\.0 408 Request Timeout[\s\S]*^Warning: 399 203\.0\.113\.1:5061 "Request Timeout"'
    ).quiet()


def test_who_shows_no_certificate_of_the_expressway_c_is_closed_before_it_can_speak() -> None:
    for listener in ("traversal", "tunnel"):
        play = expressway_e().accepted(listener).closes().quiet()
        play.reports(TraversalPeerRefused, wanted="expc.lab.example", offered=())


def test_a_phone_that_says_nothing_is_closed_after_the_patience_and_not_before() -> None:
    play = expressway_e(message_patience=60.0).accepted("edge").advances(59).quiet()
    play.advances(1).closes().quiet()


def test_a_hanging_expressway_answers_nothing_and_what_came_meanwhile_is_lost() -> None:
    play = expressway_e(message_patience=None)
    actor = play.actor
    assert isinstance(actor, ExpresswayE)
    play.accepted("edge")
    actor.hang(True)
    play.receives(OPTIONS).advances(100).quiet()
    actor.hang(False)
    play.quiet().receives(OPTIONS).sends(r"^SIP/2\.0 408 ")
