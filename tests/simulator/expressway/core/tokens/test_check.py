"""Who asks for a token, which tokens an Expressway refuses itself, and how it limits and blocks sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from registrar.core.tokens import ClusterKeys
from simulator.core.events import EdgeTokenJudged, SourceBlocked
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId
from simulator.core.instant import Instant, ManualClock
from simulator.core.sip import RFC8898, Request
from simulator.expressway.core.rate_limiter import RateLimiter
from simulator.expressway.core.settings import ExpresswaySettings

Mint = Callable[..., str]


def options(bench: Any, uri: str, **fields: str) -> Request:
    """An OPTIONS like the phone's REGISTER."""
    request: Request = bench.register().replace(method="OPTIONS", uri=uri)
    headers = request.headers.with_field("CSeq", "105 OPTIONS").without("Contact")
    for name, value in fields.items():
        headers = headers.with_field(name.replace("_", "-"), value)
    return request.replace(headers=headers)


# --- 407 ------------------------------------------------------------------------------------------------------


def test_without_a_token_the_request_goes_to_ucm_and_its_407_comes_back(bench: Any) -> None:
    phone = bench.phone()
    bench.send(phone, bench.register(token=""))
    ucm = bench.accept()
    forwarded = bench.request(ucm)
    challenge = bench.accepted(forwarded).replace(status=407, reason="Proxy Authentication Required")
    bench.send(ucm, challenge)
    answer = bench.response(phone)
    assert (answer.status, answer.headers.get("Server")) == (407, "Cisco-CUCM12.5")


@pytest.mark.parametrize(
    ("settings", "status", "header"),
    [
        pytest.param(
            ExpresswaySettings(edge_challenges=True),
            407,
            ("Proxy-Authenticate", 'Bearer realm="ccmsipline"'),
            id="in UCM's words",
        ),
        pytest.param(
            ExpresswaySettings(edge_challenges=True, dialect=RFC8898),
            401,
            ("WWW-Authenticate", "Bearer"),
            id="in the RFC's",
        ),
    ],
)
def test_the_edge_can_be_told_to_ask_itself(
    make_bench: Callable[..., Any], settings: ExpresswaySettings, status: int, header: tuple[str, str]
) -> None:
    bench = make_bench(settings=settings)
    phone = bench.phone()
    bench.send(phone, bench.register(token=""))
    answer = bench.response(phone)
    assert answer.status == status
    assert (answer.headers.get(header[0]) or "").startswith(header[1])
    assert (answer.headers.get("Server") or "").startswith("TANDBERG/")
    assert answer.headers.get("Warning") == '399 10.15.20.10:5061 "Token required"'
    assert bench.opened == []
    bench.send(phone, bench.register(cseq="106", branch="z9hG4bK106"))
    assert bench.request(bench.accept()).cseq.number == 106


# --- tokens ---------------------------------------------------------------------------------------------------


@pytest.fixture
def checking(make_bench: Callable[..., Any], keys: ClusterKeys) -> Any:
    """A bench whose Expressway has fetched the keys of the cluster."""
    return make_bench(keys=keys)


def test_more_than_five_expired_tokens_shut_the_source_out_for_ten_minutes(
    checking: Any, mint: Mint, keys: ClusterKeys
) -> None:
    bench, old = checking, mint(checking, keys, age=7200)
    first, second, other = bench.phone(port=1), bench.phone(port=2), bench.phone("203.0.113.9")
    for number in range(5):
        bench.send(first, bench.register(token=old, branch=f"z9hG4bK{number}"))
    assert [message.status for message in bench.messages(first)] == [407] * 5
    assert bench.closed == []
    bench.send(second, bench.register(token=old, branch="z9hG4bK5"))
    assert bench.response(second).status == 407
    assert sorted(bench.closed) == [first, second]
    (event,) = bench.log.of(SourceBlocked)
    assert (event.source, event.seconds) == ("203.0.113.8", 600.0)
    assert bench.expc.blocked_sources(bench.now) == {"203.0.113.8": bench.now + 600}

    third = bench.phone(port=3)
    assert bench.closed[-1] == third
    bench.send(other, bench.register(token=mint(bench, keys)))
    assert bench.request(bench.accept()).method == "REGISTER"

    bench.advance(601)
    fourth = bench.phone(port=4)
    assert fourth not in bench.closed


