"""The token endpoint against the error rules of RFC 6749 2.3.1, 3.2, 5.1 and 5.2."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from registrar.core.ssosp import PROBLEM_RULES, OAuthClient, Settings
from registrar.core.ssosp import OAuthProblem as P
from registrar.core.ssosp.problems import DESCRIPTIONS
from registrar.core.tokens import TokenFacts
from tests.registrar.core.ssosp.bench import (
    FORM,
    JABBER,
    LEGACY,
    PUBLIC,
    VERIFIER,
    WEBEX,
    Bench,
    answered,
    basic,
    body,
    header,
)

PATH = "/ssosp/oauth/token"
GRANT = {"grant_type": "refresh_token", "refresh_token": "x"}


def test_a_code_becomes_an_access_token_and_a_refresh_token(bench: Bench) -> None:
    response = bench.redeem(bench.code())
    got = body(response)
    assert response.status == 200
    assert (got["token_type"], got["expires_in"]) == ("Bearer", 3600)
    assert (len(got["access_token"]), len(got["refresh_token"])) == (1999, 811)
    assert (header(response, "Cache-Control"), header(response, "Pragma")) == ("no-store", "no-cache")
    facts = bench.validator().validate(got["access_token"], bench.now)
    assert isinstance(facts, TokenFacts)
    assert facts.subject == "alice"


@pytest.mark.parametrize("path", ["/ssosp/oauth/token", "/ssosp/token"])
def test_both_plausible_paths_answer(bench: Bench, path: str) -> None:
    assert bench.send("POST", path, form=()).status == 400


def test_the_paths_can_be_chosen(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(settings=Settings(token_paths=("/oauth2/token",)))
    assert bench.send("POST", "/oauth2/token", form=()).status == 400
    assert bench.send("POST", PATH, form=()).status == 404


def test_a_client_may_authenticate_with_basic(bench: Bench) -> None:
    token = bench.pair()["refresh_token"]
    form = (("grant_type", "refresh_token"), ("refresh_token", token))
    for headers in (
        (basic(JABBER.id, "jabber-secret"),),
        (basic(JABBER.id, "jabber-secret", form_encoded=True),),
        (("AUTHORIZATION", basic(JABBER.id, "jabber-secret")[1].replace("Basic", "bAsIc")),),
    ):
        assert bench.send("POST", PATH, form=form, headers=headers).status == 200


def test_a_public_client_needs_its_id_only(bench: Bench) -> None:
    changes = {"client_id": PUBLIC.id, "redirect_uri": "http://127.0.0.1:4711/callback"}
    code = answered(bench.log_in(**changes))["code"]
    response = bench.redeem(code, PUBLIC, redirect_uri="http://127.0.0.1:4711/callback")
    assert response.status == 200


REFUSED = [
    pytest.param({}, (), P.PARAMETER_MISSING, id="nothing at all"),
    pytest.param({"client_id": JABBER.id}, (), P.PARAMETER_MISSING, id="grant_type missing"),
    pytest.param({**GRANT, "grant_type": ""}, (), P.PARAMETER_MISSING, id="grant_type empty"),
    pytest.param(GRANT, (), P.CLIENT_ABSENT, id="no client at all"),
    pytest.param({**GRANT, "client_id": "nobody"}, (), P.CLIENT_UNKNOWN, id="unknown client in the body"),
    pytest.param(GRANT, (basic("nobody", "x"),), P.CLIENT_UNKNOWN, id="unknown client by Basic"),
    pytest.param(
        {**GRANT, "client_id": JABBER.id}, (), P.CLIENT_SECRET_ABSENT, id="secret missing in the body"
    ),
    pytest.param(GRANT, (basic(JABBER.id, ""),), P.CLIENT_SECRET_ABSENT, id="secret missing in Basic"),
    pytest.param(
        {**GRANT, "client_id": JABBER.id, "client_secret": "guess"},
        (),
        P.CLIENT_SECRET_WRONG,
        id="113 wrong secret in the body",
    ),
    pytest.param(GRANT, (basic(JABBER.id, "guess"),), P.CLIENT_SECRET_WRONG, id="113 wrong secret by Basic"),
    pytest.param(
        {**GRANT, "client_id": PUBLIC.id, "client_secret": "guess"},
        (),
        P.CLIENT_SECRET_WRONG,
        id="a secret from a client that has none",
    ),
    pytest.param(
        {**GRANT, "client_secret": "jabber-secret"},
        (basic(JABBER.id, "jabber-secret"),),
        P.CLIENT_AUTHENTICATED_TWICE,
        id="secret in both places",
    ),
    pytest.param(
        {**GRANT, "client_id": WEBEX.id},
        (basic(JABBER.id, "jabber-secret"),),
        P.CLIENT_CONTRADICTED,
        id="two different client ids",
    ),
    pytest.param(
        GRANT, (("Authorization", "Basic !!!"),), P.CLIENT_CREDENTIALS_MALFORMED, id="Basic that is not base64"
    ),
    pytest.param(
        GRANT,
        (("Authorization", "Basic bm9jb2xvbg=="),),
        P.CLIENT_CREDENTIALS_MALFORMED,
        id="Basic without colon",
    ),
    pytest.param(GRANT, (("Authorization", "Bearer x"),), P.CLIENT_CREDENTIALS_MALFORMED, id="Bearer"),
    pytest.param(
        GRANT,
        (basic(JABBER.id, "jabber-secret"), basic(JABBER.id, "jabber-secret")),
        P.CLIENT_CREDENTIALS_MALFORMED,
        id="two Authorization fields",
    ),
    pytest.param(
        {"grant_type": "password", "username": "alice", "password": "x"},
        (basic(JABBER.id, "jabber-secret"),),
        P.GRANT_TYPE_UNSUPPORTED,
        id="the password grant",
    ),
    pytest.param(
        {"grant_type": "client_credentials"},
        (basic(JABBER.id, "jabber-secret"),),
        P.GRANT_TYPE_UNSUPPORTED,
        id="the client credentials grant",
    ),
    pytest.param(
        {**GRANT, "client_id": LEGACY.id}, (), P.FLOW_NOT_ALLOWED, id="a client of the implicit flow only"
    ),
    pytest.param(
        {"grant_type": "authorization_code", "redirect_uri": "x"},
        (basic(JABBER.id, "jabber-secret"),),
        P.PARAMETER_MISSING,
        id="code missing",
    ),
    pytest.param(
        {"grant_type": "authorization_code", "code": "x"},
        (basic(JABBER.id, "jabber-secret"),),
        P.PARAMETER_MISSING,
        id="redirect_uri missing",
    ),
    pytest.param(
        {"grant_type": "refresh_token"},
        (basic(JABBER.id, "jabber-secret"),),
        P.PARAMETER_MISSING,
        id="refresh_token missing",
    ),
]


@pytest.mark.parametrize(("fields", "headers", "problem"), REFUSED)
def test_a_bad_request_gets_the_error_of_the_rfc(
    bench: Bench, fields: dict[str, str], headers: tuple[tuple[str, str], ...], problem: P
) -> None:
    response = bench.send("POST", PATH, form=tuple(fields.items()), headers=headers)
    rule = PROBLEM_RULES[problem]
    assert bench.reason == problem
    assert (response.status, body(response)["error"]) == (rule.status, rule.error)
    assert header(response, "Cache-Control") == "no-store"
    challenged = "Basic realm=" in (header(response, "WWW-Authenticate") or "")
    assert challenged is (response.status == 401) is (rule.error == "invalid_client")


@pytest.mark.parametrize("name", ["grant_type", "code", "client_id", "client_secret", "redirect_uri", "x"])
def test_112_no_parameter_may_be_there_twice(bench: Bench, name: str) -> None:
    pairs = (("grant_type", "authorization_code"), ("code", "c"), ("client_id", JABBER.id), ("x", ""))
    response = bench.send("POST", PATH, form=(*pairs, (name, "1"), (name, "1")))
    assert (body(response)["error"], bench.reason) == ("invalid_request", P.PARAMETER_DUPLICATE)


@pytest.mark.parametrize("name", ["client_secret", "code", "refresh_token"])
def test_secrets_in_the_query_are_refused(bench: Bench, name: str) -> None:
    response = bench.send("POST", PATH, query=((name, "x"),), form=tuple(GRANT.items()))
    assert (response.status, bench.reason) == (400, P.PARAMETER_IN_QUERY)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_only_post_is_allowed(bench: Bench, method: str) -> None:
    response = bench.send(method, PATH)
    assert (response.status, header(response, "Allow")) == (405, "POST")


def test_a_content_type_with_a_charset_is_a_form_too(bench: Bench) -> None:
    headers = ((FORM[0], FORM[1] + "; charset=UTF-8"), basic(JABBER.id, "jabber-secret"))
    token = bench.pair()["refresh_token"]
    raw = f"grant_type=refresh_token&refresh_token={token}".encode()
    assert bench.send("POST", PATH, headers=headers, body=raw).status == 200


def test_without_the_refresh_login_flow_no_grant_is_supported(bench: Bench) -> None:
    token, code = bench.pair()["refresh_token"], bench.code()
    bench.change_parameters(refresh_login_flow=False)
    for response in (bench.refresh(token), bench.redeem(code)):
        assert (body(response)["error"], bench.reason) == ("unsupported_grant_type", P.GRANT_TYPE_DISABLED)
    bench.change_parameters(refresh_login_flow=True)
    assert bench.refresh(token).status == 200


def test_every_problem_has_a_rule_and_every_wire_error_a_text_of_the_allowed_characters() -> None:
    assert set(PROBLEM_RULES) == set(P)
    wire = {rule.error for rule in PROBLEM_RULES.values()} - {"login_failed", "unauthorized", "forbidden"}
    assert wire == set(DESCRIPTIONS)
    for text in DESCRIPTIONS.values():
        assert all(32 <= ord(c) <= 126 and c not in '"\\' for c in text)


def test_a_client_without_pkce_needs_no_verifier_and_must_not_send_one(bench: Bench) -> None:
    plain: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
    assert bench.redeem(bench.code(**plain), code_verifier=None).status == 200
    assert bench.redeem(bench.code(**plain)).status == 400
    assert bench.reason == P.VERIFIER_UNEXPECTED


def test_a_release_without_pkce_ignores_its_parameters(bench: Bench) -> None:
    old = OAuthClient(id="C" + "e" * 64, secret="old", redirect_uris=JABBER.redirect_uris, pkce="off")
    bench.signon.clients.put(old)
    code = bench.code(client_id=old.id, code_challenge="anything", code_challenge_method="plain")
    assert bench.redeem(code, old, code_verifier=None).status == 200
    assert VERIFIER


@pytest.mark.parametrize("form_encoded", [True, False], ids=["form-encoded", "as it is"])
def test_a_secret_of_odd_characters_is_taken_by_basic_either_way(bench: Bench, form_encoded: bool) -> None:
    odd = OAuthClient(id="odd", secret="a+b%c&d=ü:e", redirect_uris=JABBER.redirect_uris)
    bench.signon.clients.put(odd)
    token = bench.pair(client=odd)["refresh_token"]
    form = (("grant_type", "refresh_token"), ("refresh_token", token))
    headers = (basic(odd.id, odd.secret or "", form_encoded=form_encoded),)
    assert bench.send("POST", PATH, form=form, headers=headers).status == 200
