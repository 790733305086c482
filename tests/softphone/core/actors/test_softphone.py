"""The phone's life at one node, against a scripted UCM: registration, refresh, refusals, tokens, leaving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.core.events import (
    PhonePortDecided,
    PhoneRefused,
    PhoneRegistered,
    PhoneStateChanged,
    PhoneWarned,
    SipReceived,
    SipSent,
)
from simulator.core.sip import UCM, Request, Response, reply_to
from softphone.core.registration.transitions import State

Make = Callable[..., Any]
SUB1, SUB2 = "ucm-sub1.lab.example", "ucm-sub2.lab.example"
ONE_NODE = {"failover": False}


def header(request: Request, name: str) -> str:
    return request.headers.get(name) or ""


def test_a_phone_registers_as_Jabber_does(bench: Make) -> None:
    it = bench().start()
    assert it.phone.state == State.REGISTERED
    assert it.phone.registered_at == SUB1
    assert it.to == [f"{SUB1}:5090"]
    first, second = it.requests()
    assert first.uri_text == second.uri_text == f"sip:{SUB1}"
    assert header(first, "From") == header(second, "From")
    assert first.call_id == second.call_id
    assert second.cseq.number == first.cseq.number + 1
    assert first.top_via.branch != second.top_via.branch
    assert "Proxy-Authorization" not in first.headers
    assert header(second, "Proxy-Authorization") == 'Bearer token="token-00000000000000000001"'
    assert "cisco-alarm:25 Name=CSFADA" in header(second, "Reason")
    assert header(first, "Expires") == "3600"
    assert header(first, "Date") == "Mon, 30 Mar 2020 11:03:19 GMT"
    assert it.opened[0].tls.server_name == SUB1
    assert it.opened[0].tls.credential is None


def test_the_journal_tells_the_story_without_the_token(bench: Make) -> None:
    it = bench().start()
    assert it.kinds("phone", "config", "sip") == [
        "phone:state_changed",
        "config:fetched",
        "phone:port_decided",
        "phone:port_decided",
        "phone:state_changed",
        "sip:sent",
        "phone:state_changed",
        "sip:received",
        "sip:sent",
        "sip:received",
        "phone:registered",
        "phone:state_changed",
    ]
    assert [(e.old, e.new) for e in it.events(PhoneStateChanged)] == [
        ("idle", "fetching_config"),
        ("fetching_config", "connecting"),
        ("connecting", "registering"),
        ("registering", "registered"),
    ]
    assert it.events(PhonePortDecided)[0] == PhonePortDecided(
        row=1, node=SUB1, port=5090, transport="tls", element="sipOAuthPort"
    )
    sent = it.events(SipSent)
    assert "token-0000" not in repr(list(it.log))
    assert 'Proxy-Authorization: Bearer token="sha256:' in sent[1].text
    assert (sent[1].method, sent[1].status, sent[1].cseq) == ("REGISTER", None, sent[0].cseq + 1)
    assert [e.status for e in it.events(SipReceived)] == [407, 200]


def test_a_refresh_comes_5_seconds_before_the_end_with_the_token_and_without_Reason(bench: Make) -> None:
    it = bench().start().advance(114.9)
    assert len(it.requests()) == 2
    it.advance(0.2)
    assert it.phone.state == State.REGISTERED
    _, second, refresh = it.requests()
    assert refresh.call_id == second.call_id
    assert header(refresh, "Contact") == header(second, "Contact")
    assert header(refresh, "From") == header(second, "From")
    assert refresh.cseq.number == second.cseq.number + 1
    assert "Reason" not in refresh.headers
    assert "Proxy-Authorization" in refresh.headers
    assert [e.refreshed for e in it.events(PhoneRegistered)] == [False, True]


def test_a_registration_holds_for_hours(bench: Make) -> None:
    it = bench(**ONE_NODE).start().advance(2 * 3600)
    assert it.phone.state == State.REGISTERED
    assert len(it.opened) == 1
    assert len(it.events(PhoneRegistered)) == 1 + 7200 // 115
    assert it.events(PhoneWarned) == []


GRANTS = {
    "Expires of the response": (
        lambda r: reply_to(r, 200, extra=[("Expires", "90"), ("Contact", header(r, "Contact"))]), 90,
    ),
    "expires of the own Contact before Expires": (
        lambda r: reply_to(
            r, 200, extra=[("Expires", "90"), ("Contact", header(r, "Contact") + ";expires=70")],
        ), 70,
    ),
    "not the expires of another Contact": (
        lambda r: reply_to(
            r, 200,
            extra=[("Expires", "90"), ("Contact", f"<sip:other@192.0.2.1>;expires=10, {header(r, 'Contact')}")],
        ), 90,
    ),
    "never more than was asked for": (
        lambda r: reply_to(r, 200, extra=[("Expires", "9999"), ("Contact", header(r, "Contact"))]), 3600,
    ),
    "what was asked for, if the response says nothing": (lambda r: reply_to(r, 200), 3600),
    "what was asked for, if the response says nonsense": (
        lambda r: reply_to(r, 200, extra=[("Expires", "soon"), ("Contact", "<<<")]), 3600,
    ),
    "a Contact of * tells nothing": (
        lambda r: reply_to(r, 200, extra=[("Contact", "*"), ("Expires", "80")]), 80,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "seconds"), GRANTS.values(), ids=GRANTS.keys())
def test_the_granted_time(bench: Make, rule: Callable[[Request], Response], seconds: int) -> None:
    it = bench(**ONE_NODE)
    it.ucm.script.append(rule)
    it.start()
    assert it.events(PhoneRegistered)[0].expires == seconds
    it.advance(seconds - 5.1)
    assert len(it.requests()) == 1
    it.advance(0.2)
    assert len(it.requests()) > 1


def test_a_very_short_grant_is_refreshed_half_way(bench: Make) -> None:
    it = bench(**ONE_NODE)
    it.ucm.granted = 4
    it.start().advance(2.1)
    assert [e.refreshed for e in it.events(PhoneRegistered)] == [False, True]


def test_a_200_that_grants_nothing_is_no_registration(bench: Make) -> None:
    it = bench(**ONE_NODE)
    it.ucm.granted = 0
    it.start()
    assert it.phone.state == State.BACKING_OFF
    assert it.phone.last_failure.code == "E_NOT_BOUND"


def test_x_cisco_newreg_on_a_refresh_means_that_UCM_restarted(bench: Make) -> None:
    it = bench(**ONE_NODE)
    it.ucm.script.append(lambda r: it.ucm.grant(r, newreg=True))
    it.start()
    assert it.events(PhoneWarned) == []
    it.ucm.script.append(lambda r: it.ucm.grant(r, newreg=True))
    it.advance(116)
    assert [e.code for e in it.events(PhoneWarned)] == ["W_UCM_RESTARTED"]


def test_100_Trying_is_waited_out_and_another_provisional_ends_the_attempt(bench: Make) -> None:
    it = bench(**ONE_NODE)
    it.ucm.script.append(100)
    it.start()
    assert it.phone.state == State.REGISTERING
    it.hear(it.ucm.grant(it.requests()[0]))
    assert it.phone.state == State.REGISTERED
    other = bench(**ONE_NODE)
    other.ucm.script.append(183)
    assert other.start().phone.state == State.BACKING_OFF


# --- refusals -------------------------------------------------------------------------------------------------


MISMATCH = [("Retry-After", "35"), ("Warning", '399 UCM2-PUB "SIP OAuth Registration port Mismatch"')]


def refusing(status: int, *extra: tuple[str, str]) -> Callable[[Request], Response]:
    return lambda request: reply_to(request, status, to_tag="5", extra=extra)


def test_77_a_port_mismatch_is_surfaced_waited_out_and_never_answered_by_another_port(bench: Make) -> None:
    it = bench()
    it.ucm.script.append(refusing(403, *MISMATCH))
    it.start()
    assert it.phone.state == State.BACKING_OFF
    assert it.phone.registered_at is None
    assert it.phone.last_refusal == PhoneRefused(
        node=SUB1,
        port=5090,
        status=403,
        phrase="Forbidden",
        warning="SIP OAuth Registration port Mismatch",
        retry_after=35,
    )
    assert it.to == [f"{SUB1}:5090"]
    it.advance(34.9)
    assert len(it.fetches) == 1
    it.advance(0.2)
    assert it.phone.state == State.REGISTERED
    assert it.to == [f"{SUB1}:5090"] * 2
    assert "cisco-alarm:24" in header(it.requests()[1], "Reason")


REFUSALS: dict[str, tuple[int, list[tuple[str, str]], str | None, int | None, float]] = {
    "403 without Retry-After": (403, [], None, None, 30),
    "403 because another client is active": (
        403, [("Warning", '399 ucm "Registration is active for another client"')],
        "Registration is active for another client", None, 30,
    ),
    "404 with Retry-After": (404, [("Retry-After", "20 (busy)")], None, 20, 20),
    "404 without Retry-After": (404, [], None, None, 30),
    "413": (413, [], None, None, 30),
    "480 with Retry-After and a parameter": (480, [("Retry-After", "18000;duration=3600")], None, 18000, 18000),
    "486": (486, [("Retry-After", "7")], None, 7, 7),
    "500": (500, [], None, None, 30),
    "503 with Retry-After": (503, [("Retry-After", "90")], None, 90, 90),
    "503 without Retry-After": (503, [], None, None, 30),
    "603": (603, [], None, None, 30),
    "302, which is not followed": (302, [("Contact", "<sip:192.0.2.66>")], None, None, 30),
    "Retry-After 0": (503, [("Retry-After", "0")], None, 0, 1),
    "a Retry-After that is no number": (503, [("Retry-After", "later")], None, None, 30),
    "two warnings": (403, [("Warning", '399 a "one", 399 b "t\\"wo"')], 'one; t"wo', None, 30),
    "a warning in another form": (403, [("Warning", "399 just text")], "399 just text", None, 30),
    "a warning that cannot be split": (403, [("Warning", '399 a "b, c')], '399 a "b, c', None, 30),
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "extra", "warning", "retry_after", "wait"), REFUSALS.values(), ids=REFUSALS.keys()
)
def test_a_refusal_is_surfaced_and_waited_out(
    bench: Make,
    status: int,
    extra: list[tuple[str, str]],
    warning: str | None,
    retry_after: int | None,
    wait: float,
) -> None:
    it = bench()
    it.ucm.script.append(refusing(status, *extra))
    it.start()
    (refusal,) = it.events(PhoneRefused)
    assert (refusal.status, refusal.warning, refusal.retry_after) == (status, warning, retry_after)
    assert it.phone.state == State.BACKING_OFF
    assert it.flows == {}
    it.advance(wait - 0.1)
    assert len(it.opened) == 1
    it.advance(0.2 if retry_after is not None else 31)
    assert it.to == [f"{SUB1}:5090"] * 2
    assert it.phone.state == State.REGISTERED


def test_a_refused_refresh_ends_the_registration(bench: Make) -> None:
    it = bench().start()
    it.ucm.script.append(refusing(403, *MISMATCH))
    it.advance(116)
    assert it.phone.state == State.BACKING_OFF
    assert it.phone.registered_at is None
    it.advance(36)
    assert it.phone.state == State.REGISTERED


def test_423_takes_Min_Expires(bench: Make) -> None:
    it = bench(requested_expires=30, **ONE_NODE)
    it.ucm.script += [refusing(423, ("Min-Expires", "90"))]
    it.start()
    first, second, _ = it.requests()
    assert [header(r, "Expires") for r in (first, second)] == ["30", "90"]
    assert (second.call_id, second.cseq.number) == (first.call_id, first.cseq.number + 1)
    assert it.phone.state == State.REGISTERED


def test_423_to_a_request_with_a_token_keeps_the_token(bench: Make) -> None:
    it = bench(requested_expires=30, **ONE_NODE)
    it.ucm.script += [407, refusing(423, ("Min-Expires", "90"))]
    it.ucm.script[0] = refusing(407, UCM.challenge())
    it.start()
    assert ["Proxy-Authorization" in r.headers for r in it.requests()] == [False, True, True]


@pytest.mark.parametrize(
    "extra",
    [[], [("Min-Expires", "x")], [("Min-Expires", "10")], [("Min-Expires", "99999999")]],
    ids=["without Min-Expires", "with nonsense", "with less than was asked for", "with years"],
)
def test_a_423_that_helps_nobody_is_a_refusal(bench: Make, extra: list[tuple[str, str]]) -> None:
    it = bench(requested_expires=60, **ONE_NODE)
    it.ucm.script.append(refusing(423, *extra))
    it.start()
    assert it.phone.last_refusal.status == 423


def test_a_423_that_never_ends_is_a_refusal(bench: Make) -> None:
    it = bench(requested_expires=10, **ONE_NODE)
    it.ucm.script += [refusing(423, ("Min-Expires", str(20 + i))) for i in range(9)]
    it.start()
    assert it.phone.last_refusal.status == 423
    assert len(it.requests()) == 4
