"""Rows 46 to 48 and 107 to 122 of the failure checklist (oauth-tokens 10), by their numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from registrar.core.cluster.directory import User
from registrar.core.ssosp import OAuthProblem as P
from registrar.core.ssosp import RefreshState
from registrar.core.tokens import RefreshClaims, TokenFacts, TokenProblem, TokenRefused, compact, mint_refresh
from registrar.core.tokens.mint import jws_header, sign
from simulator.core.events import OAuthFlushed, OAuthGranted, OAuthRevoked
from simulator.core.http.message import HttpResponse
from simulator.core.instant import Instant
from tests.registrar.core.ssosp.bench import (
    ADMIN,
    CLERK,
    CLUSTER,
    JABBER,
    LEGACY,
    WEBEX,
    Bench,
    answered,
    body,
    header,
)


def refused(response: HttpResponse, error: str = "invalid_grant") -> None:
    assert (response.status, body(response)["error"]) == (400, error)
    assert "access_token" not in body(response)


# --- C: kinds of token ----------------------------------------------------------------------------------------


def test_46_an_access_token_is_no_refresh_token(bench: Bench) -> None:
    refused(bench.refresh(bench.pair()["access_token"]))
    assert bench.reason == P.REFRESH_WRONG_KIND


def test_47_an_opaque_token_is_malformed_for_the_registrar(bench: Bench) -> None:
    token = answered(bench.log_in(client_id=LEGACY.id, response_type="token"))["access_token"]
    verdict = bench.validator().validate(token, bench.now)
    assert isinstance(verdict, TokenRefused)
    assert verdict.problem is TokenProblem.MALFORMED_SEGMENTS
    refused(bench.refresh(token))
    assert bench.reason == P.REFRESH_MALFORMED


FOREIGN = [
    pytest.param(
        "PHNhbWxwOlJlc3BvbnNlPg", TokenProblem.MALFORMED_SEGMENTS, id="48 a SAML assertion in base64url"
    ),
    pytest.param("PHNhbWw+", TokenProblem.MALFORMED_SEGMENTS, id="48 a SAML assertion in base64"),
    pytest.param("<saml:Assertion/>", TokenProblem.MALFORMED_SEGMENTS, id="48 a SAML assertion as it is"),
]


@pytest.mark.parametrize(("token", "problem"), FOREIGN)
def test_48_tokens_of_other_protocols_are_refused_everywhere(
    bench: Bench, token: str, problem: TokenProblem
) -> None:
    verdict = bench.validator().validate(token, bench.now)
    assert isinstance(verdict, TokenRefused)
    assert verdict.problem is problem
    refused(bench.refresh(token))


def test_48_an_id_token_signed_by_us_is_refused_as_another_kind(bench: Bench) -> None:
    claims = {"iss": CLUSTER, "sub": "alice", "aud": JABBER.id, "exp": int(bench.now) + 60}
    token = sign(bench.keys.signing, jws_header(bench.keys), compact.render(claims))
    verdict = bench.validator().validate(token, bench.now)
    assert isinstance(verdict, TokenRefused)
    assert verdict.problem is TokenProblem.WRONG_TOKEN_KIND
    refused(bench.refresh(token))
    assert bench.reason == P.REFRESH_WRONG_KIND


# --- G: codes -------------------------------------------------------------------------------------------------


def test_107_a_code_used_twice_ends_what_came_from_it(bench: Bench) -> None:
    code = bench.code()
    tokens = body(bench.redeem(code))
    refused(bench.redeem(code))
    assert bench.reason == P.CODE_REUSED
    refused(bench.refresh(tokens["refresh_token"]))
    assert bench.reason == P.REFRESH_REVOKED
    assert bench.log.of(OAuthRevoked)[0].why == "authorization code reused"
    # UCM revokes no access tokens [documented]; this one runs to its end.
    assert isinstance(bench.validator().validate(tokens["access_token"], bench.now), TokenFacts)


def test_107_reuse_is_still_noticed_after_the_code_has_expired(bench: Bench) -> None:
    code = bench.code()
    tokens = body(bench.redeem(code))
    refused(bench.after(3000).redeem(code))
    refused(bench.refresh(tokens["refresh_token"]))
    assert bench.reason == P.REFRESH_REVOKED


def test_107_other_logins_of_the_user_live_on(bench: Bench) -> None:
    other = bench.pair()["refresh_token"]
    code = bench.code()
    bench.redeem(code)
    bench.redeem(code)
    assert bench.refresh(other).status == 200


CODE_BOUND = [
    pytest.param(WEBEX, {}, P.CODE_OTHER_CLIENT, id="108 another client"),
    pytest.param(
        JABBER, {"redirect_uri": "https://other.example/"}, P.CODE_OTHER_REDIRECT, id="108 another URI"
    ),
    pytest.param(JABBER, {"code_verifier": None}, P.VERIFIER_MISSING, id="110 verifier missing"),
    pytest.param(JABBER, {"code_verifier": "w" * 43}, P.VERIFIER_WRONG, id="110 verifier wrong"),
    pytest.param(JABBER, {"code_verifier": "short"}, P.VERIFIER_WRONG, id="110 verifier too short"),
    pytest.param(JABBER, {"code_verifier": "ü" * 43}, P.VERIFIER_WRONG, id="110 verifier not ASCII"),
]


@pytest.mark.parametrize(("client", "changes", "problem"), CODE_BOUND)
def test_a_code_is_bound_to_all_it_was_asked_for_with(
    bench: Bench, client: object, changes: dict[str, str | None], problem: P
) -> None:
    code = bench.code()
    refused(bench.redeem(code, client, **changes))  # type: ignore[arg-type]
    assert bench.reason == problem
    assert bench.redeem(code).status == 200, "a stranger's attempt does not use the code up"


def test_a_guessed_code_is_refused(bench: Bench) -> None:
    bench.code()
    refused(bench.redeem("0" * 64))
    assert bench.reason == P.CODE_UNKNOWN


def test_110_the_challenge_itself_is_no_verifier(bench: Bench) -> None:
    code = bench.code()
    refused(bench.redeem(code, code_verifier=bench.ask()["code_challenge"]))
    assert bench.reason == P.VERIFIER_WRONG


def test_109_a_code_lives_sixty_seconds(bench: Bench) -> None:
    code, other = bench.code(), bench.code()
    assert bench.after(59.9).redeem(code).status == 200
    refused(bench.after(0.1).redeem(other))
    assert bench.reason == P.CODE_EXPIRED


# --- G: refresh tokens ----------------------------------------------------------------------------------------


def test_114_what_is_no_live_refresh_token_is_refused(bench: Bench) -> None:
    good = bench.pair()["refresh_token"]
    unknown = mint_refresh(
        bench.keys,
        RefreshClaims(tid="1b4e28ba-2fa1-4ed2-883f-0016d3cca427", issued_at=bench.now, client_id=JABBER.id),
    )
    edited = good[:700] + ("A" if good[700] != "A" else "B") + good[701:]
    header, payload, signature = good.split(".")
    for token, problem in (
        ("1b4e28ba-2fa1-4ed2-883f-0016d3cca427", P.REFRESH_MALFORMED),
        (edited, P.REFRESH_SIGNATURE_INVALID),
        (f"{header}.{payload}.{signature[:-6]}", P.REFRESH_SIGNATURE_INVALID),
        (f"{header}.{payload}.", P.REFRESH_SIGNATURE_INVALID),
        (unknown, P.REFRESH_UNKNOWN),
        ("x" * 5000, P.REFRESH_MALFORMED),
    ):
        refused(bench.refresh(token))
        assert bench.reason == problem


FORGED = [
    pytest.param({"iss": "11111111-1111-4111-8111-111111111111"}, P.REFRESH_OTHER_CLUSTER, id="another iss"),
    pytest.param({"ctyp": "access"}, P.REFRESH_WRONG_KIND, id="ctyp access"),
    pytest.param({"typ": "admin"}, P.REFRESH_CLAIMS_INVALID, id="typ admin"),
    pytest.param({"exp": "9999999999"}, P.REFRESH_CLAIMS_INVALID, id="exp as text"),
    pytest.param({"exp": True}, P.REFRESH_CLAIMS_INVALID, id="exp true"),
    pytest.param({"tid": "x"}, P.REFRESH_CLAIMS_INVALID, id="tid no UUID"),
    pytest.param({"sub": "admin"}, P.REFRESH_CLAIMS_INVALID, id="one claim too many"),
    pytest.param({"exp": 10**400}, P.REFRESH_UNKNOWN, id="exp beyond all numbers"),
]


@pytest.mark.parametrize(("changes", "problem"), FORGED)
def test_114_signed_by_us_is_not_enough(bench: Bench, changes: dict[str, object], problem: P) -> None:
    claims = RefreshClaims(
        tid="1b4e28ba-2fa1-4ed2-883f-0016d3cca427", issued_at=bench.now, client_id=JABBER.id
    ).document(CLUSTER)
    token = sign(bench.keys.signing, jws_header(bench.keys), compact.render({**claims, **changes}))
    refused(bench.refresh(token))
    assert bench.reason == problem


def test_114_an_expired_refresh_token_is_refused_from_its_exp_on(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(refresh_expiry_days=1)
    token = bench.pair()["refresh_token"]
    assert bench.after(86_399).refresh(token).status == 200
    refused(bench.after(1).refresh(token))
    assert bench.reason == P.REFRESH_EXPIRED


def test_129_a_clock_set_back_brings_no_code_and_no_refresh_token_to_life(
    new_bench: Callable[..., Bench],
) -> None:
    bench = new_bench(refresh_expiry_days=1)
    token, code = bench.pair()["refresh_token"], bench.code()
    refused(bench.after(86_400).refresh(token))
    bench.after(-86_400)
    refused(bench.refresh(token))
    assert bench.reason == P.REFRESH_EXPIRED
    refused(bench.redeem(code))
    code = bench.code()
    bench.after(61).authorize()
    refused(bench.after(-61).redeem(code))
    assert bench.reason == P.CODE_EXPIRED
    assert bench.pair(), "new logins work at the earlier time"


def test_115_a_refresh_token_is_bound_to_its_client(bench: Bench) -> None:
    token = bench.pair()["refresh_token"]
    refused(bench.refresh(token, WEBEX))
    assert bench.reason == P.REFRESH_OTHER_CLIENT
    assert bench.refresh(token).status == 200


def test_116_a_deactivated_or_deleted_user_gets_nothing(bench: Bench) -> None:
    token, code = bench.pair()["refresh_token"], bench.code()
    bench.directory.put_user(User(id="alice", active=False))
    for response in (bench.refresh(token), bench.redeem(code)):
        refused(response)
        assert bench.reason == P.USER_INACTIVE
    bench.directory.remove_user("alice")
    refused(bench.refresh(token))
    assert bench.reason == P.USER_UNKNOWN
    bench.directory.put_user(User(id="alice"))
    assert bench.refresh(token).status == 200


def test_117_a_wider_scope_is_refused(bench: Bench) -> None:
    token = bench.pair()["refresh_token"]
    refused(bench.refresh(token, scope="UnifiedCommunications:readwrite admin"), "invalid_scope")
    assert bench.reason == P.SCOPE_WIDER
    assert bench.refresh(token, scope="UnifiedCommunications:readwrite").status == 200


def test_118_two_refreshes_with_one_token_both_succeed(bench: Bench) -> None:
    token = bench.pair()["refresh_token"]
    first, second = body(bench.refresh(token)), body(bench.refresh(token))
    assert first["access_token"] != second["access_token"]
    assert "refresh_token" not in first
    for answer in (first, second):
        assert isinstance(bench.validator().validate(answer["access_token"], bench.now), TokenFacts)


def test_118_with_auto_renew_both_get_a_new_one_and_the_old_one_stays(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(auto_renew_refresh_token=True, refresh_expiry_days=2)
    webex, jabber = bench.pair(client=WEBEX)["refresh_token"], bench.pair()["refresh_token"]
    assert "refresh_token" not in body(bench.after(86_399).refresh(webex, WEBEX)), "before half of its life"
    bench.after(1)
    renewed = [body(bench.refresh(webex, WEBEX))["refresh_token"] for _ in range(2)]
    assert len({webex, *renewed}) == 3
    assert "refresh_token" not in body(bench.refresh(jabber)), "Webex clients only"
    refused(bench.after(86_400).refresh(webex, WEBEX))
    assert [bench.refresh(token, WEBEX).status for token in renewed] == [200, 200]


def test_119_a_restart_changes_nothing_about_refresh_tokens(bench: Bench) -> None:
    kept, revoked = bench.pair("Bob")["refresh_token"], bench.pair()["refresh_token"]
    assert bench.revoke(user_id="alice").status == 200
    bench.restart()
    assert bench.refresh(kept).status == 200
    refused(bench.refresh(revoked))
    assert bench.reason == P.REFRESH_REVOKED


def test_120_a_changed_refresh_timer_revokes_all(bench: Bench) -> None:
    tokens = [bench.pair(user)["refresh_token"] for user in ("alice", "Bob")]
    bench.change_parameters(refresh_expiry_days=60)
    assert bench.refresh(tokens[0]).status == 200, "set to what it was: not changed"
    bench.change_parameters(refresh_expiry_days=61)
    for token in tokens:
        refused(bench.refresh(token))
    assert bench.log.of(OAuthRevoked)[0].count == 2
    assert bench.refresh(bench.pair()["refresh_token"]).status == 200


# --- G: revocation --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("admin", "status", "reason"),
    [
        pytest.param(None, 401, P.ADMIN_ABSENT, id="121 without credentials"),
        pytest.param((ADMIN[0], "guess"), 401, P.ADMIN_UNKNOWN, id="121 with a wrong password"),
        pytest.param(("alice", "correct horse battery"), 401, P.ADMIN_UNKNOWN, id="121 as an end user"),
        pytest.param(CLERK, 403, P.ADMIN_WITHOUT_ROLE, id="121 without the AXL role"),
    ],
)
def test_121_revoking_needs_axl_credentials(
    bench: Bench, admin: tuple[str, str] | None, status: int, reason: P
) -> None:
    token = bench.pair()["refresh_token"]
    response = bench.revoke(admin, user_id="alice")
    assert (response.status, bench.reason) == (status, reason)
    challenge = 'Basic realm="Cisco Web Services Realm"' if status == 401 else None
    assert header(response, "WWW-Authenticate") == challenge
    assert bench.refresh(token).status == 200


def test_121_the_answer_has_the_published_form_with_one_entry_a_login(bench: Bench) -> None:
    tokens = [bench.pair()["refresh_token"] for _ in range(2)] + [bench.pair(client=WEBEX)["refresh_token"]]
    bob = bench.pair("Bob")["refresh_token"]
    response = bench.revoke(user_id="ALICE")
    got = body(response)["revoked_tokens"]
    assert list(got) == ["status", "user_id", "clientID_tokens"]
    assert (got["status"], got["user_id"]) == ("success", "alice")
    assert [item["client_id"] for item in got["clientID_tokens"]] == [JABBER.id, JABBER.id, WEBEX.id]
    assert all(len(item["refresh_token"]) == 64 for item in got["clientID_tokens"])
    assert all(token not in response.body.decode() for token in tokens)
    refused(bench.refresh(tokens[0]))
    assert bench.refresh(bob).status == 200
    assert body(bench.revoke(user_id="alice"))["revoked_tokens"]["clientID_tokens"] == []


def test_121_one_client_of_a_user_can_be_revoked(bench: Bench) -> None:
    jabber, webex = bench.pair()["refresh_token"], bench.pair(client=WEBEX)["refresh_token"]
    bench.revoke(user_id="alice", client_id=WEBEX.id)
    refused(bench.refresh(webex, WEBEX))
    assert bench.refresh(jabber).status == 200


def test_121_an_unknown_user_is_a_failure_and_a_deleted_one_is_not(bench: Bench) -> None:
    response = bench.revoke(user_id="nobody")
    assert (response.status, body(response)["revoked_tokens"]["status"]) == (404, "failure")
    bench.pair("Bob")
    bench.directory.remove_user("Bob")
    assert len(body(bench.revoke(user_id="Bob"))["revoked_tokens"]["clientID_tokens"]) == 1


@pytest.mark.parametrize("query", [(), (("user_id", ""),), (("user_id", "alice"), ("user_id", "Bob"))])
def test_121_user_id_must_be_there_exactly_once(bench: Bench, query: tuple[tuple[str, str], ...]) -> None:
    from tests.registrar.core.ssosp.bench import basic

    bench.pair()
    assert bench.send("GET", "/ssosp/token/revoke", query=query, headers=(basic(*ADMIN),)).status == 400
    assert all(row.state is RefreshState.ACTIVE for row in bench.store.rows())


def test_121_head_revokes_nothing(bench: Bench) -> None:
    assert bench.send("HEAD", "/ssosp/token/revoke", query=(("user_id", "alice"),)).status == 405


def test_access_tokens_outlive_the_revocation(bench: Bench) -> None:
    access = bench.pair()["access_token"]
    bench.revoke(user_id="alice")
    assert isinstance(bench.validator().validate(access, bench.now), TokenFacts)


# --- G: the nightly clean-up ----------------------------------------------------------------------------------


def test_122_the_flush_at_two_removes_expired_rows_and_leaves_live_ones(
    new_bench: Callable[..., Bench],
) -> None:
    bench = new_bench(refresh_expiry_days=2)
    bench.now = Instant(1_780_012_800.0)  # 29 May 2026 00:00:00 UTC
    early = bench.pair()["refresh_token"]
    late = bench.after(86_400 + 3600).pair()["refresh_token"]
    assert bench.signon.next_flush(bench.now) == 1_780_012_800.0 + 86_400 + 7200
    bench.after(82_800)  # the first one expires at midnight
    refused(bench.refresh(early))
    assert len(bench.store.rows()) == 2, "expired, but not yet flushed"
    bench.after(7200)
    assert bench.refresh(late).status == 200
    assert [flush.count for flush in bench.log.of(OAuthFlushed)] == [0, 0, 1]
    assert len(bench.store.rows()) == 1
    refused(bench.refresh(early))
    assert bench.reason == P.REFRESH_UNKNOWN


def test_122_two_in_the_morning_is_local_time(bench: Bench) -> None:
    bench.signon._utc_offset = -5 * 3600
    midnight = Instant(1_780_012_800.0)
    assert bench.signon.next_flush(midnight) == midnight + 7 * 3600
    assert bench.signon.next_flush(Instant(midnight + 7 * 3600)) == midnight + 31 * 3600


# --- parameters -----------------------------------------------------------------------------------------------


def test_access_tokens_live_as_long_as_the_timer_says(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(access_expiry_minutes=1)
    tokens = bench.pair()
    assert tokens["expires_in"] == 60
    validator = bench.validator()
    assert isinstance(validator.validate(tokens["access_token"], Instant(bench.now + 59)), TokenFacts)
    assert isinstance(validator.validate(tokens["access_token"], Instant(bench.now + 60)), TokenRefused)


def test_no_access_token_outlives_its_refresh_token_unless_the_knob_says_so(
    new_bench: Callable[..., Bench],
) -> None:
    from registrar.core.ssosp import Settings

    for clip, expected in ((True, 600), (False, 1440 * 60)):
        bench = new_bench(
            refresh_expiry_days=1, access_expiry_minutes=1440, settings=Settings(clip_access_to_refresh=clip)
        )
        token = bench.pair()["refresh_token"]
        assert body(bench.after(86_400 - 600).refresh(token))["expires_in"] == expected


def test_the_refresh_token_has_exactly_the_published_claims(bench: Bench) -> None:
    token = bench.pair()["refresh_token"]
    payload = json.loads(compact.decode(token.split(".")[1].encode()))
    assert list(payload) == ["exp", "iss", "typ", "tid", "ctyp", "ccid"]
    assert payload["ccid"] == JABBER.id
    assert payload["exp"] == int(bench.now) + 60 * 86_400
    row = bench.store.rows("alice")[0]
    assert (row.clientid, row.validity, row.state) == (JABBER.id, payload["exp"], RefreshState.ACTIVE)
    assert payload["tid"] not in repr(row)


def test_events_name_who_got_what(bench: Bench) -> None:
    bench.refresh(bench.pair()["refresh_token"])
    granted = bench.log.of(OAuthGranted)
    assert [event.what for event in granted] == ["code", "tokens", "access"]
    assert granted[1].refresh_tid == granted[2].refresh_tid
    assert {event.user for event in granted} == {"alice"}
    assert replace(granted[0], user="") != granted[0]
