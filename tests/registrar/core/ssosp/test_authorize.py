"""The authorize endpoint: who is sent back with an error, who is sent nowhere, what the form shows."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from registrar.core.ssosp import OAuthProblem as P
from registrar.core.ssosp import Settings
from registrar.core.ssosp.grants import challenge_of
from simulator.core.events import OAuthGranted
from tests.registrar.core.ssosp.bench import (
    FORM,
    JABBER,
    LEGACY,
    PASSWORD,
    PUBLIC,
    REDIRECT,
    VERIFIER,
    Bench,
    answered,
    body,
    header,
)


class Form(HTMLParser):
    """The one form of a page, as a browser would post it."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.action = self.method = self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action, self.method = found["action"], found["method"]
        if tag == "input":
            self.fields[found["name"]] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        self.text += data


NO_REDIRECT = [
    pytest.param({"client_id": None}, P.PARAMETER_MISSING, id="client_id missing"),
    pytest.param({"client_id": ""}, P.PARAMETER_MISSING, id="client_id empty counts as missing"),
    pytest.param({"client_id": "C" + "9" * 64}, P.CLIENT_UNKNOWN, id="unknown client"),
    pytest.param({"redirect_uri": None}, P.REDIRECT_ABSENT, id="redirect_uri missing"),
    pytest.param(
        {"redirect_uri": "https://evil.example/"}, P.REDIRECT_UNLISTED, id="111 unlisted redirect_uri"
    ),
    pytest.param({"redirect_uri": REDIRECT + "/x"}, P.REDIRECT_UNLISTED, id="a listed one with more behind it"),
    pytest.param({"redirect_uri": REDIRECT + "#f"}, P.REDIRECT_UNLISTED, id="a listed one with a fragment"),
    pytest.param({"redirect_uri": REDIRECT + "\r\nX: y"}, P.REDIRECT_UNLISTED, id="header injection"),
    pytest.param({"redirect_uri": "//evil.example"}, P.REDIRECT_UNLISTED, id="a relative redirect_uri"),
]


@pytest.mark.parametrize(("changes", "problem"), NO_REDIRECT)
def test_a_bad_client_or_redirect_uri_sends_nobody_anywhere(
    bench: Bench, changes: dict[str, str | None], problem: P
) -> None:
    response = bench.authorize(**changes)
    assert (response.status, header(response, "Location")) == (400, None)
    assert body(response)["error"] == "invalid_request"
    assert header(response, "Cache-Control") == "no-store"
    assert bench.reason == problem


REDIRECTED = [
    pytest.param({"response_type": None}, P.PARAMETER_MISSING, "invalid_request", id="response_type missing"),
    pytest.param(
        {"response_type": "id_token"}, P.RESPONSE_TYPE_UNSUPPORTED, "unsupported_response_type", id="other type"
    ),
    pytest.param(
        {"response_type": "code token"}, P.RESPONSE_TYPE_UNSUPPORTED, "unsupported_response_type", id="hybrid"
    ),
    pytest.param({"scope": "openid"}, P.SCOPE_UNKNOWN, "invalid_scope", id="unknown scope"),
    pytest.param(
        {"scope": "UnifiedCommunications:readwrite admin"},
        P.SCOPE_UNKNOWN,
        "invalid_scope",
        id="one scope too many",
    ),
    pytest.param({"code_challenge_method": "plain"}, P.CHALLENGE_PLAIN, "invalid_request", id="110 PKCE plain"),
    pytest.param(
        {"code_challenge_method": None}, P.CHALLENGE_PLAIN, "invalid_request", id="110 no method means plain"
    ),
    pytest.param(
        {"code_challenge_method": "S512"}, P.CHALLENGE_METHOD_UNKNOWN, "invalid_request", id="unknown method"
    ),
    pytest.param({"code_challenge": "short"}, P.CHALLENGE_MALFORMED, "invalid_request", id="short challenge"),
    pytest.param(
        {"code_challenge": None}, P.CHALLENGE_MISSING, "invalid_request", id="method without challenge"
    ),
]


@pytest.mark.parametrize(("changes", "problem", "error"), REDIRECTED)
def test_other_errors_go_back_to_the_client_with_its_state(
    bench: Bench, changes: dict[str, str | None], problem: P, error: str
) -> None:
    response = bench.authorize(**changes)
    assert (header(response, "Location") or "").startswith(REDIRECT + "?")
    got = answered(response)
    assert (got["error"], got["state"], "code" in got) == (error, "af0ifjsldkj", False)
    assert bench.reason == problem


def test_a_state_that_is_not_printable_ascii_is_refused_and_not_sent_back(bench: Bench) -> None:
    got = answered(bench.authorize(state="line\nbreak"))
    assert (got["error"], "state" in got) == ("invalid_request", False)
    assert bench.reason == P.STATE_MALFORMED


