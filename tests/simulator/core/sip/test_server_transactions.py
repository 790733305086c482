"""Non-INVITE server transactions, RFC 3261 17.2.2: a retransmitted request gets the same response."""

from __future__ import annotations

from itertools import product

import pytest

from simulator.core.instant import Instant
from simulator.core.sip import (
    Headers,
    IllegalInput,
    MissingHeader,
    Request,
    Response,
    ServerKey,
    ServerTransactions,
    reply_to,
)
from simulator.core.sip.server import TRANSITIONS, ServerInput, ServerState

START = Instant(1000.0)


def at(seconds: float) -> Instant:
    return Instant(START + seconds)


def register(
    via: str = "SIP/2.0/UDP h;branch=z9hG4bK1", method: str = "REGISTER", call_id: str = "1"
) -> Request:
    return Request(
        method,
        "sip:ucm",
        Headers(
            [
                ("Via", via),
                ("From", "<sip:a@h>;tag=1"),
                ("To", "<sip:a@h>"),
                ("Call-ID", call_id),
                ("CSeq", f"1 {method}"),
            ]
        ),
    )


def opened(*, reliable: bool) -> tuple[ServerTransactions[Response], ServerKey]:
    server: ServerTransactions[Response] = ServerTransactions(reliable)
    key = server.receive(register(), START)
    assert key == ServerKey("z9hG4bK1", "h", "REGISTER")
    return server, key


def test_unreliable_a_retransmission_is_absorbed_and_answered_like_the_first() -> None:
    server, key = opened(reliable=False)
    assert server.receive(register(), at(0.5)) is None
    assert server.messages_to_send() == []
    trying, final = reply_to(register(), 100), reply_to(register(), 407, to_tag="1")
    server.respond(key, 100, trying, at(1))
    assert server.receive(register(), at(1.5)) is None
    assert server.messages_to_send() == [trying, trying]
    server.respond(key, 200, final, at(2))
    assert server.receive(register(), at(2.5)) is None
    assert server.receive(register(), at(33.9)) is None
    assert server.messages_to_send() == [final, final, final]


def test_unreliable_timer_j_ends_it_after_64_t1() -> None:
    server, key = opened(reliable=False)
    assert server.next_timeout() is None
    server.respond(key, 200, reply_to(register(), 200), at(2))
    assert server.next_timeout() == at(34)
    server.handle_timeout(at(33.9))
    assert len(server) == 1
    server.handle_timeout(at(34))
    assert len(server) == 0
    assert server.next_timeout() is None
    assert server.receive(register(), at(35)) == key


def test_reliable_a_final_response_ends_it_at_once() -> None:
    server, key = opened(reliable=True)
    server.respond(key, 100, reply_to(register(), 100), START)
    assert server.receive(register(), START) is None
    server.respond(key, 200, reply_to(register(), 200), START)
    assert [response.status for response in server.messages_to_send()] == [100, 100, 200]
    assert len(server) == 0
    assert server.next_timeout() is None
    assert server.receive(register(), START) == key


def test_a_transaction_is_answered_once() -> None:
    server, key = opened(reliable=False)
    server.respond(key, 200, reply_to(register(), 200), START)
    for status in (100, 200):
        with pytest.raises(IllegalInput, match="respond"):
            server.respond(key, status, reply_to(register(), status), START)
    with pytest.raises(ValueError, match="no open transaction"):
        server.respond(ServerKey("other", "h", "REGISTER"), 200, reply_to(register(), 200), START)


def test_a_failed_transport_ends_everything() -> None:
    server, key = opened(reliable=False)
    server.respond(key, 200, reply_to(register(), 200), START)
    assert server.receive(register("SIP/2.0/UDP h;branch=z9hG4bK2"), START) is not None
    server.transport_failed()
    assert len(server) == 0
    assert server.next_timeout() is None


DIFFERENT = {
    "another branch": register("SIP/2.0/UDP h;branch=z9hG4bK2"),
    "another sent-by host": register("SIP/2.0/UDP i;branch=z9hG4bK1"),
    "another sent-by port": register("SIP/2.0/UDP h:5070;branch=z9hG4bK1"),
    "another method": register(method="OPTIONS"),
}


@pytest.mark.parametrize("request_", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_another_request_is_another_transaction(request_: Request) -> None:
    server, key = opened(reliable=False)
    assert server.receive(request_, START) not in (None, key)


def test_sent_by_is_compared_in_any_case() -> None:
    server, _ = opened(reliable=False)
    assert server.receive(register("SIP/2.0/UDP H;branch=z9hG4bK1"), START) is None


@pytest.mark.parametrize("branch", ["", ";branch=1", ";branch=z9hG4bK"])
def test_without_a_unique_branch_the_rest_of_the_request_identifies_it(branch: str) -> None:
    server: ServerTransactions[Response] = ServerTransactions(reliable=False)
    via = f"SIP/2.0/UDP h{branch}"
    assert server.receive(register(via), START) is not None
    assert server.receive(register(via), START) is None
    assert server.receive(register(via, call_id="2"), START) is not None


def test_an_ack_is_never_answered() -> None:
    server: ServerTransactions[Response] = ServerTransactions(reliable=False)
    assert server.receive(register(method="ACK"), START) is None
    assert len(server) == 0
    key = server.receive(register(method="INVITE"), START)
    assert key is not None
    server.respond(key, 405, reply_to(register(method="INVITE"), 405), START)
    server.messages_to_send()
    assert server.receive(register(method="ACK"), START) is None
    assert server.messages_to_send() == []


def test_a_request_without_a_via_cannot_be_matched() -> None:
    with pytest.raises(MissingHeader):
        ServerTransactions(reliable=True).receive(Request("X", "sip:h", Headers()), START)


@pytest.mark.parametrize(("state", "event"), list(product(ServerState, ServerInput)))
def test_what_is_not_in_the_table_is_our_own_mistake(state: ServerState, event: ServerInput) -> None:
    server, key = opened(reliable=False)
    transaction = server._open[key]
    transaction.state = state
    if (state, event) in TRANSITIONS:
        server._step(transaction, event)
        assert transaction.state is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalInput, match=event.value):
            server._step(transaction, event)
