"""Non-INVITE client transactions, RFC 3261 17.1.2: who retransmits what, when, and who gives up."""

from __future__ import annotations

from itertools import product

import pytest

from simulator.core.instant import Instant
from simulator.core.sip import (
    ClientKey,
    ClientTransactions,
    Headers,
    IllegalInput,
    MalformedMessage,
    Request,
    ResponseArrived,
    StrayResponse,
    Timers,
    TransactionFailed,
    reply_to,
)
from simulator.core.sip.client import TRANSITIONS, ClientInput, ClientState

START = Instant(1000.0)


def at(seconds: float) -> Instant:
    return Instant(START + seconds)


def register(branch: str = "z9hG4bK1", method: str = "REGISTER") -> Request:
    via = "SIP/2.0/UDP h" + (f";branch={branch}" if branch else "")
    return Request(
        method,
        "sip:ucm",
        Headers(
            [
                ("Via", via),
                ("From", "<sip:a@h>;tag=1"),
                ("To", "<sip:a@h>"),
                ("Call-ID", "1"),
                ("CSeq", f"1 {method}"),
            ]
        ),
    )


def run(client: ClientTransactions, until: float) -> list[float]:
    """Lets time pass; returns when, in seconds, something was sent."""
    sent: list[float] = []
    while (due := client.next_timeout()) is not None and due <= at(until):
        client.handle_timeout(due)
        sent += [due - START] * len(client.messages_to_send())
    return sent


def started(*, reliable: bool) -> tuple[ClientTransactions, ClientKey]:
    client = ClientTransactions(reliable)
    key = client.send(register(), START)
    assert client.messages_to_send() == [register()]
    return client, key


def test_unreliable_timer_e_doubles_up_to_t2_until_timer_f() -> None:
    client, key = started(reliable=False)
    assert run(client, 100) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert client.events() == [TransactionFailed(key, register(), "timer F")]
    assert client.next_timeout() is None
    assert len(client) == 0


def test_reliable_nothing_is_retransmitted_and_timer_f_gives_up_after_32_seconds() -> None:
    client, key = started(reliable=True)
    assert client.next_timeout() == at(32)
    assert run(client, 31.9) == []
    assert client.events() == []
    assert run(client, 32) == []
    assert client.events() == [TransactionFailed(key, register(), "timer F")]


def test_after_a_provisional_response_timer_e_runs_at_t2() -> None:
    client, key = started(reliable=False)
    run(client, 0.6)
    trying = reply_to(register(), 100)
    client.receive(trying, at(1))
    client.receive(trying, at(1.2))
    assert client.events() == [ResponseArrived(key, register(), trying)] * 2
    assert run(client, 100) == [1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5]
    assert client.events() == [TransactionFailed(key, register(), "timer F")]


@pytest.mark.parametrize("status", [200, 302, 407, 503, 603])
def test_unreliable_a_final_response_is_reported_once_and_timer_k_absorbs_the_rest(status: int) -> None:
    client, key = started(reliable=False)
    final = reply_to(register(), status)
    client.receive(final, at(1))
    client.receive(final, at(1.5))
    client.receive(reply_to(register(), 100), at(1.6))
    assert client.events() == [ResponseArrived(key, register(), final)]
    assert client.next_timeout() == at(6)
    assert run(client, 5.9) == []
    assert len(client) == 1
    assert run(client, 6) == []
    assert len(client) == 0
    client.receive(final, at(7))
    assert client.events() == [StrayResponse(final)]


def test_reliable_a_final_response_ends_the_transaction_at_once() -> None:
    client, key = started(reliable=True)
    final = reply_to(register(), 200)
    client.receive(reply_to(register(), 100), at(0.1))
    client.receive(final, at(1))
    assert client.events()[1:] == [ResponseArrived(key, register(), final)]
    assert client.next_timeout() is None
    assert len(client) == 0
    assert client.messages_to_send() == []


def test_late_timers_catch_up_without_drifting() -> None:
    client, _ = started(reliable=False)
    client.handle_timeout(at(4))
    assert len(client.messages_to_send()) == 3
    assert client.next_timeout() == at(7.5)


def test_a_failed_transport_fails_what_is_unanswered() -> None:
    client = ClientTransactions(reliable=False)
    answered = client.send(register("z9hG4bKa"), START)
    waiting = client.send(register("z9hG4bKb"), START)
    client.receive(reply_to(register("z9hG4bKa"), 200), START)
    assert isinstance(client.events()[0], ResponseArrived)
    client.transport_failed()
    assert client.events() == [TransactionFailed(waiting, register("z9hG4bKb"), "transport error")]
    assert answered != waiting
    assert client.next_timeout() is None
    assert len(client) == 0


def test_responses_find_their_own_request() -> None:
    client = ClientTransactions(reliable=True)
    keys = [client.send(register(f"z9hG4bK{i}"), START) for i in range(3)]
    client.receive(reply_to(register("z9hG4bK1"), 200), START)
    client.receive(reply_to(register("z9hG4bK1", "OPTIONS"), 200), START)
    first, second = client.events()
    assert isinstance(first, ResponseArrived)
    assert first.key == keys[1] == ClientKey("z9hG4bK1", "REGISTER")
    assert isinstance(second, StrayResponse)


def test_a_branch_must_be_there_and_new() -> None:
    client, _ = started(reliable=True)
    with pytest.raises(ValueError, match="in use"):
        client.send(register(), START)
    with pytest.raises(ValueError, match="needs a branch"):
        client.send(register(""), START)


def test_a_response_without_a_branch_cannot_be_matched() -> None:
    client, _ = started(reliable=True)
    with pytest.raises(MalformedMessage, match="branch"):
        client.receive(reply_to(register(""), 200), START)


def test_the_timers_can_be_chosen() -> None:
    client = ClientTransactions(False, Timers(t1=0.1, t2=0.2))
    client.send(register(), START)
    client.messages_to_send()
    assert run(client, 1) == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])
    assert Timers(t1=0.1).f == pytest.approx(6.4)


@pytest.mark.parametrize(("state", "event"), list(product(ClientState, ClientInput)))
def test_what_is_not_in_the_table_is_our_own_mistake(state: ClientState, event: ClientInput) -> None:
    client, key = started(reliable=False)
    transaction = client._open[key]
    transaction.state = state
    if (state, event) in TRANSITIONS:
        client._step(transaction, event)
        assert transaction.state is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalInput, match=event.value):
            client._step(transaction, event)