def test_a_client_that_must_use_pkce_is_refused_without(bench: Bench) -> None:
    changes = {"client_id": PUBLIC.id, "redirect_uri": "http://127.0.0.1:49152/callback"}
    assert answered(bench.authorize(**changes, code_challenge=None, code_challenge_method=None))["error"]
    assert bench.reason == P.CHALLENGE_MISSING


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        pytest.param("http://127.0.0.1:1/callback", True, id="any port of the loopback address"),
        pytest.param("http://127.0.0.1/callback", True, id="no port"),
        pytest.param("http://127.0.0.1:1/other", False, id="another path"),
        pytest.param("http://127.0.0.1.evil.example/callback", False, id="a name that starts like it"),
        pytest.param("http://127.0.0.1@evil.example/callback", False, id="the address as a user name"),
        pytest.param("http://user@127.0.0.1:1/callback", False, id="a user name before it"),
        pytest.param("https://127.0.0.1:1/callback", False, id="another scheme"),
        pytest.param("http://127.0.0.1:port/callback", False, id="no number as port"),
    ],
)
def test_a_loopback_redirect_uri_may_choose_its_port_only(bench: Bench, uri: str, allowed: bool) -> None:
    response = bench.authorize(client_id=PUBLIC.id, redirect_uri=uri)
    assert response.status == (200 if allowed else 400)


def test_redirect_uris_of_the_enterprise_parameter_count_for_every_client(
    new_bench: Callable[..., Bench],
) -> None:
    bench = new_bench(redirect_uris=("https://app.example/cb?x=1",))
    location = header(bench.log_in(redirect_uri="https://app.example/cb?x=1"), "Location") or ""
    assert location.startswith("https://app.example/cb?x=1&code=")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_112_a_duplicate_client_or_redirect_uri_is_not_redirected(bench: Bench, name: str) -> None:
    pairs = (*bench.ask().items(), (name, bench.ask()[name]))
    response = bench.send("GET", "/ssosp/oauth/authorize", query=pairs)
    assert (response.status, bench.reason) == (400, P.PARAMETER_DUPLICATE)


@pytest.mark.parametrize("name", ["state", "scope", "response_type", "code_challenge", "x"])
def test_112_any_other_duplicate_is_sent_back(bench: Bench, name: str) -> None:
    pairs = (*bench.ask(x="1").items(), (name, "twice"))
    got = answered(bench.send("GET", "/ssosp/oauth/authorize", query=pairs))
    assert (got["error"], got.get("state")) == ("invalid_request", None if name == "state" else "af0ifjsldkj")


def test_the_published_error_text_can_be_imitated(new_bench: Callable[..., Bench]) -> None:
    response = new_bench(settings=Settings(error_body="ucm")).authorize(client_id=None)
    assert response.body.startswith(b'{"error":INVALID_REQUEST,')


# --- the form -------------------------------------------------------------------------------------------------


def test_the_form_posts_the_whole_request_back_and_gives_a_code(bench: Bench) -> None:
    form = Form(bench.authorize(state='"><script>&amp;').body)
    assert (form.action, form.method) == ("/ssosp/oauth/authorize", "post")
    assert form.fields["state"] == '"><script>&amp;'
    filled = {**form.fields, "user": "alice", "password": PASSWORD}
    got = answered(bench.send("POST", form.action, form=tuple(filled.items())))
    assert (set(got), got["state"]) == ({"code", "state"}, '"><script>&amp;')
    assert bench.redeem(got["code"]).status == 200


def test_the_form_cannot_be_cached_framed_or_scripted(bench: Bench) -> None:
    response = bench.authorize(state="<script>alert(1)</script>")
    assert b"<script" not in response.body
    assert header(response, "Cache-Control") == "no-store"
    assert header(response, "X-Frame-Options") == "DENY"
    assert "default-src 'none'" in (header(response, "Content-Security-Policy") or "")


BAD_LOGINS = [
    pytest.param("alice", "mistaken guess", P.LOGIN_FAILED, "alice", id="wrong password"),
    pytest.param("nobody", PASSWORD, P.LOGIN_FAILED, None, id="unknown user"),
    pytest.param("former", PASSWORD, P.LOGIN_INACTIVE, "former", id="inactive user with the right password"),
    pytest.param(
        "former", "mistaken guess", P.LOGIN_FAILED, "former", id="inactive user with a wrong password"
    ),
    pytest.param("alice", "x" * 5000, P.LOGIN_FAILED, "alice", id="an endless password"),
]


