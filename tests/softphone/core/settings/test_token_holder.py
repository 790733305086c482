"""The tokens of a phone: when they are sent, renewed, refused, and never sent at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.core.events import (
    PhoneFailed,
    PhoneWarned,
)
from simulator.core.instant import Instant
from simulator.core.sip import RFC8898, UCM, Dialect, Request, Response, reply_to
from softphone.core.registration.transitions import State
from softphone.core.settings.profile import AccessToken, FixedToken

Make = Callable[..., Any]
SUB1, SUB2 = "ucm-sub1.lab.example", "ucm-sub2.lab.example"
ONE_NODE = {"failover": False}


def header(request: Request, name: str) -> str:
    return request.headers.get(name) or ""


def refusing(status: int, *extra: tuple[str, str]) -> Callable[[Request], Response]:
    return lambda request: reply_to(request, status, to_tag="5", extra=extra)


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
    assert it.until_idle().phone.state == State.REGISTERED


@pytest.mark.parametrize("dialect", [UCM, RFC8898], ids=["ucm", "rfc8898"])
@pytest.mark.parametrize(
    "text", ["ends-in-a-newline\n", "two\r\nX-Injected: lines", "half-a-pair-\ud83d"], ids=repr
)
def test_a_token_that_no_header_field_can_carry_is_not_sent(bench: Make, text: str, dialect: Dialect) -> None:
    it = bench(tokens=FixedToken(AccessToken(text, Instant(2e9))), **ONE_NODE)
    it.ucm.script.extend([refusing(dialect.challenge_status, dialect.challenge())] * 50)
    it.start()
    assert it.phone.last_failure.code == "E_TOKEN_UNSENDABLE"
    assert text not in it.phone.last_failure.detail
    assert tokens_sent(it) == [""]
    it.advance(600)
    assert set(tokens_sent(it)) == {""}


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
