"""The phone's life at one node, against a scripted UCM: registration, refresh, refusals, tokens, leaving."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import md5
from typing import Any

import pytest

from simulator.core.events import (
    PhoneFailed,
    PhonePortDecided,
    PhoneRefused,
    PhoneRegistered,
    PhoneStateChanged,
    PhoneUnregistered,
    PhoneWarned,
    SipMalformed,
    SipReceived,
    SipSent,
)
from simulator.core.flow import Address, FlowEnd
from simulator.core.instant import Instant
from simulator.core.sip import RFC8898, UCM, Request, Response, reply_to, serialize
from simulator.core.tls.settings import Credential
from softphone.core.behaviours import DESCRIPTIONS, Behaviour
from softphone.core.profile import AccessToken, FixedToken, PortOverride
from softphone.core.transitions import IllegalInput, State

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


# --- tokens ---------------------------------------------------------------------------------------------------


def tokens_sent(it: Any) -> list[str]:
    return [header(r, "Proxy-Authorization")[-2:-1] for r in it.requests()]


def test_a_refused_token_is_replaced_by_a_newer_one(bench: Make) -> None:
    it = bench(**ONE_NODE)
    it.ucm.refused = {f"token-{1:020}"}
    it.start()
    assert tokens_sent(it) == ["", "1", "2"]
    assert it.phone.state == State.REGISTERED


def test_three_challenges_are_answered_and_the_fourth_is_a_refusal(bench: Make) -> None:
    it = bench(**ONE_NODE)
    it.ucm.refused = {f"token-{i:020}" for i in range(20)}
    it.start()
    assert tokens_sent(it) == ["", "1", "2", "3"]
    assert (it.phone.last_refusal.status, it.phone.last_failure.code) == (407, "E_TOKEN_REFUSED")
    assert it.phone.state == State.BACKING_OFF


def test_a_token_that_cannot_be_renewed_is_not_sent_twice(bench: Make, tokens: Make) -> None:
    it = bench(tokens=tokens(left=0), **ONE_NODE)
    it.ucm.refused = {f"token-{1:020}"}
    it.start()
    assert tokens_sent(it) == ["", "1"]
    assert it.phone.last_failure.code == "E_TOKEN_REFUSED"


def test_a_source_that_renews_to_the_same_token_has_not_renewed_it(bench: Make) -> None:
    class Stubborn(FixedToken):
        def renewed(self, now: Instant) -> AccessToken | None:
            return self.token

    it = bench(tokens=Stubborn(AccessToken("the-only-token-there-is", Instant(2e9))), **ONE_NODE)
    it.ucm.refused = {"the-only-token-there-is"}
    assert it.start().phone.last_failure.code == "E_TOKEN_REFUSED"


def test_a_phone_without_a_token_says_so(bench: Make) -> None:
    it = bench(tokens=FixedToken(), **ONE_NODE).start()
    assert it.phone.last_failure == PhoneFailed(
        code="E_NO_TOKEN", detail=f"{SUB1}: the node asks for a token and the phone holds none"
    )
    assert it.phone.state == State.BACKING_OFF
    it.phone.set_tokens(FixedToken(AccessToken("a-token-at-last", Instant(2e9))))
    it.phone.start(it.now)
    assert it.settle().phone.state == State.REGISTERED


def test_a_token_that_is_over_is_renewed_before_it_is_sent(bench: Make, tokens: Make) -> None:
    source = tokens()
    source.token = AccessToken("an-expired-token", Instant(1.0))
    it = bench(tokens=source, **ONE_NODE).start()
    assert header(it.requests()[1], "Proxy-Authorization") == f'Bearer token="token-{1:020}"'


def test_an_expired_token_that_cannot_be_renewed_is_sent_all_the_same(bench: Make) -> None:
    it = bench(tokens=FixedToken(AccessToken("an-expired-token", Instant(1.0))), **ONE_NODE).start()
    assert header(it.requests()[1], "Proxy-Authorization") == 'Bearer token="an-expired-token"'


def test_a_token_is_renewed_at_three_quarters_of_its_life(bench: Make, tokens: Make) -> None:
    source = tokens(lifetime=1000)
    it = bench(tokens=source, **ONE_NODE).start().advance(749)
    assert source.made == 1
    it.advance(2)
    assert source.made == 2
    it.advance(120)
    assert tokens_sent(it)[-1] == "2"
    it.advance(650)
    assert source.made == 3


def test_a_failed_renewal_is_tried_each_minute_until_the_token_is_over(bench: Make, tokens: Make) -> None:
    it = bench(tokens=tokens(lifetime=1000, left=0), **ONE_NODE)
    it.ucm.granted = 3600
    it.start().advance(2000)
    assert [e.code for e in it.events(PhoneWarned)] == ["W_TOKEN_NOT_RENEWED"] * 5
    assert it.phone.state == State.REGISTERED


def test_a_refresh_that_is_challenged_is_answered_with_a_newer_token(bench: Make) -> None:
    it = bench(**ONE_NODE).start()
    it.ucm.refused = {f"token-{1:020}"}
    it.advance(116)
    assert tokens_sent(it) == ["", "1", "1", "2"]
    assert it.phone.state == State.REGISTERED


def test_a_node_that_never_challenges_never_sees_a_token(bench: Make) -> None:
    it = bench(**ONE_NODE)
    it.ucm.bearer = False
    it.start().advance(300)
    assert set(tokens_sent(it)) == {""}


DIGEST = ("WWW-Authenticate", 'Digest realm="ccmsipline", nonce="0123", algorithm=MD5')


@pytest.mark.parametrize(
    ("status", "extra"),
    [(401, [DIGEST]), (401, []), (407, [("Proxy-Authenticate", "Basic realm=x")])],
    ids=["Digest", "no challenge at all", "Basic"],
)
def test_an_unknown_challenge_is_a_refusal_for_a_minute(
    bench: Make, status: int, extra: list[tuple[str, str]]
) -> None:
    it = bench(**ONE_NODE)
    it.ucm.script.append(refusing(status, *extra))
    it.start()
    assert it.phone.last_failure.code == "E_CHALLENGE_UNSUPPORTED"
    it.advance(59)
    assert len(it.opened) == 1
    it.advance(2)
    assert it.phone.state == State.REGISTERED


def test_an_RFC_8898_challenge_is_answered_in_its_own_form(bench: Make) -> None:
    it = bench(**ONE_NODE)
    it.ucm.bearer = False
    it.ucm.script.append(refusing(401, RFC8898.challenge(scope="sip")))
    it.start()
    assert header(it.requests()[1], "Authorization") == f"Bearer token-{1:020}"


def test_a_Bearer_challenge_on_another_port_gets_no_token(bench: Make, cnf: Make) -> None:
    plain = cnf(("<sipOAuthMode>1", "<sipOAuthMode>0"), ("SecurityMode>3", "SecurityMode>1"))
    it = bench(config=plain, **ONE_NODE).start()
    assert it.to == [f"{SUB1}:5060"]
    assert it.phone.last_failure.code == "E_CHALLENGE_UNSUPPORTED"
    assert tokens_sent(it) == [""]


# --- leaving --------------------------------------------------------------------------------------------------


def test_stop_unregisters_with_the_same_Contact_and_closes(bench: Make) -> None:
    it = bench().start().stop()
    assert it.phone.state == State.STOPPED
    _, second, last = it.requests()
    assert header(last, "Expires") == "0"
    assert header(last, "Contact") == header(second, "Contact")
    assert last.call_id == second.call_id
    assert "Proxy-Authorization" in last.headers
    assert it.events(PhoneUnregistered) == [PhoneUnregistered(node=SUB1)]
    assert it.flows == {}
    assert it.phone.next_timeout() is None
    assert it.stop().phone.state == State.STOPPED


def test_an_unregister_that_is_challenged_is_answered(bench: Make) -> None:
    it = bench().start()
    it.ucm.refused = {f"token-{1:020}"}
    it.stop()
    assert tokens_sent(it) == ["", "1", "1", "2"]
    assert it.events(PhoneUnregistered) != []


NOT_UNREGISTERED: dict[str, Callable[[Any], None]] = {
    "403": lambda it: it.ucm.script.append(403),
    "423": lambda it: it.ucm.script.append(423),
    "a challenge that cannot be answered": lambda it: it.ucm.script.append(401),
}


@pytest.mark.parametrize("prepare", NOT_UNREGISTERED.values(), ids=NOT_UNREGISTERED.keys())
def test_a_phone_stops_even_if_the_node_does_not_let_it_go(bench: Make, prepare: Callable[[Any], None]) -> None:
    it = bench().start()
    prepare(it)
    it.stop()
    assert it.phone.state == State.STOPPED
    assert [e.code for e in it.events(PhoneWarned)] == ["W_NOT_UNREGISTERED"]
    assert it.events(PhoneUnregistered) == []


def test_a_phone_stops_even_if_the_node_is_silent_or_gone(bench: Make) -> None:
    silent = bench().start()
    silent.ucm.script.append(None)
    assert silent.stop().phone.state == State.UNREGISTERING
    assert silent.stop().phone.state == State.UNREGISTERING
    assert silent.advance(33).phone.state == State.STOPPED
    gone = bench().start()
    gone.ucm.script.append(None)
    assert gone.stop().lose().phone.state == State.STOPPED


def test_an_unregister_overtakes_a_refresh_that_is_under_way(bench: Make) -> None:
    it = bench().start()
    it.ucm.script += [None, None]
    it.advance(116)
    assert it.phone.state == State.REFRESHING
    it.stop()
    refresh, unregister = it.requests()[-2:]
    it.hear(it.ucm.grant(refresh))
    assert it.phone.state == State.UNREGISTERING
    it.hear(it.ucm.grant(unregister))
    assert it.phone.state == State.STOPPED


def test_a_stopped_phone_can_start_again(bench: Make) -> None:
    it = bench().start().stop().start()
    assert it.phone.state == State.REGISTERED
    assert it.requests()[0].call_id != it.requests()[-1].call_id
    assert "cisco-alarm:25" in header(it.requests()[-1], "Reason")


@pytest.mark.parametrize("when", ["fetching", "connecting", "registering", "waiting", "idle"])
def test_stop_while_it_is_not_registered_just_stops(bench: Make, when: str) -> None:
    it = bench()
    if when == "fetching":
        it.phone.start(it.now)
    elif when == "connecting":
        it.slow = {f"{SUB1}:5090"}
        it.start()
    elif when == "registering":
        it.ucm.script.append(None)
        it.start()
    elif when == "waiting":
        it.ucm.script.append(403)
        it.start()
    it.stop()
    assert it.phone.state == State.STOPPED
    assert it.flows == {}
    assert it.phone.next_timeout() is None


def test_what_comes_late_is_passed_over(bench: Make) -> None:
    it = bench().start()
    flow = min(it.flows)
    facts = it.facts[flow]
    it.stop()
    it.phone.flow_data(flow, b"SIP/2.0 200 OK\r\n\r\n", it.now)
    it.phone.flow_opened(flow, facts, it.now)
    it.phone.flow_ended(flow, FlowEnd(by="peer", clean=True), it.now)
    it.phone.fetched("config-1", it.events, it.now)
    it.phone.handle_timeout(it.now)
    assert it.phone.state == State.STOPPED
    assert it.phone.effects() == []


def test_a_running_phone_cannot_be_started(bench: Make) -> None:
    it = bench().start()
    with pytest.raises(IllegalInput, match="registered"):
        it.phone.start(it.now)


# --- bytes ----------------------------------------------------------------------------------------------------


def test_what_follows_a_refusal_on_the_same_connection_is_passed_over(bench: Make) -> None:
    it = bench(**ONE_NODE)
    options = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"
    it.ucm.script.append(lambda r: serialize(reply_to(r, 403)) + options)
    it.start()
    assert it.phone.state == State.BACKING_OFF
    assert len(it.sent) == 1


def test_a_phone_that_nobody_watches_does_the_same(bench: Make) -> None:
    it = bench(keep=0).start()
    assert (it.phone.registered_at, it.phone.name, list(it.log)) == (SUB1, "CSFADA", [])
    it.hear(b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n").advance(300).stop()
    assert it.phone.state == State.STOPPED


def test_keep_alives_are_ignored(bench: Make) -> None:
    it = bench().start().hear(b"\r\n\r\n").hear(b"\r\n")
    assert it.phone.state == State.REGISTERED
    assert len(it.raw) == 2


def test_a_message_in_pieces_is_put_together(bench: Make) -> None:
    it = bench()
    it.ucm.script.append(None)
    it.start()
    for byte in serialize(it.ucm.grant(it.requests()[0])):
        it.phone.flow_data(min(it.flows), bytes([byte]), it.now)
    assert it.phone.state == State.REGISTERED


def test_a_stray_answer_is_ignored(bench: Make) -> None:
    it = bench().start()
    it.hear(it.ucm.grant(it.requests()[0]))
    assert it.phone.state == State.REGISTERED
    assert len(it.events(PhoneRegistered)) == 1


def test_an_answer_with_a_broken_Via_is_noted(bench: Make) -> None:
    it = bench().start()
    it.hear(b"SIP/2.0 200 OK\r\nVia: x\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n")
    assert len(it.events(SipMalformed)) == 1
    assert it.phone.state == State.REGISTERED


def test_an_answer_with_a_broken_CSeq_is_noted(bench: Make) -> None:
    it = bench().start()
    it.hear(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nCSeq: x\r\nContent-Length: 0\r\n\r\n")
    assert it.events(SipReceived)[-1].cseq == 0
    assert len(it.events(SipMalformed)) == 1


def test_a_broken_request_is_answered_400_and_the_stream_goes_on(bench: Make) -> None:
    it = bench().start()
    it.hear(b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\n: x\r\nContent-Length: 0\r\n\r\n")
    assert it.sent[-1].status == 400
    assert it.phone.state == State.REGISTERED


def test_bytes_that_are_no_SIP_end_the_connection(bench: Make) -> None:
    it = bench(**ONE_NODE).start().advance(20)
    it.hear(b"\x16\x03\x01\x02\x00\x01\x00\n\r\n")
    assert it.events(SipMalformed) != []
    assert it.to == [f"{SUB1}:5090"] * 2
    assert it.phone.state == State.REGISTERED


# --- UDP, TCP, MRA, takeover ----------------------------------------------------------------------------------


def plain(cnf: Make, transport: str) -> bytes:
    edits = (("<sipOAuthMode>1", "<sipOAuthMode>0"), ("SecurityMode>3", "SecurityMode>1"))
    return cnf(*edits, ("LayerProtocol>3", f"LayerProtocol>{transport}"))  # type: ignore[no-any-return]


def test_row_7_over_UDP_requests_are_repeated_until_they_are_answered(bench: Make, cnf: Make) -> None:
    it = bench(config=plain(cnf, "2"), **ONE_NODE)
    it.ucm.bearer = False
    it.ucm.script += [None, None]
    it.start()
    assert (it.opened[0].transport, it.opened[0].tls, it.to) == ("udp", None, [f"{SUB1}:5060"])
    it.advance(0.6)
    assert it.raw[0] == it.raw[1]
    it.advance(1.0)
    assert it.phone.state == State.REGISTERED
    assert it.hear(b"\r\n\r\n").hear(b"\x00").hear(b"garbage").phone.state == State.REGISTERED
    assert len(it.events(SipMalformed)) == 1
    assert header(it.requests()[0], "Contact").partition(">")[0].endswith(";transport=udp")


def test_row_6_over_TCP_without_a_token(bench: Make, cnf: Make) -> None:
    it = bench(config=plain(cnf, "1"), **ONE_NODE)
    it.ucm.bearer = False
    it.start()
    assert it.phone.state == State.REGISTERED
    assert header(it.requests()[0], "Via").startswith("SIP/2.0/TCP 192.0.2.10:62162;")


def test_over_MRA_the_phone_connects_to_the_edge_and_names_the_node(bench: Make) -> None:
    it = bench(
        deployment="mra",
        edge=Address("expe.example.com", 5061),
        edge_route="<sip:192.0.2.100:5061;transport=tls;lr>",
    ).start()
    assert it.phone.state == State.REGISTERED
    assert it.to == ["expe.example.com:5061"]
    assert it.opened[0].tls.server_name == "expe.example.com"
    assert it.requests()[0].uri_text == f"sip:{SUB1}"
    assert header(it.requests()[0], "Route") == "<sip:192.0.2.100:5061;transport=tls;lr>"
    assert it.phone.decision.port == 5091
    it.advance(1000)
    assert it.to == ["expe.example.com:5061"]


def test_a_takeover_says_so_in_its_alarm(bench: Make) -> None:
    it = bench(takeover=True).start()
    assert "cisco-alarm:111 Name=CSFADA" in header(it.requests()[0], "Reason")
    assert "Last=Application-Requested-Destroy" in header(it.requests()[0], "Reason")


# --- behaviours ----------------------------------------------------------------------------------------------


def test_each_behaviour_has_a_description() -> None:
    assert set(DESCRIPTIONS) == set(Behaviour)


def misbehaving(bench: Make, *behaviours: Behaviour, **more: Any) -> Any:
    return bench(behaviours=frozenset(behaviours), failover=False, **more)


def test_never_refresh(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.NEVER_REFRESH).start().advance(1000)
    assert len(it.requests()) == 2
    assert it.phone.registered_at == SUB1


def test_reuse_expired_token(bench: Make, tokens: Make) -> None:
    source = tokens(lifetime=10)
    it = misbehaving(bench, Behaviour.REUSE_EXPIRED_TOKEN, tokens=source).start()
    it.ucm.refused = {f"token-{1:020}"}
    it.advance(116)
    assert tokens_sent(it) == ["", "1", "1", "1", "1", "1"]
    assert it.phone.last_failure.code == "E_TOKEN_REFUSED"
    assert source.made == 1


def test_send_token_first(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.SEND_TOKEN_FIRST).start()
    assert tokens_sent(it) == ["1"]


def test_never_send_token(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.NEVER_SEND_TOKEN, Behaviour.SEND_TOKEN_FIRST).start()
    assert tokens_sent(it) == ["", "", "", ""]
    assert it.phone.last_refusal.status == 407


def test_send_token_anywhere(bench: Make, cnf: Make) -> None:
    both = (Behaviour.SEND_TOKEN_ANYWHERE, Behaviour.SEND_TOKEN_FIRST)
    it = misbehaving(bench, *both, config=plain(cnf, "1")).start()
    assert (it.to, tokens_sent(it)) == ([f"{SUB1}:5060"], ["1"])


def secure(cnf: Make) -> tuple[bytes, Any]:
    """A file of row 11 and the LSC it names."""
    chain = b"-----BEGIN CERTIFICATE-----\n" + b64encode(b"lsc") + b"\n-----END CERTIFICATE-----\n"
    hashed = md5(b"lsc", usedforsecurity=False).hexdigest()
    config = cnf(("<sipOAuthMode>1", "<sipOAuthMode>0"), ("<certHash>", f"<certHash>{hashed}"))
    return config, Credential(chain, b"key")


def test_row_11_presents_the_LSC_and_no_client_certificate_does_not(bench: Make, cnf: Make) -> None:
    config, credential = secure(cnf)
    right = bench(config=config, credential=credential)
    right.ucm.bearer = False
    assert right.start().phone.state == State.REGISTERED
    assert (right.to, right.opened[0].tls.credential) == ([f"{SUB1}:5061"], credential)
    wrong = misbehaving(bench, Behaviour.NO_CLIENT_CERTIFICATE, config=config, credential=credential).start()
    assert (wrong.to, wrong.opened[0].tls.credential) == ([f"{SUB1}:5061"], None)


def test_present_client_certificate(bench: Make, cnf: Make) -> None:
    _, credential = secure(cnf)
    it = misbehaving(bench, Behaviour.PRESENT_CLIENT_CERTIFICATE, credential=credential).start()
    assert (it.to, it.opened[0].tls.credential) == ([f"{SUB1}:5090"], credential)


def test_skip_server_verification(bench: Make) -> None:
    tls = misbehaving(bench, Behaviour.SKIP_SERVER_VERIFICATION).start().opened[0].tls
    assert (tls.verify, tls.check_hostname) == (False, False)
    right = bench().start().opened[0].tls
    assert (right.verify, right.check_hostname) == (True, True)


def test_ignore_423(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.IGNORE_423, requested_expires=30)
    it.ucm.script += [refusing(423, ("Min-Expires", "90"))] * 9
    it.start()
    assert [header(r, "Expires") for r in it.requests()] == ["30"] * 4
    assert it.phone.last_refusal.status == 423


def test_wrong_port(bench: Make) -> None:
    assert misbehaving(bench, Behaviour.WRONG_PORT).start().to == [f"{SUB1}:5091"]
    other = misbehaving(bench, Behaviour.WRONG_PORT, port_override=PortOverride(element="sipPort")).start()
    assert other.to == [f"{SUB1}:5060"]
    late = bench(**ONE_NODE)
    late.phone.set_behaviours(frozenset({Behaviour.WRONG_PORT}), PortOverride(port=5099))
    assert late.start().to == [f"{SUB1}:5099"]
    assert late.events(PhonePortDecided)[0].port == 5099


def test_hop_to_legacy_port(bench: Make, cnf: Make) -> None:
    it = misbehaving(bench, Behaviour.HOP_TO_LEGACY_PORT)
    it.ucm.script += [refusing(403, *MISMATCH)] * 2
    it.start()
    assert it.to == [f"{SUB1}:5090", f"{SUB1}:5060"]
    assert it.phone.state == State.BACKING_OFF
    _, credential = secure(cnf)
    other = misbehaving(bench, Behaviour.HOP_TO_LEGACY_PORT, credential=credential)
    other.ucm.script += [refusing(403, *MISMATCH)] * 2
    assert other.start().to == [f"{SUB1}:5090", f"{SUB1}:5061"]


def test_wrong_device_name_and_directory_number(bench: Make) -> None:
    both = (Behaviour.WRONG_DEVICE_NAME, Behaviour.WRONG_DIRECTORY_NUMBER)
    first = misbehaving(bench, *both).start().requests()[0]
    assert 'devicename.ccm.cisco.com="CSFADAX"' in header(first, "Contact")
    assert header(first, "To") == f"<sip:200199@{SUB1}>"


def test_refresh_with_new_call_id(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.REFRESH_WITH_NEW_CALL_ID).start().advance(240)
    assert len({r.call_id for r in it.requests()}) == 3


def test_cseq_not_increasing(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.CSEQ_NOT_INCREASING).start().advance(240)
    numbers = [r.cseq.number - it.requests()[0].cseq.number for r in it.requests()]
    assert numbers == [0, 1, 1, 1]


def test_close_without_unregister(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.CLOSE_WITHOUT_UNREGISTER).start().stop()
    assert it.phone.state == State.STOPPED
    assert len(it.requests()) == 2
    assert it.flows == {}


def test_ignore_retry_after(bench: Make) -> None:
    it = misbehaving(bench, Behaviour.IGNORE_RETRY_AFTER)
    it.ucm.script.append(refusing(403, ("Retry-After", "9999")))
    assert it.start().advance(61).phone.state == State.REGISTERED
