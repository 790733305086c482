"""Instants, entropy, redaction, the event stream: the values everything else stands on."""

from __future__ import annotations

import json
import pkgutil
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core import events as ev
from simulator.core import redact
from simulator.core.actor.flow import Address
from simulator.core.entropy import SeededEntropy
from simulator.core.events.log import EventLog, Record, record_to_json
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant, ManualClock, sip_date

ALICE = ActorId("alice")


def test_a_sip_date_is_rfc_1123_in_gmt() -> None:
    assert sip_date(Instant(1585566211.9)) == "Mon, 30 Mar 2020 11:03:31 GMT"


def test_a_manual_clock_does_not_go_back() -> None:
    clock = ManualClock(10.0)
    clock.set(Instant(11.0))
    with pytest.raises(ValueError, match="cannot go back"):
        clock.set(Instant(10.0))


def test_the_same_seed_gives_the_same_stream_and_children_differ() -> None:
    first, second = SeededEntropy(7), SeededEntropy(7)
    assert [first.hex(4), str(first.uuid()), first.integer(1, 9)] == [
        second.hex(4),
        str(second.uuid()),
        second.integer(1, 9),
    ]
    assert SeededEntropy(7).child("a").hex(8) != SeededEntropy(7).child("b").hex(8)
    assert SeededEntropy(7).hex(8) != SeededEntropy(8).hex(8)


@given(seed=st.integers(0, 2**63), low=st.integers(-50, 50), span=st.integers(0, 50))
def test_draws_stay_in_their_range(seed: int, low: int, span: int) -> None:
    entropy = SeededEntropy(seed)
    assert low <= entropy.integer(low, low + span) <= low + span
    assert low <= entropy.uniform(low, low + span) <= low + span


TOKEN = "eyJhbGciOiJSUzI1NiIs.eyJwcml2YXRlIjoi.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        f'Proxy-Authorization: Bearer token="{TOKEN}"',
        f"Authorization: Bearer {TOKEN}",
        f'Proxy-Authorization: bearer realm="ccmsipline", token="{TOKEN}"',
        f'Proxy-Authorization: Bearer\r\n token="{TOKEN}"',
        f"somewhere else {TOKEN} in a text",
    ],
)
def test_no_token_survives_redaction(text: str) -> None:
    redacted = redact.text(text)
    assert TOKEN not in redacted
    assert "eyJ" not in redacted
    assert "sha256:" in redacted


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("Bearer" + " " * 60_000, id="one Bearer and blanks"),
        pytest.param(("Bearer" + " " * 100) * 600, id="many Bearers and blanks"),
        pytest.param("Bearer " + "token = " * 8_000, id="token without end"),
        pytest.param("eyJ" * 20_000, id="JOSE beginnings"),
        pytest.param("Bearer " + "a" * 15 + (" Bearer " + "b" * 15) * 3_000, id="short credentials"),
    ],
)
def test_redaction_of_hostile_text_leaves_nothing_to_redact(hostile: str) -> None:
    redacted = redact.text(hostile)
    assert redact.text(redacted) == redacted


def test_redaction_leaves_other_text_alone() -> None:
    text = 'Proxy-Authenticate: Bearer realm="ccmsipline"\r\nContent-Length: 0\r\n'
    assert redact.text(text) == text


def test_every_event_has_a_kind_of_its_own_and_becomes_json() -> None:
    modules = {m.name for m in pkgutil.iter_modules(ev.__path__)} - {"event", "catalogue", "log", "sip_summary"}
    assert {cls.__module__.rpartition(".")[2] for cls in ev.EVENTS.values()} == modules
    kinds = [cls.kind for cls in ev.EVENTS.values()]
    assert len(kinds) == len(set(kinds))
    for kind, cls in ev.EVENTS.items():
        assert kind.count(":") == 1, kind
        sample = {f.name: None for f in fields(cls)}
        event = cls(**sample)
        assert json.loads(json.dumps(ev.event_to_json(event)))["kind"] == kind


def test_the_log_keeps_filters_and_hands_out() -> None:
    log = EventLog(ManualClock(5.0), keep=2)
    seen: list[Record] = []
    stop = log.subscribe(seen.append)
    for number in range(3):
        log.journal(ALICE).add(ev.StepTaken(step=str(number)), flow=FlowId(1))
    stop()
    log.emit(ActorId("bob"), ev.FaultInjected(fault="x"))
    assert [record.seq for record in seen] == [1, 2, 3]
    assert [record.seq for record in log.records()] == [3, 4]
    assert [record.seq for record in log] == [3, 4]
    assert log.records(since=3)[0].actor == "bob"
    assert log.of(ev.StepTaken, actor="alice") == [ev.StepTaken(step="2")]
    where = {"seq": 1, "at": 5.0, "actor": "alice", "flow": 1, "caused_by": None}
    assert record_to_json(seen[0]) == {**where, "kind": "scenario:step_taken", "step": "0"}


def test_a_log_with_a_limit_forgets_large_messages_sooner() -> None:
    log = EventLog(ManualClock(5.0), keep=100, keep_text=1000)
    small = ev.SipReceived(start_line="x", method="OPTIONS", text="." * 300)
    for _ in range(5):
        log.emit(ALICE, small)
    assert [record.seq for record in log] == [3, 4, 5]
    log.emit(ALICE, ev.FaultInjected(fault="no message"))
    assert len(log.records()) == 4
    log.emit(ALICE, ev.SipReceived(start_line="x", method="OPTIONS", text="." * 1001))
    assert log.records() == []
    log.emit(ALICE, small)
    assert [record.seq for record in log] == [8]


def test_a_log_without_readers_is_off() -> None:
    log = EventLog(ManualClock(0.0), keep=0)
    journal = log.journal(ALICE)
    assert not journal.on
    assert journal.add(ev.StepTaken(step="x")) == 0
    stop = log.subscribe(lambda record: None)
    assert journal.on
    stop()
    assert not journal.on


def test_addresses_bracket_ipv6() -> None:
    assert str(Address("::1", 5090)) == "[::1]:5090"
    assert str(Address("127.0.0.1", 5090)) == "127.0.0.1:5090"