@pytest.mark.parametrize(("user", "password", "problem", "shown"), BAD_LOGINS)
def test_a_failed_login_shows_one_text_whatever_the_cause(
    bench: Bench, user: str, password: str, problem: P, shown: str | None
) -> None:
    response = bench.log_in(user, password)
    reference = bench.log_in("alice", "reference")
    assert (response.status, response.body) == (200, reference.body)
    assert password.encode() not in response.body
    refusal = bench.log.of(type(bench.last_refusal))[0]
    assert (refusal.reason, refusal.user) == (problem, shown)


def test_an_empty_form_is_shown_again(bench: Bench) -> None:
    response = bench.log_in("", "")
    assert b"wrong" in response.body
    assert b"wrong" not in bench.authorize().body


def test_a_password_in_the_query_is_never_looked_at(bench: Bench) -> None:
    query = (*bench.ask().items(), ("user", "alice"), ("password", PASSWORD))
    assert bench.send("GET", "/ssosp/oauth/authorize", query=query).status == 200
    assert not bench.log.of(OAuthGranted)


def test_the_user_id_of_the_directory_counts_not_the_one_typed(bench: Bench) -> None:
    bench.log_in("ALICE")
    assert bench.log.of(OAuthGranted)[0].user == "alice"


@pytest.mark.parametrize(
    ("headers", "raw", "problem"),
    [
        pytest.param((), b"user=alice", P.CONTENT_TYPE, id="no Content-Type"),
        pytest.param((("Content-Type", "application/json"),), b"{}", P.CONTENT_TYPE, id="JSON"),
        pytest.param((FORM,), b"user=%zz", P.MALFORMED_FORM, id="a broken escape"),
        pytest.param((FORM,), b"user=%ff", P.MALFORMED_FORM, id="no UTF-8"),
        pytest.param((FORM,), b"&".join(b"a%d=" % i for i in range(65)), P.MALFORMED_FORM, id="65 fields"),
        pytest.param((FORM,), b"a" * 70_000, P.BODY_TOO_LARGE, id="70,000 bytes"),
    ],
)
def test_a_body_that_is_no_form_is_refused(
    bench: Bench, headers: tuple[tuple[str, str], ...], raw: bytes, problem: P
) -> None:
    response = bench.send("POST", "/ssosp/oauth/authorize", headers=headers, body=raw)
    assert (response.status in (400, 413), bench.reason) == (True, problem)


# --- the implicit flow ----------------------------------------------------------------------------------------


def test_the_implicit_flow_returns_the_token_first_in_the_fragment(bench: Bench) -> None:
    response = bench.log_in(client_id=LEGACY.id, response_type="token")
    location = header(response, "Location") or ""
    token = location.partition("#")[2].split("&")[0].split("=")[1]  # as the published page takes it
    got = answered(response)
    assert got == {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": "3600",
        "scope": "UnifiedCommunications:readwrite",
        "state": "af0ifjsldkj",
    }
    grant = bench.server.opaque_tokens.find(token, bench.now)
    assert grant is not None
    assert grant.user == "alice"
    assert bench.server.opaque_tokens.find(token, bench.after(3600).now) is None


def test_errors_of_the_implicit_flow_are_in_the_fragment_too(bench: Bench) -> None:
    response = bench.authorize(client_id=LEGACY.id, response_type="token", scope="other")
    assert "#error=invalid_scope" in (header(response, "Location") or "")


def test_a_flow_that_is_not_the_clients_is_refused(bench: Bench) -> None:
    got = answered(bench.authorize(client_id=LEGACY.id))
    assert (got["error"], bench.reason) == ("unauthorized_client", P.FLOW_NOT_ALLOWED)


def test_opaque_tokens_end_with_the_nodes_tomcat_and_codes_too(bench: Bench) -> None:
    token = answered(bench.log_in(client_id=LEGACY.id, response_type="token"))["access_token"]
    code = bench.code()
    bench.server.restart()
    assert bench.server.opaque_tokens.find(token, bench.now) is None
    assert (bench.redeem(code).status, bench.reason) == (400, P.CODE_UNKNOWN)


def test_without_the_refresh_login_flow_only_the_implicit_flow_is_there(
    new_bench: Callable[..., Bench],
) -> None:
    bench = new_bench(refresh_login_flow=False)
    assert answered(bench.authorize())["error"] == "unsupported_response_type"
    assert "access_token" in answered(bench.log_in(response_type="token"))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "get", ""])
def test_other_methods_are_not_allowed(bench: Bench, method: str) -> None:
    response = bench.send(method, "/ssosp/oauth/authorize")
    assert (response.status, header(response, "Allow")) == (405, "GET, HEAD, POST")


def test_head_has_no_body(bench: Bench) -> None:
    response = bench.send("HEAD", "/ssosp/oauth/authorize", query=tuple(bench.ask().items()))
    assert (response.status, response.body) == (200, b"")


def test_the_s256_example_of_rfc_7636_appendix_b() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert challenge_of(VERIFIER)
    assert JABBER.pkce == "optional"