def test_an_administrator_lets_a_source_in_again(checking: Any, mint: Mint, keys: ClusterKeys) -> None:
    bench, phone = checking, checking.phone()
    for number in range(6):
        bench.send(phone, bench.register(token=mint(bench, keys, age=7200), branch=f"z9hG4bK{number}"))
    assert bench.expc.unblock("203.0.113.8", bench.now)
    assert bench.phone(port=9) not in bench.closed
    assert not bench.expc.unblock("203.0.113.8", bench.now)
    assert not bench.expc.unblock("203.0.113.77", bench.now)


def test_expired_tokens_that_are_far_apart_shut_nobody_out(
    checking: Any, mint: Mint, keys: ClusterKeys
) -> None:
    bench = checking
    for number in range(12):
        phone = bench.phone(port=number)
        bench.send(phone, bench.register(token=mint(bench, keys, age=7200), branch=f"z9hG4bK{number}"))
        bench.advance(150)
    assert bench.log.of(SourceBlocked) == []


def test_a_foreign_token_is_asked_for_again_and_shuts_nobody_out(checking: Any, mint: Mint) -> None:
    bench, phone = checking, checking.phone()
    foreign = mint(bench, ClusterKeys.create("0d5e6d6b-9a0b-4a56-8a8e-6a1f7c1e1c22"))
    for number in range(12):
        bench.send(phone, bench.register(token=foreign, branch=f"z9hG4bK{number}"))
    answers = bench.messages(phone)
    assert {answer.status for answer in answers} == {407}
    assert {event.problem for event in bench.log.of(EdgeTokenJudged)} == {"key_unknown"}
    assert bench.closed == []
    assert bench.opened == []


# --- rates ----------------------------------------------------------------------------------------------------


def test_who_asks_too_fast_gets_503_with_a_time_to_wait_and_others_are_served(
    make_bench: Callable[..., Any],
) -> None:
    bench = make_bench(settings=ExpresswaySettings(rate=2.0))
    greedy, other = bench.phone(), bench.phone("203.0.113.9")
    for number in range(6):
        bench.send(greedy, bench.register(branch=f"z9hG4bK{number}"))
    refused = bench.messages(greedy)
    assert [(answer.status, answer.headers.get("Retry-After")) for answer in refused] == [(503, "10")] * 2
    assert refused[0].headers.get("Warning") == '399 10.15.20.10:5061 "Rate limit exceeded"'
    bench.send(other, bench.register(branch="z9hG4bKother"))
    assert bench.messages(other) == []
    bench.advance(0.5)
    bench.send(greedy, bench.register(branch="z9hG4bKlater"))
    assert bench.messages(greedy) == []
    assert len(bench.messages(bench.accept())) == 6


def test_only_so_many_sources_are_remembered() -> None:
    journal = EventLog(ManualClock(Instant(1_000.0))).journal(ActorId("expc"))
    limiter = RateLimiter(journal, rate=1.0)
    for number in range(20_000):
        assert limiter.admit(f"2001:db8::{number:x}", Instant(1_000.0 + number))
    assert len(limiter) == 10_000


# --- OPTIONS --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["phone", "ucm"])
def test_an_options_to_the_expressway_itself_is_answered_by_it(bench: Any, side: str) -> None:
    phone, ucm = bench.registered()
    flow = phone if side == "phone" else ucm
    bench.send(flow, options(bench, "sip:10.15.20.10:5061;transport=tls"))
    answer = bench.response(flow)
    assert answer.status == 200
    assert "REGISTER" in (answer.headers.get("Allow") or "")
    assert bench.messages(ucm if side == "phone" else phone) == []


def test_an_options_to_ucm_passes(bench: Any) -> None:
    phone, ucm = bench.registered()
    bench.send(phone, options(bench, f"sip:{bench.node}"))
    assert bench.request(ucm).method == "OPTIONS"


def test_an_options_to_the_expressway_with_no_hop_left_is_483(bench: Any) -> None:
    phone = bench.phone()
    bench.send(phone, options(bench, "sip:10.15.20.10:5061", Max_Forwards="0"))
    assert bench.response(phone).status == 483
