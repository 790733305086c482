"""What UCM asks of a registered phone (sip-wire 7, T10, T11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.core.events import PhoneWarned
from simulator.core.sip import Headers, Request
from softphone.core.registration.transitions import State
from softphone.core.sip.ucm_requests import answer

Make = Callable[..., Any]


def asked(method: str, *extra: tuple[str, str], body: bytes = b"") -> Request:
    fields = [
        ("Via", "SIP/2.0/TLS 192.0.2.1:5090;branch=z9hG4bK1a2b3c4d5e6"),
        ("From", "<sip:192.0.2.1>;tag=1325684972"),
        ("To", "<sip:1010@192.0.2.10>"),
        ("Call-ID", "6f0a4c80-e811dd7f-2b-10002c0@192.0.2.1"),
        ("CSeq", f"101 {method}"),
        ("Max-Forwards", "70"),
        *extra,
        ("Content-Length", str(len(body))),
    ]
    return Request(method, "sip:a8ae@192.0.2.10:62162;transport=tls", Headers(fields), body)


def reset(action: str, call_id: str | None = None, event: str = "service-control") -> Request:
    lines = [f"action={action}"]
    if call_id is not None:
        lines.append(f"RegisterCallId={{{call_id}}}")
    lines += [f"{name}VersionStamp={{00000000-0000-0000-0000-000000000000}}" for name in ("Config", "Dialplan")]
    body = "\r\n".join([*lines, ""]).encode()
    return asked("NOTIFY", ("Event", event), ("Subscription-State", "active"), body=body)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (asked("REFER", ("Refer-To", "cid:1234567890@192.0.2.1")), 202),
        (asked("OPTIONS"), 200),
        (asked("NOTIFY", ("Event", "message-summary"), body=b"Messages-Waiting: no\r\n"), 200),
        (asked("NOTIFY"), 200),
        (asked("INVITE"), 405),
        (asked("MADEUP"), 405),
    ],
    ids=["REFER", "OPTIONS", "message waiting", "NOTIFY without an Event", "INVITE", "an unknown method"],
)
def test_a_request_is_answered(request_: Request, status: int) -> None:
    reply = answer(request_, to_tag="77")
    assert reply.response is not None
    assert reply.response.status == status
    assert reply.response.to.tag == "77"
    assert reply.restart is None
    assert ("Allow" in reply.response.headers) == (status == 405 or request_.method == "OPTIONS")


def test_an_ACK_is_not_answered() -> None:
    assert answer(asked("ACK"), to_tag="77").response is None


def test_a_request_that_breaks_the_rules_is_told() -> None:
    broken = asked("OPTIONS")
    broken.headers = broken.headers.with_field("CSeq", "101 REFER")
    response = answer(broken, to_tag="77").response
    assert response is not None
    assert response.status == 400


RESETS: dict[str, tuple[Request, str | None, str | None]] = {
    "reset": (reset("reset", "a@b"), "reset", "a@b"),
    "restart": (reset("restart"), "restart", None),
    "in capitals, with a parameter on the event": (reset("RESET", event="Service-Control;id=1"), "reset", None),
    "prt-report is not for a softphone": (reset("prt-report", "a@b"), None, None),
    "another event": (reset("reset", event="dialog"), None, None),
    "an empty body": (asked("NOTIFY", ("Event", "service-control")), None, None),
}


@pytest.mark.parametrize(("request_", "restart", "call_id"), RESETS.values(), ids=RESETS.keys())
def test_service_control(request_: Request, restart: str | None, call_id: str | None) -> None:
    reply = answer(request_, to_tag="77")
    assert (reply.restart, reply.call_id) == (restart, call_id)
    assert reply.response is not None
    assert reply.response.status == 200


@pytest.mark.parametrize("action", ["reset", "restart"])
def test_a_reset_makes_the_phone_unregister_fetch_and_register(bench: Make, cnf: Make, action: str) -> None:
    it = bench().start()
    it.config = cnf((">5090<", ">5099<"))
    it.hear(reset(action, it.requests()[0].call_id))
    assert it.phone.state == State.REGISTERED
    assert len(it.fetches) == 2
    assert it.to == ["ucm-sub1.lab.example:5090", "ucm-sub1.lab.example:5099"]
    registers = it.requests()
    assert registers[2].headers.get("Expires") == "0"
    assert "cisco-alarm:23" in (registers[3].headers.get("Reason") or "")
    assert [m.status for m in it.sent if not isinstance(m, Request)] == [200]


def test_a_reset_of_another_registration_is_answered_and_passed_over(bench: Make) -> None:
    it = bench().start().hear(reset("reset", "someone@else"))
    assert it.phone.state == State.REGISTERED
    assert len(it.fetches) == 1
    assert [e.code for e in it.events(PhoneWarned)] == ["W_RESET_OF_ANOTHER"]


def test_an_ACK_on_the_wire_is_passed_over(bench: Make) -> None:
    it = bench().start().hear(asked("ACK"))
    assert len(it.sent) == 2


def test_a_reset_may_come_at_any_moment_of_a_registration(bench: Make) -> None:
    registering = bench()
    registering.ucm.script.append(None)
    registering.start().hear(reset("reset"))
    assert registering.phone.state == State.REGISTERED
    refreshing = bench().start()
    refreshing.ucm.script.append(None)
    refreshing.advance(116).hear(reset("reset"))
    assert refreshing.phone.state == State.REGISTERED
    assert len(refreshing.fetches) == 2
    leaving = bench().start()
    leaving.ucm.script.append(None)
    leaving.stop().hear(reset("reset"))
    assert leaving.phone.state == State.UNREGISTERING


def test_a_stop_during_a_restart_stops(bench: Make) -> None:
    it = bench().start()
    it.ucm.script.append(None)
    it.hear(reset("reset")).stop()
    unregister = it.requests()[-1]
    it.hear(it.ucm.grant(unregister))
    assert it.phone.state == State.STOPPED
