"""More than one node, more than one server: fetching, failover, back-off, standby and fallback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.core.actor.flow import Fetched, FlowEnd
from simulator.core.events import (
    ConfigFetched,
    PhoneFailed,
    PhoneFailedOver,
    PhonePortDecided,
    PhoneRegistered,
    PhoneWarned,
)
from simulator.core.instant import Instant
from simulator.core.sip import reply_to, serialize
from simulator.core.tls.alerts import TlsRefusal
from softphone.core.registration.transitions import State
from softphone.core.settings.profile import AccessToken, FixedToken

Make = Callable[..., Any]
SUB1, SUB2 = "ucm-sub1.lab.example", "ucm-sub2.lab.example"
ONE, TWO = f"{SUB1}:5090", f"{SUB2}:15090"
UNKNOWN_CA = FlowEnd(
    by="us",
    clean=False,
    refusal=TlsRefusal(
        by="us", alert=48, reason="CERTIFICATE_VERIFY_FAILED", detail="unable to get local issuer certificate"
    ),
)
NO_DETAIL = FlowEnd(
    by="peer", clean=False, refusal=TlsRefusal(by="peer", alert=48, reason="TLSV1_ALERT_UNKNOWN_CA")
)
UNREACHABLE = {
    "connection refused": (
        FlowEnd(by="network", clean=False, detail="connection refused"),
        "connection refused",
    ),
    "a certificate we refuse": (UNKNOWN_CA, "TLS refused by us: unable to get local issuer certificate"),
    "a handshake the node refuses": (NO_DETAIL, "TLS refused by peer: TLSV1_ALERT_UNKNOWN_CA"),
    "an end without a word": (FlowEnd(by="peer", clean=True), "closed by peer"),
}


@pytest.mark.parametrize(("end", "why"), UNREACHABLE.values(), ids=UNREACHABLE.keys())
def test_39_a_node_that_cannot_be_reached_gives_way_to_the_next_on_its_own_port(
    bench: Make, end: FlowEnd, why: str
) -> None:
    it = bench()
    it.down = {SUB1: end}
    it.start()
    assert it.to == [ONE, TWO]
    assert it.phone.registered_at == SUB2
    assert it.events(PhoneFailedOver) == [PhoneFailedOver(old=SUB1, new=SUB2, why=why)]
    assert it.requests()[0].uri_text == f"sip:{SUB2}"


def test_a_node_that_refuses_after_the_handshake_as_TLS_1_3_does_gives_way_too(bench: Make) -> None:
    it = bench()
    it.ucm.script.append(None)
    it.start()
    assert it.phone.state == State.REGISTERING
    it.phone.flow_ended(min(it.flows), NO_DETAIL, it.now)
    it.until_idle()
    assert it.phone.registered_at == SUB2


def test_a_silent_node_gives_way_after_32_seconds_with_a_new_Call_ID(bench: Make) -> None:
    it = bench()
    it.ucm.script.append(None)
    it.start().advance(31.9)
    assert it.to == [ONE]
    it.advance(0.2)
    assert it.phone.registered_at == SUB2
    assert it.events(PhoneFailedOver)[0].why == "no answer to REGISTER"
    first, second, _ = it.requests()
    assert first.call_id != second.call_id


def test_when_all_nodes_fail_the_phone_waits_longer_each_time_with_jitter(
    bench: Make, refused_connection: Any
) -> None:
    it = bench()
    it.down = {SUB1: refused_connection, SUB2: refused_connection}
    it.start()
    assert it.phone.last_failure == PhoneFailed(
        code="E_ALL_NODES_FAILED", detail=f"{ONE}: connection refused; {TWO}: connection refused"
    )
    waits = []
    for _ in range(8):
        due = it.phone.next_timeout()
        waits.append(due - it.now)
        it.advance(waits[-1])
    for failures, wait in enumerate(waits, 1):
        longest = min(1800, 30 * 2**failures)
        assert longest / 2 <= wait <= longest
    assert it.to == [ONE, TWO] * 9


def test_two_phones_do_not_wait_alike(bench: Make, refused_connection: Any) -> None:
    dues = set()
    for seed in range(5):
        it = bench(seed=seed)
        it.down = {SUB1: refused_connection, SUB2: refused_connection}
        dues.add(it.start().phone.next_timeout())
    assert len(dues) == 5


def test_without_failover_only_the_first_node_is_tried(bench: Make, refused_connection: Any) -> None:
    it = bench(failover=False)
    it.down = {SUB1: refused_connection}
    it.start()
    assert it.to == [ONE]
    assert [e.node for e in it.events(PhonePortDecided)] == [SUB1]
    assert it.phone.state == State.BACKING_OFF


def test_a_lost_registration_moves_to_the_other_node(bench: Make) -> None:
    it = bench().start().advance(20).lose()
    assert it.to == [ONE, TWO]
    assert it.phone.registered_at == SUB2
    assert "cisco-alarm:14" in (it.requests()[-1].headers.get("Reason") or "")
    assert it.events(PhoneFailedOver) == [PhoneFailedOver(old=SUB1, new=SUB2, why="connection reset by peer")]


def test_a_lost_registration_comes_back_to_the_only_node(bench: Make) -> None:
    it = bench(failover=False).start().advance(20).lose()
    assert it.to == [ONE, ONE]
    assert it.phone.registered_at == SUB1
    assert it.events(PhoneFailedOver) == []


def test_a_refresh_that_is_not_answered_moves_on(bench: Make) -> None:
    it = bench().start()
    it.ucm.script.append(None)
    it.advance(116 + 33)
    assert it.phone.registered_at == SUB2
    assert "cisco-alarm:10" in (it.requests()[-1].headers.get("Reason") or "")


def test_a_refresh_on_a_connection_that_is_lost_moves_on(bench: Make) -> None:
    it = bench().start()
    it.ucm.script.append(None)
    it.advance(116).lose()
    assert it.phone.registered_at == SUB2


def test_nodes_that_drop_every_registration_at_once_are_not_hammered(bench: Make) -> None:
    it = bench().start().lose().lose()
    assert it.to == [ONE, TWO]
    assert it.phone.state == State.BACKING_OFF


# --- configuration --------------------------------------------------------------------------------------------

A, B = "http://a:6970/CSFADA.cnf.xml", "http://b:6970/CSFADA.cnf.xml"
SECURE = "https://a:6971/CSFADA.cnf.xml"
GONE = Fetched(failure="connection refused")
FIRST_FAILS: dict[str, tuple[Any, str]] = {
    "01 404 with a body that looks like a configuration": (404, "E_HTTP_404"),
    "02 an HTML page": (b"<html></html>", "E_NOT_DEVICE_CONFIG"),
    "06 an empty body": (b"", "E_EMPTY"),
    "07 a truncated file": (b"<device><sipOAuth", "E_XML_MALFORMED"),
    "500": (500, "E_HTTP_STATUS"),
    "05 a redirect, which is not followed": (302, "E_HTTP_STATUS"),
    "an unreachable server": (GONE, "E_UNREACHABLE"),
    "04 a certificate that is not trusted": (
        Fetched(failure="certificate verify failed: unable to get local issuer certificate"), "E_TLS_TRUST",
    ),
    "no word why": (Fetched(), "E_UNREACHABLE"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "code"), FIRST_FAILS.values(), ids=FIRST_FAILS.keys())
def test_the_next_server_is_asked(bench: Make, cnf: Make, answer: Any, code: str) -> None:
    it = bench(config={A: answer, B: cnf()}, config_urls=(A, B)).start()
    assert it.phone.state == State.REGISTERED
    assert [(e.url, e.problem) for e in it.events(ConfigFetched)] == [(A, code), (B, None)]


@pytest.mark.parametrize(
    ("answer", "code", "state"),
    [
        (404, "E_HTTP_404", State.BACKING_OFF),
        (GONE, "E_UNREACHABLE", State.BACKING_OFF),
        (b"", "E_EMPTY", State.BACKING_OFF),
        (b"<html></html>", "E_NOT_DEVICE_CONFIG", State.FAILED),
        (b"\x01\x00\x02\x01\x00", "E_SIGNATURE", State.FAILED),
    ],
    ids=[
        "404 may pass",
        "an unreachable server may come back",
        "an empty file may be filled",
        "HTML stays HTML",
        "66",
    ],
)
def test_without_a_configuration_no_connection_is_opened(
    bench: Make, answer: Any, code: str, state: State
) -> None:
    it = bench(config=answer).start()
    assert it.opened == []
    assert it.phone.state is state
    assert it.phone.last_failure.code == code
    assert (it.phone.next_timeout() is None) == (state is State.FAILED)


def test_a_failed_phone_starts_again_when_told_to(bench: Make, cnf: Make) -> None:
    it = bench(config=b"<html></html>").start()
    it.config = cnf()
    assert it.start().phone.state == State.REGISTERED
    other = bench(config=b"<html></html>").start()
    assert other.stop().phone.state == State.STOPPED


def test_the_worst_problem_is_the_one_that_is_told(bench: Make) -> None:
    it = bench(config={A: b"<html></html>", B: 404}, config_urls=(A, B)).start()
    assert (it.phone.last_failure.code, it.phone.state) == ("E_NOT_DEVICE_CONFIG", State.FAILED)


def test_problems_name_their_place_in_the_file(bench: Make, cnf: Make) -> None:
    it = bench(config=cnf(("<sipOAuthMode>1", "<sipOAuthMode>7"))).start()
    assert "(/device/sipOAuthMode, line " in it.phone.last_failure.detail
    assert it.events(ConfigFetched)[0].problem == "E_BAD_ENUM"
    broken = bench(config=b"<device>\n<a></device>").start()
    assert "(file, line 2)" in broken.phone.last_failure.detail


def test_warnings_and_bad_nodes_are_told(bench: Make, cnf: Make) -> None:
    it = bench(
        config=cnf((">5090<", ">0<"), (">15090<", ">65000<"), ("sipMRAOAuthPort>", "sipOAuthMRAPort>"))
    ).start()
    assert [e.code for e in it.events(PhoneWarned)] == [
        "W_SUSPICIOUS_NAME",
        "W_SUSPICIOUS_NAME",
        "E_BAD_PORT",
        "W_PORT_OUTSIDE_UCM_RANGE",
    ]
    assert it.to == [f"{SUB2}:65000"]


def test_a_token_goes_to_https_only(bench: Make, cnf: Make) -> None:
    it = bench(config=cnf(), config_urls=(SECURE,)).start()
    assert it.fetches[0].headers == (("Authorization", f"Bearer token-{1:020}"),)
    assert (it.fetches[0].tls.server_name, it.fetches[0].tls.verify) == ("", True)
    assert bench(config=cnf(), config_urls=(A,)).start().fetches[0].tls is None
    assert bench(config=cnf(), config_urls=(SECURE,), tokens=FixedToken()).start().fetches[0].headers == ()


@pytest.mark.parametrize("status", [401, 403])
def test_03_a_refused_token_is_renewed_once_and_then_the_phone_stops(bench: Make, status: int) -> None:
    it = bench(config={SECURE: status, A: b""}, config_urls=(SECURE, A)).start()
    assert [dict(f.headers).get("Authorization", "")[-1:] for f in it.fetches] == ["1", "2"]
    assert (it.phone.state, it.phone.last_failure.code) == (State.FAILED, "E_HTTP_AUTH")
    fixed = FixedToken(AccessToken("one-token-and-no-more", Instant(2e9)))
    assert len(bench(config=status, config_urls=(SECURE,), tokens=fixed).start().fetches) == 1


def test_when_the_server_is_down_the_last_configuration_is_used_and_called_stale(bench: Make) -> None:
    it = bench().start()
    it.ucm.script.append(403)
    it.config = GONE
    it.advance(116 + 61)
    assert it.phone.state == State.REGISTERED
    assert [e.code for e in it.events(PhoneWarned)] == ["W_STALE_CONFIG"]


def test_63_a_changed_file_under_the_same_stamp_is_told(bench: Make, cnf: Make) -> None:
    it = bench().start().stop()
    it.config = cnf((">5090<", ">5099<"))
    it.start()
    assert [e.code for e in it.events(PhoneWarned)] == ["W_STAMP_REUSED"]
    assert it.to[-1] == f"{SUB1}:5099"
    assert it.phone.config.nodes[0].port_text("sipOAuthPort") == "5099"


# --- standby and fallback -----------------------------------------------------------------------------------


def fallen_over(bench: Make, end: FlowEnd) -> Any:
    """A phone at the second node because the first was down, which it no longer is."""
    it = bench()
    it.down = {SUB1: end}
    it.start()
    it.down = {}
    assert it.phone.registered_at == SUB2
    return it


def test_the_next_node_is_kept_warm_every_120_seconds(bench: Make) -> None:
    it = bench().start().advance(119)
    assert it.to == [ONE]
    it.advance(2)
    assert it.to == [ONE, TWO]
    asked = [r for r in it.requests() if r.uri_text == f"sip:{SUB2}"]
    assert ["Proxy-Authorization" in r.headers for r in asked] == [False, True]
    assert all((r.headers.get("Contact") or "").endswith(";expires=0;cisco-keep-alive") for r in asked)
    assert all((r.headers.get("Expires"), r.body) == ("0", b"") for r in asked)
    assert asked[0].call_id != it.requests()[0].call_id
    it.advance(120)
    asked = [r for r in it.requests() if r.uri_text == f"sip:{SUB2}"]
    assert [r.cseq.number - asked[0].cseq.number for r in asked] == [0, 1, 2]
    assert "Proxy-Authorization" in asked[2].headers
    assert it.phone.registered_at == SUB1
    assert len(it.opened) == 2


def test_a_better_node_that_answers_is_asked_for_the_way_back(bench: Make, refused_connection: FlowEnd) -> None:
    it = fallen_over(bench, refused_connection).advance(121)
    assert it.phone.registered_at == SUB1
    assert it.to == [ONE, TWO, ONE]
    assert [r.headers.get("Refer-To") for r in it.requests("REFER")] == [
        "<urn:X-cisco-remotecc:token-registration>"
    ]
    left = [r for r in it.requests() if r.uri_text == f"sip:{SUB2}"][-1]
    assert left.headers.get("Expires") == "0"
    assert "cisco-keep-alive" not in (left.headers.get("Contact") or "")
    assert it.events(PhoneFailedOver)[-1] == PhoneFailedOver(old=SUB2, new=SUB1, why="a better node")
    assert "cisco-alarm:18" in (it.requests()[-1].headers.get("Reason") or "")
    assert it.phone.state == State.REGISTERED
    it.advance(300)
    assert it.phone.registered_at == SUB1


@pytest.mark.parametrize(
    ("extra", "wait"), [([], 120), ([("Retry-After", "40")], 40)], ids=["the interval", "Retry-After"]
)
def test_a_way_back_that_is_denied_is_asked_for_again(
    bench: Make, refused_connection: FlowEnd, extra: list[tuple[str, str]], wait: int
) -> None:
    it = fallen_over(bench, refused_connection)
    it.nodes[ONE] = better = type(it.ucm)(bearer=False)
    better.script += [lambda r: better.grant(r), lambda r: reply_to(r, 486, extra=extra)]
    it.advance(121)
    assert it.phone.registered_at == SUB2
    it.advance(wait - 2)
    assert it.phone.registered_at == SUB2
    it.advance(2)
    assert it.phone.registered_at == SUB1


def test_a_better_node_that_stays_down_is_polled(bench: Make, refused_connection: FlowEnd) -> None:
    it = fallen_over(bench, refused_connection)
    it.down = {SUB1: refused_connection}
    it.advance(3 * 121)
    assert it.to == [ONE, TWO, ONE, ONE, ONE]
    assert it.phone.registered_at == SUB2


def test_a_better_node_that_fails_after_all_gives_way_again(bench: Make, refused_connection: FlowEnd) -> None:
    it = fallen_over(bench, refused_connection)
    it.nodes[ONE] = better = type(it.ucm)(bearer=False)
    better.script += [lambda r: better.grant(r), lambda r: reply_to(r, 202), None]
    it.advance(121)
    assert it.phone.state == State.REGISTERING
    it.advance(33)
    assert it.phone.registered_at == SUB2


STANDBY_TROUBLE: dict[str, Callable[[Any], Any]] = {
    "silence": lambda it: None,
    "a refusal": lambda it: lambda r: reply_to(r, 503),
    "Trying, then silence": lambda it: lambda r: reply_to(r, 100),
    "a challenge that cannot be met": lambda it: lambda r: reply_to(r, 401),
    "bytes that are no SIP": lambda it: lambda r: b"\x15\x03\x01\n\r\n",
}


@pytest.mark.parametrize("rule", STANDBY_TROUBLE.values(), ids=STANDBY_TROUBLE.keys())
def test_trouble_on_the_standby_does_not_touch_the_registration(
    bench: Make, rule: Callable[[Any], Any]
) -> None:
    it = bench()
    it.nodes[TWO] = spare = type(it.ucm)()
    spare.script.append(rule(it))
    it.start().advance(121 + 33)
    assert it.phone.registered_at == SUB1
    it.advance(600)
    assert it.phone.registered_at == SUB1
    assert len(spare.seen) >= 4
    assert it.events(PhoneFailedOver) == []


def test_a_standby_connection_that_is_lost_is_opened_again_an_interval_later(bench: Make) -> None:
    it = bench().start().advance(121).lose(2)
    assert it.phone.registered_at == SUB1
    it.advance(119)
    assert it.to == [ONE, TWO]
    it.advance(2)
    assert it.to == [ONE, TWO, TWO]


def test_what_a_standby_node_asks_is_answered(bench: Make) -> None:
    it = bench().start().advance(121)
    request = it.requests()[-1]
    options = serialize(
        request.replace(method="OPTIONS", headers=request.headers.with_field("CSeq", "1 OPTIONS"))
    )
    it.hear(options, flow=2)
    assert it.sent[-1].status == 200
    ack = request.replace(method="ACK", headers=request.headers.with_field("CSeq", "1 ACK"))
    count = len(it.sent)
    it.hear(ack, flow=2)
    assert len(it.sent) == count


def test_a_slow_standby_connection_is_dropped_when_the_phone_stops(bench: Make) -> None:
    it = bench()
    it.slow = {TWO}
    it.start().advance(121)
    assert sorted(it.flows) == [1, 2]
    it.stop()
    assert it.flows == {}
    assert 2 in it.closed


def test_the_way_back_may_be_granted_while_a_refresh_is_under_way(
    bench: Make, refused_connection: FlowEnd
) -> None:
    it = fallen_over(bench, refused_connection)
    it.nodes[ONE] = better = type(it.ucm)(bearer=False)
    better.script += [lambda r: better.grant(r), None]
    it.ucm.script.append(None)
    it.advance(121)
    assert it.phone.state == State.REFRESHING
    it.hear(reply_to(it.requests("REFER")[0], 202))
    assert it.phone.registered_at == SUB1
    assert [e.node for e in it.events(PhoneRegistered)] == [SUB2, SUB1]


def test_a_phone_at_the_last_node_of_one_watches_nobody(bench: Make, cnf: Make) -> None:
    it = (
        bench(config=cnf(("<processNodeName>ucm-sub2.lab.example</processNodeName>", ""))).start().advance(1000)
    )
    assert it.to == [ONE]
