"""Whatever arrives, there is a well-formed answer, and no secret leaves but in the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from simulator.core.events.log import record_to_json
from simulator.core.http.message import HttpRequest, HttpResponse
from tests.registrar.core.ssosp.bench import (
    ADMIN,
    CLERK,
    FORM,
    JABBER,
    LEGACY,
    PASSWORD,
    REDIRECT,
    SECRETS,
    VERIFIER,
    Bench,
    answered,
    basic,
    body,
    header,
)

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

PATHS = st.sampled_from(
    [
        "/ssosp/oauth/authorize",
        "/ssosp/oauth/token",
        "/ssosp/token",
        "/ssosp/token/revoke",
        "/ssosp/ws/public/singleSignOn",
        "/ssosp/elsewhere",
        "",
    ]
)
METHODS = st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "get", "\x00"])
NAMES = st.sampled_from(
    [
        "client_id",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
        "user",
        "password",
        "grant_type",
        "code",
        "code_verifier",
        "refresh_token",
        "client_secret",
        "user_id",
    ]
)
TEXT = st.text(alphabet=st.characters(codec=None), max_size=40)
GOOD = st.sampled_from(
    [
        JABBER.id,
        LEGACY.id,
        REDIRECT,
        "code",
        "token",
        "S256",
        "alice",
        PASSWORD,
        "authorization_code",
        "refresh_token",
        "jabber-secret",
        "A" * 43,
    ]
)
PAIRS = st.lists(st.tuples(NAMES | TEXT, GOOD | TEXT), max_size=12).map(tuple)
HEADERS = st.lists(
    st.sampled_from([FORM, basic(*ADMIN), basic(JABBER.id, "jabber-secret"), ("Authorization", "Basic ")])
    | st.tuples(st.sampled_from(["Authorization", "Content-Type"]), TEXT),
    max_size=3,
).map(tuple)
FORM_BYTES = PAIRS.map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")
)


def check(response: HttpResponse) -> None:
    """A response that any HTTP library can send, and a browser read."""
    assert 200 <= response.status < 500
    names = [name.lower() for name, _ in response.headers]
    assert len(names) == len(set(names))
    for name, value in response.headers:
        assert _TOKEN.fullmatch(name)
        assert all(32 <= ord(c) <= 126 for c in value)
    kind = header(response, "Content-Type") or ""
    if response.body and kind.startswith("application/json"):
        json.loads(response.body)
    if response.body and kind == "application/xml":
        etree.fromstring(response.body)
    if response.status == 302:
        assert (header(response, "Location") or "").startswith(REDIRECT)
    if response.status == 401:
        assert header(response, "WWW-Authenticate")
    if response.status == 405:
        assert header(response, "Allow")


@QUIET
@given(method=METHODS, path=PATHS, query=PAIRS, headers=HEADERS, raw=st.binary(max_size=200) | FORM_BYTES)
def test_any_request_gets_a_valid_answer(
    bench: Bench,
    method: str,
    path: str,
    query: tuple[tuple[str, str], ...],
    headers: tuple[tuple[str, str], ...],
    raw: bytes,
) -> None:
    request = HttpRequest(method=method, path=path, query=query, headers=headers, body=raw)
    check(bench.server.handle(request, bench.now))


@QUIET
@given(changes=st.dictionaries(NAMES, TEXT, max_size=3), extra=PAIRS)
def test_a_good_request_with_anything_changed_gets_a_valid_answer(
    bench: Bench, changes: dict[str, str], extra: tuple[tuple[str, str], ...]
) -> None:
    asked = {**bench.ask(), **changes}
    check(bench.send("GET", "/ssosp/oauth/authorize", query=(*asked.items(), *extra)))
    posted = {**bench.ask(), "user": "alice", "password": PASSWORD, **changes}
    raw = "&".join(f"{n}={v}" for n, v in (*posted.items(), *extra)).encode("utf-8", "surrogatepass")
    check(bench.send("POST", "/ssosp/oauth/authorize", headers=(FORM,), body=raw))


def _everything(bench: Bench) -> Iterable[HttpResponse]:
    """A life with every kind of success and failure; yields what carries secrets on purpose, too."""
    code = bench.code()
    tokens = bench.redeem(code)
    yield bench.redeem(code)
    yield bench.redeem(bench.code(), code_verifier="w" * 43)
    yield bench.log_in("alice", "the-mistaken-guess")
    yield bench.log_in("the-password-as-user", PASSWORD)
    yield bench.refresh(body(tokens)["access_token"])
    yield bench.refresh("a-refresh-token-of-nobody")
    yield bench.token(JABBER, grant_type="refresh_token", client_secret="the-mistaken-secret")
    yield bench.token(JABBER, grant_type="the-mistaken-grant")
    yield bench.send("POST", "/ssosp/token", query=(("code", code),), form=())
    yield bench.send("POST", "/ssosp/token", form=(("the-mistaken-name", "1"), ("the-mistaken-name", "2")))
    yield bench.revoke(("axladmin", "the-mistaken-admin"), user_id="alice")
    yield bench.revoke(CLERK, user_id="alice")
    yield bench.revoke(user_id="the-mistaken-user")
    yield bench.authorize(client_id="the-mistaken-client")
    yield bench.authorize(redirect_uri="https://the-mistaken-uri.example/")
    yield bench.authorize(state="the-mistaken\x00state")


def test_no_secret_is_in_any_event_repr_or_error(bench: Bench) -> None:
    tokens = bench.pair()
    code = bench.code()
    opaque = answered(bench.log_in(client_id=LEGACY.id, response_type="token"))["access_token"]
    refused = list(_everything(bench))
    secrets = {*SECRETS, tokens["access_token"], tokens["refresh_token"], code, opaque}
    records = "\n".join(json.dumps(record_to_json(record)) for record in bench.log)
    shown = records + "".join(repr(response) for response in refused)
    shown += "".join(repr(value) for value in vars(bench.signon).values())
    shown += repr(JABBER) + repr(list(bench.store.rows()))
    for secret in secrets:
        assert secret not in shown
    assert "the-mistaken" not in records
    assert "the-password-as-user" not in records
    assert "eyJ" not in records
    for response in refused:
        assert not any(secret.encode() in response.body for secret in secrets)
        assert b"the-mistaken" not in response.body or response.status == 404


def test_neither_codes_nor_opaque_tokens_are_kept_in_clear(bench: Bench) -> None:
    code = bench.code()
    opaque = answered(bench.log_in(client_id=LEGACY.id, response_type="token"))["access_token"]
    assert code not in repr(vars(bench.server._codes))
    assert opaque not in repr(vars(bench.server.opaque_tokens))
    assert VERIFIER


def test_memory_is_bounded_whatever_is_asked_for(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench()
    bench.server._codes._capacity = 20
    bench.server.opaque_tokens._capacity = 20
    for _ in range(50):
        last = bench.code()
        bench.log_in(client_id=LEGACY.id, response_type="token")
    assert (len(bench.server._codes), len(bench.server.opaque_tokens)) == (20, 20)
    assert bench.redeem(last).status == 200
    bench.after(60 + 3600).authorize()
    assert len(bench.server._codes) == 0


@pytest.mark.parametrize("enabled", [True, False])
def test_single_sign_on_says_what_is_on_in_the_form_that_scripts_read(
    new_bench: Callable[..., Bench], enabled: bool
) -> None:
    response = new_bench(sso=enabled).send("GET", "/ssosp/ws/public/singleSignOn")
    root = etree.fromstring(response.body)
    single = root.find("Response/SingleSignOn")
    assert single is not None
    assert single.find("Status").get("enabled") == ("true" if enabled else "false")  # type: ignore[union-attr]
    assert single.text is None, "published scripts take every child for an element"


def test_metadata_is_there_only_where_it_is_wanted(new_bench: Callable[..., Bench]) -> None:
    from registrar.core.ssosp import Settings

    path = "/.well-known/oauth-authorization-server"
    assert new_bench().send("GET", path).status == 404
    document = body(new_bench(settings=Settings(metadata=True)).send("GET", path))
    assert document["token_endpoint"] == "https://ucm-pub.lab.example:8443/ssosp/oauth/token"
    assert document["code_challenge_methods_supported"] == ["S256"]
